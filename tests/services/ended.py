"""Histories of ended runs, made row by row, and what they must come to."""

import random
import uuid
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import User

from tasks_app.models import RunRollup, ScheduledTask, TaskRun
from tasks_app.models.ids import first_id_at
from tasks_app.models.rollup import BOUNDS_MS
from tasks_app.services import rollup_checks, rollups

TYPES = ("http_request", "send_email")
STATUSES = ("succeeded", "succeeded", "succeeded", "failed", "cancelled", "skipped")
ALL = ("minute", "hour", "day", "hours", "days", "ever")
COUNTS = ("succeeded", "failed", "cancelled", "skipped")


def ended(
    owner: User | None, at: datetime, task: ScheduledTask | None = None, *, ms: int | None = 40, **fields: Any
) -> TaskRun:
    """Give a row, not saved, of a run that ended at an instant."""
    values: dict[str, Any] = {"type": "http_request", "trigger": "api", "status": "succeeded", **fields}
    started = at - timedelta(milliseconds=ms) if ms is not None and values["status"] != "skipped" else None
    return TaskRun(owner=owner, task=task, finished_at=at, started_at=started, **values)


def insert(runs: Iterable[TaskRun]) -> list[TaskRun]:
    """Save rows."""
    return TaskRun.objects.bulk_create(list(runs), batch_size=500)


def made_and_ended(
    owner: User, made: datetime, at: datetime, task: ScheduledTask | None = None, **fields: Any
) -> TaskRun:
    """Save a run that was made at one instant, as its id tells, and ended at another."""
    return insert([ended(owner, at, task, id=id_at(made), **fields)])[0]


def id_at(instant: datetime) -> uuid.UUID:
    """Give an id as it would have been made then."""
    return uuid.UUID(int=first_id_at(instant).int + uuid.uuid4().int % 2**62)


def random_history(
    owners: Sequence[User | None],
    tasks: Sequence[ScheduledTask],
    span: tuple[datetime, datetime],
    *,
    count: int,
    seed: int,
) -> list[TaskRun]:
    """Insert ended runs of all kinds within a span, some of them at one instant."""
    dice = random.Random(seed)
    start, end = span
    seconds = int((end - start).total_seconds())
    instants = [
        start + timedelta(seconds=dice.randrange(seconds), microseconds=dice.randrange(10**6)) for _ in range(count)
    ]
    return insert(_random_run(dice, owners, tasks, dice.choice(instants)) for _ in range(count))


def _random_run(
    dice: random.Random, owners: Sequence[User | None], tasks: Sequence[ScheduledTask], at: datetime
) -> TaskRun:
    task = dice.choice([None, *tasks])
    status = dice.choice(STATUSES)
    fields: dict[str, Any] = {"failures": dice.randrange(4), "crashes": dice.randrange(2)}
    if status == "skipped":
        counts = dice.choice([None, 1, 70])
        fields = {"range_to": at, "range_count": counts} if dice.random() < 0.5 else {}
    owner = task.owner if task else dice.choice(owners)
    ms = dice.choice([None, 0, 1, 3, 99, 4321, 9_000_000])
    return ended(owner, at, task, ms=ms, status=status, type=dice.choice(TYPES), **fields)


def count_all() -> None:
    """Count until nothing is left to count."""
    while rollups.rollup_count("upkeep:here"):
        pass


def check_all() -> None:
    """Check until no hour is left to check."""
    while rollup_checks.rollup_check("upkeep:here"):
        pass


Figures = dict[tuple[Any, ...], list[Any]]


def kept(*grains: str) -> Figures:
    """Give the kept figures."""
    rows = RunRollup.objects.filter(grain__in=grains) if grains else RunRollup.objects.all()
    return {
        (row.grain, row.start, row.owner_id, row.task_id.int, row.type): [
            *(getattr(row, name) for name in (*COUNTS, "retries", "total_ms", "longest_ms")),
            row.classes,
        ]
        for row in rows
    }


def expected(*grains: str, runs: Iterable[TaskRun] | None = None) -> Figures:
    """Count the runs one by one, in the plainest way."""
    figures: Figures = {}
    for run in TaskRun.objects.exclude(finished_at=None) if runs is None else runs:
        for key in _keys(run):
            if key[0] in grains:
                _count(figures.setdefault(key, [0, 0, 0, 0, 0, 0, 0, [0] * (len(BOUNDS_MS) + 1)]), run)
    return figures


def _keys(run: TaskRun) -> list[tuple[Any, ...]]:
    at = run.finished_at
    assert at is not None
    minute = at.replace(second=0, microsecond=0)
    hour = minute.replace(minute=0)
    owner, task = run.owner_id or 0, run.task_id.int if run.task_id else 0
    epoch = datetime(1970, 1, 1, tzinfo=at.tzinfo)
    day = hour.replace(hour=0)
    totals = [("minute", minute), ("hours", hour), ("days", day)]
    return [
        ("hour", hour, owner, task, run.type),
        ("day", day, owner, task, run.type),
        ("ever", epoch, 0, 0, run.type),
        *((grain, start, whose, 0, run.type) for grain, start in totals for whose in (owner, -1)),
    ]


def _count(row: list[Any], run: TaskRun) -> None:
    row[COUNTS.index(run.status)] += run.range_count if run.range_to and run.range_count is not None else 1
    row[4] += max(0, run.failures + run.crashes - (1 if run.status == "failed" else 0))
    if run.status in {"succeeded", "failed"} and run.duration_ms is not None:
        row[5] += run.duration_ms
        row[6] = max(row[6], run.duration_ms)
        row[7][sum(bound < run.duration_ms for bound in BOUNDS_MS)] += 1
