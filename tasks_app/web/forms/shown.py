"""What a control shows of a value, each kind in its own way."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from django.utils import timezone

from tasks_app.web.forms.cells import as_cells, as_rows
from tasks_app.web.forms.moments import shown_moment


class AsTyped(str):
    """What was to be JSON and is none: it is shown as it was typed."""


def shown(kind: str, value: Any) -> Any:
    """Give what stands in a control of this kind that holds the value."""
    show: Callable[[Any], Any] = _SHOW.get(kind, as_text)
    return show(value)


def as_text(value: Any) -> str:
    """Write a value in one line."""
    return "" if value is None else value if isinstance(value, str) else json.dumps(value)


def same_ends(text: str) -> str:
    """Give a text with the ends of its lines as they are stored; a browser sends each as CR LF."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def as_json(value: Any) -> str:
    """Write a value as JSON that people can read."""
    if value is None or isinstance(value, AsTyped):
        return value or ""
    return json.dumps(value, indent=2, ensure_ascii=False)


def as_json_rows(value: Any) -> str:
    """Write many rows as JSON, one in each line."""
    if isinstance(value, list):
        return "[\n" + ",\n".join(f"  {_row(row)}" for row in value) + "\n]"
    if isinstance(value, Mapping):
        return "{\n" + ",\n".join(f"  {_row(name)}: {_row(row)}" for name, row in value.items()) + "\n}"
    return as_json(value)


def _row(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _lines(value: Any) -> str:
    return "\n".join(as_text(item) for item in value) if isinstance(value, list) else as_text(value)


def _map(value: Any) -> str:
    if not isinstance(value, Mapping):
        return as_text(value)
    return "\n".join(f"{name}: {as_text(item)}" for name, item in value.items())


def _datetime(value: Any) -> str:
    return shown_moment(value, str(timezone.get_current_timezone())) if isinstance(value, str) else as_text(value)


_SHOW: dict[str, Callable[[Any], Any]] = {
    "json": as_json,
    "json-rows": as_json_rows,
    "lines": _lines,
    "map": _map,
    "cells": as_cells,
    "rows": as_rows,
    "datetime": _datetime,
    "bool": bool,
    "secret": lambda _value: "",
    "group": lambda _value: None,
    "list": lambda value: len(value) if isinstance(value, list) else 0,
    "named": lambda value: len(value) if isinstance(value, Mapping) else 0,
}
