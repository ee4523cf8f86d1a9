"""Words that the language does not have: misspelt ones, and those that are refused with a reason."""

import re
from functools import lru_cache

from tasks_app.recurrence.errors import quoted
from tasks_app.recurrence.spelling import Spellings
from tasks_app.recurrence.text import words
from tasks_app.recurrence.text.refusal import Refusal
from tasks_app.recurrence.text.tokens import Token
from tasks_app.recurrence.zone_words import CITIES, ZONES
from tasks_app.recurrence.zones import zone_meant, zone_names

MOST_CORRECTED = 6
LONGEST_WORD = 20
_SPELLINGS = Spellings(words.SPELLINGS)
# Too short to be near to one word only; these are no others.
_SHORT = {"ta": "at", "fo": "of", "ni": "in", "ot": "to"}
# "Every" in other languages, which is near to words of this one and means no such thing.
_FOREIGN = {
    *("alle", "jede", "jeden", "jeder", "jedes", "tous", "toutes", "chaque", "cada", "todos", "todas"),
    *("ogni", "tutti", "elke", "iedere"),
}
_DOUBLED = re.compile(r"(.)\1+")
# By their sorted letters: two of them are often typed in the wrong order.
_SWAPPED = {"".join(sorted(word)): word for word in words.SPELLINGS}
_RELATIVE = "a schedule knows no today: say the date, such as 3 March 2027 at 9:00"
_TWO_WAYS = "this can be read in two ways; say how often, such as twice a month or every 2 months"
_REASONS = (
    ("text_relative", _RELATIVE, "tomorrow today tonight yesterday now later soon asap immediately ago next coming"),
    ("text_vague", "say exactly when", "sometimes occasionally often frequently regularly always never randomly"),
    ("text_vague", "say exactly when", "about around approximately roughly approx circa ca"),
    (
        "text_ambiguous",
        _TWO_WAYS,
        "bimonthly semimonthly biannually biannual semiannually biennially biyearly semiweekly",
    ),
    ("text_unsupported", "the sun keeps no fixed time; say a time of day", "sunrise sunset dawn dusk"),
    ("text_unsupported", "say the hours, such as from 9:00 to 17:00", "office opening daytime"),
    ("text_unsupported", "a text holds no conditions, not even on the weekday of a day of the month", "when if unless"),
    (
        "text_calendar",
        "holidays are not known here; say the date. Days off belong to the task's calendar",
        "holiday holidays easter christmas bank",
    ),
)
_REFUSED = {word: (code, message) for code, message, refused in _REASONS for word in refused.split()}
# What may stand in place of some of them.
_HALF_A_YEAR = ("every 6 months ",)
_INSTEAD: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("about", "around", "approximately", "roughly", "approx", "circa", "ca"), ("",)),
    **dict.fromkeys(("semiannually", "biannually", "biannual", "biyearly"), _HALF_A_YEAR),
    **dict.fromkeys(("sunrise", "dawn"), ("6:00 ",)),
    **dict.fromkeys(("sunset", "dusk"), ("18:00 ",)),
    "bimonthly": ("every 2 months ", "twice a month "),
    "semimonthly": ("twice a month ", "on the 1st and 15th of every month "),
    "semiweekly": ("twice a week ",),
}
_ZONE_MESSAGE = "the time zone does not belong in the text, but in the field Time zone (timezone)"
_ZONES = {
    *("utc", "gmt", "z", "cet", "cest", "eet", "eest", "wet", "west", "est", "edt", "cst", "cdt", "mst", "mdt"),
    *("pst", "pdt", "bst", "ist", "jst", "aest", "aedt", "msk", "timezone", "zone", "tz", "zulu", "local"),
    *("eastern", "pacific", "central", "mountain", "standard", "daylight"),
    *ZONES,
}
_MOST_WORDS_IN_A_CITY = 3
_EXAMPLE = "; a text is written as in every weekday at 9:00"


def check_words(text: str, tokens: list[Token]) -> None:
    """Raise Refusal at the first word that the language does not have."""
    for place, token in enumerate(tokens):
        if token.word == "+" and tokens[place + 1 : place + 2] and tokens[place + 1].digits:
            raise _zone(text, tokens, place)
        if not token.word or not token.word[0].isalpha() or token.word in words.KNOWN:
            if token.word == "time" and tokens[place - 1 : place] and tokens[place - 1].word != "of":
                raise _zone(text, tokens, place)
            continue
        _check_word(text, tokens, place)


def _check_word(text: str, tokens: list[Token], place: int) -> None:
    token = tokens[place]
    if token.word == "or":
        both = f"{text[: token.start]}and{text[token.end :]}"
        raise Refusal("text_ambiguous", f'"or" leaves it open; write "{both}"', token.start, both)
    if token.word in _REFUSED:
        code, message = _REFUSED[token.word]
        following = text[token.end :].lstrip()
        better = [f"{text[: token.start]}{instead}{following}".strip() for instead in _INSTEAD.get(token.word, ())]
        raise Refusal(code, f"{quoted(text[token.start : token.end])}: {message}", token.start, *better)
    if token.word in _ZONES or _city(tokens, place):
        raise _zone(text, tokens, place)
    near = _near(token.word)
    written = quoted(text[token.start : token.end])
    hint = f'; did you mean "{near}"?' if near else ""
    better = _corrected(text, tokens)
    if not better:
        hint += _EXAMPLE
    raise Refusal("text_word", f"{written} is not understood{hint}", token.start, *better)


def _named_cities() -> frozenset[str]:
    """Give the names that zones have for people, without their continents."""
    names = {part.casefold() for name in zone_names() for part in name.split("/")}
    names |= {city.replace(" ", "_") for city in CITIES}
    return frozenset(name for name in names if name.replace("_", "").isalpha()) - words.KNOWN


_CITIES = _named_cities()  # here and not at the first refusal, which would wait for it


def _city(tokens: list[Token], place: int) -> int:
    """Count the words of the name of a city or continent that stands here."""
    name = ""
    for count, token in enumerate(tokens[place : place + _MOST_WORDS_IN_A_CITY], start=1):
        name = f"{name}_{token.word}".strip("_")
        if name in _CITIES:
            return count
    return 0


def _zone(text: str, tokens: list[Token], place: int) -> Refusal:
    """Suggest the text without the zone: without "Berlin time", "(UTC+2)", "in Europe/Paris"."""
    first, after = place, place
    while after < len(tokens) and (length := _zone_words(tokens, after)):
        after += length
    after = max(after, place + 1)
    while first and tokens[first - 1].word in {"in", ",", "the"}:
        first -= 1
    better = f"{text[: tokens[first].start]} {text[tokens[after - 1].end :]}"
    better = " ".join(better.replace("(", " ").replace(")", " ").split()).replace(" ,", ",")
    named = zone_meant(_zone_name(text, tokens[place:after]))
    message = f"{_ZONE_MESSAGE}, as {named}" if named else _ZONE_MESSAGE
    return Refusal("text_zone", message, tokens[place].start, better, timezone=named or "")


def _zone_name(text: str, tokens: list[Token]) -> str:
    """Give the zone as it is written, without the words around it."""
    named = [token for token in tokens if token.word not in {"time", "timezone", "zone", "tz", "in", "the"}]
    return text[named[0].start : named[-1].end].strip("() ") if named else ""


def _zone_words(tokens: list[Token], place: int) -> int:
    token = tokens[place]
    if token.word in _ZONES or token.word in {"time", "/", "+", "-"}:
        return 1
    if token.glued and token.digits and tokens[place - 1].word in {"+", "-", ":"}:
        return 1
    if token.word == ":" and token.glued and tokens[place - 1].digits:
        return 1
    return _city(tokens, place)


@lru_cache(maxsize=1024)
def _near(word: str) -> str:
    """Give the word of the language that is spelt most like this one."""
    if len(word) > LONGEST_WORD or word in _FOREIGN:
        return ""
    single = _DOUBLED.sub(r"\1", word)
    known = _SHORT.get(word) or (single if single in words.KNOWN else "")
    return known or _SPELLINGS.nearest(word) or _SWAPPED.get("".join(sorted(word)), "")


def _corrected(text: str, tokens: list[Token]) -> list[str]:
    """Put the nearest words in place of the misspelt ones, when each has one."""
    unknown = [t for t in tokens if t.word and t.word[0].isalpha() and t.word not in words.KNOWN]
    if len(unknown) > MOST_CORRECTED:
        return []
    for token in reversed(unknown):
        near = _near(token.word)
        if not near:
            return []
        text = f"{text[: token.start]}{near}{text[token.end :]}"
    return [text.strip()]
