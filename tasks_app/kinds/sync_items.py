"""From the text of an answer to records: JSON with bounds, a list in it, and a key in each item."""

import hashlib
import json
import math
from collections.abc import Iterator, Sequence
from typing import Any

from tasks_app.kinds.json_path import WHOLE, NoSuchPlace, value_at
from tasks_app.services.execution.storable import storable_json
from tasks_app.services.synced_records import Item

LONGEST_KEY = 200
LARGEST_RECORD = 256 * 1024
DEEPEST = 20
# What a page of the largest size may unpack into: some 200 MB in the worst case.
MOST_CONTAINERS = 500_000
MOST_VALUES = 3_000_000


class Unreadable(ValueError):
    """The service's answer is not what was agreed; the message says in which way."""


def parsed(body: bytes) -> Any:
    """Give the JSON document; raise `Unreadable` for what is none, or would not fit into memory."""
    if body.count(b"{") + body.count(b"[") > MOST_CONTAINERS or body.count(b",") > MOST_VALUES:
        raise Unreadable(f"holds more than {MOST_VALUES} values or {MOST_CONTAINERS} objects and lists.")
    try:
        return json.loads(body, parse_constant=_refuse)
    except RecursionError:
        raise Unreadable("is nested too deep.") from None
    except ValueError as error:
        start = body[:60].decode("ascii", "replace").strip()
        raise Unreadable(f"is not JSON ({str(error)[:100]}); it begins with {start!r}.") from None


def items_in(document: Any, path: str) -> list[Any]:
    """Give the list that the path leads to."""
    try:
        items = value_at(document, path)
    except NoSuchPlace:
        raise Unreadable(f"has nothing at {path!r}.") from None
    if not isinstance(items, list):
        where = f"is {_kind(items)}" if path == WHOLE else f"has {_kind(items)} at {path!r}"
        raise Unreadable(f"{where}, where a list is wanted.")
    return items


def value_or_none(document: Any, path: str) -> Any:
    """Give what is at the path; where it leads nowhere, what JSON has for nothing."""
    try:
        return value_at(document, path)
    except NoSuchPlace:
        return None


def read_items(items: Sequence[Any], *, key: str, fields: Sequence[str]) -> Iterator[Item]:
    """Give the items as records; the first that is none raises `Unreadable` with its place, counted from 1."""
    for number, item in enumerate(items, start=1):
        try:
            yield _read(item, key, fields)
        except Unreadable as error:
            raise Unreadable(f"item {number} {error}") from None


def _read(item: Any, key: str, fields: Sequence[str]) -> Item:
    if not isinstance(item, dict):
        raise Unreadable(f"is {_kind(item)}, not an object.")
    found = _key(item, key)
    data = {name: item[name] for name in fields if name in item} if fields else item
    text = _canonical(data)
    if "\\u0000" in text or "\\ud" in text:
        text = _canonical(storable_json(data))
    return Item(found, text, hashlib.sha256(text.encode()).hexdigest())


def _key(item: dict[str, Any], path: str) -> str:
    value = value_or_none(item, path)
    if value is None or value == "":
        raise Unreadable(f"has no key at {path!r}.")
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise Unreadable(f"has {_kind(value)} as its key at {path!r}; text or a number is wanted.")
    text = value if isinstance(value, str) else json.dumps(value)
    if len(text) > LONGEST_KEY:
        raise Unreadable(f"has a key of {len(text)} characters at {path!r}; at most {LONGEST_KEY} are taken.")
    if "\0" in text or not _is_text(text) or (isinstance(value, float) and not math.isfinite(value)):
        raise Unreadable(f"has a key at {path!r} that cannot be stored.")
    return text


def _canonical(data: dict[str, Any]) -> str:
    """Give the one text of what is equal as JSON."""
    try:
        text = json.dumps(data, sort_keys=True, separators=(",", ":"), allow_nan=False)
    except (ValueError, RecursionError):
        raise Unreadable("holds a number that is too large, or is nested too deep.") from None
    if len(text) > LARGEST_RECORD:
        raise Unreadable(f"has {len(text)} bytes; at most {LARGEST_RECORD} are taken.")
    # As many brackets as levels it has at least.
    if text.count("{") + text.count("[") > DEEPEST and _is_deeper(data, DEEPEST):
        raise Unreadable(f"is nested deeper than {DEEPEST} levels.")
    return text


def _is_deeper(value: Any, levels: int) -> bool:
    if not isinstance(value, dict | list):
        return False
    inside = value.values() if isinstance(value, dict) else value
    return levels == 0 or any(_is_deeper(one, levels - 1) for one in inside)


def _is_text(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _kind(value: Any) -> str:
    kinds = {dict: "an object", list: "a list", str: "a text", bool: "true or false", type(None): "null"}
    return kinds.get(type(value), "a number")


def _refuse(word: str) -> float:
    raise ValueError(f"{word} is no number in JSON")
