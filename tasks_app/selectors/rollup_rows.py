"""Reading kept figures together with the runs that they do not hold yet."""

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import Q, QuerySet

from tasks_app.models import RollupMark, RunRollup, TaskRun
from tasks_app.models.rollup import BOUNDS_MS
from tasks_app.selectors.access import (
    Person,
    own_rollups,
    sees_all,
    shared_task_ids,
    visible_rollups,
    visible_runs,
)
from tasks_app.selectors.any_of import Ids, any_of
from tasks_app.selectors.rollup_spans import EVER_START, TOTAL, Grain
from tasks_app.selectors.run_sums import NUMBERS, Sums

_TRIES = 3
_TASKS = {grain: grain for grain in (Grain.HOUR, Grain.DAY)}
# What the ORM would take five milliseconds to word for each span.
_NUMBERS = ["type", *(f"SUM({name})" for name in NUMBERS), "MAX(longest_ms)"]
_CLASS = {"postgresql": "(classes ->> {})::bigint", "sqlite": "json_extract(classes, '$[{}]')"}
_CLASSES = {
    vendor: [f"COALESCE(SUM({one.format(number)}), 0)" for number in range(len(BOUNDS_MS) + 1)]
    for vendor, one in _CLASS.items()
}
T = TypeVar("T")
Grains = Mapping[RunRollup.Grain, RunRollup.Grain]


@dataclass(frozen=True)
class Share:
    """Runs, and the rows that hold them and no others."""

    runs: QuerySet[TaskRun]
    rows: QuerySet[RunRollup]
    grains: Grains
    """Which rows to read for a span of a length; there are none of minutes where tasks are told apart."""

    def span(self, grain: RunRollup.Grain, start: datetime, end: datetime) -> QuerySet[RunRollup]:
        """The rows of a span, in no order."""
        return self.rows.filter(grain=self.grains[grain], start__gte=start, start__lt=end).order_by()


@dataclass(frozen=True)
class Choice:
    """Whose figures: all that a user may see, of one type or task where given."""

    user: Person
    type: str = ""
    task: uuid.UUID | None = None

    def runs(self) -> QuerySet[TaskRun]:
        """The runs."""
        runs = visible_runs(self.user)
        runs = runs.filter(type=self.type) if self.type else runs
        return runs.filter(task_id=self.task) if self.task else runs

    def shares(self) -> list[Share]:
        """The same in parts that have rows: the user's own, or everybody's; and the tasks that others share."""
        if self.task is not None:
            return [self._share(self.runs(), visible_rollups(self.user, self.task), _TASKS)]
        found = [self._share(visible_runs(self.user, with_shared=False), own_rollups(self.user), TOTAL)]
        others = self._others()
        if others:
            own = Q(owner_id=self.user.pk)
            runs = TaskRun.objects.filter(any_of("task_id", others)).exclude(own)
            rows = RunRollup.objects.filter(any_of("task_id", others)).exclude(own)
            found.append(self._share(runs, rows, _TASKS))
        return found

    def _share(self, runs: QuerySet[TaskRun], rows: QuerySet[RunRollup], grains: Grains) -> Share:
        only = {"type": self.type} if self.type else {}
        return Share(runs.filter(**only), rows.filter(**only), grains)

    def _others(self) -> Ids:
        """Give the tasks of others that the user sees because they are shared."""
        if sees_all(self.user) or not self.user.is_active:
            return Ids()
        return shared_task_ids(self.user)


def steady(read: Callable[[datetime], T]) -> T:
    """Read with the instant to which all is counted; once more where it has moved on while it was read."""
    for _ in range(_TRIES):
        before = counted_to()
        found = read(before)
        if counted_to() == before:
            break
    return found


def counted_to() -> datetime:
    """Give the instant to which ended runs are in the figures; before all of them where nothing is counted yet."""
    mark = RollupMark.objects.filter(name="runs").first()
    return mark.counted_to if mark else EVER_START


def sums_by_type(rows: QuerySet[RunRollup], *, with_classes: bool) -> dict[str, Sums]:
    """Add rows up by type, in the database; the classes of run time are most of the cost."""
    columns = ("type", *NUMBERS, "longest_ms", *(("classes",) if with_classes else ()))
    chosen: Any = rows.order_by().values(*columns)
    try:
        sql, values = chosen.query.sql_with_params()
    except EmptyResultSet:  # of somebody who may see nothing
        return {}
    wanted = _NUMBERS + (_CLASSES[connection.vendor] if with_classes else [])
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(wanted)} FROM ({sql}) AS span GROUP BY 1", values)  # noqa: S608  # our own names only
        return {name: _sums(list(map(int, found))) for name, *found in cursor.fetchall()}


def _sums(found: list[int]) -> Sums:
    count = len(NUMBERS)
    sums = Sums(longest_ms=found[count])
    for name, number in zip(NUMBERS, found[:count], strict=True):
        setattr(sums, name, number)
    sums.classes = found[count + 1 :] or sums.classes
    return sums
