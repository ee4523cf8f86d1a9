"""The place in a text that is being read."""

from collections.abc import Container

from tasks_app.recurrence.errors import quoted
from tasks_app.recurrence.text.refusal import Refusal
from tasks_app.recurrence.text.tokens import Token

# What an unfinished text may go on with.
_ENDINGS = ("9:00", "day at 9:00", "Monday at 9:00")
_AFTER_NUMBER, _AFTER_AND = ("minutes",), ("17:00", "18:00", "Friday")


class Cursor:
    """Walks over the tokens; looks ahead by a few, never back."""

    def __init__(self, text: str, tokens: list[Token]) -> None:
        self.text = text
        self.tokens = tokens
        self.at = 0
        last = tokens[-1].end if tokens else len(text)
        self._end = Token("", last, last)

    def peek(self, ahead: int = 0) -> Token:
        """Give a token that comes; an empty one behind the end."""
        place = self.at + ahead
        return self.tokens[place] if place < len(self.tokens) else self._end

    def word(self, ahead: int = 0) -> str:
        """Give the word or sign that comes; "" for digits and at the end."""
        return self.peek(ahead).word

    def is_done(self) -> bool:
        """Tell whether nothing is left."""
        return self.at >= len(self.tokens)

    @property
    def position(self) -> int:
        """Give where the next token stands in the text."""
        return self.peek().start

    @property
    def last_end(self) -> int:
        """Give where the token before ends."""
        return self.tokens[self.at - 1].end if self.at else 0

    def take(self) -> Token:
        """Go past a token."""
        token = self.peek()
        self.at += 1
        return token

    def accept(self, *wanted: str) -> bool:
        """Go past the words when they come in this order."""
        if any(self.word(place) != word for place, word in enumerate(wanted)):
            return False
        self.at += len(wanted)
        return True

    def accept_of(self, wanted: Container[str]) -> str:
        """Go past one of some words and give it, or give ""."""
        word = self.word()
        return self.take().word if word and word in wanted else ""

    def skip(self, wanted: Container[str]) -> None:
        """Go past any number of some words."""
        while self.accept_of(wanted):
            pass

    def separators(self, signs: Container[str]) -> int:
        """Count the list separators that come."""
        count = 0
        while self.word(count) in signs:
            count += 1
        return count

    def changed(self, start: int, end: int, instead: str) -> str:
        """Give the text with a part of it replaced."""
        return f"{self.text[:start]}{instead}{self.text[end:]}".strip()

    def unexpected(self) -> Refusal:
        """Give the refusal of the next token."""
        token = self.peek()
        if self.is_done():
            last = self.tokens[-1] if self.tokens else token
            endings = (
                _AFTER_NUMBER if last.number is not None else _AFTER_AND if last.word in {"and", "&", ","} else _ENDINGS
            )
            better = [f"{self.text.rstrip()} {more}" for more in endings]
            return Refusal("text_word", "the text ends too early", token.start, *better)
        written = self.text[token.start : token.end]
        with_day = [self.changed(token.start, token.start, "day ")] if token.word == "at" else []
        message = f"{quoted(written)} is not understood at this place"
        return Refusal("text_word", message, token.start, *with_day)
