"""Checks of what people send, shared by every service that stores text or JSON."""

import json
import math
import unicodedata
from collections.abc import Iterator
from typing import Any

from tasks_app.errors import FieldError

MAX_DEPTH = 20
# As many as a body of the API may have; the size is limited besides.
MAX_NODES = 20_000
_ALLOWED_CONTROLS = "\t\n\r"


class Problems:
    """Collects field errors, so that one answer names them all."""

    def __init__(self) -> None:
        self.fields: dict[str, list[FieldError]] = {}

    def add(self, path: str, code: str, message: str) -> None:
        """Note one thing wrong with one field."""
        self.note(path, FieldError(code, message))

    def note(self, path: str, fault: FieldError) -> None:
        """Note a fault as it is."""
        self.fields.setdefault(path, []).append(fault)

    def merge(self, fields: dict[str, list[FieldError]]) -> None:
        """Take over errors found elsewhere."""
        for path, errors in fields.items():
            self.fields.setdefault(path, []).extend(errors)

    def __bool__(self) -> bool:
        return bool(self.fields)


def check_text(problems: Problems, path: str, value: object, *, most: int, is_required: bool = False) -> str:
    """Check one string: its length, no control characters or lone surrogates, not only blanks where required."""
    if not isinstance(value, str):
        problems.add(path, "type", "Must be text.")
        return ""
    if (fault := _fault_in(value)) is not None:
        problems.add(path, "characters", fault)
    if len(value) > most:
        problems.add(path, "too_long", f"At most {most} characters; this has {len(value)}.")
    if is_required and not _visible(value):
        problems.add(path, "blank", "Must not be blank.")
    return value.strip()


def check_range(problems: Problems, path: str, value: object, low: int, high: int) -> None:
    """Check a whole number; None passes."""
    if value is None:
        return
    if isinstance(value, bool) or not isinstance(value, int):
        problems.add(path, "type", "Must be a whole number.")
    elif not low <= value <= high:
        problems.add(path, "out_of_range", f"Must be between {low} and {high}.")


def check_number(problems: Problems, path: str, value: object, limits: tuple[int, int], *, is_required: bool) -> None:
    """Check a whole number that may be absent only where it is not required."""
    if value is None and is_required:
        problems.add(path, "type", "Must be a whole number.")
    check_range(problems, path, value, *limits)


def check_choice(problems: Problems, path: str, value: object, choices: list[str]) -> None:
    """Check that the value is one of a few words."""
    if value not in choices:
        problems.add(path, "unknown", f"Must be one of: {', '.join(choices)}.")


def check_json(problems: Problems, path: str, value: object, *, most_bytes: int) -> None:
    """Check that JSON from outside can be stored and shown anywhere: size, depth, characters, finite numbers."""
    for nodes, (where, node, depth) in enumerate(_walk(path, value), start=1):
        if nodes > MAX_NODES or depth > MAX_DEPTH:
            problems.add(path, "too_large", f"At most {MAX_NODES:,} values, nested at most {MAX_DEPTH} deep.")
            return
        if isinstance(node, str) and (fault := _fault_in(node)) is not None:
            problems.add(where, "characters", fault)
        elif isinstance(node, float) and not math.isfinite(node):
            problems.add(where, "not_finite", "Must be a finite number.")
    if not problems and len(json.dumps(value, default=str).encode()) > most_bytes:
        problems.add(path, "too_large", f"At most {most_bytes} bytes as JSON.")


def _walk(path: str, value: object, depth: int = 0) -> Iterator[tuple[str, object, int]]:
    yield path, value, depth
    if depth > MAX_DEPTH:
        return
    children: Iterator[tuple[Any, Any]] = iter(())
    if isinstance(value, dict):
        children = iter(value.items())
        for key in value:
            yield f"{path}.{str(key)[:80]}", key, depth + 1
    elif isinstance(value, list | tuple):
        children = iter(enumerate(value))
    for key, child in children:
        yield from _walk(f"{path}.{str(key)[:80]}", child, depth + 1)


def _fault_in(text: str) -> str | None:
    for character in text:
        category = unicodedata.category(character)
        if category == "Cs" or (category == "Cc" and character not in _ALLOWED_CONTROLS):
            return f"Must not contain the character U+{ord(character):04X}."
    return None


def _visible(text: str) -> bool:
    return any(unicodedata.category(character) not in ("Zs", "Zl", "Zp", "Cc", "Cf") for character in text)
