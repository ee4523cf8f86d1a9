"""Says a canonical schedule as a cron expression, where one says exactly the same."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from tasks_app.recurrence.cron import compile_cron, is_valid
from tasks_app.recurrence.kinds import UNIT_SECONDS, meaning_of
from tasks_app.recurrence.writing import cron_weekday, day_field, joined
from tasks_app.recurrence.zones import offset_at

Schedule = Mapping[str, Any]
EPOCH = datetime(1970, 1, 1)
MINUTE, HOUR, DAY = 60, 3600, 86400


def cron_of(schedule: Schedule, zone: ZoneInfo) -> str | None:
    """Give the five fields, or None."""
    return WRITERS[schedule["kind"]](schedule, zone)


def _at(schedule: Schedule, days: str) -> str:
    hour, minute = schedule["time"].split(":")
    return f"{int(minute)} {int(hour)} {days}"


def _cron(schedule: Schedule, _: ZoneInfo) -> str:
    return compile_cron(schedule["expression"]).fields


def _weekly(schedule: Schedule, _: ZoneInfo) -> str:
    return _at(schedule, f"* * {joined(sorted(cron_weekday(day) for day in schedule['days']), 7)}")


def _monthly(schedule: Schedule, _: ZoneInfo) -> str | None:
    if "nth" in schedule:
        nth = "L" if schedule["nth"] == "last" else f"#{schedule['nth']}"
        return _at(schedule, f"* * {cron_weekday(schedule['weekday'])}{nth}")
    if "workday" in schedule:
        field = {"first": "1W", "last": "LW"}.get(schedule["workday"])
        return _at(schedule, f"{field} * *") if field else None
    return _at(schedule, f"{day_field(schedule['day'])} * *")


def _yearly(schedule: Schedule, _: ZoneInfo) -> str:
    return _at(schedule, f"{day_field(schedule['day'])} {schedule['month']} *")


def step_of(schedule: Schedule) -> tuple[int, str]:
    """Give the number and the unit of an interval."""
    unit = next(unit for unit in UNIT_SECONDS if unit in schedule)
    return schedule[unit], unit


def anchor_of(schedule: Schedule) -> datetime:
    """Give the instant an interval counts from, naive UTC."""
    anchor = schedule.get("anchor")
    return datetime.fromisoformat(anchor).replace(tzinfo=None) if anchor else EPOCH


def _every(schedule: Schedule, zone: ZoneInfo) -> str | None:
    count, unit = step_of(schedule)
    if unit == "days":
        return _every_day(schedule, zone) if count == 1 else None
    period = count * UNIT_SECONDS[unit]
    if period % MINUTE or DAY % period or (period > HOUR and period % HOUR) or (period < HOUR and HOUR % period):
        return None
    # The phase on the wall must be the same whatever offset the zone has.
    anchor = (anchor_of(schedule) - EPOCH) // timedelta(seconds=1)
    phases = {(anchor + offset) % period for offset in wall_offsets(zone)}
    phase = phases.pop()
    return None if phases or phase % MINUTE else _interval_fields(phase // MINUTE, period)


def _every_day(schedule: Schedule, zone: ZoneInfo) -> str | None:
    wall = day_anchor(schedule, zone)
    return None if wall.second else f"{wall.minute} {wall.hour} * * *"


def day_anchor(schedule: Schedule, zone: ZoneInfo) -> datetime:
    """Give the wall time that an interval of days counts from: days keep the time of day when clocks change."""
    if "anchor" not in schedule:
        return EPOCH
    anchor = anchor_of(schedule)
    return anchor + offset_at(zone, anchor)


def _interval_fields(phase: int, period: int) -> str:
    if period < HOUR:
        step = period // MINUTE
        field = "*" if step == 1 else f"*/{step}" if not phase else f"{phase}-59/{step}"
        return f"{field} * * * *"
    step = period // HOUR
    hour, minute = divmod(phase, MINUTE)
    if period == DAY:
        return f"{minute} {hour} * * *"
    field = "*" if step == 1 else f"*/{step}" if not hour else f"{hour}-23/{step}"
    return f"{minute} {field} * * *"


@lru_cache(maxsize=1024)
def wall_offsets(zone: ZoneInfo) -> frozenset[int]:
    """Give the offsets in seconds that a zone has in this age."""
    months = [datetime(year, month, 1) for year in range(2020, 2041) for month in range(1, 13)]
    return frozenset(int(offset_at(zone, instant).total_seconds()) for instant in months)


def _any(schedule: Schedule, zone: ZoneInfo) -> str | None:
    """Join the parts where they differ in one list only."""
    found = [cron_of(part, zone) for part in schedule["of"]]
    merged = [expression.split() for expression in found if expression]
    if len(merged) < len(found):
        return None
    while len(merged) > 1:
        pairs = [(one, two) for place, one in enumerate(merged) for two in merged[place + 1 :]]
        joins = ((one, two, joined_fields(one, two)) for one, two in pairs)
        match = next(((one, two, fields) for one, two, fields in joins if fields), None)
        if not match:
            return None
        one, two, fields = match
        merged = [fields, *(other for other in merged if other is not one and other is not two)]
    expression = " ".join(merged[0])
    return expression if is_valid(expression) else None


def joined_fields(one: list[str], two: list[str]) -> list[str] | None:
    """Join two expressions into one that says both, or give None."""
    if one == two:
        return one
    differing = [place for place, (left, right) in enumerate(zip(one, two, strict=True)) if left != right]
    if len(differing) != 1:
        return None
    place = differing[0]
    left, right = one[place], two[place]
    # `*` and steps change what clock changes and the other day field mean.
    if any(sign in left + right for sign in "*/"):
        return None
    return [*one[:place], _as_list(left, right), *one[place + 1 :]]


def _as_list(left: str, right: str) -> str:
    items = left.split(",") + right.split(",")
    if all(item.isdecimal() for item in items):
        return ",".join(str(number) for number in sorted({int(item) for item in items}))
    return ",".join(dict.fromkeys(items))


WRITERS: dict[str, Callable[[Schedule, ZoneInfo], str | None]] = {
    "once": lambda schedule, zone: None,
    "cron": _cron,
    "every": _every,
    "hourly": lambda schedule, zone: f"{schedule['minute']} * * * *",
    "daily": lambda schedule, zone: _at(schedule, "* * *"),
    "weekly": _weekly,
    "monthly": _monthly,
    "yearly": _yearly,
    "text": lambda schedule, zone: cron_of(meaning_of(schedule, zone), zone),
    "any": _any,
}
