"""Slots that a change of the calendar moves across the moment in which it is made.

Those that lay ahead, and now lie behind, nothing would ever come to again. All share that moment: the first runs at
once, the others are its duplicates. Those that a range in the history stands for, and that now lie ahead, get a row of
their own, so that they are neither run nor counted again.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from tasks_app.models import ScheduledTask, TaskRun
from tasks_app.models.ids import first_id_at
from tasks_app.recurrence.plan import Plan, Planned
from tasks_app.recurrence.plan_counting import Span
from tasks_app.recurrence.plan_moves import concerned_days, given_up, overtaken
from tasks_app.services import lifecycle, missed, planning, ranges
from tasks_app.states import Reason, Status, TaskStatus, Trigger

_MOST_OWN = 1000
"""Rows of their own that one change gives to slots of one range; further ones are planned again."""
_FAR = timedelta(days=130)
"""No range that is older has slots which a calendar could still move."""


def plan_before(task: ScheduledTask) -> Plan | None:
    """Give the plan that a change is about to replace; None where nothing lies ahead, or it cannot be read."""
    try:
        return planning.plan_of(task) if task.next_slot is not None else None
    except ValueError:
        return None


def settle_overtaken(task: ScheduledTask, before: Plan | None, *, until: datetime, actor: str) -> bool:
    """Give each slot of the changed task that has been moved across the moment its row; tells whether any is behind."""
    plan = planning.plan_of(task)
    if before is None or plan is None or not (before.moves or plan.moves):
        return False
    _settle_given_up(task, before, plan, until=until, actor=actor)
    spans = list(overtaken(before, plan, until, (task.starts_at, task.ends_at)))
    known = set(ranges.own_rows(task, plan, spans))
    count = ranges.count_in(plan, spans) - len(known)
    if count > 0:
        lifecycle.create(_rows(task, plan, spans, known, count, until=until, actor=actor), actor=actor)
    return count > 0


def _rows(  # noqa: PLR0913  # what was found, and by whom
    task: ScheduledTask,
    plan: Plan,
    spans: list[Span],
    known: set[datetime],
    count: int,
    *,
    until: datetime,
    actor: str,
) -> list[TaskRun]:
    paused = task.status == TaskStatus.PAUSED
    slots = _first_of(plan, spans, known, 1 if paused else missed.ROWS + 2)
    last = _last_of(plan, spans, known)
    if paused:
        return [_range(task, (slots[0], last), count, now=until, actor=actor, reason=Reason.PAUSED)]
    first, *twins = slots[: missed.ROWS + 1]
    runs = [held_back(task, first, due_at=max(until, planning.due_at(task, first)), now=until, actor=actor)]
    runs += [_range(task, (twin, twin), 1, now=until, actor=actor, reason=Reason.DUPLICATE) for twin in twins]
    if rest := slots[missed.ROWS + 1 :]:
        span = (rest[0], last)
        runs.append(_range(task, span, count - len(runs), now=until, actor=actor, reason=Reason.DUPLICATE))
    task.slots_fired += 1
    return runs


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


def _range(  # noqa: PLR0913  # all by keyword
    task: ScheduledTask, span: tuple[datetime, datetime], count: int, *, now: datetime, actor: str, reason: Reason
) -> TaskRun:
    run = missed.skipped_run(task, span, now=now, actor=actor, reason=reason)
    run.range_count = count if run.range_to else None
    return run


def _first_of(plan: Plan, spans: Iterable[Span], known: set[datetime], most: int) -> list[datetime]:
    """Give the first slots of the spans that have no rows, in the order in which they happen."""
    found: list[Planned] = []
    for span in spans:
        slots = (slot for slot in ranges.slots_in(plan, span) if slot not in known)
        placed = (plan.place(slot) for slot, _ in zip(slots, range(most), strict=False))
        found += [place for place in placed if place is not None]
    return [place.slot for place in sorted(found)[:most]]


def _last_of(plan: Plan, spans: Iterable[Span], known: set[datetime]) -> datetime:
    """Give the last of them."""
    ends = (ranges.slots_in(plan, span, backwards=True) for span in spans)
    last = (next((slot for slot in slots if slot not in known), None) for slots in ends)
    return max(place for slot in last if slot and (place := plan.place(slot))).slot


def _settle_given_up(task: ScheduledTask, before: Plan, after: Plan, *, until: datetime, actor: str) -> None:
    if not concerned_days(before, after, until):
        return
    made = TaskRun.objects.filter(task=task, range_count__gt=0, range_to__isnull=False)
    for run in made.filter(id__gte=first_id_at(until - _FAR)):
        # Its slots are those of the schedule and the days off that were in force then.
        was = missed.plan_in_force(run.result) if run.result else before
        now = replace(after, rule=was.rule)
        first, last = (was.place(slot) for slot in (run.scheduled_for, run.range_to) if slot)
        spans = list(given_up(was, now, first, last, until)) if first and last else []
        known = set(ranges.own_rows(task, was, spans))
        count = ranges.count_in(was, spans) - len(known)
        if first and last and count > 0:
            slots = _first_of(was, spans, known, _MOST_OWN)
            rows = [_own(run, task, slot) for slot in slots]
            lifecycle.create(rows, actor=actor)
            _shrink(run, was, (first, last), known | set(slots), count)


def _own(run: TaskRun, task: ScheduledTask, slot: datetime) -> TaskRun:
    now, reason = run.finished_at or run.created_at, Reason(run.reason)
    return missed.skipped_run(task, (slot, slot), now=now, actor=run.actor, reason=reason)


def _shrink(run: TaskRun, plan: Plan, ends: tuple[Planned, Planned], taken: set[datetime], count: int) -> None:
    """Let a range stand for fewer slots; one that stands for none goes."""
    left = (run.range_count or 0) - count
    if left > 0:
        TaskRun.objects.filter(id=run.id).update(**ranges.narrowed(plan, ends, taken, left))
    else:
        run.delete()
