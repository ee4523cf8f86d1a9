"""The times of day of a rule, on a 24-hour clock; and what is said when there are none."""

from tasks_app.recurrence.errors import quoted
from tasks_app.recurrence.text import words
from tasks_app.recurrence.text.clauses import Clock, Days, Often, Part, Times, Window
from tasks_app.recurrence.text.cursor import Cursor
from tasks_app.recurrence.text.nights import check_nights
from tasks_app.recurrence.text.refusal import Refusal
from tasks_app.recurrence.text.rules import Rule
from tasks_app.recurrence.text.times import HOUR, check_order, in_part

_EXAMPLE = "9:00"
_SPREAD = {
    2: "9:00 and 17:00",
    3: "8:00, 13:00 and 18:00",
    4: "0:00, 6:00, 12:00 and 18:00",
    5: "8:00, 11:00, 14:00, 17:00 and 20:00",
    6: "0:00, 4:00, 8:00, 12:00, 16:00 and 20:00",
    8: "0:00, 3:00, 6:00, 9:00, 12:00, 15:00, 18:00 and 21:00",
}
# Days that lie well apart, by how many there are in a week, a month, a year.
_DAYS = {
    "weeks": {
        1: "on Monday",
        2: "on Monday and Thursday",
        3: "on Monday, Wednesday and Friday",
        4: "on Monday, Tuesday, Thursday and Friday",
        5: "every weekday",
        6: "on Monday to Saturday",
        7: "every day",
    },
    "months": {
        1: "on the 1st of every month",
        2: "on the 1st and 15th of every month",
        3: "on the 1st, 11th and 21st of every month",
        4: "on the 1st, 8th, 15th and 22nd of every month",
    },
    "years": {
        1: "every year on 1 January",
        2: "every 6 months on the 1st",
        3: "every 4 months on the 1st",
        4: "every 3 months on the 1st",
        6: "every 2 months on the 1st",
        12: "every month on the 1st",
    },
}


def clocks_of(rule: Rule, cursor: Cursor) -> list[Clock]:
    """Give the times of day; raises Refusal when there are none."""
    part, window = rule.one(Part), rule.one(Window)
    if window:
        better = cursor.changed(rule.start, rule.start, "every hour ")
        raise Refusal("text_time", f'say how often, such as "{better}"', window.start, better)
    if not rule.clocks:
        raise _no_time(rule, cursor, part)
    clocks = [_in_part(clock, part, cursor) for clock in rule.clocks] if part else rule.clocks
    if not part:
        for times in rule.of(Times):
            check_order(cursor, times.clocks)
    check_nights(rule, cursor, clocks)
    return clocks


def _no_time(rule: Rule, cursor: Cursor, part: Part | None) -> Refusal:
    often = rule.one(Often)
    if often and often.unit == "days" and often.count not in _SPREAD:
        return Refusal("text_time", "say at what times", often.start)
    if often and often.unit != "days":
        return no_days(often, [], rule.end, cursor)
    if often:
        better = cursor.changed(often.start, often.end, f"every day at {_SPREAD[often.count]}")
        return Refusal("text_time", f'say at what times, such as "{better}"', often.end, better)
    time = words.PART_EXAMPLE[part.part] if part else _EXAMPLE
    better = cursor.changed(rule.end, rule.end, f" at {time}")
    return Refusal("text_time", f"say at what time, such as at {time}", rule.end, better)


def _in_part(clock: Clock, part: Part, cursor: Cursor) -> Clock:
    hour = in_part(cursor, clock.minutes // HOUR, part.part, (clock.start, clock.end))
    if clock.style != "plain" and hour != clock.minutes // HOUR:
        written = quoted(cursor.text[clock.start : clock.end])
        raise Refusal(
            "text_time", f"{written} does not lie in the {part.part}; write the time alone, as in 21:00", clock.start
        )
    return clock._replace(minutes=hour * HOUR + clock.minutes % HOUR)


def check_often(rule: Rule, clocks: list[Clock]) -> None:
    """Refuse "twice a week" with more or less than two times."""
    often = rule.one(Often)
    if not often:
        return
    count = len({clock.minutes for clock in clocks})
    if often.unit == "weeks":
        count *= len({day for days in rule.of(Days) for day in days.weekdays})
    elif often.unit != "days":
        count *= len({item for days in rule.of(Days) for item in days.items})
    if count != often.count:
        times = "time" if count == 1 else "times"
        raise Refusal("text_ambiguous", f"this names {count} {times}, not {often.count}", often.start)


def no_days(often: Often, clocks: list[Clock], end: int, cursor: Cursor) -> Refusal:
    """Refuse "twice a week at 9", which names no days, with as many as make it twice."""
    message = "say on which days and at what times"
    days, rest = divmod(often.count, len({clock.minutes for clock in clocks}) or 1)
    named = None if rest else _DAYS.get(often.unit, {}).get(days)
    if not named:
        return Refusal("text_day", message, often.end)
    time = "" if clocks else f" at {_EXAMPLE}"
    after = cursor.text[often.end : end]
    better = cursor.changed(often.start, end, f"{named}{after}{time}")
    return Refusal("text_day", f'{message}, such as "{better}"', often.end, better)
