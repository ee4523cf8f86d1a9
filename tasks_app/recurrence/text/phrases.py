"""Turns of phrase that cannot be taken as they stand, each with what may be written instead."""

import re

from tasks_app.recurrence.errors import quoted
from tasks_app.recurrence.text import words
from tasks_app.recurrence.text.phrase import MONTH, ORDINAL, RHYTHM, WEEKDAY, Better, phrase
from tasks_app.recurrence.text.refusal import Refusal
from tasks_app.recurrence.text.shorthand import SHORTHAND

_TIME = r"(?:\d{1,2}(?::\d\d)?(?: ?[ap]\.?m\b\.?)?|noon|midnight|midday)"
_TO = {"five": 5, "ten": 10, "twenty": 20, "twenty-five": 25, "twentyfive": 25}
_NUMBERS = "|".join(words.NUMBER)
_HOURS = "|".join(word for word, number in words.NUMBER.items() if number <= 12)  # noqa: PLR2004  # of a clock
_MONTHS, _LONGEST_MONTH, _HOUR = 12, 31, 60


def check_phrases(text: str) -> None:
    """Raise Refusal at the first phrase that is known not to be sayable.

    The place is that of the group `at`, where there is one.
    """
    for one in (*_PHRASES, *SHORTHAND):
        found = one.pattern.search(text)
        if not found:
            continue
        head, tail = text[: found.start()], text[found.end() :]
        better = [" ".join(f"{head}{instead}{tail}".split()) for instead in one.better(found)]
        place = "at" if "at" in found.groupdict() else 0
        message = one.message.replace("{}", quoted(found[place].strip()))
        raise Refusal(one.code, message, found.start(place), *better)


def _edge(before: str, after: str) -> Better:
    """Give hours beside a rhythm, else the time itself."""

    def better(found: re.Match[str]) -> tuple[str, ...]:
        window = f"from {before or found['time']} to {after or found['time']}"
        return (window,) if RHYTHM.search(found.string) else (f"at {found['time']}",)

    return better


def _open_window(found: re.Match[str]) -> tuple[str, ...]:
    """Give a rhythm the hours until midnight, or from midnight on."""
    is_end = found["at"].lower() in {"before", "by"}
    window = f"from 0:00 to {found['time']}" if is_end else f"from {found['time']} to 24:00"
    return (f"{found['rhythm']} {window}",)


def _before_hour(found: re.Match[str]) -> tuple[str, ...]:
    hour = words.NUMBER[found["hour"].lower()]
    minute = _HOUR - _TO[found["minutes"].lower()]
    return (f"at {(hour - 1) or 12}:{minute}",)


def _week_of_month(found: re.Match[str]) -> tuple[str, ...]:
    day = next((found[group] for group in ("before", "after") if found[group]), "Monday")
    every = "every " if found["scope"].lower() in {"month", "quarter"} else ""
    return (f"on the {found['nth']} {day} of {every}{found['scope']}",)


def _day_and_month(found: re.Match[str]) -> tuple[str, ...]:
    first, second = int(found["first"]), int(found["second"])
    named = [
        f"every year on {day} {words.MONTH_NAMES[month - 1].capitalize()}"
        for day, month in ((first, second), (second, first))
        if 1 <= month <= _MONTHS and 1 <= day <= _LONGEST_MONTH
    ]
    return tuple(dict.fromkeys(named))


def _few(found: re.Match[str]) -> tuple[str, ...]:
    unit = found["unit"].lower().rstrip("s")
    count = 2 if found["at"].lower().startswith("couple") else 5 if unit.startswith("min") else 3
    return (f"every {count} {unit}s",)


def _every_other(found: re.Match[str]) -> tuple[str, ...]:
    unit = found["unit"].lower()
    return (f"every other {unit}",)


_NO_MONTH = rf"(?!,? (?:of )?(?:{MONTH})\b)"
_PHRASES = (
    phrase(
        r"\b(?:during |in |within )?(?:the )?(?:normal |usual )?(?P<at>business|office|working|work|opening) hours\b",
        "text_unsupported",
        "the hours of {} are not known here; say them, such as from 9:00 to 17:00",
        ("from 9:00 to 17:00 on weekdays", "from 9:00 to 17:00"),
    ),
    phrase(
        r"\b(?:during|throughout) the (?P<at>day)\b|\b(?:(?:in|during) (?:the )?)?daytime\b",
        "text_unsupported",
        "say the hours of the day, such as from 8:00 to 20:00",
        "from 8:00 to 20:00",
    ),
    phrase(
        r"\b(?:overnight|(?:during|throughout) the night)\b",
        "text_unsupported",
        "say the hours of the night, such as from 22:00 to 6:00",
        lambda found: ("from 22:00 to 6:00",) if RHYTHM.search(found.string) else ("every day at 2:00", "at 2:00"),
    ),
    phrase(
        rf"\b(?P<rhythm>every (?:(?:\d+|{_NUMBERS}) ?)?(?:hours?|hrs?|minutes?|mins?|m|seconds?|secs?)),? "
        rf"(?P<at>after|past|before|by) (?P<time>{_TIME})(?![\w:])",
        "text_unsupported",
        "{} leaves one end of the hours open; say both",
        _open_window,
    ),
    phrase(
        rf"\b(?:from|after|since) (?P<time>{_TIME}),? (?P<at>on(?:wards?)?(?= *$)|onwards?|and (?:later|onwards?))\b",
        "text_unsupported",
        "{} leaves it open until when; say the hours",
        lambda found: (f"from {found['time']} to 24:00",),
    ),
    phrase(
        r"(?:,? (?:except|but not|not))(?: at| during)?(?: the)? (?P<at>nights?)\b",
        "text_unsupported",
        "say the hours of the day, such as from 6:00 to 22:00",
        lambda found: (" from 6:00 to 22:00",) if RHYTHM.search(found.string) else ("",),
    ),
    phrase(
        r"(?<!minutes )(?<!minute )(?<!min )(?<!mins )(?<!half "
        rf")(?<!quarter )(?<!\d )\bafter (?P<time>{_TIME})(?![\w:])",
        "text_unsupported",
        "{} leaves it open until when; say the hours, or the time itself",
        _edge("", "24:00"),
    ),
    phrase(
        rf"(?<!day )(?<!days )(?<!minutes )\b(?:before|by) (?P<time>{_TIME})(?![\w:])",
        "text_unsupported",
        "{} leaves it open from when on; say the hours, or the time itself",
        _edge("0:00", ""),
    ),
    phrase(r"(?<!not )\bany (?=day|weekday|workday|working|business)", "text_word", "write every, not any", "every "),
    phrase(
        r"\b(?:manual|manually|on demand|by hand|on request)\b",
        "text_unsupported",
        "{} is no schedule; choose Only by hand, and start the task by hand or through the API",
        (),
    ),
    phrase(
        r"\b(?:on|at|after|every) (?:system )?(?P<at>start-?up|boot|reboot|restart|deploy(?:ment)?|login)\b",
        "text_unsupported",
        "{} names no time; start the task by hand or through the API",
        (),
    ),
    phrase(
        r"\b24 ?/ ?7\b|\b24x7\b|\baround the clock\b",
        "text_vague",
        "say how often, such as every hour",
        ("every hour", "", "at every hour"),
    ),
    phrase(
        r"\b(?:on )?(?:every |each |all )?(?P<at>odd|even)(?:-numbered"
        r")? (?P<unit>day|week|month|hour)s?(?: of the (?:month|year))?\b",
        "text_unsupported",
        "odd and even numbers cannot be said; every other one can, counted on over the end of the month",
        _every_other,
    ),
    phrase(
        r"\bevery (?P<low>\d+) ?(?P<at>to|-|or|–) ?(?P<high>\d+) (?P<unit>second|minute|min|hour|day|week|month)s?\b",
        "text_ambiguous",
        "say one of the two; the field Jitter (jitter_seconds) spreads the starts",
        lambda found: tuple(f"every {found[count]} {found['unit']}s" for count in ("low", "high")),
    ),
    phrase(
        r"\bevery (?:a )?(?P<at>few|several|couple(?: of)?) (?P<unit>second|minute|min|hour|day|week|month)s?\b",
        "text_vague",
        "{}: say how many",
        _few,
    ),
    phrase(
        r"\bevery (?P<count>[1-5]?\d)(?: ?minutes?| ?mins?)? (?P<at>past|after) (?:the|each|every) hour\b",
        "text_ambiguous",
        "every so many minutes, or once in an hour? For once write minute and its number",
        lambda found: (f"every hour at minute {found['count']}", f"every {found['count']} minutes"),
    ),
    phrase(
        rf"(?:\bon )?\b(?:(?P<before>{WEEKDAY}),? (?:of|in) )?(?:in "
        rf"|during |every )?(?:the )?(?P<nth>{ORDINAL}) (?P<at>week)"
        r" (?:of|in) (?:the |each |every |a )?(?P<scope>month"
        rf"|quarter|{MONTH})\b(?:,? (?:on )?(?P<after>{WEEKDAY})\b)?",
        "text_unsupported",
        "the weeks of a month cannot be counted; its weekdays can, such as the first Monday",
        _week_of_month,
    ),
    phrase(
        rf"\b(?P<every>every |on )?(?P<day>{WEEKDAY}) (?:the )?(?P<at>\d{{1,2}}(?:st|nd|rd|th))\b{_NO_MONTH}(?! last)",
        "text_ambiguous",
        "a day that must be both a weekday and a day of the month cannot be said; say one of them",
        lambda found: (f"on the {found['at']} of every month", f"every {found['day']}"),
    ),
    phrase(
        r",? *\b(?:except|excepting|excluding|but not|not|without|skipping)(?: on| for)?(?: any| the)?"
        r"(?: public| bank| national)? (?P<at>holidays?)\b",
        "text_calendar",
        "{} are not known here; days off belong to the task's calendar",
        "",
    ),
    phrase(
        r"\b(?:every |each |on )?(?P<at>christmas eve)\b",
        "text_calendar",
        "write the date of {}",
        "every year on 24 December",
    ),
    phrase(
        r"\b(?:every |each |on )?(?P<at>christmas(?: day)?|xmas)\b",
        "text_calendar",
        "write the date of {}",
        "every year on 25 December",
    ),
    phrase(
        r"\b(?:every |each |on )?(?P<at>new year['’]?s? eve)\b",
        "text_calendar",
        "write the date of {}",
        "every year on 31 December",
    ),
    phrase(
        r"\b(?:every |each |on )?(?P<at>new year(?:['’]?s?(?: day)?)?)\b",
        "text_calendar",
        "write the date of {}",
        "every year on 1 January",
    ),
    phrase(r"(?<=\d)-?(?P<at>ish)\b", "text_vague", "say exactly when", ""),
    phrase(
        r"\bM ?[,/ ] ?W ?[,/ ] ?(?:and )?F\b", "text_word", "write the weekdays with three letters", "Mon, Wed and Fri"
    ),
    phrase(r"\bT ?[,/ ] ?(?:and )?Th\b", "text_word", "write the weekdays with three letters", "Tue and Thu"),
    phrase(
        r"(?<![\d:/.])\b(?:on )?(?P<at>(?P<first>\d{1,2})/(?P<second>\d{1,2}))\b(?![/:.\d]|\.\d)",
        "text_ambiguous",
        "which of {} is the month, and in which year? Write the month as a word",
        _day_and_month,
    ),
    phrase(
        r"\bon (?P<at>(?P<first>\d{1,2})\.(?P<second>\d{1,2})\.?)(?![\d.])",
        "text_ambiguous",
        "which of {} is the month, and in which year? Write the month as a word",
        _day_and_month,
    ),
    phrase(r"\bevery (?P<at>-) ?(?=\d)", "text_number", "a number here is at least 1", "every "),
    phrase(
        r"\bevery (?P<at>decade|century|millennium)\b", "text_unsupported", "{} cannot be said; years can", "every year"
    ),
)
_TEN_TO = phrase(
    rf"(?<!from )(?<!between )\b(?:at )?(?P<at>(?P<minutes>{'|'.join(_TO)}) to (?P<hour>{_HOURS}))\b",
    "text_ambiguous",
    "{}: write the time in digits",
    _before_hour,
)


def check_spoken_time(text: str) -> None:
    """Raise Refusal at "ten to nine", which may be a time or a window."""
    found = _TEN_TO.pattern.search(text)
    if found and not RHYTHM.search(text):
        better = f"{text[: found.start()]}{_TEN_TO.better(found)[0]}{text[found.end() :]}"
        raise Refusal(_TEN_TO.code, _TEN_TO.message.replace("{}", quoted(found["at"])), found.start("at"), better)
