"""What stands in an audit entry: values of a sane size, secrets masked, and of two states only what differs."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import Model

from tasks_app.handlers import registry
from tasks_app.handlers.masking import MASK
from tasks_app.models import ScheduledTask, TaskRun
from tasks_app.selectors.payloads import masked_payload

MOST_TEXT = 500
MOST_ITEMS = 50
MOST_BYTES = 16_000
DEEPEST = 5
HIDDEN = "(hidden)"
_LARGEST_PLAIN = 2**53
_SMALLEST_PLAIN, _LARGEST_FRACTION = 1e-4, 1e15


@dataclass(frozen=True)
class Guarded:
    """A value that is compared as it is and shown as it may be."""

    shown: Any
    raw: Any = field(repr=False)


TASK_FIELDS = (
    *("name", "description", "key", "tags", "type", "schedule", "timezone", "starts_at", "ends_at", "max_runs"),
    *("calendar_id", "calendar_policy", "jitter_seconds", "spread_seconds", "queue", "priority", "max_retries"),
    *("retry", "soft_timeout_seconds", "timeout_seconds", "overlap", "misfire", "on_exhausted"),
    *("pause_after_failures", "notify_on_failure", "status", "pause_note"),
)


def task_values(task: ScheduledTask) -> dict[str, Any]:
    """Give what people choose about a task."""
    return {**values_of(task, TASK_FIELDS), **payload_values(task)}


def payload_values(thing: ScheduledTask | TaskRun, payload: Any = None) -> dict[str, Any]:
    """Give a payload member by member, masked as everywhere; of a sensitive type only that there is one."""
    raw = thing.payload if payload is None else payload
    if not isinstance(raw, Mapping) or _is_sensitive(thing.type):
        return {"payload": Guarded(HIDDEN, raw)} if raw else {}
    shown = masked_payload(type(thing)(type=thing.type, payload=raw))
    return {f"payload.{name}": Guarded(shown.get(name), value) for name, value in raw.items()}


def values_of(thing: Model, names: tuple[str, ...]) -> dict[str, Any]:
    """Give some fields of a row; text and lists are copied, because the row goes on."""
    return {name: getattr(thing, name) for name in names}


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Give what differs: before, and after. A secret that was changed says so, and shows neither."""
    was: dict[str, Any] = {}
    is_now: dict[str, Any] = {}
    for name in dict.fromkeys((*before, *after)):
        old, new = before.get(name), after.get(name)
        if old == new:
            continue
        old_shown, new_shown = _shown(old), _shown(new)
        if old_shown == new_shown and old is not None and new is not None:
            new_shown = "(changed)" if isinstance(new_shown, Mapping | list) else f"{new_shown} (changed)"
        was |= {name: old_shown} if name in before else {}
        is_now |= {name: new_shown} if name in after else {}
    return was, is_now


def given(values: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out what is empty: of something new, only that tells something."""
    return {name: value for name, value in values.items() if _shown(value) not in (None, "", [], {})}


def sized(values: Mapping[str, Any]) -> dict[str, Any]:
    """Give the values as they are stored: plain JSON that every database keeps exactly, and not too much of it."""
    plain = json.loads(json.dumps({name: _shown(value) for name, value in values.items()}, cls=_Encoder))
    cut = {_text(name)[:100]: _cut(value, DEEPEST) for name, value in list(plain.items())[:MOST_ITEMS]}
    sizes = {name: len(json.dumps(value)) for name, value in cut.items()}
    if sum(sizes.values()) > MOST_BYTES:
        share = MOST_BYTES // len(sizes)
        cut = {name: value if sizes[name] <= share else f"({sizes[name]:,} bytes)" for name, value in cut.items()}
    return cut


class _Encoder(DjangoJSONEncoder):
    def default(self, o: Any) -> Any:
        """Write what JSON has no word for as text."""
        try:
            return super().default(o)
        except TypeError:
            return str(o)


def _is_sensitive(type_name: str) -> bool:
    try:
        return registry.get(type_name).sensitive
    except KeyError:
        return True


def _shown(value: Any) -> Any:
    return value.shown if isinstance(value, Guarded) else value


def _cut(value: Any, depth: int) -> Any:
    if isinstance(value, dict | list):
        return _branch(value, depth) if depth else "…"
    return _text(value) if isinstance(value, str) else _number(value)


def _branch(value: dict[str, Any] | list[Any], depth: int) -> Any:
    if isinstance(value, dict):
        kept = {_text(name)[:100]: _cut(inner, depth - 1) for name, inner in list(value.items())[:MOST_ITEMS]}
        return kept if len(value) <= MOST_ITEMS else {**kept, "…": f"{len(value) - MOST_ITEMS} more"}
    items = [_cut(inner, depth - 1) for inner in value[:MOST_ITEMS]]
    return items if len(value) <= MOST_ITEMS else [*items, f"… {len(value) - MOST_ITEMS} more"]


def _text(text: str) -> str:
    """No NUL and no half of a character pair: PostgreSQL stores neither."""
    kept = text.replace("\0", "\ufffd").encode("utf-8", "replace").decode()
    return kept if len(kept) <= MOST_TEXT else f"{kept[:MOST_TEXT]}… ({len(kept):,} characters)"


def _number(value: Any) -> Any:
    """Databases write numbers in their own ways; those that all write alike stay numbers."""
    if isinstance(value, int) and abs(value) > _LARGEST_PLAIN:
        return str(value)[:MOST_TEXT]
    if not isinstance(value, float):
        return value
    if not math.isfinite(value):
        return str(value)
    if value.is_integer() and abs(value) < _LARGEST_PLAIN:
        return int(value)
    return value if _SMALLEST_PLAIN < abs(value) < _LARGEST_FRACTION else str(value)


def secret_of(is_changed: bool) -> dict[str, str]:
    """Tell of a secret that was given anew."""
    return {"secret": f"{MASK} (changed)"} if is_changed else {}
