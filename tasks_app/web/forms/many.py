"""Lists of so many rows that fields for each would be slow to open and too many to send: written as JSON instead."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from django.http import QueryDict

from tasks_app.handlers.unmasking import Origins, Steps
from tasks_app.web.forms.named import parts
from tasks_app.web.forms.sayable import LINED, can_say
from tasks_app.web.forms.shape import Shape

MOST_OF_ONE, MOST_OF_ALL = 100, 200
"""How many rows one list, with the rows inside of its rows, and a whole form are drawn with."""
JSON = "__json"
"""The control that says of a list that it is written as JSON."""
LISTED = ("list", "named")
WRITTEN = (*LISTED, *LINED, "choices")
"""The kinds that may be written as JSON; choices are lines where there is nothing to choose from."""


def in_json(schema: Mapping[str, Any], payload: Any, said: Mapping[str, bool] | None = None) -> frozenset[str]:
    """Give the places of what is written as JSON: lists of very many rows, and what its own control could not say.

    `said` is how a form that was sent has had them; so they stay.
    """
    counts: dict[str, int] = {}
    found = {path for path, is_json in (said or {}).items() if is_json}
    _count(Shape(schema, schema), payload, "payload", (said or {}, counts, found))
    while sum(counts.values()) > MOST_OF_ALL:
        largest = max(counts, key=lambda path: counts[path])
        del counts[largest]
        found.add(largest)
    return frozenset(found)


def said_by(posted: QueryDict) -> dict[str, bool]:
    """Read what of a form was written as JSON, and which lists as rows: they stay as they are."""
    rows = {name.removesuffix(".__row"): False for name in posted if name.endswith(".__row")}
    return rows | {name.removesuffix(f".{JSON}"): True for name in posted if name.endswith(f".{JSON}")}


def origins_of(rows: Any, kept: Any, here: Steps) -> Origins:
    """Say from which stored row each comes, where rows were changed in their places and nothing else.

    `kept` is what the form showed. After anything else rows are known by their look alone.
    """
    if not (isinstance(rows, list) and isinstance(kept, list) and len(rows) == len(kept)):
        return {}
    changed = [row for row, before in zip(rows, kept, strict=True) if row != before]
    known = {_look(row) for row in kept}
    if len(changed) == len(rows) or any(_look(row) in known for row in changed):
        return {}
    return {(*here, str(number)): str(number) for number in range(len(rows))} if _is_told_apart(rows, kept) else {}


def _is_told_apart(rows: list[Any], kept: list[Any]) -> bool:
    """Say whether no row was changed that another looked like: the two may have changed places before."""
    looks = Counter(map(_look, kept))
    return all(row == before or looks[_look(before)] == 1 for row, before in zip(rows, kept, strict=True))


def _look(row: Any) -> str:
    return repr(row)


def _count(shape: Shape, value: Any, path: str, told: tuple[Mapping[str, bool], dict[str, int], set[str]]) -> int:
    """Count the rows at a place that are drawn as such; those of the outermost lists are left in the counts."""
    said, counts, found = told
    if shape.kind in LINED:
        if value and not can_say(shape, value):
            found.add(path)
        return 0
    is_list = shape.kind in LISTED
    if is_list and (not isinstance(value, list | Mapping | None) or said.get(path, len(value or ()) > MOST_OF_ONE)):
        found.add(path)  # text that was to be JSON, or so many that nobody need look inside
        return 0
    inside = (said, {}, found) if is_list else told
    rows = sum(_count(inner, part, f"{path}.{step}", inside) for step, inner, part in parts(shape, value))
    if not is_list:
        return rows
    rows += len(value or ())
    if said.get(path, rows > MOST_OF_ONE):
        found.add(path)
        return 0
    if path not in said:
        counts[path] = rows
    return rows
