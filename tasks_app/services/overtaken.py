"""Slots that lay ahead, and that a change of the calendar has moved behind the moment in which it is made.

Nothing would ever come to them again. All share that moment: the first runs at once, the others are its duplicates.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta

from tasks_app.models import ScheduledTask, TaskRun
from tasks_app.recurrence.plan import Plan, first_instant_of
from tasks_app.recurrence.zones import load_zone
from tasks_app.services import lifecycle, missed, planning
from tasks_app.states import Reason, Status, TaskStatus, Trigger

_INSTANT = timedelta(microseconds=1)


def plan_before(task: ScheduledTask) -> Plan | None:
    """Give the plan that a change is about to replace; None where nothing lies ahead, or it cannot be read."""
    try:
        return planning.plan_of(task) if task.next_slot is not None else None
    except ValueError:
        return None


def settle_overtaken(task: ScheduledTask, before: Plan | None, *, until: datetime, actor: str) -> bool:
    """Give each such slot of the changed task its row; tells whether there were any."""
    slots = _overtaken(task, before, until) if before is not None else []
    if not slots:
        return False
    if task.status == TaskStatus.PAUSED:
        runs = [_range(task, slots, now=until, actor=actor, reason=Reason.PAUSED)]
    else:
        first, *twins = slots
        rows, rest = twins[: missed.ROWS], twins[missed.ROWS :]
        runs = [held_back(task, first, due_at=max(until, planning.due_at(task, first)), now=until, actor=actor)]
        runs += [_range(task, [twin], now=until, actor=actor, reason=Reason.DUPLICATE) for twin in rows]
        runs += [_range(task, rest, now=until, actor=actor, reason=Reason.DUPLICATE)] if rest else []
        task.slots_fired += 1
    lifecycle.create(runs, actor=actor)
    return True


def held_back(task: ScheduledTask, slot: datetime, *, due_at: datetime | None, now: datetime, actor: str) -> TaskRun:
    """Make the run of a slot that has come, and that starts at an instant of its own."""
    run = planning.build_run(
        task,
        trigger=Trigger.SCHEDULE,
        actor=actor,
        now=now,
        status=Status.SCHEDULED,
        reason=Reason.DELAYED,
        slot=slot,
    )
    run.due_at = due_at
    return run


def _range(task: ScheduledTask, slots: list[datetime], *, now: datetime, actor: str, reason: Reason) -> TaskRun:
    run = missed.skipped_run(task, (slots[0], slots[-1]), now=now, actor=actor, reason=reason)
    run.range_count = len(slots) if run.range_to else None
    return run


def _overtaken(task: ScheduledTask, before: Plan, until: datetime) -> list[datetime]:
    plan = planning.plan_of(task)
    if plan is None or not (plan.moves or before.moves):
        return []
    found = []
    for slot in {*_moved_back(plan, until), *_moved_on(before, until)}:
        was, now = before.place(slot), plan.place(slot)
        if was is not None and now is not None and now.at <= until < was.at and _is_within(task, was.at):
            found.append(now)
    return missed.free(task, [planned.slot for planned in sorted(found)])


def _is_within(task: ScheduledTask, at: datetime) -> bool:
    return (task.starts_at is None or at >= task.starts_at) and (task.ends_at is None or at <= task.ends_at)


def _moved_back(plan: Plan, until: datetime) -> Iterator[datetime]:
    """Give the later slots that the plan may put on days up to this one."""
    if plan.off is None or plan.policy != "previous":
        return
    today = _day(plan, until)
    # What is left of a working day stays where it is.
    start = until if today in plan.off else _start(plan, today + timedelta(days=1)) - _INSTANT
    slot = plan.rule.next_after(start)
    while slot is not None and (place := plan.place(slot)) is not None and _day(plan, place.at) <= today:
        yield slot
        slot = plan.rule.next_after(slot)


def _moved_on(before: Plan, until: datetime) -> Iterator[datetime]:
    """Give the earlier slots that the plan of before may have put on days from this one on."""
    if before.off is None or before.policy != "next":
        return
    today = _day(before, until)
    end = until + _INSTANT if today in before.off else _start(before, today)
    slot = before.rule.previous_before(end)
    while slot is not None and (place := before.place(slot)) is not None and _day(before, place.at) >= today:
        yield slot
        slot = before.rule.previous_before(slot)


def _day(plan: Plan, instant: datetime) -> date:
    return instant.astimezone(load_zone(plan.rule.timezone)).date()


def _start(plan: Plan, day: date) -> datetime:
    return first_instant_of(load_zone(plan.rule.timezone), day, time()).astimezone(UTC)
