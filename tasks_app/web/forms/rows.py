"""Add and remove rows of a list inside a payload: what the buttons do, with or without JavaScript."""

from typing import Any


def add_row(payload: dict[str, Any], path: str) -> None:
    """Append an empty row to the list at `payload.<…>`; a path that leads nowhere changes nothing."""
    *way, last = path.split(".")[1:] or [""]
    if not last:
        return
    parent = _follow(payload, way)
    if isinstance(parent, dict):
        rows = parent.setdefault(last, [])
        if isinstance(rows, list):
            rows.append({})


def remove_row(payload: dict[str, Any], path: str) -> None:
    """Take the row at `payload.<…>.<n>` away."""
    *way, last = path.split(".")[1:] or [""]
    rows = _follow(payload, way)
    if isinstance(rows, list) and last.isdigit() and int(last) < len(rows):
        del rows[int(last)]


def _follow(value: Any, way: list[str]) -> Any:
    for step in way:
        if isinstance(value, list) and step.isdigit() and int(step) < len(value):
            value = value[int(step)]
        elif isinstance(value, dict):
            value = value.setdefault(step, {})
        else:
            return None
    return value
