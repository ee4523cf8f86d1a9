"""Slots said as spans of a schedule: which slots there are is the schedule's to say, whatever a calendar does to them.

Lists of spans are in order and do not overlap.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

from tasks_app.recurrence.counting import count_slots
from tasks_app.recurrence.recurrence import Recurrence

_INSTANT = timedelta(microseconds=1)
_MOST_SHARED = 5000
"""Slots that two schedules share are looked for one by one, among so many."""


class Span(NamedTuple):
    """The slots of a schedule from `first` to `last`, both included; there may be none."""

    first: datetime
    last: datetime


def count_in(rule: Recurrence, spans: Iterable[Span]) -> int:
    """Count the slots of a schedule in spans of it."""
    return sum(count_slots(rule, *span) for span in spans)


def slots_in(rule: Recurrence, spans: Iterable[Span], *, backwards: bool = False) -> Iterator[datetime]:
    """Give the slots of spans one by one; backwards, from the last."""
    find = rule.previous_before if backwards else rule.next_after
    for span in reversed(list(spans)) if backwards else spans:
        slot = find(span.last + _INSTANT) if backwards else find(span.first - _INSTANT)
        while slot is not None and span.first <= slot <= span.last:
            yield slot
            slot = find(slot)


def joined(spans: Iterable[Span]) -> list[Span]:
    """Put spans in order, and those together that overlap or lie side by side."""
    found: list[Span] = []
    for span in sorted(span for span in spans if span.first <= span.last):
        if found and span.first - found[-1].last <= _INSTANT:
            found[-1] = Span(found[-1].first, max(found[-1].last, span.last))
        else:
            found.append(span)
    return found


def in_both(some: list[Span], others: list[Span]) -> Iterator[Span]:
    """Give what two lists of spans share."""
    place = 0
    for span in some:
        while place < len(others) and others[place].last < span.first:
            place += 1
        for other in others[place:]:
            if other.first > span.last:
                break
            if (first := max(span.first, other.first)) <= (last := min(span.last, other.last)):
                yield Span(first, last)


def without(spans: Iterable[Span], taken: list[Span]) -> list[Span]:
    """Give what is left of spans."""
    left: list[Span] = []
    for first, last in spans:
        start = first
        for other in taken:
            if other.last < start or other.first > last:
                continue
            if start < other.first:
                left.append(Span(start, other.first - _INSTANT))
            start = other.last + _INSTANT
        if start <= last:
            left.append(Span(start, last))
    return left


def are_same(one: Recurrence, other: Recurrence) -> bool:
    """Tell whether two schedules say the same in the same words."""
    return (one.schedule, one.timezone) == (other.schedule, other.timezone)


def shared(before: Recurrence, after: Recurrence, spans: list[Span]) -> list[Span]:
    """Give the slots of spans that both schedules have, as spans of the second."""
    if are_same(before, after):
        return spans
    found: list[Span] = []
    goes_on = False
    for _, slot in zip(range(_MOST_SHARED), slots_in(after, spans), strict=False):
        is_shared = before.next_after(slot - _INSTANT) == slot
        if is_shared and goes_on:
            found[-1] = Span(found[-1].first, slot)
        elif is_shared:
            found.append(Span(slot, slot))
        goes_on = is_shared
    return list(in_both(found, spans))
