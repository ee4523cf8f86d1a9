"""Days off out of an iCalendar file (RFC 5545): whole-day events, once or repeated.

Of a file only those lines of events are parsed that matter here; time zones, alarms and the rest are passed over. All
work is bounded by counting: bytes, depth, days that are looked at, days that are kept. Nothing is ever fetched.
"""

from tasks_app.services.ical.days import MOST_DAYS, Imported, LeftOut, read_ical
from tasks_app.services.ical.lines import MOST_BYTES

__all__ = ["MOST_BYTES", "MOST_DAYS", "Imported", "LeftOut", "read_ical"]
