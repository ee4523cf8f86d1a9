"""The one grammar of the search boxes above lists: `tasks_app.selectors.search_text`. Pure; never raises on any text.

    backup "nightly report" status:failed,paused -tag:old owner:"ana maria"

Words and quoted phrases are looked for; `-` before one means "not". `qualifier:value` narrows: several values by comma
mean "any of", the same qualifier twice means "both", a leading `-` means "none of"; values with spaces or commas stand
in quotes. `http://…` and `12:30` are words; so is anything in quotes.

A list declares what it understands as `Qualifier`s and calls `read(text, qualifiers)`. What comes back is a `Search` of
words, terms (their values spelled as declared, whatever the case typed) and faults: an unknown qualifier or value is
no term, but a sentence to show under the box, with the text that was probably meant (`better`). Whoever acts on "all
that match" must refuse while there are faults, because the search is then wider than what was written.

A qualifier's values come from `choices`, asked only when the qualifier is used. Where `Choices.is_whole` is False, the
list was cut, so unknown values pass. `reads` accepts values beyond the choices, such as moments (`search_moments`).
`search_completion.complete(text, cursor, qualifiers)` gives what can stand at the cursor.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

LONGEST = 500
_NAME = re.compile(r"-?[A-Za-z_]+\Z")
_PLAIN = re.compile(r"(?!//)[^\s,\"]+\Z")


@dataclass(frozen=True)
class Choice:
    """One value that a qualifier takes, and what it means in a few words."""

    value: str
    says: str = ""


@dataclass(frozen=True)
class Choices:
    """The values that a qualifier takes; not whole when the list was cut, so that others may exist."""

    items: Sequence[Choice] = ()
    is_whole: bool = True


@dataclass(frozen=True, kw_only=True)
class Qualifier:
    """One thing that a list can be narrowed by."""

    name: str
    says: str
    choices: Callable[[], Choices] = Choices
    reads: Callable[[str], bool] | None = None
    takes: str = ""
    """What `reads` accepts, in words, for the sentence about a value that it does not."""


@dataclass(frozen=True)
class Word:
    """A word or phrase to look for."""

    text: str
    is_not: bool = False


@dataclass(frozen=True)
class Term:
    """A qualifier with its values, any of which will do."""

    name: str
    values: tuple[str, ...]
    is_not: bool = False


@dataclass(frozen=True)
class Fault:
    """What was not understood, in a sentence, and the whole text as it was probably meant; "" when nobody knows."""

    said: str
    better: str = ""
    hint: str = ""
    """The part of `better` that is new."""


@dataclass(frozen=True)
class Search:
    """A text, read."""

    words: tuple[Word, ...] = ()
    terms: tuple[Term, ...] = ()
    faults: tuple[Fault, ...] = ()

    @property
    def narrows(self) -> bool:
        """Something was asked for and understood."""
        return bool(self.words or self.terms)


@dataclass(frozen=True)
class Piece:
    """A value inside a token, and where it stands in the text."""

    text: str
    start: int
    end: int
    is_quoted: bool = False


@dataclass(frozen=True)
class Token:
    """A part of the text between spaces: a word (no name, one piece) or a qualifier with its pieces."""

    start: int
    end: int
    pieces: tuple[Piece, ...]
    name: str = ""
    is_not: bool = False


def read(text: str, qualifiers: Iterable[Qualifier]) -> Search:
    """Read a text; whatever it is, something comes back."""
    text, known = text[:LONGEST], {one.name: one for one in qualifiers}
    words: list[Word] = []
    terms: list[Term] = []
    faults: list[Fault] = []
    for token in tokens(text):
        if not token.name:
            words += [Word(piece.text, token.is_not) for piece in token.pieces if piece.text.strip()]
        elif token.name not in known:
            faults.append(_unknown_name(text, token, known))
        else:
            term, found = _term(text, token, known[token.name])
            faults += found
            terms += [term] if term else []
    return Search(tuple(words), tuple(terms), tuple(faults))


def written(name: str, *values: str, is_not: bool = False) -> str:
    """Write a term as it is typed, with quotes where they are needed."""
    return f"{'-' if is_not else ''}{name}:{','.join(quoted(value) for value in values)}"


def quoted(value: str) -> str:
    """Write a value so that it is read as one: in quotes where it has to be. A quote inside cannot be written."""
    return value if _PLAIN.match(value) else '"' + value.replace('"', "") + '"'


def parts(text: str) -> list[tuple[str, str]]:
    """Give each part as it is written, and the text without it: for "which filter to drop"."""
    text = text[:LONGEST]
    return [(text[one.start : one.end], _spliced(text, one.start, one.end, "")) for one in tokens(text)]


def has_terms(text: str, asked: str) -> bool:
    """Say whether a text has every term of another."""
    held = {_key(one) for one in tokens(text[:LONGEST])}
    return {_key(one) for one in tokens(asked)} <= held


def with_terms(text: str, asked: str) -> str:
    """Give the text with the terms of another, which take the place of those with the same names."""
    names = {one.name for one in tokens(asked)}
    return f"{_kept(text, lambda one: one.name not in names)} {asked}".strip()


def without_terms(text: str, asked: str) -> str:
    """Give the text without the terms of another."""
    dropped = {_key(one) for one in tokens(asked)}
    return _kept(text, lambda one: _key(one) not in dropped)


def _key(token: Token) -> tuple[bool, str, tuple[str, ...]]:
    return token.is_not, token.name, tuple(piece.text.casefold() for piece in token.pieces)


def _kept(text: str, is_kept: Callable[[Token], bool]) -> str:
    text = text[:LONGEST]
    return " ".join(text[one.start : one.end] for one in tokens(text) if is_kept(one))


def tokens(text: str) -> list[Token]:
    """Cut a text into its parts."""
    found, at = [], 0
    while at < len(text):
        if text[at].isspace():
            at += 1
            continue
        token = _token(text, at)
        found.append(token)
        at = token.end
    return found


def _token(text: str, start: int) -> Token:
    name, at = _name_at(text, start)
    if name:
        pieces = _pieces(text, at)
        return Token(start, pieces[-1].end, tuple(pieces), name.lstrip("-").lower(), name.startswith("-"))
    is_not = text[start] == "-" and start + 1 < len(text) and not text[start + 1].isspace()
    begin = start + is_not
    piece = _quoted_piece(text, begin) if text[begin] == '"' else _plain_piece(text, begin, stops="")
    return Token(start, piece.end, (piece,), "", is_not)


def _name_at(text: str, start: int) -> tuple[str, int]:
    """Give the qualifier that begins here, and where its values begin; "" for a word."""
    end = start
    while end < len(text) and not text[end].isspace() and text[end] not in ':"':
        end += 1
    if text[end : end + 1] != ":" or text[end : end + 3] == "://" or not _NAME.match(text[start:end]):
        return "", start
    return text[start:end], end + 1


def _pieces(text: str, at: int) -> list[Piece]:
    pieces = []
    while True:
        is_quote = text[at : at + 1] == '"'
        piece = _quoted_piece(text, at) if is_quote else _plain_piece(text, at, stops=",")
        pieces.append(piece)
        if text[piece.end : piece.end + 1] != ",":
            return pieces
        at = piece.end + 1


def _quoted_piece(text: str, at: int) -> Piece:
    """From one quote to the next; a quote that nobody closed reaches to the end."""
    close = text.find('"', at + 1)
    end = len(text) if close < 0 else close
    return Piece(text[at + 1 : end], at, end if close < 0 else end + 1, is_quoted=True)


def _plain_piece(text: str, at: int, *, stops: str) -> Piece:
    end = at
    while end < len(text) and not text[end].isspace() and text[end] not in stops:
        end += 1
    return Piece(text[at:end], at, end)


def _term(text: str, token: Token, qualifier: Qualifier) -> tuple[Term | None, list[Fault]]:
    choices = qualifier.choices()
    spelled = {one.value.casefold(): one.value for one in choices.items}
    values: list[str] = []
    faults: list[Fault] = []
    for piece in token.pieces:
        value = spelled.get(piece.text.casefold())
        if value is None and piece.text.strip() and _passes(piece.text, qualifier, choices):
            value = piece.text
        if value is not None:
            values.append(value)
        elif piece.text.strip() or len(token.pieces) == 1:
            faults.append(_unknown_value(text, piece, qualifier, choices))
    return (Term(token.name, tuple(values), token.is_not) if values else None), faults


def _passes(value: str, qualifier: Qualifier, choices: Choices) -> bool:
    return qualifier.reads(value) if qualifier.reads is not None else not choices.is_whole


def closest(value: str, choices: Choices) -> str:
    """Give the value that was probably meant; "" where none is near."""
    folded = {one.value.casefold(): one.value for one in choices.items}
    close = get_close_matches(value.casefold(), folded, n=1)
    return folded[close[0]] if close else ""


def _unknown_name(text: str, token: Token, known: dict[str, Qualifier]) -> Fault:
    close = get_close_matches(token.name, known, n=1)
    colon = text.index(":", token.start)
    if close:
        better = _spliced(text, token.start + token.is_not, colon, close[0])
        return Fault(f"There is no filter “{token.name}:”.", better, f"{close[0]}:")
    as_phrase = '"' + text[token.start : token.end].replace('"', "") + '"'
    said = f"There is no filter “{token.name}:”. In quotes, it is looked for as it stands."
    return Fault(said, _spliced(text, token.start, token.end, as_phrase), as_phrase)


def _unknown_value(text: str, piece: Piece, qualifier: Qualifier, choices: Choices) -> Fault:
    names = [one.value for one in choices.items]
    takes = ", ".join(names[:6]) + (", …" if len(names) > 6 else "")  # noqa: PLR2004
    takes = " or ".join(part for part in (takes, qualifier.takes) if part)
    it_takes = f" It can be {takes}." if takes else ""
    if not piece.text.strip():
        return Fault(f"“{qualifier.name}:” has no value.{it_takes}")
    close = closest(piece.text, choices)
    if not close:
        return Fault(f"“{qualifier.name}:” knows no “{piece.text}”.{it_takes}")
    hint = quoted(close)
    return Fault(
        f"“{qualifier.name}:” knows no “{piece.text}”.",
        _spliced(text, piece.start, piece.end, hint),
        f"{qualifier.name}:{hint}",
    )


def _spliced(text: str, start: int, end: int, new: str) -> str:
    return (text[:start] + new + text[end:] if new else text[:start].rstrip() + " " + text[end:].lstrip()).strip()
