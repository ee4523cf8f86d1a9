"""What a control shows of a value, each kind in its own way."""

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from django.utils import timezone

from tasks_app.web.forms.cells import as_cells, as_rows


def shown(kind: str, value: Any) -> Any:
    """Give what stands in a control of this kind that holds the value."""
    show: Callable[[Any], Any] = _SHOW.get(kind, as_text)
    return show(value)


def as_text(value: Any) -> str:
    """Write a value in one line."""
    return "" if value is None else value if isinstance(value, str) else json.dumps(value)


def as_json(value: Any) -> str:
    """Write a value as JSON that people can read."""
    return "" if value is None else value if isinstance(value, str) else json.dumps(value, indent=2, ensure_ascii=False)


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
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        return as_text(value)
    local = timezone.localtime(moment) if timezone.is_aware(moment) else moment
    return local.strftime("%Y-%m-%dT%H:%M:%S" if local.second else "%Y-%m-%dT%H:%M")


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
