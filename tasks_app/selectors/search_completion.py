"""What can stand at the cursor of a search box: qualifiers, or values of the one that the cursor is in. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass

from tasks_app.selectors.search_text import LONGEST, Qualifier, quoted, tokens

MOST_OPTIONS = 12


@dataclass(frozen=True)
class Option:
    """What can stand at the cursor: the text to put there, and what it means."""

    insert: str
    label: str
    says: str = ""


@dataclass(frozen=True)
class Completion:
    """The part of the text that an option replaces, and the options."""

    start: int
    end: int
    options: tuple[Option, ...]


def complete(text: str, cursor: int, qualifiers: Iterable[Qualifier]) -> Completion:
    """Give what can stand at the cursor: qualifiers, or the values of the one that the cursor is in."""
    text = text[:LONGEST]
    cursor = max(0, min(cursor, len(text)))
    known = {one.name: one for one in qualifiers}
    token = next((one for one in tokens(text) if one.start <= cursor <= one.end), None)
    if token is None:
        return Completion(cursor, cursor, _names("", known, sign=""))
    colon = text.find(":", token.start, token.end)
    if token.name in known and cursor > colon:
        piece = next(one for one in reversed(token.pieces) if one.start <= cursor)
        return Completion(piece.start, piece.end, _values(piece.text, known[token.name]))
    if token.name or token.pieces[0].is_quoted:
        return Completion(cursor, cursor, ())
    sign = "-" if token.is_not else ""
    return Completion(token.start, token.end, _names(token.pieces[0].text, known, sign=sign))


def _names(begun: str, known: dict[str, Qualifier], *, sign: str) -> tuple[Option, ...]:
    folded = begun.lower()
    fitting = [one for one in known.values() if one.name.startswith(folded)]
    return tuple(Option(f"{sign}{one.name}:", f"{sign}{one.name}:", one.says) for one in fitting[:MOST_OPTIONS])


def _values(begun: str, qualifier: Qualifier) -> tuple[Option, ...]:
    folded = begun.casefold()
    items = [
        one for one in qualifier.choices().items if folded in one.value.casefold() or folded in one.says.casefold()
    ]
    items.sort(key=lambda one: not one.value.casefold().startswith(folded))
    return tuple(Option(quoted(one.value), one.value, one.says) for one in items[:MOST_OPTIONS])
