"""The file that probes write to: a witness outside the database of what handlers really did."""

from dataclasses import dataclass
from pathlib import Path
from uuid import UUID


@dataclass(frozen=True)
class Entry:
    """One line: what, in which attempt, in which process, when."""

    word: str
    run_id: UUID
    attempt: int
    pid: int
    at: float


class Ledger:
    """Reads the file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def of(self, run_id: UUID, word: str = "") -> list[Entry]:
        """Give what a run has written, in order; only lines that begin with `word`, if given."""
        return [entry for entry in self.entries() if entry.run_id == run_id and entry.word.startswith(word)]

    def entries(self) -> list[Entry]:
        """Give all complete lines."""
        if not self.path.exists():
            return []
        lines = self.path.read_text(encoding="ascii").split("\n")[:-1]
        return [_entry(line) for line in lines]


def _entry(line: str) -> Entry:
    word, run_id, attempt, pid, at = line.split()
    return Entry(word, UUID(run_id), int(attempt), int(pid), float(at))
