"""Looking through the log of a run: lines of a level, lines that say something, or all of it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db.models import F

from tasks_app.models import RunLog, TaskRun

LEVELS = ("debug", "info", "warning", "error", "critical")
SCANNED = 200_000
"""So many lines are looked through for one answer; what comes after them, the next one finds."""


@dataclass(frozen=True)
class LogFilter:
    """What lines are narrowed to: this level or worse, and saying this."""

    level: str = ""
    find: str = ""

    @property
    def is_any(self) -> bool:
        """Something narrows the log."""
        return bool(self.level or self.find)

    def takes(self, level: str, message: str) -> bool:
        """Say whether a line matches. A level that we do not know is shown always."""
        if self.level in LEVELS and level in LEVELS and LEVELS.index(level) < LEVELS.index(self.level):
            return False
        return not self.find or self.find.casefold() in message.casefold()


@dataclass(frozen=True)
class LogPage:
    """Lines that match; `reached` is the last line that was looked at, and `is_more` says that some come after it."""

    lines: list[dict[str, Any]]
    reached: int
    is_more: bool


def log_find(run: TaskRun, wanted: LogFilter, *, after: int = 0, limit: int = 500) -> LogPage:
    """Give up to `limit` lines behind line `after` that match."""
    lines: list[dict[str, Any]] = []
    reached = after
    for number, at, level, message in log_lines(run, after=after):
        if len(lines) == limit or number - after > SCANNED:
            return LogPage(lines, reached, True)
        if wanted.takes(level, message):
            lines.append({"n": number, "at": at, "level": level, "message": message})
        reached = number
    return LogPage(lines, reached, False)


def log_lines(run: TaskRun, *, after: int = 0) -> Iterator[tuple[int, str, str, str]]:
    """Give every line behind line `after`: its number, instant, level and message."""
    chunks = RunLog.objects.filter(run=run, first_line__gt=after - F("line_count")).order_by("first_line")
    for chunk in chunks.iterator(chunk_size=50):
        for number, (at, level, message) in enumerate(chunk.lines, start=chunk.first_line):
            if number > after:
                yield number, at, level, message


def log_pages(run: TaskRun, wanted: LogFilter, *, size: int = 500) -> Iterator[list[tuple[str, str, str]]]:
    """Give the whole log that matches, some lines at a time: a query for each, so that none stays open meanwhile."""
    after = 0
    while True:
        page = log_find(run, wanted, after=after, limit=size)
        if page.lines:
            yield [(line["at"], line["level"], line["message"]) for line in page.lines]
        if not page.is_more:
            return
        after = page.reached
