"""Slots that nobody could fire in time: which of them still run, which are written down as skipped.

A slot is missed when the database's clock is more than the task's grace past it. The tick only notes a skipped range;
upkeep counts it and writes the rows.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction

from tasks_app.models import ScheduledTask, TaskRun
from tasks_app.services import lifecycle, planning
from tasks_app.states import Reason, Status, Trigger

ROWS = 100
_COUNT_LIMIT = 100_000
_INSTANT = timedelta(microseconds=1)


@dataclass(frozen=True)
class Chosen:
    """The slots to run, oldest first; the range (first, last) to write down as skipped; the last slot dealt with."""

    run: list[datetime]
    skipped: tuple[datetime, datetime] | None
    last: datetime


def choose(task: ScheduledTask, slot: datetime, *, now: datetime) -> Chosen:
    """Decide about the task's next slot and everything missed since, by its misfire policy."""
    policy = task.misfire_policy
    late = now - timedelta(seconds=policy["grace_seconds"])
    if planning.due_at(task, slot) >= late:
        return Chosen([slot], None, slot)
    missed_until = last_due(task, late) or slot
    wanted = _wanted(task, slot, missed_until, now=now)
    skipped_until = _before(task, wanted[0]) if wanted else missed_until
    skipped = (slot, skipped_until) if skipped_until is not None and skipped_until >= slot else None
    return Chosen(wanted, skipped, max(missed_until, *wanted) if wanted else missed_until)


def skipped_run(
    task: ScheduledTask, span: tuple[datetime, datetime], *, now: datetime, actor: str, reason: Reason = Reason.MISSED
) -> TaskRun:
    """Make the row that stands for one skipped slot or for a range of them."""
    first, last = span
    run = planning.build_run(
        task,
        trigger=Trigger.SCHEDULE,
        actor=actor,
        now=now,
        status=Status.SKIPPED,
        reason=reason,
        slot=first if first == last else None,
        scheduled_for=first,
    )
    run.range_to = None if first == last else last
    return run


def expand(run: TaskRun, *, actor: str) -> int:
    """Count a skipped range; a missed one of up to `ROWS` slots becomes a row each, a pause stays one row.

    Gives the number of slots.
    """
    task = run.task
    if task is None or run.scheduled_for is None or run.range_to is None:
        return 0
    slots = _slots_between(task, run.scheduled_for, run.range_to)
    with transaction.atomic():
        if len(slots) > ROWS or not slots or run.reason == Reason.PAUSED:
            TaskRun.objects.filter(id=run.id).update(range_count=len(slots))
            return len(slots)
        TaskRun.objects.filter(id=run.id).update(slot=slots[0], range_to=None)
        now = run.finished_at
        rows = [skipped_run(task, (slot, slot), now=now or slot, actor=actor) for slot in slots[1:]]
        lifecycle.create(rows, actor=actor)
    return len(slots)


def _wanted(task: ScheduledTask, slot: datetime, missed_until: datetime, *, now: datetime) -> list[datetime]:
    policy = task.misfire_policy
    if policy["policy"] == "skip":
        return []
    newest = last_due(task, now) or missed_until
    if policy["policy"] == "latest":
        return [newest]
    window = policy["window_seconds"]
    oldest = slot if window is None else max(slot, now - timedelta(seconds=window))
    most = policy["max"] if task.max_runs is None else min(policy["max"], task.max_runs - task.slots_fired)
    wanted: list[datetime] = []
    candidate: datetime | None = newest
    while candidate is not None and candidate >= oldest and len(wanted) < most:
        wanted.insert(0, candidate)
        candidate = _before(task, candidate)
    return wanted


def last_due(task: ScheduledTask, instant: datetime) -> datetime | None:
    """Give the task's newest slot at or before `instant`, its window's end respected."""
    if task.ends_at is not None:
        instant = min(instant, task.ends_at)
    return _before(task, instant + _INSTANT)


def _before(task: ScheduledTask, instant: datetime) -> datetime | None:
    rule = planning.recurrence_of(task)
    return rule.previous_before(instant) if rule else None


def _slots_between(task: ScheduledTask, first: datetime, last: datetime) -> list[datetime]:
    rule = planning.recurrence_of(task)
    slots: list[datetime] = []
    slot = rule.next_after(first - _INSTANT) if rule else None
    while rule is not None and slot is not None and slot <= last and len(slots) < _COUNT_LIMIT:
        slots.append(slot)
        slot = rule.next_after(slot)
    return slots
