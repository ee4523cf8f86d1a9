"""A traceback with the handler's own lines told apart from the library's."""

from dataclasses import dataclass

_THEIRS = ("/site-packages/", "/dist-packages/", "/lib/python3", "/tasks_app/", "/notifications/", "<frozen ")
_FRAME = '  File "'


@dataclass(frozen=True)
class TracePart:
    """Lines that belong together: one frame, or the words around frames."""

    text: str
    is_ours: bool


def split_trace(text: str) -> list[TracePart]:
    """Cut a traceback into its frames; lines outside of frames count as ours, because they say what happened."""
    parts: list[TracePart] = []
    for line in text.rstrip().splitlines():
        if line.startswith(_FRAME):
            parts.append(TracePart(line, not any(mark in line for mark in _THEIRS)))
        elif parts and line.startswith("    ") and parts[-1].text.startswith(_FRAME):
            parts[-1] = TracePart(f"{parts[-1].text}\n{line}", parts[-1].is_ours)
        else:
            parts.append(TracePart(line, True))
    return parts


def has_own_code(parts: list[TracePart]) -> bool:
    """Say whether one of the frames is the reader's: a type that comes along says in its error what is wrong."""
    return any(part.is_ours for part in parts if part.text.startswith(_FRAME))
