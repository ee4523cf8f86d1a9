"""What a field lets one choose from, and which of it is chosen."""

from collections.abc import Mapping
from typing import Any

from tasks_app.web.forms.choices import LENT, MAKE
from tasks_app.web.forms.field import Choice, Link
from tasks_app.web.forms.shape import Shape
from tasks_app.web.forms.shown import as_text

ACRONYMS = frozenset({"api", "csv", "html", "http", "id", "json", "jsonl", "sql", "tls", "uri", "url", "xlsx"})
LABELS = "x-labels"
"""The words for the values of an enumeration, by value."""


def offered(shape: Shape, value: Any, *, is_required: bool) -> list[Choice]:
    """Give the choices of a field."""
    if shape.kind == "variant":
        return _variants(shape, value)
    if shape.kind == "tristate":
        named = (("", "–", None), ("true", "Yes", True), ("false", "No", False))
        return [Choice(text, label, value is meaning) for text, label, meaning in named]
    if shape.kind == "choice":
        return _owned(shape, value, is_required=is_required)
    if shape.kind == "choices":
        return _several(shape, value if isinstance(value, list) else [] if value is None else [value])
    return _enum(shape, value, is_required=is_required) if shape.kind == "enum" else []


def make_link(shape: Shape) -> Link | None:
    """Give the way to the page that makes one, where there is none to choose."""
    make = str(shape.resolved.get(MAKE, ""))
    return Link(make, "You have none yet. Add one") if make and not shape.options else None


def _variants(shape: Shape, value: Any) -> list[Choice]:
    blank = [Choice("", "–")] if shape.is_nullable else []
    chosen = shape.tag_of(value)
    labels = {name: str(one.resolved.get("x-label") or _words(name)) for name, one in shape.variants.items()}
    gone = [_gone(chosen)] if chosen and chosen not in labels else []
    return [*blank, *gone, *(Choice(name, label, name == chosen) for name, label in labels.items())]


def _enum(shape: Shape, value: Any, *, is_required: bool) -> list[Choice]:
    """A select of what is listed; what is stored and not listed any more stays, and says so."""
    listed = shape.enum or []
    is_open = shape.default is None and (not is_required or len(listed) > 1)
    needs_blank = (shape.is_nullable or is_open) and None not in listed
    blank = [Choice("", "Choose…" if is_required else "–", value is None)] if needs_blank else []
    gone = [] if value in (None, "") or value in listed else [_gone(str(value))]
    return blank + gone + [Choice(str(one), _label(shape, one), one == value) for one in listed]


def _owned(shape: Shape, value: Any, *, is_required: bool) -> list[Choice]:
    """A select of what the owner has; what is stored and has gone stays, and says so."""
    chosen = as_text(value)
    known = [Choice(name, label, name == chosen) for name, label in shape.options]
    word = "the owner's" if shape.resolved.get(LENT) else "gone"
    gone = [] if not chosen or any(one.is_chosen for one in known) else [Choice(chosen, f"{chosen} ({word})", True)]
    if is_required and chosen and not shape.is_nullable:
        return gone + known
    asks = "Choose…" if is_required and known else "None yet" if is_required else "–"
    return [Choice("", asks, not chosen), *gone, *known]


def _several(shape: Shape, value: list[Any]) -> list[Choice]:
    """Boxes, any number of which may be checked."""
    if shape.items.kind != "choice":
        listed = shape.items.enum or []
        gone = [_gone(name) for name in dict.fromkeys(str(one) for one in value if one not in listed)]
        return gone + [Choice(str(one), _label(shape, one), one in value) for one in listed]
    shape = shape.items
    chosen = [as_text(one) for one in value]
    known = [Choice(name, label, name in chosen) for name, label in shape.options]
    names = {one.value for one in known}
    word = "the owner's" if shape.resolved.get(LENT) else "gone"
    return [Choice(name, f"{name} ({word})", True) for name in dict.fromkeys(chosen) if name not in names] + known


def _gone(name: str) -> Choice:
    return Choice(name, f"{name} (gone)", True)


def _label(shape: Shape, value: object) -> str:
    given = shape.resolved.get(LABELS)
    said = given.get(str(value)) if isinstance(given, Mapping) else None
    return str(said) if said else _words(value)


def _words(value: object) -> str:
    text = str(value)
    if text in ACRONYMS:
        return text.upper()
    return text.replace("_", " ").capitalize() if text.islower() else text


def label_of(name: str, title: str) -> str:
    """The title that a person wrote; pydantic's own is the name in Title Case, which shouts."""
    words = name.replace("_", " ")
    if title and title.lower() != words.lower():
        return title
    spelt = " ".join(word.upper() if word in ACRONYMS else word for word in words.split())
    return spelt[:1].upper() + spelt[1:]
