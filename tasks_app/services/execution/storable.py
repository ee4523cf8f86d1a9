"""What a handler says, made fit for every database: PostgreSQL stores neither NUL nor half a surrogate pair."""

import json
from typing import Any


def storable_text(text: str) -> str:
    """Replace the characters that cannot be stored."""
    return text.replace("\x00", "\ufffd").encode("utf-8", "replace").decode()


def storable_json(value: object) -> Any:
    """Give the value as plain JSON with storable texts; raises TypeError or ValueError when it is not JSON."""
    return _clean(json.loads(json.dumps(value, allow_nan=False)))


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return storable_text(value)
    if isinstance(value, list):
        return [_clean(item) for item in value]
    if isinstance(value, dict):
        return {storable_text(key): _clean(item) for key, item in value.items()}
    return value
