"""A payload that is too large as a whole: said at the field that holds most of it, which is the one to shorten."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from tasks_app.errors import FieldError

_PAYLOAD = "payload"


def at_largest(payload: Mapping[str, Any] | None, errors: Mapping[str, Sequence[FieldError]]) -> Mapping[str, Any]:
    """Move what is said of the size of the whole payload to its largest field."""
    whole = errors.get(_PAYLOAD, ())
    moved = [fault for fault in whole if fault.code == "too_large"]
    if not payload or not moved:
        return errors
    path = f"{_PAYLOAD}.{max(payload, key=lambda name: len(json.dumps(payload[name], default=str)))}"
    others = {
        **{name: faults for name, faults in errors.items() if name != _PAYLOAD},
        _PAYLOAD: [fault for fault in whole if fault not in moved],
    }
    return {**others, path: [*moved, *others.get(path, ())]}
