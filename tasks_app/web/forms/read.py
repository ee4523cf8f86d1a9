"""From a posted form back to a payload.

What cannot be read is left as it was typed, so that validation names it and nothing is lost.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.http import QueryDict

from tasks_app.handlers.unmasking import Steps
from tasks_app.web.forms.controls import Controls
from tasks_app.web.forms.kept import ABSENT, idle, settled
from tasks_app.web.forms.many import origins_of
from tasks_app.web.forms.named import NAME
from tasks_app.web.forms.pick import Picker
from tasks_app.web.forms.rows import FROM, MOST_ROWS, ROW, place_of
from tasks_app.web.forms.sayable import in_one_line
from tasks_app.web.forms.shape import Shape
from tasks_app.web.forms.told import drawn_for, fitting, is_lost, is_plain, told_in
from tasks_app.web.forms.ways import left_out, unsaid, ways_of

_OTHER = "These belong to what was chosen before. Look through them, then save again."


class Reader(Controls):
    """Reads one form. `kept` is the stored payload: a secret left blank keeps its value.

    `origins` then says from which stored row each row of the payload comes, and `came_from` how the form says so.
    `left` names what stands in ways that were not chosen, each with the place that was, and `as_json` what the form has
    had as JSON, or not.
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
        picker: Picker | None = None,
    ) -> None:
        super().__init__(posted, is_current=is_current, picker=picker)
        self.root = Shape(schema, schema)
        self.kept = kept or {}
        self.origins: dict[Steps, str | None] = {}
        self.came_from: dict[str, str] = {}
        self.left: dict[str, str] = {}
        self._here: Steps = ()
        self._taken: set[tuple[str, int]] = set()

    def payload(self) -> dict[str, Any]:
        """Give the payload as it was meant."""
        if self.root.kind == "group":
            return self._members(self.root, "payload", self.kept)
        if self.root.kind == "variant":
            chosen = self.value(self.root, "payload", self.kept)
            return {} if chosen is ABSENT else dict(chosen)
        if self.root.kind in ("map", "named"):
            value = self.value(self.root, "payload", self.kept)
        else:
            value = self.json("payload") if "payload" in self.posted else {}
        return value if isinstance(value, dict) else {}

    def _members(self, shape: Shape, path: str, kept: Any) -> dict[str, Any]:
        found: dict[str, Any] = {}
        stored = kept if isinstance(kept, Mapping) else {}
        ways = ways_of(shape, path)
        left = left_out(ways, self.posted, path)
        self.left |= left
        told = shape.members(told_in(shape, self.posted, path))
        for name, inner in shape.properties.items():
            at, before = f"{path}.{name}", stored.get(name, ABSENT)
            if at in left:
                value = idle(inner, before)
            else:
                given = (self._told, inner, told[name]) if inner.told_by else (self.value, inner)
                # What is not stored is shown as the default, and compared with that.
                shown = stored.get(name, inner.schema.get("default", ABSENT))
                value = settled(
                    inner, self._inside(name, *given, at, shown), before, is_required=name in shape.required
                )
            if value is not ABSENT:
                found[name] = value
        for name, words in unsaid(ways, self.posted, found):
            self.fault(f"{path}.{name}", "required", words)
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

    def _told(self, bare: Shape, told: Shape, path: str, kept: Any) -> Any:
        """Read a field whose shape another one tells, which may tell another by now than when it was drawn."""
        if is_plain(told, self.posted, path):
            return self.value(bare, path, kept)
        value, before = self.value(told, path, kept), drawn_for(self.posted, path)
        if not before or bare.once(before).schema == told.schema:
            return value
        fits = fitting(told, value)
        if fits != value or is_lost(told, self.posted, path):
            self.fault(path, "other_shape", _OTHER)
        return fits

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
        return rows or self.nothing(shape, [], kept)

    def _read_json_rows(self, shape: Shape, path: str, kept: Any) -> Any:
        if not self.text(path).strip():
            return self.nothing(shape, {} if shape.kind in ("named", "map") else [], kept)
        rows = self.json(path)
        if self.is_current:
            self.origins |= origins_of(rows, kept, self._here)
        return rows

    def _row(self, shape: Shape, path: str, stored: Sequence[tuple[str, Any]]) -> Any:
        kept = self._origin(path, stored)
        if shape.kind == "group":  # which is there, even where it might be null
            return self._members(shape, path, kept) or (None if kept is None else {})
        value = self.value(shape, path, kept)
        if value is ABSENT and shape.kind in ("enum", "choice"):
            self.fault(path, "required", "Choose one, or remove this row.")
        return value if value is not ABSENT else "" if shape.kind == "textarea" else None

    def _origin(self, path: str, stored: Sequence[tuple[str, Any]]) -> Any:
        """Give the stored row that this one comes from, each to one row only; ABSENT for a new one."""
        raw = str(self.posted.get(f"{path}.{FROM}", ""))
        place, parent = place_of(raw), path.rpartition(".")[0]
        if not self.is_current or place is None or place >= len(stored) or (parent, place) in self._taken:
            self.came_from[path], self.origins[self._here] = "" if self.is_current else raw, None
            return ABSENT
        self._taken.add((parent, place))
        self.came_from[path] = raw
        self.origins[self._here] = stored[place][0]
        return stored[place][1]

    def _read_named(self, shape: Shape, path: str, kept: Any) -> Any:
        stored = list(kept.items()) if isinstance(kept, Mapping) else []
        found: dict[str, Any] = {}
        for place in self.rows(path):
            name, at = self._name_of(found, path, place, stored), f"{path}.{place}"
            found[name] = self._inside(name, self._row, shape.values, at, stored)
        if self.posted.get("_add") == path and len(found) < MOST_ROWS:
            found.setdefault("", _new(shape.values))
        return found or self.nothing(shape, {}, kept)

    def _name_of(self, found: Mapping[str, Any], path: str, place: int, stored: Sequence[tuple[str, Any]]) -> str:
        """Read the name of a row; one that is there already gets a number, so that nothing is lost."""
        raw, at = str(self.posted.get(f"{path}.{place}.{NAME}", "")), f"{path}.{len(found)}.{NAME}"
        before = place_of(str(self.posted.get(f"{path}.{place}.{FROM}", "")))
        kept = stored[before][0] if before is not None and before < len(stored) else None
        name = kept if kept is not None and raw == in_one_line(kept) else raw.strip()
        if name not in found and (name or name == kept):
            return name
        if name:
            self.fault(at, "duplicate", f"There is a “{name}” already.")
        else:
            self.fault(at, "blank", "Give it a name.")
        return (
            name
            if name not in found
            else next(one for n in range(2, MOST_ROWS + 2) if (one := f"{name} {n}".strip()) not in found)
        )

    def _read_variant(self, shape: Shape, path: str, kept: Any) -> Any:
        chosen = str(self.posted.get(f"{path}.{shape.tag}", ""))
        is_same = isinstance(kept, Mapping) and shape.tag_of(kept) == chosen
        stored = kept if is_same else {}  # what another kind keeps secret is for that alone
        if chosen not in shape.variants:
            return {**stored, shape.tag: chosen} if chosen else self.blank(shape)
        is_unsaid = stored and shape.tag not in stored and "discriminator" not in shape.resolved
        return self._members(shape.variants[chosen], path, stored) | ({} if is_unsaid else {shape.tag: chosen})

    def rows(self, path: str) -> list[int]:
        """The numbers of a list's rows: each row has a hidden control that says it exists."""
        return [int(raw) for raw in self.posted.getlist(f"{path}.{ROW}") if place_of(str(raw)) is not None]


def _new(shape: Shape) -> Any:
    """A row in which nothing stands yet."""
    return {} if shape.kind in ("group", "variant") else None
