"""The last runs of a task: whole, for its own page, and of many tasks at once, as much of them as a strip draws."""

import uuid
from collections.abc import Sequence
from operator import attrgetter
from typing import Any, NamedTuple

from django.db.models import F, Func, OuterRef, QuerySet, Subquery, TextField, Value
from django.db.models.functions import Cast, Concat

from tasks_app.models import ScheduledTask, TaskRun
from tasks_app.selectors.access import Person, visible_runs
from tasks_app.selectors.walk import nth_older
from tasks_app.states import Status

COUNT, LOOKED_AT = 50, 2_000
_SECOND = 1_000_000


class StripRun(NamedTuple):
    """As much of a run as the strip draws: a page of tasks has thousands, and objects cost more."""

    name: str
    status: str
    seconds: float | None
    duration_ms: int | None

    @property
    def id(self) -> uuid.UUID:
        """Its id, which a list needs of few of them."""
        return uuid.UUID(self.name)


def recent_runs(task_id: uuid.UUID) -> list[TaskRun]:
    """The last runs of a task that wait for no turn, oldest first. The caller has checked that the user may see it."""
    columns = ("id", "task_id", "status", "reason", "started_at", "finished_at", "dismissed_at", "error")
    return newest_begun(TaskRun.objects.filter(task_id=task_id).only(*columns))


def runs_up_to(user: Person, run: TaskRun) -> list[TaskRun]:
    """This run and those of its task before it, as far as the user may see them, oldest first; none without a task."""
    if run.task_id is None:
        return []
    before = visible_runs(user).filter(task_id=run.task_id, id__lte=run.id)
    return newest_begun(before.only("id", "status", "started_at", "finished_at"))


def newest_begun(rows: QuerySet[TaskRun], count: int = COUNT) -> list[TaskRun]:
    """The newest of some runs but for those that wait for their turn in a batch, oldest first.

    A batch may have a hundred thousand of them: where they fill the newest 2,000, each other state is asked for alone.
    """
    newest = rows.order_by("-id")
    found = list(newest[:count])
    if any(run.status == Status.WAITING for run in found):
        found = _newest_among_waiting(newest, count)
    return found[::-1]


def _newest_among_waiting(newest: QuerySet[TaskRun], count: int) -> list[TaskRun]:
    floor = nth_older(newest, LOOKED_AT)
    begun = newest.exclude(status=Status.WAITING)
    found = list(begun[:count] if floor is None else begun.filter(id__gte=floor)[:count])
    if floor is None or len(found) == count:
        return found
    states = [status for status in Status if status != Status.WAITING]
    found = [run for status in states for run in newest.filter(status=status)[:count]]
    return sorted(found, key=attrgetter("id"), reverse=True)[:count]


def strip_runs(task_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, list[StripRun]]:
    """The same of each task. One query, one row and one text for each: two thousand rows take ten times as long."""
    took = _Took(F("finished_at"), F("started_at"))
    one = Concat(Cast("id", TextField()), Value(" "), "status", Value(" "), took, output_field=TextField())
    each = _Joined(_last_runs(OuterRef("id")).annotate(_told=one).values("_told"))
    found: dict[uuid.UUID, list[StripRun]] = {task_id: [] for task_id in task_ids}
    tasks = ScheduledTask.objects.filter(id__in=task_ids).order_by()
    for task_id, told in tasks.values_list("id", each):
        found[task_id] = [_read(text) for text in sorted(told.split(","))] if told else []
    return found


def _read(text: str) -> StripRun:
    name, status, took = text.split(" ")
    if not took:
        return StripRun(name, status, None, None)
    seconds = int(took) / _SECOND
    return StripRun(name, status, seconds, max(0, round(seconds * 1000)))


def _last_runs(task_id: Any) -> QuerySet[TaskRun]:
    """The newest first, as the index (task, -id) gives them."""
    return TaskRun.objects.filter(task_id=task_id).exclude(status=Status.WAITING).order_by("-id")[:COUNT]


class _Took(Func):
    """The microseconds from the second instant to the first, as text; nothing without both."""

    function = "django_timestamp_diff"
    output_field = TextField()

    def as_postgresql(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        """Exact, for PostgreSQL reckons with decimals here."""
        template = f"(EXTRACT(EPOCH FROM %(expressions)s) * {_SECOND})::bigint::text"
        return super().as_sql(compiler, connection, template=template, arg_joiner=" - ", **extra)


class _Joined(Subquery):
    """The one column of a subquery as one text, with commas."""

    template = "(SELECT group_concat(_told) FROM (%(subquery)s))"
    output_field = TextField()

    def as_postgresql(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        """The same in PostgreSQL's words."""
        return super().as_sql(compiler, connection, template="array_to_string(ARRAY(%(subquery)s), ',')", **extra)
