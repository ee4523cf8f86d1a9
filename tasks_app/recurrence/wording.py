"""Schedules in words: one calm English sentence, without its full stop."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from tasks_app.recurrence.as_cron import DAY, HOUR, cron_of, step_of, wall_offsets
from tasks_app.recurrence.cron import CronExpression, compile_cron
from tasks_app.recurrence.day_words import DayWords
from tasks_app.recurrence.kinds import UNIT_SECONDS, meaning_of
from tasks_app.recurrence.pattern import Pattern
from tasks_app.recurrence.shifts import directions_met
from tasks_app.recurrence.step_words import date_words, key_of, step_words
from tasks_app.recurrence.time_words import MOST_POINTS, TimeWords, clocks, even_words, sounds_elapsed
from tasks_app.recurrence.zones import load_zone, offsets

Schedule = Mapping[str, Any]
Said = tuple[str, bool]
"""Words, and whether they name a time of day, so that the zone matters."""
MOST_TOGETHER = 12
FROM_UTC = "counted from midnight UTC"
_EPOCH = "1970-01-01T00:00:00Z"
_UTC = {"UTC", "Etc/UTC", "Etc/UCT", "Etc/Universal", "Etc/Zulu", "UCT", "Universal", "Zulu", "Etc/GMT", "GMT"}


def sentence(schedule: Schedule, timezone: str) -> str:
    """Say a canonical schedule; the zone is named where a time of day is."""
    said = list(_words(schedule, timezone))
    words = "; also ".join(words for words, _ in said)
    if any(names_time for _, names_time in said):
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


def _words(schedule: Schedule, timezone: str) -> Iterator[Said]:
    zone = load_zone(timezone)
    schedule = meaning_of(schedule, zone)
    match schedule["kind"]:
        case "once":
            yield f"once, on {_moment(schedule['run_at'], timezone)}", True
        case "every" if step_of(schedule)[1] == "days":
            yield step_words([schedule], zone)[0], True
        case "every":
            yield _every(schedule, timezone)
        case "any":
            yield from _union(schedule, timezone)
        case "monthly" if isinstance(schedule.get("workday"), int):
            yield f"on working day {schedule['workday']} of every month at {schedule['time']}", True
        case _:
            expression = cron_of(schedule, zone)
            assert expression is not None  # every other kind is cron
            yield cron_words(compile_cron(expression), zone)


def _moment(instant: str, timezone: str) -> str:
    zone = load_zone(timezone)
    local = datetime.fromisoformat(instant).astimezone(zone)
    clock = local.strftime("%H:%M:%S" if local.second or local.microsecond else "%H:%M")
    if local.microsecond:
        clock += f".{local.microsecond:06}".rstrip("0")
    first, second = offsets(zone, local.replace(tzinfo=None))
    # What comes twice that night is told apart by its offset.
    which = f" ({_offset_words(local)})" if first > second else ""
    return f"{date_words(local)} at {clock}{which}"


def _offset_words(local: datetime) -> str:
    offset = local.strftime("%z")
    return f"{offset[:3]}:{offset[3:5]}"


def _every(schedule: Schedule, timezone: str) -> Said:
    count, unit = step_of(schedule)
    words = f"every {unit[:-1]}" if count == 1 else f"every {count} {unit}"
    if "anchor" in schedule:
        return f"{words}, counted from {_moment(schedule['anchor'], timezone)}", True
    period = count * UNIT_SECONDS[unit]
    if period < HOUR and HOUR % period:
        return words, False
    if DAY % period:
        return f"{words}, counted from {_moment(_EPOCH, timezone)}", True
    if any(offset % period for offset in wall_offsets(load_zone(timezone))):
        # The clocks of the zone show other hours in summer; those of UTC do not.
        return f"{words}, {FROM_UTC}", False
    return words, False


def cron_words(compiled: CronExpression, zone: ZoneInfo) -> Said:
    """Say a cron expression."""
    pattern = compiled.pattern
    days = DayWords(compiled.rule, pattern.months)
    times = TimeWords(pattern.minutes, pattern.hours, follows_elapsed=pattern.elapsed, may_wrap=days.is_every_day)
    mark = clock_words(pattern, zone, sounds_elapsed=times.sounds_elapsed)
    if times.points:
        return f"{days.head()} {times.points}{mark}", True
    return f"{times.rhythm}{days.tail()}{mark}", bool(mark) or times.names_time or not days.is_every_day


def clock_words(pattern: Pattern, zone: ZoneInfo, *, sounds_elapsed: bool) -> str:
    """Say what a change of the clocks does, where the words alone would be taken otherwise."""
    if pattern.elapsed == sounds_elapsed:
        return ""
    met = directions_met(pattern, zone)
    if "back" in met:
        return f", {'twice' if pattern.elapsed else 'once'} when clocks go back"
    if "forward" in met:
        return f", {'left out' if pattern.elapsed else 'kept'} when clocks go forward"
    return ""


def _union(schedule: Schedule, timezone: str) -> Iterator[Said]:
    """Say the parts of a union; those on the same days together."""
    zone = load_zone(timezone)
    groups: dict[object, list[Schedule]] = {}
    for place, part in enumerate(_flat(schedule, timezone)):
        expression = cron_of(part, zone)
        key: object = place
        if part["kind"] == "every" and step_of(part)[1] == "days":
            key = key_of(part, zone)
        elif expression and part["kind"] != "every":
            compiled = compile_cron(expression)
            # Those that a change of the clocks concerns otherwise are said apart.
            twice = compiled.pattern.elapsed and bool(directions_met(compiled.pattern, zone))
            key = compiled.rule, compiled.pattern.months, twice
        groups.setdefault(key, []).append(part)
    for parts in groups.values():
        if parts[0]["kind"] == "every" and step_of(parts[0])[1] == "days":
            yield from ((words, True) for words in step_words(parts, zone))
        elif len(parts) == 1:
            yield from _words(parts[0], timezone)
        else:
            yield from _together([compile_cron(cron_of(part, zone)) for part in parts], zone)


def _flat(schedule: Schedule, timezone: str) -> Iterator[Schedule]:
    """Give the parts of a union; a text may hold further ones."""
    for part in schedule["of"]:
        meaning = meaning_of(part, load_zone(timezone))
        if meaning["kind"] == "any":
            yield from _flat(meaning, timezone)
        else:
            yield meaning


def _together(parts: list[CronExpression], zone: ZoneInfo) -> Iterator[Said]:
    """Say several times on the same days: as a list, or as one rhythm."""
    days = DayWords(parts[0].rule, parts[0].pattern.months)
    every = [TimeWords(part.pattern.minutes, part.pattern.hours, follows_elapsed=False).times for part in parts]
    times = sorted({time for of_part in every for time in of_part})
    is_disjoint = len(times) == sum(len(of_part) for of_part in every)
    is_long = len(times) > MOST_POINTS
    rhythm = even_words(times, may_wrap=days.is_every_day) if is_long and is_disjoint else ""
    heard = sounds_elapsed(rhythm)
    mark = next(filter(None, (clock_words(part.pattern, zone, sounds_elapsed=heard) for part in parts)), "")
    if rhythm:
        yield f"{rhythm}{days.tail()}{mark}", True
    elif len(times) <= MOST_TOGETHER:
        yield f"{days.head()} at {clocks(times)}{mark}", True
    else:
        yield from (cron_words(part, zone) for part in parts)
