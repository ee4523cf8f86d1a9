"""Whether the lines of a control can say a value: else one change in it would change what stands beside it, too."""

import json
from collections.abc import Mapping
from typing import Any

from tasks_app.web.forms.cells import as_cells, as_rows, cells_of, rows_of
from tasks_app.web.forms.shape import Shape
from tasks_app.web.forms.shown import as_text, same_ends
from tasks_app.web.forms.typed import cells, one_of

LINED = ("lines", "map", "rows", "cells")
"""The kinds of control in which several values stand as text."""


def in_one_line(text: str) -> str:
    """Give what a control of one line makes of a text."""
    return text.replace("\r", "").replace("\n", "")


def can_say(shape: Shape, value: Any) -> bool:
    """Say whether a control gives the value back as it is; what is no list or map is shown as it stands."""
    if shape.kind == "lines" and isinstance(value, list):
        return all(_is_line(shape.items, item) for item in value)
    if shape.kind == "map" and isinstance(value, Mapping):
        return all(_is_name(name) and _is_said(shape.values, item) for name, item in value.items())
    if shape.kind == "rows" and isinstance(value, list):
        read = [cells(shape.items, row) for row in rows_of(same_ends(as_rows(value)))]
        return not value or _is_same(read, value)
    if shape.kind == "cells" and isinstance(value, list):
        text = as_cells(value)
        return not value or (text == in_one_line(text) and _is_same(cells(shape, cells_of(text)), value))
    return True


def _is_line(shape: Shape, item: Any) -> bool:
    return item not in (None, "") and _is_said(shape, item)


def _is_name(name: str) -> bool:
    return name != "" and ":" not in name and name == name.strip() and name == in_one_line(name)


def _is_said(shape: Shape, item: Any) -> bool:
    if shape.kind == "group" and isinstance(item, Mapping):
        return True  # as JSON in its line
    text = as_text(item)
    return text == text.strip() and text == in_one_line(text) and _is_same(one_of(shape, text), item)


def _is_same(found: Any, value: Any) -> bool:
    """In JSON 1, 1.0 and true are not the same, though Python takes them for that."""
    return found is value or json.dumps(found) == json.dumps(value)
