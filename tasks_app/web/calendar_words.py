"""What a calendar holds, in one sentence."""

from collections.abc import Sequence

from tasks_app.models import Calendar
from tasks_app.recurrence.countries import place_name
from tasks_app.recurrence.writing import WEEKDAYS
from tasks_app.selectors.calendar_days import HOLIDAY, ICAL, TYPED, WEEKEND, stored_days, stored_weekend
from tasks_app.web.words import plural

WEEKDAY_NAMES = dict(
    zip(WEEKDAYS, ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"), strict=True)
)
KINDS = {WEEKEND: "weekend", HOLIDAY: "holiday", TYPED: "single day", ICAL: "from a file"}


def holds(calendar: Calendar) -> str:
    """Say what is off: "Weekends, holidays of Germany (Bayern), 12 single days"."""
    weekend, days = stored_weekend(calendar), stored_days(calendar)
    parts = [_weekend(weekend)] if weekend else []
    if calendar.country:
        parts.append(f"holidays of {place_name(calendar.country, calendar.subdivision)}")
    imported = sum(day["source"] == ICAL for day in days)
    if typed := len(days) - imported:
        parts.append(plural(typed, "single day"))
    if imported:
        parts.append(f"{plural(imported, 'day')} from a file")
    said = ", ".join(parts) or "nothing yet"
    return said[0].upper() + said[1:]


def _weekend(days: Sequence[str]) -> str:
    if set(days) == {"sat", "sun"}:
        return "weekends"
    names = [f"{WEEKDAY_NAMES[day]}s" for day in days]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
