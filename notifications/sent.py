"""What one socket has been sent, so that it is never sent anything older."""

from collections import OrderedDict
from typing import TypeVar

LIMIT = 2000
T = TypeVar("T")


class Sent:
    """Remembers the newest (version, seq) and log line sent per run; beyond the limit it forgets the oldest.

    Forgetting costs at most one repeated frame, which the client drops.
    """

    def __init__(self, limit: int = LIMIT) -> None:
        self._limit = limit
        self._frames: OrderedDict[str, tuple[int, int]] = OrderedDict()
        self._lines: OrderedDict[str, int] = OrderedDict()

    def is_news(self, run_id: str, version: int, seq: int) -> bool:
        """Say whether this frame is newer than the last one, and note it as sent when it is."""
        if (version, seq) <= self._frames.get(run_id, (-1, -1)):
            return False
        self._note(self._frames, run_id, (version, seq))
        return True

    def last_line(self, run_id: str) -> int:
        """Give the number of the last log line sent; 0 is none."""
        return self._lines.get(run_id, 0)

    def note_line(self, run_id: str, number: int) -> None:
        """Note that the log was sent up to this line."""
        self._note(self._lines, run_id, max(number, self.last_line(run_id)))

    def forget_lines(self, run_id: str) -> None:
        """Begin the log anew: the next subscription starts at its snapshot."""
        self._lines.pop(run_id, None)

    def _note(self, notes: OrderedDict[str, T], run_id: str, value: T) -> None:
        notes[run_id] = value
        notes.move_to_end(run_id)
        while len(notes) > self._limit:
            notes.popitem(last=False)
