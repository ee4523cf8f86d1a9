"""What a handler says, made fit for every database: PostgreSQL stores neither NUL nor half a surrogate pair."""

import json
from typing import Any

DEEPEST = 100
"""What is nested deeper may be written here and not be read where less room is left to recurse."""


def storable_text(text: str) -> str:
    """Replace the characters that cannot be stored."""
    return text.replace("\x00", "\ufffd").encode("utf-8", "replace").decode()


def storable_json(value: object) -> Any:
    """Give the value as plain JSON with storable texts; raises TypeError or ValueError when it is not JSON."""
    return storable_of(json_text(value))


def json_text(value: object) -> str:
    """Write the value as JSON; raises TypeError or ValueError when it is none."""
    try:
        return json.dumps(value, allow_nan=False)
    except RecursionError:
        raise ValueError(f"it is nested deeper than {DEEPEST} levels") from None


def storable_of(text: str) -> Any:
    """Read JSON with storable texts; raises ValueError when it is nested too deeply."""
    try:
        return _clean(json.loads(text), DEEPEST)
    except RecursionError:
        raise ValueError(f"it is nested deeper than {DEEPEST} levels") from None


def _clean(value: Any, depth: int) -> Any:
    if isinstance(value, str):
        return storable_text(value)
    if not isinstance(value, (list, dict)):
        return value
    if not depth:
        raise ValueError(f"it is nested deeper than {DEEPEST} levels")
    if isinstance(value, list):
        return [_clean(item, depth - 1) for item in value]
    return {storable_text(key): _clean(item, depth - 1) for key, item in value.items()}
