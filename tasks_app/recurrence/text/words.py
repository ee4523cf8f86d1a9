"""The words of the language: what each one means, which ones are known without a meaning of their own."""

from tasks_app.recurrence.writing import WEEKDAYS

WEEKDAY_NAMES = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_WEEKDAY_SHORT = {
    **{"tues": "tue", "weds": "wed", "wednes": "wed", "thur": "thu", "thurs": "thu"},
    **{"mo": "mon", "tu": "tue", "th": "thu", "fr": "fri", "sa": "sat", "su": "sun"},
}
MONTH_NAMES = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
_UNITS = {
    "seconds": ("second", "seconds", "sec", "secs", "s"),
    "minutes": ("minute", "minutes", "min", "mins", "m"),
    "hours": ("hour", "hours", "hr", "hrs", "h"),
    "days": ("day", "days", "d"),
    "weeks": ("week", "weeks", "wk", "wks", "w"),
    "fortnights": ("fortnight", "fortnights"),
    "months": ("month", "months", "mth", "mths", "mos"),
    "quarters": ("quarter", "quarters"),
    "years": ("year", "years", "yr", "yrs"),
}
_ONES = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_TEENS = (
    *("ten", "eleven", "twelve", "thirteen", "fourteen"),
    *("fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
)
_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_ORDINAL_ONES = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth")
_ORDINAL_TEENS = (
    *("tenth", "eleventh", "twelfth", "thirteenth", "fourteenth"),
    *("fifteenth", "sixteenth", "seventeenth", "eighteenth", "nineteenth"),
)


def _weekdays() -> dict[str, str]:
    found = dict(_WEEKDAY_SHORT)
    for short, name in zip(WEEKDAYS, WEEKDAY_NAMES, strict=True):
        found |= {short: short, name: short, f"{name}s": short, f"{short}s": short}
    return found


def _months() -> dict[str, int]:
    found = {"sept": 9}
    for number, name in enumerate(MONTH_NAMES, start=1):
        found |= {name: number, name[:3]: number}
    return found


def _numbers() -> dict[str, int]:
    found = {word: number for number, word in enumerate(_ONES + _TEENS, start=1)}
    for place, ten in enumerate(_TENS, start=2):
        found[ten] = 10 * place
        found |= {ten + one: 10 * place + number for number, one in enumerate(_ONES, start=1)}
    return found


def _ordinals() -> dict[str, int]:
    found = {word: number for number, word in enumerate(_ORDINAL_ONES + _ORDINAL_TEENS, start=1)}
    found |= {"twentieth": 20, "thirtieth": 30, "thirtyfirst": 31}
    found |= {f"twenty{word}": 20 + number for number, word in enumerate(_ORDINAL_ONES, start=1)}
    return found


WEEKDAY = _weekdays()
MONTH = _months()
NUMBER = _numbers()
ORDINAL = _ordinals()
UNIT = {word: unit for unit, words in _UNITS.items() for word in words}
# Letters that are units only behind a number, as in 15m.
ABBREVIATED_UNITS = {"s", "m", "h", "d", "w"}
CLOCK_WORD = {"noon": (12, 0), "midday": (12, 0), "midnight": (0, 0)}
# The hours that a part of the day has on a 12-hour clock, and what they are on a 24-hour one.
PART = {
    "morning": {hour: hour for hour in range(1, 12)},
    "afternoon": {12: 12, **{hour: hour + 12 for hour in range(1, 7)}},
    "evening": {hour: hour + 12 for hour in range(4, 12)},
    "night": {12: 0, **{hour: hour for hour in range(1, 5)}, **{hour: hour + 12 for hour in range(8, 12)}},
}
PART_EXAMPLE = {"morning": "9:00", "afternoon": "15:00", "evening": "20:00", "night": "23:00"}
PART_WORD = {word: part for part in PART for word in (part, f"{part}s")}
# One word for "every ...": unit and count.
ADVERB = {
    "minutely": ("minutes", 1),
    "hourly": ("hours", 1),
    "halfhourly": ("minutes", 30),
    "daily": ("days", 1),
    "everyday": ("days", 1),
    "nightly": ("days", 1),
    "weekly": ("weeks", 1),
    "fortnightly": ("weeks", 2),
    "biweekly": ("weeks", 2),
    "monthly": ("months", 1),
    "quarterly": ("quarters", 1),
    "yearly": ("years", 1),
    "annually": ("years", 1),
}
OFTEN = {"once": 1, "twice": 2, "thrice": 3}
WEEKDAY_GROUP = {
    "weekday": WEEKDAYS[:5],
    "weekdays": WEEKDAYS[:5],
    "workday": WEEKDAYS[:5],
    "workdays": WEEKDAYS[:5],
    "weekend": WEEKDAYS[5:],
    "weekends": WEEKDAYS[5:],
    **dict.fromkeys(("mtwtf", "mtwthf", "mtwrf"), WEEKDAYS[:5]),
    "mwf": ("mon", "wed", "fri"),
    **dict.fromkeys(("tth", "tuth", "tr"), ("tue", "thu")),
}
WORKING = {"working", "business", "biz", "work", "week"}
RANGE = {"to", "through", "thru", "until", "till", "til", "-"}
LIST = {",", "and", "&", "+", "plus"}
START = {"starting", "beginning", "counted", "counting", "since"}
END = {"until", "till", "til", "ending", "through", "thru"}
EXCEPT = {"except", "excepting", "excluding", "but", "without"}
ORDERS = {"run", "send", "start"}
PREFIXES = {"bi", "semi"}
_GRAMMAR_WORDS = {
    *("every", "each", "all", "other", "alternate", "single", "the", "a", "an", "per", "of", "in", "on", "at", "from"),
    *("between", "by", "before", "after", "past", "half", "last", "leap", "nearest", "closest", "penultimate", "end"),
    *(
        "top",
        "am",
        "pm",
        "oclock",
        "sharp",
        "exactly",
        "precisely",
        "only",
        "times",
        "time",
        "basis",
        "for",
        "not",
        "also",
        "then",
    ),
    *("during", "within", "biz", "working", "business", "work", "week", "please", "run", "send", "start", "it", "this"),
    *("st", "nd", "rd", "th", "t"),
}
KNOWN = frozenset(
    _GRAMMAR_WORDS
    | RANGE
    | LIST
    | START
    | END
    | EXCEPT
    | set().union(WEEKDAY, MONTH, NUMBER, ORDINAL, UNIT, CLOCK_WORD, PART_WORD, ADVERB, OFTEN, WEEKDAY_GROUP)
)
# What a misspelt word is compared with.
SPELLINGS = sorted(
    word
    for word in KNOWN
    if len(word) > 2  # noqa: PLR2004  # shorter ones are near to everything
    and not (word[:5] in {"twent", "thirt", "forty", "fifty", "sixty", "seven", "eight", "ninet"} and len(word) > 9)  # noqa: PLR2004
)
