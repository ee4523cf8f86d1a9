"""Reading one run, and its log."""

import uuid
from collections.abc import Iterator
from typing import Any

from django.db.models import F

from tasks_app.errors import NotFound
from tasks_app.models import RunLog, TaskRun
from tasks_app.selectors.access import Person, visible_runs


def run_get(user: Person, run_id: uuid.UUID | str) -> TaskRun:
    """Give a run that the user may see, with its task and owner; raises NotFound."""
    run = visible_runs(user).select_related("task", "owner").filter(id=run_id).first()
    if run is None:
        raise NotFound("There is no such run.")
    return run


def run_logs(run: TaskRun, *, after: int = 0, limit: int = 1_000) -> list[dict[str, Any]]:
    """Give up to `limit` log lines behind line `after`: `{"n", "at", "level", "message"}`."""
    chunks = RunLog.objects.filter(run=run, first_line__gt=after - F("line_count")).order_by("first_line")
    lines: list[dict[str, Any]] = []
    for line in _lines(chunks.iterator(chunk_size=50)):
        if line["n"] > after:
            lines.append(line)
        if len(lines) >= limit:
            break
    return lines


def _lines(chunks: Iterator[RunLog]) -> Iterator[dict[str, Any]]:
    for chunk in chunks:
        for number, (at, level, message) in enumerate(chunk.lines):
            yield {"n": chunk.first_line + number, "at": at, "level": level, "message": message}
