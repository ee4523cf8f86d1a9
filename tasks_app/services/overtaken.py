"""Slots that a change of the plan moves across the moment in which it is made.

Those that lay ahead, and now lie behind, nothing would ever come to again. All share that moment: the first runs at
once, the others are its duplicates. Those that a range in the history stands for, and that now lie ahead, get a row of
their own, so that they are neither run nor counted again.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import islice
from typing import NamedTuple

from tasks_app.models import ScheduledTask, TaskRun
from tasks_app.models.ids import first_id_at
from tasks_app.recurrence.plan import Plan, Planned
from tasks_app.recurrence.plan_moves import Window, ahead_of, overtaken
from tasks_app.recurrence.spans import Span, count_in, in_both, shared, slots_in
from tasks_app.services import lifecycle, missed, pauses, planning, ranges, skipped
from tasks_app.services.skipped import Range
from tasks_app.states import Reason, Status, TaskStatus, Trigger

_MOST_OWN = 1000
"""Rows of their own that one change gives to slots of one range; further ones are planned again."""
_FAR = timedelta(days=130)
"""No range that is older has slots which a calendar could still move."""


class Before(NamedTuple):
    """What was planned before a change: None where nothing was, or where it cannot be read."""

    plan: Plan | None
    window: Window
    has_more: bool
    """Tells whether anything lay ahead."""


def plan_before(task: ScheduledTask) -> Before:
    """Give the plan that a change is about to replace."""
    try:
        plan = planning.plan_of(task)
    except ValueError:
        plan = None
    return Before(plan, _window(task), plan is not None and task.next_slot is not None)


def settle_overtaken(task: ScheduledTask, before: Before, *, until: datetime, actor: str) -> bool:
    """Give each slot of the changed task that has been moved across the moment its row; tells whether any is behind."""
    plan = planning.plan_of(task)
    if plan is None or (before.plan is not None and not (before.plan.moves or plan.moves)):
        return False
    _settle_given_up(task, plan, until=until, actor=actor)
    if before.plan is None or not before.has_more or _is_spent(task):
        return False
    moved = overtaken(before.plan, plan, until, before.window, _window(task))
    what = Range(plan.rule, shared(before.plan.rule, plan.rule, moved))
    known = set(ranges.own_rows(task, what))
    count = count_in(*what) - len(known)
    if count > 0 and task.status == TaskStatus.PAUSED:
        pauses.take(task, what.spans, now=until, actor=actor)
    elif count > 0:
        lifecycle.create(_rows(task, plan, what.spans, known, count, until=until, actor=actor), actor=actor)
    return count > 0


def _window(task: ScheduledTask) -> Window:
    return task.starts_at, task.ends_at


def _is_spent(task: ScheduledTask) -> bool:
    return task.max_runs is not None and task.slots_fired >= task.max_runs


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
    first, *twins = _first_of(plan, spans, known, missed.ROWS + 1)
    runs = [held_back(task, first, due_at=max(until, planning.due_at(task, first)), now=until, actor=actor)]
    runs += [skipped.skipped_run(task, twin, now=until, actor=actor, reason=Reason.DUPLICATE) for twin in twins]
    if count > len(runs):
        rest = skipped.skipped_range(task, spans, now=until, actor=actor, reason=Reason.DUPLICATE)
        taken = {first, *twins, *known}
        for name, value in skipped.fields_of(Range(plan.rule, spans), taken, count - len(runs)).items():
            setattr(rest[0], name, value)
        runs += rest
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


def _first_of(plan: Plan, spans: Iterable[Span], known: set[datetime], most: int) -> list[datetime]:
    """Give the first slots of the spans that have no rows, in the order in which they happen."""
    found: list[Planned] = []
    for span in spans:
        slots = (slot for slot in slots_in(plan.rule, [span]) if slot not in known)
        found += [place for slot in islice(slots, most) if (place := plan.place(slot)) is not None]
    return [place.slot for place in sorted(found)[:most]]


def _settle_given_up(task: ScheduledTask, after: Plan, *, until: datetime, actor: str) -> None:
    """Take what now lies ahead out of the ranges; each of these slots keeps its account in a row of its own."""
    made = TaskRun.objects.filter(task=task, range_to__isnull=False, id__gte=first_id_at(until - _FAR))
    ahead: list[Span] | None = None
    for run in made.exclude(range_count=0):  # what has none cannot be read
        what = skipped.read_range(run)
        ahead = ahead_of(after, until) if ahead is None else ahead
        gone = Range(what.rule, list(in_both(what.spans, ahead))) if what else None
        if what is None or gone is None or not count_in(*gone):
            continue
        known = set(ranges.own_rows(task, gone))
        slots = list(islice((slot for slot in slots_in(*gone) if slot not in known), _MOST_OWN))
        lifecycle.create([_own(run, task, slot) for slot in slots], actor=actor)
        ranges.take_out(run, task, what, gone.spans, count_in(*gone) - len(known))


def _own(run: TaskRun, task: ScheduledTask, slot: datetime) -> TaskRun:
    now, reason = run.finished_at or run.created_at, Reason(run.reason)
    return skipped.skipped_run(task, slot, now=now, actor=run.actor, reason=reason)
