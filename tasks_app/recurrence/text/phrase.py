"""A turn of phrase that is refused, with what may stand in its place."""

import re
from collections.abc import Callable
from typing import NamedTuple

from tasks_app.recurrence.text import words

Better = Callable[[re.Match[str]], tuple[str, ...]]
WEEKDAY = "|".join(sorted(words.WEEKDAY, key=len, reverse=True))
MONTH = "|".join(sorted(words.MONTH, key=len, reverse=True))
ORDINAL = "first|second|third|fourth|last|1st|2nd|3rd|4th"
RHYTHM = re.compile(r"\b(?:\d* ?(?:minute|min|hour|hr|second|sec)s?|\d+[mhs]|hourly|minutely)\b", re.IGNORECASE)


class Phrase(NamedTuple):
    """A pattern, why it is refused, and what may stand in the place of a match, likeliest first.

    The group `at` of the pattern is what is pointed at, and shown at {} in the message.
    """

    pattern: re.Pattern[str]
    code: str
    message: str
    better: Better


def phrase(pattern: str, code: str, message: str, better: Better | str | tuple[str, ...]) -> Phrase:
    """Build one; `better` may be fixed."""
    fixed = (better,) if isinstance(better, str) else better
    give = fixed if callable(fixed) else lambda _: fixed
    return Phrase(re.compile(pattern, re.IGNORECASE), code, message, give)
