"""Secrets in stored payloads: sealed one by one where the type marks them, so that a dump of the database holds none.

Everything else in a payload stays readable. What was stored before secrets were sealed is read as it is.
"""

import json
from collections.abc import Mapping
from typing import Any

from tasks_app.errors import FieldError
from tasks_app.handlers.locks import changed_locks
from tasks_app.handlers.masking import MASK, SEALED, changed
from tasks_app.models import ScheduledTask, TaskRun
from tasks_app.selectors.payloads import model_of
from tasks_app.services.sealing import Unsealable, seal, unseal

_NOT_TAKEN = FieldError("sealed", f"A value must not begin with {SEALED!r}; type it again.")


def sealed_payload(type_name: str, payload: dict[str, Any]) -> dict[str, Any]:
    """Give a checked payload as it is stored."""
    found: dict[str, Any] = changed(model_of(type_name), payload, _seal)
    return found


def opened_payload(thing: ScheduledTask | TaskRun, *, is_for_edit: bool = False) -> dict[str, Any]:
    """Give the payload of a task or run as it was given.

    Raises Unsealable when no key opens it; for an edit, a mask stands for such a value instead, to be typed again.
    """
    open_one = _open_or_mask if is_for_edit else _open
    found: dict[str, Any] = changed(model_of(thing.type), thing.payload, open_one)
    return found


def sealed_locks(type_name: str, locked: Mapping[str, Any]) -> dict[str, Any]:
    """Give the values that an administrator fixes as they are stored."""
    return changed_locks(model_of(type_name), locked, _seal)


def opened_locks(type_name: str, locked: Mapping[str, Any], *, is_for_edit: bool = False) -> dict[str, Any]:
    """Give the values that an administrator has fixed as they were given.

    Raises Unsealable when no key opens one; for an edit, a mask stands for such a value instead, to be typed again.
    """
    return changed_locks(model_of(type_name), locked, _open_or_mask if is_for_edit else _open) if locked else {}


def sealed_faults(payload: Any, path: str = "payload") -> dict[str, list[FieldError]]:
    """Name what only looks sealed: nobody puts a value that was copied out of the database to a use of their own."""
    if isinstance(payload, str):
        return {path: [_NOT_TAKEN]} if payload.startswith(SEALED) else {}
    members = payload.items() if isinstance(payload, dict) else enumerate(payload) if isinstance(payload, list) else ()
    found: dict[str, list[FieldError]] = {}
    for key, inner in members:
        found |= sealed_faults(inner, f"{path}.{str(key)[:80]}")
    return found


def _seal(value: Any) -> str:
    return SEALED + seal(json.dumps(value))


def _open(value: Any) -> Any:
    if not (isinstance(value, str) and value.startswith(SEALED)):
        return value
    return json.loads(unseal(value.removeprefix(SEALED)))


def _open_or_mask(value: Any) -> Any:
    try:
        return _open(value)
    except Unsealable:
        return MASK
