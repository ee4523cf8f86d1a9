"""Checks of what people send, shared by every service that stores text or JSON."""

import json
import math
import re
import unicodedata
from collections.abc import Iterator
from typing import Any

from django.conf import settings

from tasks_app.errors import FieldError, Invalid

_LONGEST_NOTE = 500
_LINE_ENDS = "\t\n\r\u2028\u2029"
_KIB = 1024
# Said of what a task is given as a whole; a form says it at the field that holds most of it.
_SHORTEN = "Shorten it, or let the task read it from a file or an address, where its type can."
_TOO_LARGE = "All that is given here takes more than {} together. " + _SHORTEN
_TOO_MANY = "All that is given here has more than {nodes:,} values and keys, or more than {deep} levels. " + _SHORTEN
_BAD = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
"""Control characters other than tab and the ends of lines, and halves of characters."""


def fault_in(text: str) -> str | None:
    """Say which character of a text cannot be kept or shown, if one of them cannot."""
    found = _BAD.search(text)
    return None if found is None else f"Must not contain the character U+{ord(found.group()):04X}."


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
    if (fault := fault_in(value)) is not None:
        problems.add(path, "characters", fault)
    if len(value) > most:
        problems.add(path, "too_long", f"At most {most} characters; this has {len(value)}.")
    if is_required and not _visible(value):
        problems.add(path, "blank", "Must not be blank.")
    return value.strip()


def check_line(problems: Problems, path: str, value: object, *, most: int, is_required: bool = True) -> str:
    """Check a text of one line, such as a name."""
    text = check_text(problems, path, value, most=most, is_required=is_required)
    if any(sign in _LINE_ENDS for sign in text):
        problems.add(path, "one_line", "Must be one line.")
    return text


def checked_note(note: str) -> str:
    """Give what a person notes beside a deed, as it is kept; raises Invalid."""
    problems = Problems()
    kept = check_text(problems, "note", note, most=_LONGEST_NOTE)
    if problems:
        raise Invalid(f"The note was not accepted: {problems.fields['note'][0].message}", fields=problems.fields)
    return kept


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
    most_nodes, most_deep = settings.LIMITS.payload_max_nodes, settings.LIMITS.payload_max_depth
    for nodes, (where, node, depth) in enumerate(_walk(path, value, most_deep), start=1):
        if nodes > most_nodes or depth > most_deep:
            problems.add(path, "too_large", _TOO_MANY.format(nodes=most_nodes, deep=most_deep))
            return
        if isinstance(node, str) and (fault := fault_in(node)) is not None:
            problems.add(where, "characters", fault)
        elif isinstance(node, float) and not math.isfinite(node):
            problems.add(where, "not_finite", "Must be a finite number.")
    if not problems and len(json.dumps(value, default=str).encode()) > most_bytes:
        problems.add(path, "too_large", _TOO_LARGE.format(_size(most_bytes)))


def _size(count: int) -> str:
    return f"{count:,} bytes" if count % _KIB else f"{count // _KIB:,} KiB"


def _walk(path: str, value: object, most_deep: int, depth: int = 0) -> Iterator[tuple[str, object, int]]:
    yield path, value, depth
    if depth > most_deep:
        return
    children: Iterator[tuple[Any, Any]] = iter(())
    if isinstance(value, dict):
        children = iter(value.items())
        for key in value:
            yield f"{path}.{str(key)[:80]}", key, depth + 1
    elif isinstance(value, list | tuple):
        children = iter(enumerate(value))
    for key, child in children:
        yield from _walk(f"{path}.{str(key)[:80]}", child, most_deep, depth + 1)


def _visible(text: str) -> bool:
    return any(unicodedata.category(character) not in ("Zs", "Zl", "Zp", "Cc", "Cf") for character in text)
