"""A traceback with the handler's own lines told apart from the library's."""

import re
from dataclasses import dataclass

_THEIRS = ("/site-packages/", "/dist-packages/", "/lib/python3", "/tasks_app/", "/notifications/", "<frozen ")
_FRAME = re.compile(r'((?: +\| )?) {2}File "')
"""A frame's first line; one of an exception in a group stands behind a bar, the deeper the further in."""


@dataclass(frozen=True)
class TracePart:
    """Lines that belong together: one frame, or the words around frames."""

    text: str
    is_ours: bool


def split_trace(text: str) -> list[TracePart]:
    """Cut a traceback into its frames; lines outside of frames count as ours, because they say what happened."""
    parts: list[TracePart] = []
    inside = None
    for line in text.rstrip().splitlines():
        frame = _FRAME.match(line)
        if frame is not None:
            parts.append(TracePart(line, not any(mark in line for mark in _THEIRS)))
            inside = f"{frame[1]}    "
        elif inside is not None and line.startswith(inside):
            parts[-1] = TracePart(f"{parts[-1].text}\n{line}", parts[-1].is_ours)
        else:
            parts.append(TracePart(line, True))
            inside = None
    return parts


def has_own_code(parts: list[TracePart]) -> bool:
    """Say whether one of the frames is the reader's: a type that comes along says in its error what is wrong."""
    return any(part.is_ours for part in parts if _FRAME.match(part.text))
