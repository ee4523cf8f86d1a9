"""Cuts a text into words, numbers and signs, and forgives what people paste."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from tasks_app.recurrence.errors import quoted
from tasks_app.recurrence.text import words
from tasks_app.recurrence.text.refusal import Refusal

MOST_TOKENS = 80
LONGEST_NUMBER = 4
_DASHES = "-\u2010\u2011\u2012\u2013\u2014\u2015\u2212"
_APOSTROPHES = "'\u2019\u02bc\u2018"
# Invisible, or around a text rather than in it. Blanks of all widths are told by str.isspace.
_AS_BLANK = set('"`\u200b\u200c\u200d\u2060\ufeff\u00ad\u201c\u201d\u201e\u00ab\u00bb()[]!\u2026') | set(_APOSTROPHES)
_INVISIBLE = str.maketrans(dict.fromkeys("\u200b\u200c\u200d\u2060\ufeff\u00ad", " "))
_SIGNS = {**dict.fromkeys(_DASHES, "-"), **{sign: sign for sign in ",;:./&+@"}, "|": "&"}
_DROPPED = str.maketrans("", "", "." + _APOSTROPHES)
_ASCII_DIGITS = frozenset("0123456789")
_ORDINAL_ENDINGS = {"st", "nd", "rd", "th"}


@dataclass(frozen=True)
class Token:
    """A piece of the text with its place. `number` is set for numbers in digits (`digits`) and in words."""

    text: str
    start: int
    end: int
    glued: bool = False
    """Nothing stands between it and the one before."""
    number: int | None = None
    digits: str = ""
    is_ordinal: bool = False

    @property
    def word(self) -> str:
        """Give the folded word or sign; digits have none."""
        return "" if self.digits else self.text


def tidy(text: str) -> str:
    """Give the text as it is kept: single blanks between words."""
    return " ".join(text.translate(_INVISIBLE).split())


def tokenize(text: str) -> list[Token]:
    """Cut a text; raises Refusal at a character that has no place in it."""
    tokens: list[Token] = []
    for start, end, piece in _pieces(text):
        glued = bool(tokens) and tokens[-1].end == start
        token = _number(piece, start, end, glued) if piece[0] in _ASCII_DIGITS else _word(piece, start, end, glued)
        joined = _joined(tokens, token)
        if joined:
            count, token = joined
            del tokens[-count:]
        tokens.append(token)
        if len(tokens) > MOST_TOKENS:
            raise Refusal("text_too_long", f"a text has at most {MOST_TOKENS} words and numbers", start)
    return tokens


def _pieces(text: str) -> Iterator[tuple[int, int, str]]:
    place = 0
    while place < len(text):
        character = text[place]
        end = place + 1
        if character in _ASCII_DIGITS:
            while end < len(text) and text[end] in _ASCII_DIGITS:
                end += 1
            yield place, end, text[place:end]
        elif character.isalpha():
            end = _end_of_word(text, place)
            yield place, end, text[place:end]
        elif character in _SIGNS:
            if _has_place(text, place):
                yield place, end, "&" if _is_and(text, place) else _SIGNS[character]
        elif not (character.isspace() or character in _AS_BLANK):
            raise Refusal("text_character", f"the character {quoted(character)} has no place here", place)
        place = end


def _has_place(text: str, place: int) -> bool:
    """Tell whether a dot stands between digits, and a colon before one."""
    before = text[place - 1 : place] in _ASCII_DIGITS
    after = text[place + 1 : place + 2] in _ASCII_DIGITS
    return {".": before and after, ":": after}.get(text[place], True)


def _is_and(text: str, place: int) -> bool:
    """Tell whether it is a slash that stands apart between words, or behind am: Monday 9am / Friday 10am, 6am/6pm."""
    if text[place] != "/":
        return False
    before, after = text[:place].rstrip(), text[place + 1 :].lstrip()
    is_date = before[-1:] in _ASCII_DIGITS and after[:1] in _ASCII_DIGITS
    is_apart = len(before) < place and len(after) < len(text) - place - 1
    return (is_apart and not is_date) or before[-2:].lower() in {"am", "pm"}


def _end_of_word(text: str, start: int) -> int:
    end = start + 1
    if text[start] in "aApP" and text[end : end + 2].lower() == ".m":
        return end + 2
    while end < len(text):
        inside = text[end].isalpha() or text[end] == "_"
        # o'clock
        inside = inside or (text[end] in _APOSTROPHES and text[end + 1 : end + 2].isalpha())
        if not inside:
            break
        end += 1
    return end


def _number(piece: str, start: int, end: int, glued: bool) -> Token:
    if len(piece) > LONGEST_NUMBER:
        raise Refusal("text_number", f"the number {quoted(piece)} is too long", start)
    return Token(piece, start, end, glued, int(piece), piece)


def _word(piece: str, start: int, end: int, glued: bool) -> Token:
    folded = piece.casefold()
    if len(piece) > 1:
        folded = folded.translate(_DROPPED)
    if folded in words.ORDINAL:
        return Token(folded, start, end, glued, words.ORDINAL[folded], is_ordinal=True)
    return Token(folded, start, end, glued, words.NUMBER.get(folded))


def _joined(tokens: list[Token], token: Token) -> tuple[int, Token] | None:
    """Join what belongs together (1 and st, bi-weekly, twenty-first): how many are replaced, and by what."""
    if not tokens or not token.word:
        return None
    last = tokens[-1]
    if token.glued and last.digits and not last.is_ordinal and token.word in _ORDINAL_ENDINGS:
        return 1, replace(last, end=token.end, is_ordinal=True)
    hyphen = token.glued and last.text == "-" and last.glued and len(tokens) > 1
    first = tokens[-2] if hyphen else last
    together = first.word + token.word
    if hyphen and (first.word, token.word) == ("m", "f"):
        together = "weekdays"
    is_number = together in words.NUMBER or together in words.ORDINAL
    is_word = together == "oclock" or (hyphen and (together in words.KNOWN or first.word in words.PREFIXES))
    if first.word and (is_number or is_word):
        return 1 + hyphen, _word(together, first.start, token.end, first.glued)
    return None
