"""Rows of lists in a posted form: in which order they stand, which go, and from which stored row each comes.

A row says that it exists by `<list>.__row`, which holds its number, and `<list>.<number>.__from` names the stored row
that it came from, so that secrets which no page shows follow it; `<secret>.__kept` says that there is one. Rows may
stand in any order and leave gaps: scripts move and take away rows in the page; without them the buttons `_add`,
`_remove` and `_up` are sent with the form.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from django.core.exceptions import SuspiciousOperation
from django.http import QueryDict
from django.utils.crypto import salted_hmac

from tasks_app.handlers.unmasking import Origins
from tasks_app.web.forms.field import Field

ROW, FROM, KEPT = "__row", "__from", "__kept"
ROWS_OF = "payload.__of"
"""The control that says of which payload the numbers in `__from` speak."""
BUTTONS = ("_add", "_remove", "_up")
MOST_ROWS = 1_000
_ROOT = "payload"
_PLACE = re.compile(r"\d{1,4}", re.ASCII)
_LISTED = ("list", "named")


@dataclass(frozen=True)
class Rows:
    """What a form knows of its rows: the `mark` of the payload that they were drawn from, and whence each comes.

    `came_from` is None for a form that nobody has sent yet: each row stands where it is stored.
    """

    mark: str = ""
    origins: Origins = field(default_factory=dict)
    came_from: Mapping[str, str] | None = None

    def told(self, fields: Sequence[Field]) -> list[Field]:
        """Let the rows say which stored row each comes from; a row that is not named is new."""
        came_from = self.came_from
        return list(fields) if came_from is None else [_told(one, came_from) for one in fields]


def arranged(posted: QueryDict) -> QueryDict:
    """Give the form with the rows of its payload numbered as they stand, and what the buttons ask for done."""
    rows = sum(len(posted.getlist(name)) for name in posted if name.endswith(f".{ROW}"))
    if rows + ("_add" in posted) > MOST_ROWS:
        raise SuspiciousOperation("A form has at most 1,000 rows.")  # none of them is dropped unsaid
    orders = {
        name.removesuffix(f".{ROW}"): _order(posted, name.removesuffix(f".{ROW}"))
        for name in posted
        if name.startswith(f"{_ROOT}.") and name.endswith(f".{ROW}")
    }
    if not orders:
        return posted
    found = QueryDict(mutable=True, encoding=posted.encoding)
    for name, values in posted.lists():
        kept = _placed(name, orders)
        if kept is None:
            continue
        if name.removesuffix(f".{ROW}") in orders:
            values = [str(number) for number in range(len(orders[name.removesuffix(f".{ROW}")]))]  # noqa: PLW2901
        elif name == "_add":
            values = [_placed(str(value), orders) or "" for value in values]  # noqa: PLW2901
        found.setlist(kept, values)
    return found


def rows_mark(payload: Any) -> str:
    """Give a mark of a stored payload, by which a form knows whether its rows still stand where they stood."""
    return salted_hmac("carillon.rows", json.dumps(payload, sort_keys=True, default=str)).hexdigest()[:20]


def place_of(raw: str) -> int | None:
    """Read the number of a row."""
    return int(raw) if _PLACE.fullmatch(raw) else None


def _told(one: Field, came_from: Mapping[str, str]) -> Field:
    if not one.children:
        return one
    children = [_told(child, came_from) for child in one.children]
    if one.kind in _LISTED:
        children = [
            replace(row, attributes={**row.attributes, "from": came_from.get(row.path, "")}) for row in children
        ]
    return replace(one, children=children)


def _order(posted: QueryDict, path: str) -> dict[str, int]:
    """Give the new number of each row by its old one."""
    found = [place_of(str(raw)) for raw in posted.getlist(f"{path}.{ROW}")]
    rows = [str(number) for number in dict.fromkeys(one for one in found if one is not None)]
    removed, lifted = (str(posted.get(button, "")).removeprefix(f"{path}.") for button in ("_remove", "_up"))
    if removed in rows:
        rows.remove(removed)
    if lifted in rows[1:]:
        place = rows.index(lifted)
        rows[place - 1 : place + 1] = rows[place], rows[place - 1]
    return {row: number for number, row in enumerate(rows)}


def _placed(name: str, orders: Mapping[str, Mapping[str, int]]) -> str | None:
    """Give a control the name that it has once the rows are numbered anew; None when its row is not there."""
    before, found = "", []
    for step in name.split("."):
        order = orders.get(before)
        if order is not None and _PLACE.fullmatch(step):
            if step not in order:
                return None
            found.append(str(order[step]))
        else:
            found.append(step)
        before = f"{before}.{step}" if before else step
    return ".".join(found)
