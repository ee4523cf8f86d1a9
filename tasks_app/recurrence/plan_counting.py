"""How many slots happen between two of a plan: the days in between are counted by arithmetic, only the ends one by one.

All slots of a day happen on one working day, at their times of day. So those that happen in a span are, on each day,
those of a span of the day.
"""

from collections.abc import Iterator
from datetime import date, datetime, timedelta

from tasks_app.recurrence.days_off import DAY
from tasks_app.recurrence.plan import Plan, Planned
from tasks_app.recurrence.spans import Span, count_in

_INSTANT = timedelta(microseconds=1)


def count_plans(plan: Plan, first: Planned, last: Planned) -> int:
    """Count the slots that happen from one to another, both included, in the order of plans."""
    return count_in(plan.rule, spans_between(plan, first, last))


def spans_between(plan: Plan, first: Planned, last: Planned) -> Iterator[Span]:
    """Give the slots that happen from one to another as spans of the schedule."""
    if first > last:
        return
    if plan.off is None:
        yield Span(first.slot, last.slot)
    elif plan.moves:
        yield from _moved(plan, first, last)
    else:
        yield from _open(plan, first.slot, last.slot)


def _open(plan: Plan, first: datetime, last: datetime) -> Iterator[Span]:
    """Leave the days off out."""
    assert plan.off is not None
    start, day, end = first, plan.day_of(first), plan.day_of(last)
    while day <= end:
        if day in plan.off:
            yield Span(start, plan.start_of(day) - _INSTANT)
            start = plan.start_of(day + DAY)
        day += DAY
    yield Span(start, last)


def _moved(plan: Plan, first: Planned, last: Planned) -> Iterator[Span]:
    low, high = plan.group_of(_working_day(plan, first)), plan.group_of(_working_day(plan, last))
    for day in low:
        yield from part_of_day(plan, day, first, last)
    if low != high:
        yield Span(plan.start_of(low[-1] + DAY), plan.start_of(high[0]) - _INSTANT)
        for day in high:
            yield from part_of_day(plan, day, first, last)


def _working_day(plan: Plan, planned: Planned) -> date:
    """Give the day that a slot belongs to, which a gap at its end may have made it leave."""
    day = plan.target_of(plan.day_of(planned.slot))
    return day if day is not None else plan.day_of(planned.at)


def part_of_day(plan: Plan, day: date, first: Planned, last: Planned) -> Iterator[Span]:
    """Give the slots of a day that happen from one plan to another."""
    start, end = plan.start_of(day), plan.start_of(day + DAY) - _INSTANT
    target = plan.target_of(day)
    if target is None:
        return
    # Where a gap begins the day, its first slots are those of midnight.
    first_at = start if day == target else plan.start_of(target)
    here = (Planned(first_at, start), _placed(plan, end, target))
    if here[1] < first or here[0] > last:
        return
    if first <= here[0] and here[1] <= last:
        yield Span(start, end)
    elif plan.has_steady_clocks(day) and plan.has_steady_clocks(target):
        yield Span(_first_from(plan, day, start, first), _last_until(plan, day, end, last))
    else:
        yield from _one_by_one(plan, Span(start, end), first, last)


def _first_from(plan: Plan, day: date, start: datetime, first: Planned) -> datetime:
    """Give where the slots of a day begin that do not happen before `first`."""
    if plan.target_of(day) != plan.day_of(first.at):
        return start
    same = plan.same_time(first.at, day)
    return same if same >= first.slot else same + _INSTANT


def _last_until(plan: Plan, day: date, end: datetime, last: Planned) -> datetime:
    if plan.target_of(day) != plan.day_of(last.at):
        return end
    same = plan.same_time(last.at, day)
    return same if same <= last.slot else same - _INSTANT


def _one_by_one(plan: Plan, span: Span, first: Planned, last: Planned) -> Iterator[Span]:
    """Where clocks change, times of day do not follow the instants."""
    slot = plan.rule.next_after(span.first - _INSTANT)
    while slot is not None and slot <= span.last:
        place = plan.place(slot)
        if place is not None and first <= place <= last:
            yield Span(slot, slot)
        slot = plan.rule.next_after(slot)


def _placed(plan: Plan, slot: datetime, target: date) -> Planned:
    return Planned(slot if plan.day_of(slot) == target else plan.same_time(slot, target), slot)
