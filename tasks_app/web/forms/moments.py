"""Instants as a form holds them: wall time in some zone, with its offset only where it would be in doubt."""

from datetime import datetime
from typing import Any

from tasks_app import recurrence
from tasks_app.recurrence.zones import load_zone, offsets


def shown_moment(value: Any, zone: str) -> str:
    """Give an instant as text for a control; wall time of the zone, or what cannot be read, stays as it is."""
    if value is None:
        return ""
    try:
        instant = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
        if instant.tzinfo is None:
            return str(value)
        local = instant.astimezone(load_zone(recurrence.check_timezone(zone)))
    except (ValueError, OverflowError):
        return str(value)
    wall = local.replace(tzinfo=None, fold=0)
    first, second = offsets(load_zone(zone), wall)
    precision = "microseconds" if wall.microsecond else "seconds" if wall.second else "minutes"
    return (wall if first == second else local).isoformat(timespec=precision)
