"""Reading kept figures together with the runs that they do not hold yet."""

import uuid
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from django.db.models import BigIntegerField, Max, QuerySet, Sum
from django.db.models.fields.json import KT
from django.db.models.functions import Cast

from tasks_app.models import RollupMark, RunRollup, TaskRun
from tasks_app.models.rollup import BOUNDS_MS
from tasks_app.selectors.access import Person, sees_all, shared_task_ids, visible_rollups, visible_runs
from tasks_app.selectors.brief import Brief, scope_of
from tasks_app.selectors.rollup_spans import EVER_START, Grain, floor
from tasks_app.selectors.run_sums import NUMBERS, EndedRun, Sums

MOST = 20_000
_TRIES = 3
_CLOSED: Brief[Any] = Brief(seconds=300, most=500)
_CLASSES = [f"class_{number}" for number in range(len(BOUNDS_MS) + 1)]
T = TypeVar("T")
Span = tuple[RunRollup.Grain, datetime, datetime]


@dataclass(frozen=True)
class Choice:
    """Whose figures: all that a user may see, of one type or task where given."""

    user: Person
    type: str = ""
    task: uuid.UUID | None = None

    def rows(self) -> QuerySet[RunRollup]:
        """The rows of any grain."""
        rows = visible_rollups(self.user)
        rows = rows.filter(type=self.type) if self.type else rows
        return rows.filter(task_id=self.task) if self.task else rows

    def runs(self) -> QuerySet[TaskRun]:
        """The runs."""
        runs = visible_runs(self.user)
        runs = runs.filter(type=self.type) if self.type else runs
        return runs.filter(task_id=self.task) if self.task else runs

    @property
    def key(self) -> Hashable:
        """What is equal for choices of the same runs."""
        return (scope_of(self.user), self.type, self.task)

    def others(self) -> list[uuid.UUID]:
        """Give the tasks of others that the user sees because they are shared: minutes tell nothing of them."""
        return [] if sees_all(self.user) else sorted(shared_task_ids(self.user))

    @property
    def has_minutes(self) -> bool:
        """Whether rows of minutes hold all of this choice."""
        return self.task is None and not self.others()


class Reader:
    """Reads ended runs, the newest first, up to `MOST` of them in all."""

    def __init__(self) -> None:
        self.left = MOST
        self.is_complete = True

    def ended(self, runs: QuerySet[TaskRun], start: datetime, end: datetime) -> Iterator[EndedRun]:
        """Give the runs that ended from one instant to another."""
        if start >= end:
            return
        found = runs.filter(finished_at__gte=start, finished_at__lt=end).order_by("-finished_at")
        rows = list(found.values_list(*EndedRun._fields)[: self.left + 1])
        if len(rows) > self.left:
            self.is_complete = False
            rows.pop()
        self.left -= len(rows)
        yield from map(EndedRun._make, rows)


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


def spans_of(choice: Choice, span: Span, counted: datetime, read: Callable[[Any], T]) -> Iterator[T]:
    """Read the rows of a span in two parts: what is closed, because all that ended in it is counted, and the rest.

    What is closed only an import or a correction changes, so the answer may be up to five minutes old.
    """
    grain, start, end = span
    cut = min(max(floor(counted, grain), start), end) if grain != Grain.MINUTE else start

    def rows(first: datetime, last: datetime) -> QuerySet[RunRollup]:
        return choice.rows().filter(grain=grain, start__gte=first, start__lt=last).order_by()

    if start < cut:
        yield _CLOSED.get((choice.key, grain, start, cut, read), lambda: read(rows(start, cut)))
    if cut < end:
        yield read(rows(cut, end))


def sums_by_type(rows: QuerySet[RunRollup]) -> dict[str, Sums]:
    """Add rows up by type, in the database."""
    wanted: dict[str, Any] = {f"sum_{name}": Sum(name) for name in NUMBERS}
    wanted["longest"] = Max("longest_ms")
    for number, name in enumerate(_CLASSES):
        wanted[name] = Sum(Cast(KT(f"classes__{number}"), BigIntegerField()))
    found = {}
    summed: Any = rows.order_by().values("type").annotate(**wanted)
    for row in summed:
        sums = Sums(longest_ms=row["longest"], classes=[int(row[name] or 0) for name in _CLASSES])
        for name in NUMBERS:
            setattr(sums, name, int(row[f"sum_{name}"]))
        found[row["type"]] = sums
    return found
