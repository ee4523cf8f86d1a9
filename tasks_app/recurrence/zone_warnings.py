"""Zones that are accepted and are seldom what was meant: abbreviations, and names whose signs are reversed."""

import re

from tasks_app.recurrence.shifts import changes_of_this_age
from tasks_app.recurrence.zone_words import zone_called
from tasks_app.recurrence.zones import load_zone

_ABBREVIATIONS = {"CET", "MET", "EET", "WET", "EST", "MST", "HST", "GMT"}
_POSIX = re.compile(r"Etc/GMT([+-])(\d+)")
_OTHER_SIGN = {"+": "-", "-": "+"}


def zone_warning(name: str) -> str | None:
    """Say what a person may have overlooked about an accepted zone; None where nothing."""
    posix = _POSIX.fullmatch(name)
    if posix and posix[2] != "0":
        return (
            f"{name} is UTC{_OTHER_SIGN[posix[1]]}{posix[2]}, as the signs of such names are reversed, and it never "
            "changes its clocks."
        )
    place = zone_called(name) if name in _ABBREVIATIONS else None
    if place is None or not changes_of_this_age(load_zone(place)):
        return None
    if not changes_of_this_age(load_zone(name)):
        return f"{name} never changes its clocks; did you mean {place}?"
    return f"{name} is an abbreviation and no place, though its clocks do change; did you mean {place}?"
