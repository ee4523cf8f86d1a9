"""Reading one run, and its log."""

import uuid
from collections.abc import Iterator
from typing import Any

from django.db.models import F

from tasks_app.errors import NotFound
from tasks_app.models import RunLog, TaskRun
from tasks_app.selectors.access import Deed, Person, require, visible_runs


def run_get(user: Person, run_id: uuid.UUID | str, deed: Deed = Deed.VIEW) -> TaskRun:
    """Give a run with which the user may do this, with its task and owner; raises NotFound or Forbidden."""
    run = visible_runs(user).select_related("task", "owner").filter(id=run_id).first()
    if run is None:
        raise NotFound("There is no such run.")
    require(user, deed, run)
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
