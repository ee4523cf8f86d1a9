"""Add and remove rows of a list inside a payload: what the buttons do, with or without JavaScript."""

from typing import Any

_DEEPEST = 20


def add_row(payload: dict[str, Any], path: str) -> None:
    """Append an empty row to the list at `payload.<…>`; a path that leads nowhere changes nothing."""
    *way, last = _steps(path)
    if not last:
        return
    parent = _follow(payload, way)
    if isinstance(parent, dict):
        rows = parent.setdefault(last, [])
        if isinstance(rows, list):
            rows.append({})


def remove_row(payload: dict[str, Any], path: str) -> None:
    """Take the row at `payload.<…>.<n>` away."""
    *way, last = _steps(path)
    rows = _follow(payload, way)
    if isinstance(rows, list) and _is_place(last, rows):
        del rows[int(last)]


def _steps(path: str) -> list[str]:
    """Give the way from the payload to what is meant; none for a path that is longer than any form's."""
    steps = path.split(".", _DEEPEST + 1)[1:]
    return steps if 0 < len(steps) <= _DEEPEST else [""]


def _is_place(step: str, rows: list[Any]) -> bool:
    return step.isascii() and step.isdecimal() and len(step) < 5 and int(step) < len(rows)  # noqa: PLR2004


def _follow(value: Any, way: list[str]) -> Any:
    for step in way:
        if isinstance(value, list) and _is_place(step, value):
            value = value[int(step)]
        elif isinstance(value, dict):
            value = value.setdefault(step, {})
        else:
            return None
    return value
