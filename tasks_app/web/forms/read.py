"""From a posted form back to a payload.

What cannot be read is left as it was typed, so that validation names it and nothing is lost.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.http import QueryDict
from django.utils import timezone

from tasks_app.errors import FieldError
from tasks_app.services import strict_json
from tasks_app.web.forms.cells import cells_of, rows_of
from tasks_app.web.forms.named import NAME
from tasks_app.web.forms.shape import Shape

ABSENT = object()
_MOST_ROWS = 1_000
_PLACE = re.compile(r"\d{1,4}", re.ASCII)
_WHOLE = re.compile(r"[+-]?\d{1,15}", re.ASCII)
_FRACTION = re.compile(r"[+-]?(\d{1,40}\.?\d{0,40}|\.\d{1,40})([eE][+-]?\d{1,2})?", re.ASCII)


class Reader:
    """Reads one form. `kept` is the stored payload: a secret left blank keeps its value.

    `_add` and `_remove` are buttons of the form: the path of a list that gets a row, or of a row that goes.
    """

    def __init__(self, schema: Mapping[str, Any], posted: QueryDict, kept: Mapping[str, Any] | None = None) -> None:
        self.root = Shape(schema, schema)
        self.posted = posted
        self.kept = kept or {}
        self.errors: dict[str, list[FieldError]] = {}

    def payload(self) -> dict[str, Any]:
        """Give the payload as it was meant."""
        if self.root.kind == "group":
            return self._members(self.root, "payload", self.kept)
        if self.root.kind == "variant":
            chosen = self._read_variant(self.root, "payload", self.kept)
            return {} if chosen is ABSENT else dict(chosen)
        if self.root.kind in ("map", "named"):
            value = self._value(self.root, "payload", self.kept)
        else:
            value = self._json("payload") if "payload" in self.posted else {}
        return value if isinstance(value, dict) else {}

    def _members(self, shape: Shape, path: str, kept: Any) -> dict[str, Any]:
        found: dict[str, Any] = {}
        stored = kept if isinstance(kept, Mapping) else {}
        for name, inner in shape.properties.items():
            value = self._value(inner, f"{path}.{name}", stored.get(name))
            is_default = name not in shape.required and value == inner.default and type(value) is type(inner.default)
            if value is not ABSENT and not (is_default and name not in stored):
                found[name] = value
        if shape.resolved.get("additionalProperties") is True:
            found |= {name: value for name, value in stored.items() if name not in shape.properties}
        return found

    def _value(self, shape: Shape, path: str, kept: Any) -> Any:
        reader = getattr(self, f"_read_{shape.kind}", None)
        return reader(shape, path, kept) if reader else self._scalar(shape, path)

    def _scalar(self, shape: Shape, path: str) -> Any:
        raw = str(self.posted.get(path, ""))
        text = raw if shape.kind == "textarea" else raw.strip()
        if text == "":
            return self._blank(shape)
        return _PARSE.get(shape.kind, str)(text)

    def _blank(self, shape: Shape) -> Any:
        """An empty control: the default where that is empty too, else the nearest to "nothing" that the type knows."""
        if shape.default in (None, ""):
            return ABSENT
        if shape.is_nullable:
            return None
        return "" if shape.resolved.get("type") == "string" and shape.enum is None else ABSENT

    def _read_bool(self, shape: Shape, path: str, kept: Any) -> Any:
        return path in self.posted

    def _read_tristate(self, shape: Shape, path: str, kept: Any) -> Any:
        return {"true": True, "false": False}.get(str(self.posted.get(path, "")), self._blank(shape))

    def _read_secret(self, shape: Shape, path: str, kept: Any) -> Any:
        value = self._scalar(shape, path)
        return kept if value is ABSENT and kept is not None else value

    def _read_enum(self, shape: Shape, path: str, kept: Any) -> Any:
        raw = str(self.posted.get(path, ""))
        return self._blank(shape) if raw == "" and "" not in (shape.enum or ()) else _member(shape, raw)

    def _read_choice(self, shape: Shape, path: str, kept: Any) -> Any:
        raw = str(self.posted.get(path, "")).strip()
        return _chosen(shape, raw) if raw else self._blank(shape)

    def _read_scalar(self, shape: Shape, path: str, kept: Any) -> Any:
        text = str(self.posted.get(path, "")).strip()
        if text == "":
            return self._blank(shape)
        return text if text == kept else _either(shape, text)

    def _read_choices(self, shape: Shape, path: str, kept: Any) -> Any:
        return self._chosen_of(shape, path) or self._nothing(shape, [], kept)

    def _chosen_of(self, shape: Shape, path: str) -> list[Any]:
        if shape.items.kind == "choice":  # boxes, or lines where there is nothing to choose from
            lines = [line.strip() for raw in self.posted.getlist(path) for line in str(raw).splitlines()]
            return [_chosen(shape.items, line) for line in lines if line]
        return [_member(shape.items, str(raw)) for raw in self.posted.getlist(path)]

    def _read_lines(self, shape: Shape, path: str, kept: Any) -> Any:
        lines = [line.strip() for line in str(self.posted.get(path, "")).splitlines() if line.strip()]
        return [_one(shape.items, line) for line in lines] or self._nothing(shape, [], kept)

    def _nothing(self, shape: Shape, empty: Any, kept: Any) -> Any:
        """An empty list or map; where there need be none at all, that, unless an empty one is what is stored."""
        return empty if not shape.is_nullable or kept == empty else self._blank(shape)

    def _read_map(self, shape: Shape, path: str, kept: Any) -> Any:
        found: dict[str, Any] = {}
        for number, line in enumerate(str(self.posted.get(path, "")).splitlines(), 1):
            name, colon, value = line.partition(":")
            if line.strip() and not (colon and name.strip()):
                self._fault(path, "not_a_pair", f"Line {number} is not of the form “Name: value”.")
            elif name.strip() in found:
                self._fault(path, "duplicate", f"Line {number} names “{name.strip()}” a second time.")
            elif line.strip():
                found[name.strip()] = _one(shape.values, value.strip())
        if path in self.errors:
            return str(self.posted.get(path, ""))
        return found or self._nothing(shape, {}, kept)

    def _read_json(self, shape: Shape, path: str, kept: Any) -> Any:
        return self._json(path) if str(self.posted.get(path, "")).strip() else self._blank(shape)

    def _read_group(self, shape: Shape, path: str, kept: Any) -> Any:
        if shape.is_nullable and f"{path}.__on" not in self.posted:
            return None if shape.default is not None else ABSENT
        return self._members(shape, path, kept)

    def _read_list(self, shape: Shape, path: str, kept: Any) -> Any:
        stored = kept if isinstance(kept, list) else []
        rows = []
        for place in self.rows(path):
            if self.posted.get("_remove") == f"{path}.{place}":
                continue
            old = stored[place] if place < len(stored) else None
            is_variant = shape.items.kind == "variant"
            read = self._read_variant if is_variant else self._members
            rows.append(read(shape.items, f"{path}.{place}", old))
        if self.posted.get("_add") == path and len(rows) < _MOST_ROWS:
            rows.append({})
        return rows or self._nothing(shape, [], kept)

    def _read_named(self, shape: Shape, path: str, kept: Any) -> Any:
        named = kept if isinstance(kept, Mapping) else {}
        stored = list(named.values())
        is_variant = shape.values.kind == "variant"
        read = self._read_variant if is_variant else self._members
        found: dict[str, Any] = {}
        for place in self.rows(path):
            if self.posted.get("_remove") == f"{path}.{place}":
                continue
            name = self._name_of(found, path, place)
            at_place = stored[place] if place < len(stored) else None  # it may have been given another name
            found[name] = read(shape.values, f"{path}.{place}", named.get(name, at_place))
        if self.posted.get("_add") == path and len(found) < _MOST_ROWS:
            found.setdefault("", {})
        return found or self._nothing(shape, {}, kept)

    def _name_of(self, found: Mapping[str, Any], path: str, place: int) -> str:
        """Read the name of a row; one that is there already gets a number, so that nothing is lost."""
        name, at = str(self.posted.get(f"{path}.{place}.{NAME}", "")).strip(), f"{path}.{len(found)}.{NAME}"
        if name and name not in found:
            return name
        if name:
            self._fault(at, "duplicate", f"There is a “{name}” already.")
        else:
            self._fault(at, "blank", "Give it a name.")
        return (
            name
            if name not in found
            else next(one for n in range(2, _MOST_ROWS + 2) if (one := f"{name} {n}".strip()) not in found)
        )

    def _read_rows(self, shape: Shape, path: str, kept: Any) -> Any:
        rows = [_cells(shape.items, row) for row in rows_of(str(self.posted.get(path, "")))]
        return rows or self._nothing(shape, [], kept)

    def _read_cells(self, shape: Shape, path: str, kept: Any) -> Any:
        return _cells(shape, cells_of(str(self.posted.get(path, "")))) or self._blank(shape)

    def _read_variant(self, shape: Shape, path: str, kept: Any) -> Any:
        chosen = str(self.posted.get(f"{path}.{shape.tag}", ""))
        if chosen not in shape.variants:
            stored = kept if isinstance(kept, Mapping) and kept.get(shape.tag) == chosen else {}
            return {**stored, shape.tag: chosen} if chosen else self._blank(shape)
        return {**self._members(shape.variants[chosen], path, kept), shape.tag: chosen}

    def rows(self, path: str) -> list[int]:
        """The numbers of a list's rows: each row has a hidden control that says it exists."""
        given = map(str, self.posted.getlist(f"{path}.__row"))
        return sorted({int(raw) for raw in given if _PLACE.fullmatch(raw)})[:_MOST_ROWS]

    def _json(self, path: str) -> Any:
        raw = str(self.posted.get(path, ""))
        try:
            return strict_json.read(raw, "This")
        except strict_json.NotJson as error:
            self._fault(path, "not_json", str(error))
            return raw

    def _fault(self, path: str, code: str, message: str) -> None:
        self.errors.setdefault(path, []).append(FieldError(code, message))


def _member(shape: Shape, raw: str) -> Any:
    return next((one for one in shape.enum or () if str(one) == raw), raw)


def _chosen(shape: Shape, raw: str) -> Any:
    return _int(raw) if shape.resolved.get("type") == "integer" else raw


def _one(shape: Shape, text: str) -> Any:
    """One line of a list, or what stands behind a name."""
    if shape.kind == "enum":
        return _member(shape, text)
    if shape.kind in ("bool", "tristate"):
        return {"true": True, "yes": True, "false": False, "no": False}.get(text.lower(), text)
    return _either(shape, text) if shape.kind == "scalar" else _PARSE.get(shape.kind, str)(text)


def _cells(shape: Shape, row: list[str]) -> list[Any]:
    """The values of a list that stands in one line; one that is left out is null where it may be."""
    places = [(shape.cell(n), text) for n, text in enumerate(row)]
    return [None if cell.is_nullable and not text.strip() else _one(cell, text) for cell, text in places]


def _either(shape: Shape, text: str) -> Any:
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


def _datetime(text: str) -> str:
    """The browser sends local time without a zone; it is meant in the zone that the page shows."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return text
    return (timezone.make_aware(moment) if timezone.is_naive(moment) else moment).isoformat()


def _object(text: str) -> Any:
    """A line of a list whose members are objects: JSON, or the text that stands for one."""
    try:
        return strict_json.read(text) if text.startswith("{") else text
    except ValueError:
        return text


_PARSE: dict[str, Any] = {"int": _int, "number": _number, "datetime": _datetime, "group": _object}
