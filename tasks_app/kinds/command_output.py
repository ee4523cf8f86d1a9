"""A program's output on its way into the run's log: lines as they come, readable, and never more than fits."""

import re
from collections import deque
from collections.abc import Callable

from tasks_app.services.processes import StreamName

LINE_BYTES = 64 * 1024
ENTRY_CHARACTERS = 8_000
LOG_BYTES = 4 * 1024 * 1024
_TAIL_BYTES = 64 * 1024
_TAIL_LINES = 200
_LAST_LINES = 20
_LAST_CHARACTERS = 2_000
# C0 and C1 but for the tab, and what turns the direction of a text or breaks its lines.
_HIDDEN = re.compile("[\x00-\x08\x0a-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")

OnLine = Callable[[StreamName, str], object]


class CommandOutput:
    """Cuts two streams into lines. Past `LOG_BYTES` only the end is kept, and told when the program has ended."""

    def __init__(self, on_line: OnLine, on_note: Callable[[str], object]) -> None:
        self._on_line = on_line
        self._on_note = on_note
        self._open: dict[StreamName, bytes] = {"stdout": b"", "stderr": b""}
        self._tail: dict[StreamName, bytes] = {"stdout": b"", "stderr": b""}
        self._last: deque[str] = deque(maxlen=_LAST_LINES)
        self._words: dict[StreamName, str] = {"stdout": "", "stderr": ""}
        self.bytes = 0
        self.line_count = 0

    @property
    def last_lines(self) -> list[str]:
        """The last lines of both streams."""
        return [*self._last]

    @property
    def last_word(self) -> str:
        """The last line that says something: that of the errors, where there are any."""
        return self._words["stderr"] or self._words["stdout"]

    def take(self, stream: StreamName, piece: bytes) -> None:
        """Take what was read; every line that ends in it is told at once."""
        is_full, self.bytes = self.bytes > LOG_BYTES, self.bytes + len(piece)
        self.line_count += piece.count(b"\n")
        if is_full:
            self._tail[stream] = (self._tail[stream] + piece)[-_TAIL_BYTES:]
            return
        *lines, rest = (self._open[stream] + piece).split(b"\n")
        for line in lines:
            self._tell(stream, line)
        while len(rest) >= LINE_BYTES:
            self._tell(stream, rest[:LINE_BYTES])
            rest = rest[LINE_BYTES:]
        self._open[stream] = rest
        if self.bytes > LOG_BYTES:
            self._on_note(f"more than {LOG_BYTES // 1024**2} MiB of output; from here on only its end is kept")

    def end(self) -> None:
        """Tell what has no line's end yet, and the end of what was not kept."""
        for stream, rest in self._open.items():
            self._open[stream] = b""
            if rest:
                self.line_count += 1
                self._tell(stream, rest)
        for stream, tail in self._tail.items():
            self._tail[stream] = b""
            lines = tail.removesuffix(b"\n").split(b"\n")[-_TAIL_LINES:] if tail else []
            if lines:
                self._on_note(f"the end of {stream}, of {self.bytes:,} bytes in all:")
            for line in lines:
                self._tell(stream, line)

    def _tell(self, stream: StreamName, line: bytes) -> None:
        text = readable(line)
        self._last.append(text[-_LAST_CHARACTERS:])
        if text.strip():
            self._words[stream] = text.strip()
        for start in range(0, len(text) or 1, ENTRY_CHARACTERS):
            self._on_line(stream, text[start : start + ENTRY_CHARACTERS])


def readable(line: bytes) -> str:
    """Give a line as text in which everything can be seen."""
    text = line.removesuffix(b"\r").decode("utf-8", "replace")
    return _HIDDEN.sub(lambda found: _escaped(found[0]), text)


def _escaped(one: str) -> str:
    return f"\\x{ord(one):02x}" if ord(one) <= 0xFF else f"\\u{ord(one):04x}"  # noqa: PLR2004  # a byte
