"""What people write for short, or by the habits of the day, each with what may be written instead."""

import re

from tasks_app.recurrence.text import words
from tasks_app.recurrence.text.phrase import MONTH, ORDINAL, WEEKDAY, phrase

_SEASONS = {
    "spring": "March, April and May",
    "summer": "June, July and August",
    "autumn": "September, October and November",
    "fall": "September, October and November",
    "winter": "December, January and February",
}
_DAYTIMES = {
    **dict.fromkeys(("lunch", "lunchtime", "lunch time"), "12:00"),
    **dict.fromkeys(("breakfast", "breakfast time"), "8:00"),
    **dict.fromkeys(("teatime", "tea time"), "16:00"),
    **dict.fromkeys(("dinner", "dinnertime", "dinner time", "supper"), "19:00"),
    **dict.fromkeys(("bedtime",), "22:00"),
    **dict.fromkeys(("cob", "eod", "eob", "close of business", "end of business", "close of play"), "17:00"),
    **dict.fromkeys(("end of day", "end of the day", "end of the working day", "end of business day"), "17:00"),
}
_SAID_MINUTES = {"fifteen": 15, "twenty": 20, "thirty": 30, "forty-five": 45, "fortyfive": 45}
_NUMBERS = "|".join(words.NUMBER)
_HOUR = 60


def _daytime(found: re.Match[str]) -> tuple[str, ...]:
    time = _DAYTIMES[found["at"].lower()]
    return (f"every day at {time}",) if found["every"] else (f"at {time}", f"every day at {time}")


def _season(found: re.Match[str]) -> tuple[str, ...]:
    months = _SEASONS[found["at"].lower()]
    return (f"in {months}", f"every day in {months}")


def _hours_and(minutes: int) -> str:
    hours, rest = divmod(minutes, _HOUR)
    return f"every {hours} hours" if not rest else f"every {minutes} minutes"


def _in_minutes(found: re.Match[str]) -> tuple[str, ...]:
    hours = found["hours"].lower() if found["hours"] else "1"
    count = int(hours) if hours.isdecimal() else words.NUMBER[hours]
    rest = {"half": 30, "quarter": 15}.get((found["rest"] or "").lower()) or int(found["rest"])
    return (_hours_and(count * _HOUR + rest),)


def _spoken(found: re.Match[str]) -> tuple[str, ...]:
    hour = words.NUMBER[re.sub("[ -]", "", found["hour"].lower())]
    return (f"{hour}:{_SAID_MINUTES[found['minute'].lower()]}{found['half'] or ''}",)


def _counted(found: re.Match[str]) -> tuple[str, ...]:
    return ("every day",) if found["count"].lower() in {"7", "seven"} else ("every weekday",)


SHORTHAND = (
    phrase(
        rf"\b(?:at )?(?P<every>every |each )?(?P<at>{'|'.join(sorted(_DAYTIMES, key=len, reverse=True))})\b",
        "text_vague",
        "{} is no time of day; say it in digits",
        _daytime,
    ),
    phrase(
        r"\b(?:at )?(?:the )?(?P<at>end) of (?P<which>every|each) (?P<what>day|weekday|working day|business day)\b",
        "text_vague",
        "say at what time",
        lambda found: (f"every {found['what']} at 17:00",),
    ),
    phrase(
        r"\b(?:at |on )?(?:the )?(?P<at>end) of (?:the |each |every )?week\b|\bEOW\b",
        "text_ambiguous",
        "name the day: Friday, or Sunday?",
        ("every Friday", "every Sunday"),
    ),
    phrase(
        r"\b(?:at |on )?(?:the )?(?P<at>start|beginning) of (?:the |each |every )?week\b",
        "text_ambiguous",
        "name the day: Monday, or Sunday?",
        ("every Monday", "every Sunday"),
    ),
    phrase(
        r"\b(?:in |at |on )?(?:the )?(?P<at>mid(?:dle)?[ -]?(?:of )?(?:the |each |every )?month)\b",
        "text_ambiguous",
        "name the day of {}",
        "on the 15th of every month",
    ),
    phrase(
        r"\b(?P<first>\d{1,2}(?::\d\d)? ?[ap]m) (?P<at>\d{1,2}(?::\d\d)? ?[ap]m)\b",
        "text_ambiguous",
        "write and between two times",
        lambda found: (f"{found['first']} and {found['at']}",),
    ),
    phrase(r"\b(?P<at>EOM)\b", "text_word", "write {} in full", "on the last day of every month"),
    phrase(
        r"(?:\b(?:in|during|every|each|throughout) )?\b(?:the )?(?P<at>spring|summer|autumn|fall|winter)\b",
        "text_unsupported",
        "{}: say the months, such as in June, July and August",
        _season,
    ),
    phrase(rf"(?P<at>\.\.+) ?(?=(?:{WEEKDAY}|{MONTH})\b)", "text_word", "write to, or a dash", "-"),
    phrase(
        r"\b(?P<at>half[- ]?yearly|every half[- ]?year|each half[- ]?year)\b",
        "text_word",
        "write {} in months",
        "every 6 months",
    ),
    phrase(
        r"\b(?P<count>\d+) ?(?P<at>x) ?(?=an? |per |daily|weekly|monthly|yearly|every )",
        "text_word",
        "write times",
        lambda found: (f"{found['count']} times ",),
    ),
    phrase(
        r"\b(?P<at>twice|thrice|once)-(?=daily|weekly|monthly|yearly)",
        "text_word",
        "write it without the dash",
        lambda found: (f"{found['at']} ",),
    ),
    phrase(
        rf"\bevery day,? (?P<at>twice|(?:\d+|{_NUMBERS}) times)$",
        "text_word",
        "say how often before how long",
        lambda found: (f"{found['at']} a day",),
    ),
    phrase(
        r"^ *(?P<at>per|an?) (?=second|minute|hour|day|week|month|quarter|year)", "text_word", "write every", "every "
    ),
    phrase(
        rf"(?:^ *|\bon )(?P<at>an?|the) (?=(?:{WEEKDAY}|weekday|workday|working day)\b(?! of| nearest| closest))",
        "text_ambiguous",
        "every one of them? Then write every",
        "every ",
    ),
    phrase(r"^ *(?P<at>top of)", "text_word", "write at before it", "at the top of"),
    phrase(
        r"\b(?:at )?(?:the )?(?P<at>bottom) of (?:the|each|every) hour\b",
        "text_word",
        "write it as a minute",
        "every hour at minute 30",
    ),
    phrase(r"\bevery (?P<at>whole|full) hour\b", "text_word", "write every hour", "every hour"),
    phrase(
        r"\b(?:on )?(?P<count>7|seven|5|five) (?P<at>days) (?:a|per|each|every) week\b",
        "text_word",
        "write every day or every weekday",
        _counted,
    ),
    phrase(r" (?P<at>as well as) ", "text_word", "write and", " and "),
    phrase(
        r"^(?P<head>.*\bday) at (?P<time>\S+),? (?P<at>except|but"
        rf")(?: for)?(?: on)? (?P<day>{WEEKDAY}) at (?P<other>.+)$",
        "text_ambiguous",
        "two times for two kinds of days: separate the rules by a semicolon",
        lambda found: (
            f"{found['head']} except {found['day']} at {found['time']}; every {found['day']} at {found['other']}",
        ),
    ),
    phrase(
        rf"\bevery (?:(?P<hours>\d+|{_NUMBERS})(?: hours?)? and an? (?P<rest>half|quarter)(?: hours?)?)\b",
        "text_number",
        "write it as one number",
        _in_minutes,
    ),
    phrase(
        r"\bevery (?P<hours>)?hour and (?:a (?P<rest>quarter)\b)", "text_number", "write it as one number", _in_minutes
    ),
    phrase(
        r"\bevery (?:(?P<hours>\d+) ?h ?(?=\d\d\b)|(?:an )?hour"
        r" and )(?P<rest>[1-5]?\d)(?: ?minutes?| ?mins?)?\b(?!:|-)",
        "text_number",
        "write it as one number",
        _in_minutes,
    ),
    phrase(
        r"\bevery (?P<hours>\d+):(?P<rest>[0-5]\d) ?h(?:ours?|rs?)?\b",
        "text_number",
        "write it as one number",
        _in_minutes,
    ),
    phrase(
        rf"\b(?P<at>(?P<hour>twenty[ -](?:one|two|three)|{_NUMBERS})[ -](?P<minute>{'|'.join(_SAID_MINUTES)}"
        r"))(?P<half> [ap]\.?m\.?)?(?= *$|,? on | every | daily|,? and )",
        "text_word",
        "{}: write the time in digits",
        _spoken,
    ),
    phrase(
        r"(?<=\d) ?(?P<at>[ap])(?=$|[ ,;])(?! ?\.?m)",
        "text_word",
        "write am or pm",
        lambda found: (f"{found['at'].lower()}m",),
    ),
    phrase(
        r"\bat (?P<at>(?P<hour>[1-9]),?(?P<minute>[0-5]\d))(?= *$| on | every | daily| ?[ap]m|[,;] )",
        "text_time",
        "write {} with a colon",
        lambda found: (f"at {found['hour']}:{found['minute']}",),
    ),
    phrase(r"(?<=\d) ?(?P<at>mo)\b", "text_word", "write months", " months"),
    phrase(
        rf"\b(?:each|every|the) (?P<at>month)['’]?s (?P<day>(?:{ORDINAL}"
        rf") (?:{WEEKDAY}|(?:working |business )?day|weekday|workday))\b",
        "text_word",
        "write of every month behind the day",
        lambda found: (f"on the {found['day']} of every month",),
    ),
    phrase(r"\b(?:at|by) the (?P<at>end)\b(?! of)", "text_ambiguous", "name the day", "on the last day"),
    phrase(
        rf"\b(?P<day>\d{{1,2}}(?:st|nd|rd|th)? (?:{MONTH})\.?|(?:{MONTH}"
        rf")\.? \d{{1,2}},?) ['’]?(?P<at>[2-9]\d)(?= at |,| *$)",
        "text_number",
        "write the year with four digits",
        lambda found: (f"{found['day']} 20{found['at']}",),
    ),
)
