"""A traceback with the handler's own lines told apart from the library's."""

from dataclasses import dataclass

_THEIRS = ("/site-packages/", "/dist-packages/", "/lib/python3", "/tasks_app/services/", "<frozen ")


@dataclass(frozen=True)
class TracePart:
    """Lines that belong together: one frame, or the words around frames."""

    text: str
    is_ours: bool


def split_trace(text: str) -> list[TracePart]:
    """Cut a traceback into its frames; lines outside of frames count as ours, because they say what happened."""
    parts: list[TracePart] = []
    for line in text.rstrip().splitlines():
        if line.startswith('  File "'):
            parts.append(TracePart(line, not any(mark in line for mark in _THEIRS)))
        elif parts and line.startswith("    ") and parts[-1].text.startswith('  File "'):
            parts[-1] = TracePart(f"{parts[-1].text}\n{line}", parts[-1].is_ours)
        else:
            parts.append(TracePart(line, True))
    return parts
