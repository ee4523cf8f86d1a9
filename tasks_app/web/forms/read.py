"""From a posted form back to a payload.

What cannot be read is left as it was typed, so that validation names it and nothing is lost.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.http import QueryDict

from tasks_app.errors import FieldError
from tasks_app.handlers.masking import MASK
from tasks_app.handlers.unmasking import Steps
from tasks_app.services import strict_json
from tasks_app.web.forms.cells import cells_of, rows_of
from tasks_app.web.forms.named import NAME
from tasks_app.web.forms.rows import FROM, KEPT, MOST_ROWS, ROW, arranged, place_of
from tasks_app.web.forms.shape import Shape
from tasks_app.web.forms.typed import PARSE, cells, chosen_one, either, member, one_of

ABSENT = object()


class Reader:
    """Reads one form. `kept` is the stored payload: a secret left blank keeps its value.

    `origins` then says from which stored row each row of the payload comes, and `came_from` how the form says so.
    `is_current` is False where the stored payload is another by now than the one that the form was drawn from: nobody
    knows then where its rows stand, and a secret that one of them kept has to be typed again.
    """

    def __init__(
        self,
        schema: Mapping[str, Any],
        posted: QueryDict,
        kept: Mapping[str, Any] | None = None,
        *,
        is_current: bool = True,
    ) -> None:
        self.root = Shape(schema, schema)
        self.posted = arranged(posted)
        self.kept = kept or {}
        self.is_current = is_current
        self.errors: dict[str, list[FieldError]] = {}
        self.origins: dict[Steps, str | None] = {}
        self.came_from: dict[str, str] = {}
        self._here: Steps = ()
        self._taken: set[tuple[str, int]] = set()

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
            value = self._inside(name, self._value, inner, f"{path}.{name}", stored.get(name))
            is_default = name not in shape.required and value == inner.default and type(value) is type(inner.default)
            if value is not ABSENT and not (is_default and name not in stored):
                found[name] = value
        if shape.resolved.get("additionalProperties") is True:
            found |= {name: value for name, value in stored.items() if name not in shape.properties}
        return found

    def _inside(self, step: str, read: Callable[..., Any], *given: Any) -> Any:
        """Read what lies one step further inside the payload."""
        outside, self._here = self._here, (*self._here, step)
        try:
            return read(*given)
        finally:
            self._here = outside

    def _value(self, shape: Shape, path: str, kept: Any) -> Any:
        reader = getattr(self, f"_read_{shape.kind}", None)
        return reader(shape, path, kept) if reader else self._scalar(shape, path)

    def _scalar(self, shape: Shape, path: str) -> Any:
        raw = str(self.posted.get(path, ""))
        text = _lines(raw) if shape.kind == "textarea" else raw.strip()
        if text == "":
            return self._blank(shape)
        return PARSE.get(shape.kind, str)(text)

    def _blank(self, shape: Shape) -> Any:
        """An empty control: the default where that is empty too, else the nearest to "nothing" that the type knows."""
        if shape.default in (None, ""):
            return ABSENT
        if shape.is_nullable:
            return None
        return "" if shape.resolved.get("type") == "string" and shape.enum is None else ABSENT

    def _read_textarea(self, shape: Shape, path: str, kept: Any) -> Any:
        """A browser sends every end of a line as CR LF: what nobody changed stays as it is stored."""
        value = self._scalar(shape, path)
        return kept if isinstance(kept, str) and value == _lines(kept) else value

    def _read_bool(self, shape: Shape, path: str, kept: Any) -> Any:
        return path in self.posted

    def _read_tristate(self, shape: Shape, path: str, kept: Any) -> Any:
        return {"true": True, "false": False}.get(str(self.posted.get(path, "")), self._blank(shape))

    def _read_secret(self, shape: Shape, path: str, kept: Any) -> Any:
        value = self._scalar(shape, path)
        if value is not ABSENT:
            return value
        is_lost = not self.is_current and f"{path}.{KEPT}" in self.posted
        return kept if kept is not None else MASK if is_lost else ABSENT

    def _read_enum(self, shape: Shape, path: str, kept: Any) -> Any:
        raw = str(self.posted.get(path, ""))
        return self._blank(shape) if raw == "" and "" not in (shape.enum or ()) else member(shape, raw)

    def _read_choice(self, shape: Shape, path: str, kept: Any) -> Any:
        raw = str(self.posted.get(path, "")).strip()
        return chosen_one(shape, raw) if raw else self._blank(shape)

    def _read_scalar(self, shape: Shape, path: str, kept: Any) -> Any:
        text = str(self.posted.get(path, "")).strip()
        if text == "":
            return self._blank(shape)
        return text if text == kept else either(shape, text)

    def _read_choices(self, shape: Shape, path: str, kept: Any) -> Any:
        return self._chosen_of(shape, path) or self._nothing(shape, [], kept)

    def _chosen_of(self, shape: Shape, path: str) -> list[Any]:
        if shape.items.kind == "choice":  # boxes, or lines where there is nothing to choose from
            lines = [line.strip() for raw in self.posted.getlist(path) for line in str(raw).splitlines()]
            return [chosen_one(shape.items, line) for line in lines if line]
        return [member(shape.items, str(raw)) for raw in self.posted.getlist(path)]

    def _read_lines(self, shape: Shape, path: str, kept: Any) -> Any:
        lines = [line.strip() for line in str(self.posted.get(path, "")).splitlines() if line.strip()]
        return [one_of(shape.items, line) for line in lines] or self._nothing(shape, [], kept)

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
                found[name.strip()] = one_of(shape.values, value.strip())
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
        stored = [(str(n), row) for n, row in enumerate(kept)] if isinstance(kept, list) else []
        rows: list[Any] = []
        for place in self.rows(path):
            at = f"{path}.{place}"
            rows.append(self._inside(str(place), self._row, shape.items, at, stored))
        if self.posted.get("_add") == path and len(rows) < MOST_ROWS:
            rows.append(_new(shape.items))
        return rows or self._nothing(shape, [], kept)

    def _row(self, shape: Shape, path: str, stored: Sequence[tuple[str, Any]]) -> Any:
        kept = self._origin(path, stored)
        if shape.kind == "group":  # which is there, even where it might be null
            return self._members(shape, path, kept)
        value = self._value(shape, path, kept)
        return value if value is not ABSENT else "" if shape.kind == "textarea" else None

    def _origin(self, path: str, stored: Sequence[tuple[str, Any]]) -> Any:
        """Give the stored row that this one comes from, each to one row only; None for a new one."""
        raw = str(self.posted.get(f"{path}.{FROM}", ""))
        place, parent = place_of(raw), path.rpartition(".")[0]
        if not self.is_current or place is None or place >= len(stored) or (parent, place) in self._taken:
            self.came_from[path], self.origins[self._here] = "" if self.is_current else raw, None
            return None
        self._taken.add((parent, place))
        self.came_from[path] = raw
        self.origins[self._here] = stored[place][0]
        return stored[place][1]

    def _read_named(self, shape: Shape, path: str, kept: Any) -> Any:
        stored = list(kept.items()) if isinstance(kept, Mapping) else []
        found: dict[str, Any] = {}
        for place in self.rows(path):
            name, at = self._name_of(found, path, place), f"{path}.{place}"
            found[name] = self._inside(name, self._row, shape.values, at, stored)
        if self.posted.get("_add") == path and len(found) < MOST_ROWS:
            found.setdefault("", _new(shape.values))
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
            else next(one for n in range(2, MOST_ROWS + 2) if (one := f"{name} {n}".strip()) not in found)
        )

    def _read_rows(self, shape: Shape, path: str, kept: Any) -> Any:
        rows = [cells(shape.items, row) for row in rows_of(str(self.posted.get(path, "")))]
        return rows or self._nothing(shape, [], kept)

    def _read_cells(self, shape: Shape, path: str, kept: Any) -> Any:
        return cells(shape, cells_of(str(self.posted.get(path, "")))) or self._blank(shape)

    def _read_variant(self, shape: Shape, path: str, kept: Any) -> Any:
        chosen = str(self.posted.get(f"{path}.{shape.tag}", ""))
        is_same = isinstance(kept, Mapping) and kept.get(shape.tag, shape.usual_tag) == chosen
        stored = kept if is_same else {}  # what another kind keeps secret is for that alone
        if chosen not in shape.variants:
            return {**stored, shape.tag: chosen} if chosen else self._blank(shape)
        return {**self._members(shape.variants[chosen], path, stored), shape.tag: chosen}

    def rows(self, path: str) -> list[int]:
        """The numbers of a list's rows: each row has a hidden control that says it exists."""
        return [int(raw) for raw in self.posted.getlist(f"{path}.{ROW}") if place_of(str(raw)) is not None]

    def _json(self, path: str) -> Any:
        raw = str(self.posted.get(path, ""))
        try:
            return strict_json.read(raw, "This")
        except strict_json.NotJson as error:
            self._fault(path, "not_json", str(error))
            return raw

    def _fault(self, path: str, code: str, message: str) -> None:
        self.errors.setdefault(path, []).append(FieldError(code, message))


def _lines(text: str) -> str:
    return text.replace("\r\n", "\n")


def _new(shape: Shape) -> Any:
    """A row in which nothing stands yet."""
    return {} if shape.kind in ("group", "variant") else None
