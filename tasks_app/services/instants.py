"""Instants that people and programs write as text: without an offset they are wall time in a zone."""

from datetime import datetime

from tasks_app.errors import Invalid
from tasks_app.recurrence import ScheduleError, check_timezone
from tasks_app.recurrence.moments import Unreadable, read_instant
from tasks_app.recurrence.zones import load_zone
from tasks_app.services.faults import fault_of

EARLIEST_YEAR = 1970
LATEST_YEAR = 9000


def written_instant(text: str, zone: str, path: str) -> datetime:
    """Read an instant; raises Invalid at `path`.

    A zone that does not exist is refused elsewhere, with whatever else is wrong: here UTC stands in for it.
    """
    try:
        known = load_zone(check_timezone(zone))
    except ScheduleError:
        known = load_zone("UTC")
    try:
        return reachable(read_instant(text, known))
    except Unreadable as error:
        fault = fault_of(error.problem)
        raise Invalid(fault.message, fields={path: [fault]}) from None


def reachable(moment: datetime) -> datetime:
    """Refuse what lies so far off that a day more or less could leave the calendar; raises Unreadable."""
    if not EARLIEST_YEAR <= moment.year <= LATEST_YEAR:
        raise Unreadable("out_of_range", f"the year must be between {EARLIEST_YEAR} and {LATEST_YEAR}")
    return moment
