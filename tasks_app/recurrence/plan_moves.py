"""What a change of days off moves past an instant: slots that lay ahead and now lie behind, and the other way round.

Only days near the instant can be concerned, and of each all slots within a span of it; so nothing is looked at slot by
slot, whatever the schedule.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

from tasks_app.recurrence.days_off import DAY, LONGEST_RUN
from tasks_app.recurrence.plan import Plan, Planned
from tasks_app.recurrence.plan_counting import Span, part_of_day

_INSTANT = timedelta(microseconds=1)
FIRST = datetime.min.replace(tzinfo=UTC)
LAST = datetime.max.replace(tzinfo=UTC)
Window = tuple[datetime | None, datetime | None]


def overtaken(before: Plan, after: Plan, until: datetime, window: Window = (None, None)) -> Iterator[Span]:
    """Give the slots that lay ahead of an instant, and that the new plan puts at or before it; all within a window."""
    low, high = window[0] or FIRST, window[1] or LAST
    behind = (Planned(low, FIRST), Planned(min(until, high), LAST))
    ahead = (Planned(max(until + _INSTANT, low), FIRST), Planned(high, LAST))
    for day in concerned_days(before, after, until):
        was, now = list(part_of_day(before, day, *ahead)), list(part_of_day(after, day, *behind))
        yield from in_both(was, now)


def given_up(before: Plan, after: Plan, first: Planned, last: Planned, until: datetime) -> Iterator[Span]:
    """Give the slots that happened from one plan to another, and that the new plan puts ahead, or leaves out."""
    ahead = (Planned(until + _INSTANT, FIRST), Planned(LAST, LAST))
    for day in concerned_days(before, after, until):
        was = list(part_of_day(before, day, first, min(last, Planned(until, LAST))))
        if after.target_of(day) is None:
            yield from was
        else:
            yield from in_both(was, list(part_of_day(after, day, *ahead)))


def in_both(some: list[Span], others: list[Span]) -> Iterator[Span]:
    """Give what two lists of spans share, each in its order."""
    place = 0
    for span in some:
        while place < len(others) and others[place].last < span.first:
            place += 1
        for other in others[place:]:
            if other.first > span.last:
                break
            if (first := max(span.first, other.first)) <= (last := min(span.last, other.last)):
                yield Span(first, last)


def concerned_days(before: Plan, after: Plan, instant: datetime) -> list[date]:
    """Give the days whose slots two plans place on different days, as far as they may be moved across an instant."""
    first = before.day_of(instant) - (LONGEST_RUN + 1) * DAY
    days = (first + number * DAY for number in range(2 * LONGEST_RUN + 3))
    return [day for day in days if before.target_of(day) != after.target_of(day)]
