"""Lengths of time as other schedulers write them, read as intervals: 1h30m, 1.5h, 5 minutes, 1w."""

import re
from fractions import Fraction

UNIT_SECONDS = {"seconds": 1, "minutes": 60, "hours": 3600, "days": 86400}
NO_INTERVAL = "an interval is a length such as 90s, 15m or 12h, and longer than nothing"
_SECONDS = {"w": 604800, "d": 86400, "h": 3600, "m": 60, "s": 1}
_LONGEST = 3660 * UNIT_SECONDS["days"]
_ANY_LENGTH = re.compile(r"[+-]?(\d{1,9}(?:\.\d{1,6})?)\s*([a-z]{0,20})", re.IGNORECASE)
_PIECE = re.compile(
    r"\s*(\d{1,9}(?:\.\d{1,6})?)\s*"
    r"(weeks?|w|days?|d|hours?|hrs?|h|minutes?|mins?|m|seconds?|secs?|s)(?![a-z])\s*",
    re.IGNORECASE,
)


def interval_of(text: str) -> dict[str, object] | None:
    """Give the schedule of an interval; None for what is no length, or none of whole seconds."""
    place, total = 0, Fraction(0)
    while match := _PIECE.match(text, place):
        total += Fraction(match[1]) * _SECONDS[match[2][0].lower()]
        place = match.end()
    if place < len(text) or total.denominator != 1 or not 0 < total <= _LONGEST:
        return None
    unit = next(unit for unit in reversed(UNIT_SECONDS) if not total % UNIT_SECONDS[unit])
    return {"kind": "every", unit: int(total) // UNIT_SECONDS[unit]}


def about(text: str) -> dict[str, object]:
    """Give the interval nearest to what is no length that can be kept: a second at least; else an example."""
    number = _ANY_LENGTH.fullmatch(text.strip())
    if not number:
        return {"kind": "every", "minutes": 5}
    unit = number[2].lower()
    if unit.startswith(("ms", "mil", "us", "mic", "ns", "nan")):
        return {"kind": "every", "seconds": max(1, round(float(number[1]) / 1000)) if unit.startswith("m") else 1}
    name = next((name for name in UNIT_SECONDS if name.startswith(unit[:1] or "m")), "minutes")
    count = min(max(round(float(number[1])), 1), _LONGEST // UNIT_SECONDS[name])
    return {"kind": "every", name: count}
