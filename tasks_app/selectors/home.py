"""What is happening, what will happen and what went wrong: the reads of the home page."""

from datetime import datetime

from django.db.models import QuerySet

from tasks_app.models import ScheduledTask, TaskRun
from tasks_app.selectors.access import Person, visible_runs, visible_tasks
from tasks_app.states import Status, TaskKind, TaskStatus

CAP = 1000


def needs_person(user: Person) -> QuerySet[TaskRun]:
    """Runs that failed for good and that nobody has dismissed, newest first."""
    failed = visible_runs(user).filter(status=Status.FAILED, dismissed_at=None)
    return failed.select_related("task").order_by("-id")


def needs_person_count(user: Person) -> int:
    """How many of them there are, counted to 1,000 at most."""
    return visible_runs(user).filter(status=Status.FAILED, dismissed_at=None).order_by()[:CAP].count()


def running_now(user: Person) -> QuerySet[TaskRun]:
    """Runs that a worker executes, the longest running first."""
    return visible_runs(user).filter(status=Status.RUNNING).select_related("task").order_by("started_at", "id")


def latest_runs(user: Person, count: int = 50) -> list[TaskRun]:
    """The last runs that the user may see, oldest first, as much of them as the strip draws; not those that wait for
    their turn in a batch."""
    columns = ("id", "status", "reason", "started_at", "finished_at")
    runs = visible_runs(user).exclude(status=Status.WAITING)
    return list(reversed(runs.only(*columns).order_by("-id")[:count]))


def queued_count(user: Person) -> int:
    """How many runs wait for a worker, counted to 1,000 at most."""
    return visible_runs(user).filter(status=Status.QUEUED).order_by()[:CAP].count()


def coming_up(user: Person, *, until: datetime) -> QuerySet[ScheduledTask]:
    """Active tasks that come due until then, soonest first."""
    return visible_tasks(user).filter(next_due_at__lte=until).order_by("next_due_at", "id")


def oldest_queued_at(user: Person) -> datetime | None:
    """Since when the run that has waited longest waits for a worker."""
    waiting = visible_runs(user).filter(status=Status.QUEUED).order_by("id")
    return waiting.values_list("queued_at", flat=True).first()


def task_counts(user: Person) -> dict[str, int]:
    """How many tasks are active, paused, and both active and recurring, each counted to 1,000 at most."""
    tasks = visible_tasks(user).order_by()
    active = tasks.filter(status=TaskStatus.ACTIVE)
    counted = {
        TaskStatus.ACTIVE.value: active,
        TaskStatus.PAUSED.value: tasks.filter(status=TaskStatus.PAUSED),
        TaskKind.RECURRING.value: active.filter(kind=TaskKind.RECURRING),
    }
    return {name: rows[:CAP].count() for name, rows in counted.items()}
