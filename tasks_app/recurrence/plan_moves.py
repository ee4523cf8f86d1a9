"""What a change of a plan moves past an instant: slots that lay ahead and now lie behind, and what lies ahead at all.

Only days near the instant can be concerned, and of each all slots within a span of it; so nothing is looked at slot by
slot, whatever the schedule.
"""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta

from tasks_app.recurrence.days_off import DAY, LONGEST_RUN
from tasks_app.recurrence.plan import Plan, Planned
from tasks_app.recurrence.plan_counting import part_of_day
from tasks_app.recurrence.spans import Span, in_both

_INSTANT = timedelta(microseconds=1)
FIRST = datetime.min.replace(tzinfo=UTC)
LAST = datetime.max.replace(tzinfo=UTC)
Window = tuple[datetime | None, datetime | None]
OPEN: Window = (None, None)


def overtaken(
    before: Plan, after: Plan, until: datetime, window: Window = OPEN, new_window: Window = OPEN
) -> list[Span]:
    """Give the slots that lay ahead of an instant, and that the new plan puts at or before it, each within its window.

    Of two different schedules each may lack some of the slots.
    """
    days, others = _near(before, until), _near(after, until)
    if before.zone == after.zone:
        days = others = [day for day in days if before.target_of(day) != after.target_of(day)]
    low, high = new_window[0] or FIRST, min(until, new_window[1] or LAST)
    behind = _parts(after, others, Planned(low, FIRST), Planned(high, LAST))
    return list(in_both(_parts(before, days, *_ahead(until, window)), behind))


def ahead_of(plan: Plan, until: datetime) -> list[Span]:
    """Give the slots that a plan puts behind an instant, as far as its days off may have moved them there or back."""
    return _parts(plan, _near(plan, until), *_ahead(until, OPEN))


def _ahead(until: datetime, window: Window) -> tuple[Planned, Planned]:
    return Planned(max(until + _INSTANT, window[0] or FIRST), FIRST), Planned(window[1] or LAST, LAST)


def _parts(plan: Plan, days: Iterable[date], first: Planned, last: Planned) -> list[Span]:
    return [span for day in days for span in part_of_day(plan, day, first, last) if span.first <= span.last]


def _near(plan: Plan, instant: datetime) -> list[date]:
    """Give the days whose slots may be moved across an instant."""
    first = plan.day_of(instant) - (LONGEST_RUN + 1) * DAY
    return [first + number * DAY for number in range(2 * LONGEST_RUN + 3)]
