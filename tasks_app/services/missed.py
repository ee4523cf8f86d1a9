"""Slots that nobody could fire in time: which of them still run, which are written down as skipped.

A slot is missed when the database's clock is more than the task's grace past it. The tick only notes a skipped range;
upkeep counts it and writes the rows (`ranges`).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from tasks_app.models import ScheduledTask, TaskRun
from tasks_app.recurrence.plan import Planned
from tasks_app.services import planning

ROWS = 100
_MOST_JITTERED = 1000
_INSTANT = timedelta(microseconds=1)


@dataclass(frozen=True)
class Chosen:
    """The slots to run, oldest first; the range (first, last) to write down as skipped; the last slot dealt with.

    `is_late`: a slot was missed, and what runs makes up for it.
    """

    run: list[datetime]
    skipped: tuple[datetime, datetime] | None
    last: datetime
    is_late: bool = False


def choose(task: ScheduledTask, slot: datetime, *, now: datetime, has_grace: bool = True) -> Chosen:
    """Decide about the task's next slot and everything missed since, by its misfire policy."""
    policy = task.misfire_policy
    late = now - timedelta(seconds=policy["grace_seconds"]) if has_grace else now
    due = task.next_due_at if task.next_due_at and slot == task.next_slot else planning.due_at(task, slot)
    if due >= late and has_grace:
        return Chosen([slot], None, slot)
    here = planning.placed(task, slot)
    missed_until = max(_last_due(task, late) or here, here)
    wanted = _wanted(task, here, missed_until, now=now)
    skipped_until = _before(task, wanted[0]) if wanted else missed_until
    skipped = (slot, skipped_until.slot) if skipped_until is not None and skipped_until >= here else None
    last = max([missed_until, *wanted])
    return Chosen([planned.slot for planned in wanted], skipped, last.slot, is_late=True)


def _wanted(task: ScheduledTask, here: Planned, missed_until: Planned, *, now: datetime) -> list[Planned]:
    policy = task.misfire_policy
    if policy["policy"] == "skip":
        return []
    newest = _first_of_its_instant(task, max(_last_due(task, now) or missed_until, missed_until))
    if policy["policy"] == "latest":
        return [newest]
    window = policy["window_seconds"]
    oldest = here.at if window is None else max(here.at, now - timedelta(seconds=window))
    most = policy["max"] if task.max_runs is None else min(policy["max"], task.max_runs - task.slots_fired)
    wanted: list[Planned] = []
    candidate: Planned | None = newest
    while candidate is not None and candidate >= here and candidate.at >= oldest and len(wanted) < most:
        wanted.insert(0, candidate)
        earlier = _before(task, candidate)
        candidate = _first_of_its_instant(task, earlier) if earlier else None
    return wanted


def sharing(task: ScheduledTask, slot: datetime) -> list[datetime]:
    """Give the slot, and the later ones that the task's calendar has moved onto the same instant."""
    plan = planning.plan_of(task) if task.calendar is not None else None
    if plan is None or not plan.moves:
        return [slot]
    first = planning.placed(task, slot)
    group = [slot]
    twin = plan.after(first.at, first.slot)
    while twin is not None and twin.at == first.at:
        group.append(twin.slot)
        twin = plan.after(twin.at, twin.slot)
    return group


def without_rows(task: ScheduledTask, slots: list[datetime]) -> list[datetime]:
    """Give those of the slots that have no row. A task that was never edited has none for what lies ahead of it."""
    return slots if task.version == 1 else free(task, slots)


def free(task: ScheduledTask, slots: list[datetime]) -> list[datetime]:
    """Give those of the slots that have no row, whatever became of the task."""
    if not slots:
        return []
    rows = TaskRun.objects.filter(task=task, slot__range=(min(slots), max(slots)))
    known = set(rows.values_list("slot", flat=True))
    return [slot for slot in slots if slot not in known]


def _first_of_its_instant(task: ScheduledTask, planned: Planned) -> Planned:
    plan = planning.plan_of(task)
    while plan is not None and plan.moves:
        earlier = plan.before(planned.at, planned.slot)
        if earlier is None or earlier.at != planned.at:
            break
        planned = earlier
    return planned


def last_due(task: ScheduledTask, instant: datetime) -> datetime | None:
    """Give the task's newest slot that happens at or before `instant`, its window's end respected."""
    planned = _last_planned(task, instant)
    return planned.slot if planned else None


def _last_planned(task: ScheduledTask, instant: datetime) -> Planned | None:
    if task.ends_at is not None:
        instant = min(instant, task.ends_at)
    plan = planning.plan_of(task)
    return plan.before(instant + _INSTANT) if plan else None


def _last_due(task: ScheduledTask, instant: datetime) -> Planned | None:
    """Give the newest that was due by `instant`: what spread and jitter still hold back is not late."""
    planned = _last_planned(task, instant - planning.spread_of(task))
    for _ in range(_MOST_JITTERED if task.jitter_seconds else 0):
        if planned is None or planning.due_at(task, planned.slot) <= instant:
            break
        planned = _before(task, planned)
    return planned


def _before(task: ScheduledTask, planned: Planned) -> Planned | None:
    plan = planning.plan_of(task)
    return plan.before(planned.at, planned.slot) if plan else None
