"""How far a report is, in words with the time that is left."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from tasks_app.handlers import RunContext

_FORETELLS_AFTER_SECONDS = 1.0
_MINUTE = 60
_HOUR = 3600
_MANY = 1.5

Page = Sequence[Sequence[Any]]


@dataclass
class RowCount:
    """Counts the rows that pass, tells the run of them, and leaves when it is asked to stop."""

    ctx: RunContext
    total: int
    done: int = 0
    started: float = field(default_factory=time.monotonic)

    def watch(self, pages: Iterator[Page]) -> Iterator[Page]:
        """Pass the pages on."""
        self.ctx.progress(0, self.total, "Writing rows")
        for page in pages:
            self.ctx.check_stop()
            yield page
            self.done += len(page)
            # Rows may have come since they were counted.
            total = max(self.total, self.done)
            self.ctx.progress(self.done, total, f"{self.done:,} of {rows_text(total)}{self._left(total)}")
        self.ctx.check_stop()
        self.ctx.progress(self.done, self.done, f"{rows_text(self.done)} written")

    def _left(self, total: int) -> str:
        spent = time.monotonic() - self.started
        if spent < _FORETELLS_AFTER_SECONDS or self.done >= total:
            return ""
        return f", {duration_text(spent / self.done * (total - self.done))} left"


def rows_text(count: int) -> str:
    """Say a number of rows."""
    return "1 row" if count == 1 else f"{count:,} rows"


def duration_text(seconds: float) -> str:
    """Say a time to come, as roughly as it can be known."""
    if seconds < _MANY * _MINUTE:
        return f"{max(1, round(seconds))} s"
    if seconds < _MANY * _HOUR:
        return f"{round(seconds / _MINUTE)} min"
    return f"{round(seconds / _HOUR)} h"
