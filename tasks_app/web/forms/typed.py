"""What stands in one control, or in one line of it, as a value of a payload; what is none stays as it was typed."""

import re
from datetime import datetime
from typing import Any

from django.utils import timezone

from tasks_app.services import strict_json
from tasks_app.web.forms.shape import Shape

_WHOLE = re.compile(r"[+-]?\d{1,15}", re.ASCII)
_FRACTION = re.compile(r"[+-]?(\d{1,40}\.?\d{0,40}|\.\d{1,40})([eE][+-]?\d{1,2})?", re.ASCII)


def member(shape: Shape, raw: str) -> Any:
    """Give the value of a choice that is written so."""
    return next((one for one in shape.enum or () if str(one) == raw), raw)


def chosen_one(shape: Shape, raw: str) -> Any:
    """Give what names something of the owner's."""
    return _int(raw) if shape.resolved.get("type") == "integer" else raw


def one_of(shape: Shape, text: str) -> Any:
    """One line of a list, or what stands behind a name."""
    if shape.kind == "enum":
        return member(shape, text)
    if shape.kind in ("bool", "tristate"):
        return {"true": True, "yes": True, "false": False, "no": False}.get(text.lower(), text)
    return either(shape, text) if shape.kind == "scalar" else PARSE.get(shape.kind, str)(text)


def cells(shape: Shape, row: list[str]) -> list[Any]:
    """The values of a list that stands in one line; one that is left out is null where it may be."""
    places = [(shape.cell(n), text) for n, text in enumerate(row)]
    return [None if cell.is_nullable and not text.strip() else one_of(cell, text) for cell, text in places]


def either(shape: Shape, text: str) -> Any:
    """A number or a text: a number where it is one, and a whole one where text would do as well (a decimal stays)."""
    types = {option.resolved.get("type") for option in shape.options_of_union}
    if "string" not in types:
        return _number(text)
    return _int(text) if "integer" in types else text


def _int(text: str) -> Any:
    return int(text) if _WHOLE.fullmatch(text) else text


def _number(text: str) -> Any:
    if _WHOLE.fullmatch(text):
        return int(text)
    return float(text) if _FRACTION.fullmatch(text) else text


def is_naive(text: Any) -> bool:
    """Say whether this is a moment without its offset."""
    moment = _moment(text)
    return moment is not None and timezone.is_naive(moment)


def is_same_wall(text: str, other: str) -> bool:
    """Say whether both are the same wall time: a browser leaves out zeros that stand at its end."""
    return is_naive(text) and _moment(text) == _moment(other)


def _moment(text: Any) -> datetime | None:
    try:
        return datetime.fromisoformat(str(text))
    except ValueError:
        return None


def _datetime(text: str) -> str:
    """The browser sends local time without a zone; it is meant in the zone that the page shows."""
    moment = _moment(text)
    return timezone.make_aware(moment).isoformat() if moment and timezone.is_naive(moment) else text


def _object(text: str) -> Any:
    """A line of a list whose members are objects: JSON, or the text that stands for one."""
    try:
        return strict_json.read(text) if text.startswith("{") else text
    except ValueError:
        return text


PARSE: dict[str, Any] = {"int": _int, "number": _number, "datetime": _datetime, "group": _object}
