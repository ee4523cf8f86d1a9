"""What a posted form holds in one control, as a value of the payload."""

from collections.abc import Callable
from typing import Any

from django.http import QueryDict

from tasks_app.errors import FieldError
from tasks_app.handlers.masking import MASK
from tasks_app.services import strict_json
from tasks_app.web.forms.cells import cells_of, rows_of
from tasks_app.web.forms.kept import ABSENT
from tasks_app.web.forms.many import WRITTEN, said_by
from tasks_app.web.forms.pick import NotOne, Picker
from tasks_app.web.forms.rows import KEPT, arranged
from tasks_app.web.forms.shape import PICK, Shape
from tasks_app.web.forms.shown import AsTyped, same_ends, shown
from tasks_app.web.forms.typed import PARSE, cells, chosen_one, either, is_naive, is_same_wall, member, one_of

_PARTED = frozenset({"group", "list", "named", "variant", "bool", "tristate", "secret", "enum", "choices"})
"""What does not stand in one control as text."""
_DEFAULT_SECRET = "*" * 10
"""What a schema says in the place of a secret that is a default."""


class Controls:
    """Reads the controls of one form; what it cannot read stays as it was typed, with a fault at its place."""

    def __init__(self, posted: QueryDict, *, is_current: bool = True, picker: Picker | None = None) -> None:
        self.posted = arranged(posted)
        self.is_current = is_current
        self.picker = picker or Picker()
        self.as_json = said_by(self.posted)
        self.errors: dict[str, list[FieldError]] = {}

    def value(self, shape: Shape, path: str, kept: Any) -> Any:
        """Give what stands at a place; `kept` is what is stored there, and stays where nobody has touched it."""
        kind = "json_rows" if self.as_json.get(path) and shape.kind in WRITTEN else shape.kind
        if kind == shape.kind and kind not in _PARTED and self._is_untouched(shape, path, kept):
            return kept
        read: Callable[[Shape, str, Any], Any] | None = getattr(self, f"_read_{kind}", None)
        return read(shape, path, kept) if read else self._scalar(shape, path)

    def text(self, path: str) -> str:
        """Give what stands in a control."""
        return same_ends(str(self.posted.get(path, "")))

    def _is_untouched(self, shape: Shape, path: str, kept: Any) -> bool:
        return kept not in (None, ABSENT) and self.text(path) == same_ends(str(shown(shape.kind, kept)))

    def _scalar(self, shape: Shape, path: str) -> Any:
        raw = self.text(path)
        text = raw if shape.kind == "textarea" else raw.strip()
        if text == "":
            return self.blank(shape)
        return PARSE.get(shape.kind, str)(text)

    def blank(self, shape: Shape) -> Any:
        """An empty control: the default where that is empty too, else the nearest to "nothing" that the type knows."""
        if shape.default in (None, ""):
            return ABSENT
        if shape.is_nullable:
            return None
        return "" if shape.resolved.get("type") == "string" and shape.enum is None else ABSENT

    def nothing(self, shape: Shape, empty: Any, kept: Any) -> Any:
        """An empty list or map; where there need be none at all, that, unless an empty one is what is stored."""
        return empty if not shape.is_nullable or kept == empty else self.blank(shape)

    def json(self, path: str) -> Any:
        """Give what is written as JSON."""
        raw = self.text(path)
        try:
            return strict_json.read(raw, "This")
        except strict_json.NotJson as error:
            self.fault(path, "not_json", str(error))
            return AsTyped(raw)

    def fault(self, path: str, code: str, message: str) -> None:
        """Note what is wrong at a place."""
        self.errors.setdefault(path, []).append(FieldError(code, message))

    def _read_bool(self, shape: Shape, path: str, kept: Any) -> Any:
        return path in self.posted

    def _read_tristate(self, shape: Shape, path: str, kept: Any) -> Any:
        return {"true": True, "false": False}.get(str(self.posted.get(path, "")), self.blank(shape))

    def _read_secret(self, shape: Shape, path: str, kept: Any) -> Any:
        typed = self.text(path).strip()
        if typed or kept not in (None, ABSENT, _DEFAULT_SECRET):
            return typed or kept
        return MASK if not self.is_current and f"{path}.{KEPT}" in self.posted else ABSENT

    def _read_enum(self, shape: Shape, path: str, kept: Any) -> Any:
        raw = str(self.posted.get(path, ""))
        if kept not in (None, ABSENT) and raw == str(kept):  # also one that is gone: validation refuses it
            return kept
        return self.blank(shape) if raw == "" and "" not in (shape.enum or ()) else member(shape, raw)

    def _read_choice(self, shape: Shape, path: str, kept: Any) -> Any:
        raw = str(self.posted.get(path, "")).strip()
        return chosen_one(shape, raw) if raw else self.blank(shape)

    def _read_pick(self, shape: Shape, path: str, kept: Any) -> Any:
        raw = str(self.posted.get(path, "")).strip()
        if not raw or raw == kept:
            return raw or self.blank(shape)
        try:
            return self.picker.find(str(shape.resolved[PICK]), raw)
        except NotOne as error:
            self.fault(path, "unknown", str(error))
            return raw

    def _read_scalar(self, shape: Shape, path: str, kept: Any) -> Any:
        text = self.text(path).strip()
        if text == "":
            return self.blank(shape)
        return text if text == kept else either(shape, text)

    def _read_datetime(self, shape: Shape, path: str, kept: Any) -> Any:
        """What is stored without an offset stays without, whatever it is changed to."""
        text = self.text(path).strip()
        if isinstance(kept, str) and is_same_wall(text, shown("datetime", kept)):
            return kept
        return text if is_naive(kept) and is_naive(text) else self._scalar(shape, path)

    def _read_choices(self, shape: Shape, path: str, kept: Any) -> Any:
        """Boxes have an order of their own: the same ones are what is stored, in its order."""
        found = self._chosen_of(shape, path)
        is_same = found and isinstance(kept, list) and set(map(str, found)) == set(map(str, kept))
        return kept if is_same else _as_kept(found, kept) or self.nothing(shape, [], kept)

    def _chosen_of(self, shape: Shape, path: str) -> list[Any]:
        if shape.items.kind == "choice":  # boxes, or lines where there is nothing to choose from
            lines = [line.strip() for raw in self.posted.getlist(path) for line in str(raw).splitlines()]
            return [chosen_one(shape.items, line) for line in lines if line]
        return [member(shape.items, str(raw)) for raw in self.posted.getlist(path)]

    def _read_lines(self, shape: Shape, path: str, kept: Any) -> Any:
        lines = [line.strip() for line in self.text(path).split("\n") if line.strip()]
        return _as_kept([one_of(shape.items, line) for line in lines], kept) or self.nothing(shape, [], kept)

    def _read_map(self, shape: Shape, path: str, kept: Any) -> Any:
        found: dict[str, Any] = {}
        for number, line in enumerate(self.text(path).split("\n"), 1):
            name, colon, value = line.partition(":")
            if line.strip() and not (colon and name.strip()):
                self.fault(path, "not_a_pair", f"Line {number} is not of the form “Name: value”.")
            elif name.strip() in found:
                self.fault(path, "duplicate", f"Line {number} names “{name.strip()}” a second time.")
            elif line.strip():
                found[name.strip()] = one_of(shape.values, value.strip())
        if path in self.errors:
            return self.text(path)
        return found or self.nothing(shape, {}, kept)

    def _read_json(self, shape: Shape, path: str, kept: Any) -> Any:
        return self.json(path) if str(self.posted.get(path, "")).strip() else self.blank(shape)

    def _read_rows(self, shape: Shape, path: str, kept: Any) -> Any:
        rows = [cells(shape.items, row) for row in rows_of(self.text(path))]
        return rows or self.nothing(shape, [], kept)

    def _read_cells(self, shape: Shape, path: str, kept: Any) -> Any:
        return cells(shape, cells_of(self.text(path))) or self.blank(shape)


def _as_kept(found: list[Any], kept: Any) -> Any:
    """A list of one may be stored as that one alone; then it stays so."""
    return kept if isinstance(kept, str) and found == [kept] else found
