"""Which rows of RunRollup an ended run counts in, and adding many of them in one statement."""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice
from operator import attrgetter
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection

from tasks_app.models import RunRollup
from tasks_app.models.rollup import BOUNDS_MS, EVERYBODY, NO_OWNER, NO_TASK
from tasks_app.models.rows import values_of
from tasks_app.selectors.rollup_spans import EVER_START, KEPT, Grain, floor
from tasks_app.selectors.run_sums import COLUMNS, NUMBERS, EndedRun, Sums

_UNIQUE = ("grain", "start", "owner_id", "task_id", "type")
_TABLE = RunRollup._meta.db_table
_FIELDS: list[Any] = [RunRollup._meta.get_field(name) for name in (*_UNIQUE, *COLUMNS)]
_PLACES = [f"column{place}" for place in range(1, len(_FIELDS) + 1)]
_of_sums = attrgetter(*NUMBERS, "longest_ms")
_AT_ONCE = 2000


class Key(NamedTuple):
    """Which row of RunRollup."""

    grain: str
    start: datetime
    owner_id: int
    task_id: UUID
    type: str


class _OfTask(NamedTuple):
    """An hour of a task's runs of a type; a day where no hour is kept any more."""

    start: datetime
    owner_id: int
    task_id: UUID
    type: str


class _OfOwner(NamedTuple):
    """A minute of an owner's runs of a type; an hour or a day where no minute is kept any more."""

    start: datetime
    owner_id: int
    type: str


class Tally:
    """Ended runs added up, as fine as rows tell them apart; an old history in large spans, as it is kept."""

    def __init__(self, now: datetime) -> None:
        self.runs = 0
        self._now = now
        self._tasks: dict[_OfTask, Sums] = defaultdict(Sums)
        self._owners: dict[_OfOwner, Sums] = defaultdict(Sums)
        self._starts: dict[datetime, tuple[datetime, datetime]] = {}

    def __len__(self) -> int:
        """How many sums there are, which is about half of the rows that they make."""
        return len(self._tasks) + len(self._owners)

    def count(self, run: EndedRun) -> None:
        """Count one more run."""
        self.runs += 1
        of_owner, of_task = self._starts_of(run.finished_at)
        owner = run.owner_id or NO_OWNER
        self._tasks[_OfTask(of_task, owner, run.task_id or NO_TASK, run.type)].count(run)
        self._owners[_OfOwner(of_owner, owner, run.type)].count(run)

    def figures(self) -> dict[Key, Sums]:
        """Give what is to be added to which rows; what would be dropped at once is left out."""
        figures: dict[Key, Sums] = {}
        for of_task, sums in self._tasks.items():
            _spread(figures, task_keys(*of_task), sums)
        for of_owner, sums in self._owners.items():
            _spread(figures, total_keys(*of_owner), sums)
        oldest = {str(grain): self._now - kept for grain, kept in KEPT.items()}
        return {key: sums for key, sums in figures.items() if key.grain == Grain.EVER or key.start >= oldest[key.grain]}

    def _starts_of(self, at: datetime) -> tuple[datetime, datetime]:
        """Give the starts of the finest rows that are kept of an instant, of its owner and of its task."""
        minute = at.replace(second=0, microsecond=0)
        starts = self._starts.get(minute)
        if starts is None:
            grains = [grain for grain in (Grain.MINUTE, Grain.HOUR) if at >= self._now - KEPT[grain]]
            finest = [*grains, Grain.DAY][0]
            of_task = Grain.HOUR if finest == Grain.MINUTE else finest
            starts = self._starts[minute] = (floor(at, finest), floor(at, of_task))
        return starts


def task_keys(start: datetime, owner_id: int, task_id: UUID, type: str) -> Iterator[Key]:
    """Give the rows that tell the runs of one task apart from others."""
    for grain in (Grain.HOUR, Grain.DAY):
        yield Key(grain, floor(start, grain), owner_id, task_id, type)


def total_keys(start: datetime, owner_id: int, type: str) -> Iterator[Key]:
    """Give the rows that hold tasks together: those of the owner, those of everybody."""
    for grain in (Grain.MINUTE, Grain.HOUR_TOTAL, Grain.DAY_TOTAL):
        of_span = floor(start, grain)
        yield Key(grain, of_span, owner_id, NO_TASK, type)
        yield Key(grain, of_span, EVERYBODY, NO_TASK, type)
    yield Key(Grain.EVER, EVER_START, NO_OWNER, NO_TASK, type)


def _spread(figures: dict[Key, Sums], keys: Iterable[Key], sums: Sums) -> None:
    for key in keys:
        known = figures.get(key)
        figures[key] = sums if known is None else known.plus(sums)


def add_figures(figures: Mapping[Key, Sums]) -> None:
    """Add figures to the rows; whoever calls it holds the mark."""
    sql, rows = _statement(), iter(figures.items())
    while some := list(islice(rows, _AT_ONCE)):
        with connection.cursor() as cursor:
            cursor.execute(sql, [_document(some)])


def _document(rows: Sequence[tuple[Key, Sums]]) -> str:
    """Give the rows of the table `v`; as `document_of`, but for what is known to be a whole number already."""
    starts = {start: _stored("start", start) for start in {key.start for key, _ in rows}}
    tasks = {task: _stored("task_id", task) for task in {key.task_id for key, _ in rows}}
    values = (
        (key.grain, starts[key.start], key.owner_id, tasks[key.task_id], key.type, *_of_sums(sums), str(sums.classes))
        for key, sums in rows
    )
    return json.dumps([dict(zip(_PLACES, row, strict=True)) for row in values], ensure_ascii=False)


def _stored(name: str, value: object) -> str:
    field: Any = RunRollup._meta.get_field(name)
    return str(field.get_db_prep_save(value, connection))


def _statement() -> str:
    """Insert rows, or add to those that are there."""
    columns = ", ".join(f'"{field.column}"' for field in _FIELDS)
    values = ", ".join(f"v.column{place}" for place, _ in enumerate(_FIELDS, start=1))
    sums = [f"{name} = r.{name} + excluded.{name}" for name in NUMBERS]
    longest = "GREATEST" if connection.vendor == "postgresql" else "MAX"
    sums.append(f"longest_ms = {longest}(r.longest_ms, excluded.longest_ms)")
    sums.append(f"classes = {_added_classes()}")
    return (
        f'INSERT INTO "{_TABLE}" AS r ({columns}) SELECT {values} FROM {values_of(_FIELDS)} WHERE TRUE'  # noqa: S608  # our own names only
        f" ON CONFLICT ({', '.join(_UNIQUE)}) DO UPDATE SET {', '.join(sums)}"
    )


def _added_classes() -> str:
    is_postgresql = connection.vendor == "postgresql"
    taken = "({0}.classes->>{1})::bigint" if is_postgresql else "json_extract({0}.classes, '$[{1}]')"
    form = f"COALESCE({taken}, 0)"
    places = range(len(BOUNDS_MS) + 1)
    added = (f"{form.format('r', place)} + {form.format('excluded', place)}" for place in places)
    return f"{'jsonb_build_array' if is_postgresql else 'json_array'}({', '.join(added)})"
