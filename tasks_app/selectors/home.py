"""What is happening, what will happen and what went wrong: the reads of the home page."""

import uuid
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import User
from django.db.models import Count, Exists, Min, QuerySet

from tasks_app.models import ScheduledTask, TaskRun
from tasks_app.selectors.access import Person, visible_runs, visible_tasks
from tasks_app.selectors.effects import COUNTED
from tasks_app.selectors.last_runs import newest_begun
from tasks_app.selectors.run_counts import CappedCount, runs_that_failed
from tasks_app.selectors.run_list import as_listed
from tasks_app.selectors.run_terms import NEEDS, NO_ERROR_TYPE
from tasks_app.selectors.waiting import Backlog, backlog
from tasks_app.states import Reason, Status, TaskKind, TaskStatus

LOOKED_AT = 500


def needs_person(user: Person) -> QuerySet[TaskRun]:
    """Runs that failed for good and that nobody has dismissed, newest first; with what their effects belong to."""
    return as_listed(runs_that_failed(user), "root_run_id", "error_type").order_by("-id")


@dataclass(frozen=True)
class Alike:
    """The newest of the failures of one task with the same error, and how many there are of them as far as is known."""

    run: TaskRun
    count: int = 1
    is_cut: bool = False

    @property
    def narrowed(self) -> dict[str, str]:
        """The filters of a list that leave these; where no task made them, those of tasks of that type as well."""
        run = self.run
        whose = {"task": str(run.task_id)} if run.task_id else {"type": run.type}
        error = {"error_type": run.error_type or NO_ERROR_TYPE}
        return {"status": NEEDS, **whose, **error, **({"reason": run.reason} if run.reason else {})}


def alike(user: Person, most: int) -> tuple[list[Alike], bool]:
    """Put the newest 500 runs that need somebody together by task and error: so many groups, and if there are more.

    Where an effect was lost each run needs an answer of its own.
    """
    columns = ("id", "task_id", "type", "error_type", "reason")
    newest = list(runs_that_failed(user).order_by("-id").values_list(*columns)[:LOOKED_AT])
    groups: dict[tuple[object, ...], list[uuid.UUID]] = {}
    for run_id, *what in newest:
        own = run_id if what[-1] == Reason.EFFECT_UNKNOWN else None
        groups.setdefault((*what, own), []).append(run_id)
    found = list(groups.values())
    runs = needs_person(user).in_bulk([ids[0] for ids in found[:most]])
    is_cut = len(newest) == LOOKED_AT
    told = [Alike(runs[ids[0]], len(ids), is_cut and len(ids) > 1) for ids in found[:most] if ids[0] in runs]
    return told, len(found) > most


@dataclass(frozen=True)
class Postponed:
    """Runs that wait for their time, or for that of their next attempt: how many, COUNTED at most, and the first."""

    count: int
    first_at: datetime | None


def postponed(user: Person) -> Postponed:
    """Tell of what will start although no task plans it."""
    soonest = visible_runs(user).filter(status=Status.SCHEDULED).order_by("due_at").values("due_at")[:COUNTED]
    found = soonest.aggregate(count=Count("*"), first=Min("due_at"))
    return Postponed(found["count"], found["first"])


def needs_person_count(user: Person) -> int:
    """How many of them there are, counted to COUNTED at most."""
    return runs_that_failed(user)[:COUNTED].count()


@dataclass(frozen=True)
class Standing:
    """What the frame of every page tells: how many runs need the person, COUNTED at most, and whether any runs."""

    needs_person: int = 0
    is_running: bool = False


def standing(user: User) -> Standing:
    """Read both at once: the badge in the frame of a page is asked for again whenever a run has failed."""
    running = visible_runs(user).filter(status=Status.RUNNING)
    row = User.objects.filter(pk=user.pk).values_list(CappedCount(runs_that_failed(user)), Exists(running))
    return Standing(*row.get())


def running_now(user: Person) -> QuerySet[TaskRun]:
    """Runs that a worker executes, the longest running first."""
    return as_listed(visible_runs(user).filter(status=Status.RUNNING)).order_by("started_at", "id")


def latest_runs(user: Person, count: int = 50) -> list[TaskRun]:
    """The last runs that the user may see, oldest first, as much of them as the strip draws; not those that wait for
    their turn in a batch."""
    columns = ("id", "status", "reason", "started_at", "finished_at")
    return newest_begun(visible_runs(user).only(*columns), count)


def waiting_runs(user: Person) -> Backlog:
    """What waits for a worker, counted to COUNTED at most."""
    return backlog(visible_runs(user).filter(status=Status.QUEUED), counted=COUNTED)


def coming_up(user: Person, *, until: datetime) -> QuerySet[ScheduledTask]:
    """Active tasks that come due until then, soonest first, as much of them as tells which and when."""
    columns = ("name", "owner", "type", "status", "timezone", "schedule_text", "spread_seconds", "next_due_at")
    return visible_tasks(user).filter(next_due_at__lte=until).only(*columns).order_by("next_due_at", "id")


def task_counts(user: Person) -> dict[str, int]:
    """How many tasks are active, paused, and both active and recurring, each counted to COUNTED at most, at once."""
    tasks = visible_tasks(user)
    active = tasks.filter(status=TaskStatus.ACTIVE)
    counted = {
        TaskStatus.ACTIVE.value: active,
        TaskStatus.PAUSED.value: tasks.filter(status=TaskStatus.PAUSED),
        TaskKind.RECURRING.value: active.filter(kind=TaskKind.RECURRING),
    }
    row = User.objects.filter(pk=user.pk or 0).values_list(*map(CappedCount, counted.values())).get()
    return dict(zip(counted, row, strict=True))
