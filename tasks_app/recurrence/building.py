"""From a schedule object to its Recurrence."""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from tasks_app.recurrence.as_cron import anchor_of, cron_of, day_anchor, step_of
from tasks_app.recurrence.cron import compile_cron
from tasks_app.recurrence.days import DayRule, table_of
from tasks_app.recurrence.kinds import meaning_of, read_schedule
from tasks_app.recurrence.pattern import ALL_MONTHS, Pattern
from tasks_app.recurrence.recurrence import Recurrence
from tasks_app.recurrence.walkers import (
    DaySteps,
    ElapsedWalker,
    EveryWalker,
    FixedWalker,
    OnceWalker,
    UnionWalker,
    Walker,
    parts_of,
)
from tasks_app.recurrence.zones import check_timezone, load_zone

ALL_WEEKDAYS = 0b1111111


def normalise(data: Mapping[str, Any], timezone: str = "UTC") -> dict[str, Any]:
    """Give a schedule object in canonical form, or raise ScheduleError naming every faulty field.

    The zone is needed to read instants that come without an offset; they are stored in UTC.
    """
    return read_schedule(data, load_zone(check_timezone(timezone)))


def build(schedule: Mapping[str, Any], timezone: str) -> Recurrence:
    """Give the Recurrence of a schedule object; the same one each time for the same schedule."""
    try:
        key = json.dumps(schedule, sort_keys=True)
    except (TypeError, ValueError):
        # Holds dates or numbers without end, or is no mapping at all: the canonical form is JSON, and refuses the rest.
        key = json.dumps(normalise(schedule, timezone), sort_keys=True)
    return _build(key, check_timezone(timezone))


def parse(expression: str, timezone: str) -> Recurrence:
    """Give the Recurrence of a cron expression."""
    return build({"kind": "cron", "expression": expression}, timezone)


@lru_cache(maxsize=16384)
def _build(key: str, timezone: str) -> Recurrence:
    zone = load_zone(timezone)
    schedule = read_schedule(json.loads(key), zone)
    meaning = meaning_of(schedule, zone)
    is_once = meaning["kind"] == "once"
    return Recurrence(
        schedule=schedule,
        meaning=meaning,
        timezone=timezone,
        kind="once" if is_once else "recurring",
        cron=cron_of(meaning, zone),
        interval=step_of(meaning) if meaning["kind"] == "every" else None,
        run_at=datetime.fromisoformat(meaning["run_at"]) if is_once else None,
        walker=_walker(meaning, zone),
    )


def _walker(schedule: Mapping[str, Any], zone: ZoneInfo) -> Walker:
    match schedule["kind"]:
        case "once":
            return OnceWalker(datetime.fromisoformat(schedule["run_at"]).replace(tzinfo=None))
        case "every":
            return _every(schedule, zone)
        case "any":
            return _union([_walker(meaning_of(part, zone), zone) for part in schedule["of"]])
    expression = cron_of(schedule, zone)
    pattern = compile_cron(expression).pattern if expression else _nth_workday(schedule)
    return ElapsedWalker(pattern, zone) if pattern.elapsed else FixedWalker(pattern, zone)


def _union(walkers: list[Walker]) -> UnionWalker:
    """Join walkers; a text among them may be a union of its own."""
    return UnionWalker(tuple(one for walker in walkers for one in parts_of(walker)))


def _every(schedule: Mapping[str, Any], zone: ZoneInfo) -> Walker:
    count, unit = step_of(schedule)
    step = timedelta(**{unit: count})
    if unit == "days":
        return FixedWalker(DaySteps(day_anchor(schedule, zone), step), zone)
    return EveryWalker(anchor_of(schedule), step)


def _nth_workday(schedule: Mapping[str, Any]) -> Pattern:
    """Build the one friendly rule that cron has no words for."""
    hour, minute = schedule["time"].split(":")
    rule = DayRule(workdays=frozenset({schedule["workday"]}), weekdays=ALL_WEEKDAYS)
    return Pattern(1 << int(minute), 1 << int(hour), ALL_MONTHS, table_of(rule), elapsed=False)
