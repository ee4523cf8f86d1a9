"""Schedules in words: one calm English sentence, without its full stop."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from tasks_app.recurrence.as_cron import cron_of, day_anchor, step_of
from tasks_app.recurrence.cron import CronExpression, compile_cron
from tasks_app.recurrence.day_words import DayWords, month_name
from tasks_app.recurrence.kinds import meaning_of
from tasks_app.recurrence.time_words import TimeWords
from tasks_app.recurrence.zones import load_zone

Schedule = Mapping[str, Any]
_UTC = {"UTC", "Etc/UTC", "Etc/UCT", "Etc/Universal", "Etc/Zulu", "UCT", "Universal", "Zulu", "Etc/GMT", "GMT"}


def sentence(schedule: Schedule, timezone: str) -> str:
    """Say a canonical schedule; the zone is named where a time of day is."""
    words, names_time = _words(schedule, timezone)
    if names_time:
        words = f"{words}, {zone_words(timezone)}"
    return words[0].upper() + words[1:]


def zone_words(timezone: str) -> str:
    """Name a zone as people do: "Berlin time"."""
    if timezone in _UTC:
        return "UTC"
    city = timezone.rsplit("/", 1)[-1]
    if city.startswith("GMT") and city != "GMT":
        # Etc/GMT-3 is three hours east; people write it with a plus.
        return "UTC" + city[3:].translate(str.maketrans("+-", "-+"))
    return f"{city.replace('_', ' ')} time"


def _words(schedule: Schedule, timezone: str) -> tuple[str, bool]:
    schedule = meaning_of(schedule, load_zone(timezone))
    match schedule["kind"]:
        case "once":
            return f"once, on {_moment(schedule['run_at'], timezone)}", True
        case "every":
            return _every(schedule, timezone)
        case "any":
            return _any(schedule, timezone)
        case "monthly" if isinstance(schedule.get("workday"), int):
            return f"on working day {schedule['workday']} of every month at {schedule['time']}", True
    expression = cron_of(schedule, load_zone(timezone))
    assert expression is not None  # every other kind is cron
    return cron_words(compile_cron(expression))


def _moment(instant: str, timezone: str) -> str:
    local = datetime.fromisoformat(instant).astimezone(load_zone(timezone))
    clock = local.strftime("%H:%M:%S" if local.second else "%H:%M")
    return f"{local.day} {month_name(local.month)} {local.year} at {clock}"


def _every(schedule: Schedule, timezone: str) -> tuple[str, bool]:
    count, unit = step_of(schedule)
    words = f"every {unit[:-1]}" if count == 1 else f"every {count} {unit}"
    if unit == "days":
        wall = day_anchor(schedule, load_zone(timezone))
        words += f" at {wall:%H:%M:%S}" if wall.second else f" at {wall:%H:%M}"
        if count > 1 and "anchor" in schedule:
            words += f", counted from {wall.day} {month_name(wall.month)} {wall.year}"
        return words, True
    if "anchor" in schedule:
        return f"{words}, counted from {_moment(schedule['anchor'], timezone)}", True
    return words, False


def _any(schedule: Schedule, timezone: str) -> tuple[str, bool]:
    said = [_words(part, timezone) for part in schedule["of"]]
    return "; also ".join(words for words, _ in said), any(names_time for _, names_time in said)


def cron_words(compiled: CronExpression) -> tuple[str, bool]:
    """Say a cron expression."""
    pattern = compiled.pattern
    times = TimeWords(pattern.minutes, pattern.hours, follows_elapsed=pattern.elapsed)
    days = DayWords(compiled.rule, pattern.months)
    if times.points:
        return f"{days.head()} {times.points}", True
    return f"{times.rhythm}{days.tail()}", times.names_time or not days.is_every_day
