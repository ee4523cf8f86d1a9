"""Turns of phrase that cannot be taken as they stand, each with what may be written instead."""

import re
from collections.abc import Callable
from typing import NamedTuple

from tasks_app.recurrence.errors import quoted
from tasks_app.recurrence.text import words
from tasks_app.recurrence.text.refusal import Refusal

_Better = Callable[[re.Match[str]], tuple[str, ...]]
_DAYS = "|".join(sorted(words.WEEKDAY, key=len, reverse=True))
_ORDINALS = "|".join(("first", "second", "third", "fourth", "last", "1st", "2nd", "3rd", "4th"))
_TIME = r"(?:\d{1,2}(?::\d\d)?(?: ?[ap]\.?m\b\.?)?|noon|midnight|midday)"
_RHYTHM = re.compile(r"\b(?:\d* ?(?:minute|min|hour|hr|second|sec)s?|\d+[mhs]|hourly|minutely)\b", re.IGNORECASE)
_TO = {"five": 5, "ten": 10, "twenty": 20, "twenty-five": 25, "twentyfive": 25}
_HOURS = "|".join(word for word, number in words.NUMBER.items() if number <= 12)  # noqa: PLR2004  # of a clock
_MONTHS, _LONGEST_MONTH, _HOUR = 12, 31, 60


class _Phrase(NamedTuple):
    pattern: re.Pattern[str]
    code: str
    message: str
    better: _Better
    """What may stand in the place of the match, likeliest first."""


def _phrase(pattern: str, code: str, message: str, better: _Better | str | tuple[str, ...]) -> _Phrase:
    fixed = (better,) if isinstance(better, str) else better
    give = fixed if callable(fixed) else lambda _: fixed
    return _Phrase(re.compile(pattern, re.IGNORECASE), code, message, give)


def check_phrases(text: str) -> None:
    """Raise Refusal at the first phrase that is known not to be sayable.

    The place is that of the group `at`, where there is one.
    """
    for phrase in _PHRASES:
        found = phrase.pattern.search(text)
        if not found:
            continue
        head, tail = text[: found.start()], text[found.end() :]
        better = [" ".join(f"{head}{one}{tail}".split()) for one in phrase.better(found)]
        place = "at" if "at" in found.groupdict() else 0
        message = phrase.message.replace("{}", quoted(found[place].strip()))
        raise Refusal(phrase.code, message, found.start(place), *better)


def _edge(before: str, after: str) -> _Better:
    """Give hours beside a rhythm, else the time itself."""

    def better(found: re.Match[str]) -> tuple[str, ...]:
        window = f"from {before or found['time']} to {after or found['time']}"
        return (window,) if _RHYTHM.search(found.string) else (f"at {found['time']}",)

    return better


def _before_hour(found: re.Match[str]) -> tuple[str, ...]:
    hour = words.NUMBER[found["hour"].lower()]
    minute = _HOUR - _TO[found["minutes"].lower()]
    return (f"at {(hour - 1) or 12}:{minute}",)


def _week_of_month(found: re.Match[str]) -> tuple[str, ...]:
    day = next((found[group] for group in ("before", "after") if found[group]), "Monday")
    return (f"on the {found['nth']} {day} of every {found['scope']}",)


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


_HAS_YEAR = r"(?!,? (?:of )?(?:" + "|".join(sorted(words.MONTH, key=len, reverse=True)) + r")\b)"
_PHRASES = (
    _phrase(
        r"\b(?:during |in |within )?(?:the )?(?:normal |usual )?(?P<at>business|office|working|work|opening) hours\b",
        "text_unsupported",
        "the hours of {} are not known here; say them, such as from 9:00 to 17:00",
        ("from 9:00 to 17:00 on weekdays", "from 9:00 to 17:00"),
    ),
    _phrase(
        r"\b(?:during|throughout) the (?P<at>day)\b|\b(?:(?:in|during) (?:the )?)?daytime\b",
        "text_unsupported",
        "say the hours of the day, such as from 8:00 to 20:00",
        "from 8:00 to 20:00",
    ),
    _phrase(
        r"\b(?:overnight|(?:during|throughout) the night)\b",
        "text_unsupported",
        "say the hours of the night, such as from 22:00 to 6:00",
        lambda found: ("from 22:00 to 6:00",) if _RHYTHM.search(found.string) else ("every day at 2:00", "at 2:00"),
    ),
    _phrase(
        rf"(?<!minutes )(?<!minute )(?<!min )(?<!mins )(?<!half )(?<!quarter )(?<!\d )\bafter (?P<time>{_TIME})(?![\w:])",
        "text_unsupported",
        "{} leaves it open until when; say the hours, or the time itself",
        _edge("", "24:00"),
    ),
    _phrase(
        rf"(?<!day )(?<!days )(?<!minutes )\b(?:before|by) (?P<time>{_TIME})(?![\w:])",
        "text_unsupported",
        "{} leaves it open from when on; say the hours, or the time itself",
        _edge("0:00", ""),
    ),
    _phrase(r"(?<!not )\bany (?=day|weekday|workday|working|business)", "text_word", "write every, not any", "every "),
    _phrase(
        r"\b(?:manual|manually|on demand|by hand|on request)\b",
        "text_unsupported",
        "{} is no schedule; choose Only by hand, and start the task by hand or through the API",
        (),
    ),
    _phrase(
        r"\b(?:on|at|after|every) (?:system )?(?P<at>start-?up|boot|reboot|restart|deploy(?:ment)?|login)\b",
        "text_unsupported",
        "{} names no time; start the task by hand or through the API",
        (),
    ),
    _phrase(
        r"\b24 ?/ ?7\b|\b24x7\b|\baround the clock\b",
        "text_vague",
        "say how often, such as every hour",
        ("every hour", "", "at every hour"),
    ),
    _phrase(
        r"\b(?:on )?(?:every |each |all )?(?P<at>odd|even)(?:-numbered)? (?P<unit>day|week|month|hour)s?(?: of the (?:month|year))?\b",
        "text_unsupported",
        "odd and even numbers cannot be said; every other one can, counted on over the end of the month",
        _every_other,
    ),
    _phrase(
        r"\bevery (?P<low>\d+) ?(?P<at>to|-|or|–) ?(?P<high>\d+) (?P<unit>second|minute|min|hour|day|week|month)s?\b",
        "text_ambiguous",
        "say one of the two; the field Jitter (jitter_seconds) spreads the starts",
        lambda found: tuple(f"every {found[count]} {found['unit']}s" for count in ("low", "high")),
    ),
    _phrase(
        r"\bevery (?:a )?(?P<at>few|several|couple(?: of)?) (?P<unit>second|minute|min|hour|day|week|month)s?\b",
        "text_vague",
        "{}: say how many",
        _few,
    ),
    _phrase(
        r"\bevery (?P<count>[1-5]?\d)(?: ?minutes?| ?mins?)? (?P<at>past|after) (?:the|each|every) hour\b",
        "text_ambiguous",
        "every so many minutes, or once in an hour? For once write minute and its number",
        lambda found: (f"every hour at minute {found['count']}", f"every {found['count']} minutes"),
    ),
    _phrase(
        rf"(?:\bon )?\b(?:(?P<before>{_DAYS}),? (?:of|in) )?(?:in |during |every )?(?:the )?(?P<nth>{_ORDINALS}) (?P<at>week)"
        rf" (?:of|in) (?:the |each |every |a )?(?P<scope>month|quarter)\b(?:,? (?:on )?(?P<after>{_DAYS})\b)?",
        "text_unsupported",
        "the weeks of a month cannot be counted; its weekdays can, such as the first Monday",
        _week_of_month,
    ),
    _phrase(
        rf"\b(?P<every>every |on )?(?P<day>{_DAYS}) (?:the )?(?P<at>\d{{1,2}}(?:st|nd|rd|th))\b{_HAS_YEAR}(?! last)",
        "text_ambiguous",
        "a day that must be both a weekday and a day of the month cannot be said; say one of them",
        lambda found: (f"on the {found['at']} of every month", f"every {found['day']}"),
    ),
    _phrase(
        r",? *\b(?:except|excepting|excluding|but not|not|without|skipping)(?: on| for)?(?: any| the)?"
        r"(?: public| bank| national)? (?P<at>holidays?)\b",
        "text_calendar",
        "{} are not known here; days off belong to the task's calendar",
        "",
    ),
    _phrase(
        r"\b(?:every |each |on )?(?P<at>christmas eve)\b",
        "text_calendar",
        "write the date of {}",
        "every year on 24 December",
    ),
    _phrase(
        r"\b(?:every |each |on )?(?P<at>christmas(?: day)?|xmas)\b",
        "text_calendar",
        "write the date of {}",
        "every year on 25 December",
    ),
    _phrase(
        r"\b(?:every |each |on )?(?P<at>new year['’]?s? eve)\b",
        "text_calendar",
        "write the date of {}",
        "every year on 31 December",
    ),
    _phrase(
        r"\b(?:every |each |on )?(?P<at>new year(?:['’]?s?(?: day)?)?)\b",
        "text_calendar",
        "write the date of {}",
        "every year on 1 January",
    ),
    _phrase(r"(?<=\d)-?(?P<at>ish)\b", "text_vague", "say exactly when", ""),
    _phrase(
        r"\bM ?[,/ ] ?W ?[,/ ] ?(?:and )?F\b", "text_word", "write the weekdays with three letters", "Mon, Wed and Fri"
    ),
    _phrase(r"\bT ?[,/ ] ?(?:and )?Th\b", "text_word", "write the weekdays with three letters", "Tue and Thu"),
    _phrase(
        r"(?<![\d:/.])\b(?:on )?(?P<at>(?P<first>\d{1,2})/(?P<second>\d{1,2}))\b(?![/:.\d]|\.\d)",
        "text_ambiguous",
        "which of {} is the month, and in which year? Write the month as a word",
        _day_and_month,
    ),
    _phrase(
        r"\bon (?P<at>(?P<first>\d{1,2})\.(?P<second>\d{1,2})\.?)(?![\d.])",
        "text_ambiguous",
        "which of {} is the month, and in which year? Write the month as a word",
        _day_and_month,
    ),
    _phrase(r"\bevery (?P<at>-) ?(?=\d)", "text_number", "a number here is at least 1", "every "),
    _phrase(
        r"\bevery (?P<at>decade|century|millennium)\b", "text_unsupported", "{} cannot be said; years can", "every year"
    ),
)
_TEN_TO = _phrase(
    rf"(?<!from )(?<!between )\b(?:at )?(?P<at>(?P<minutes>{'|'.join(_TO)}) to (?P<hour>{_HOURS}))\b",
    "text_ambiguous",
    "{}: write the time in digits",
    _before_hour,
)


def check_spoken_time(text: str) -> None:
    """Raise Refusal at "ten to nine", which may be a time or a window."""
    found = _TEN_TO.pattern.search(text)
    if found and not _RHYTHM.search(text):
        better = f"{text[: found.start()]}{_TEN_TO.better(found)[0]}{text[found.end() :]}"
        raise Refusal(_TEN_TO.code, _TEN_TO.message.replace("{}", quoted(found["at"])), found.start("at"), better)
