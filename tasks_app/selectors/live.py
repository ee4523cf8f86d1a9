"""Snapshots for people who watch: where runs stand now, in the words of a live frame."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import OuterRef, QuerySet, Subquery

from tasks_app.models import RunEvent, RunLog, TaskRun
from tasks_app.selectors.access import Person, visible_runs, visible_tasks
from tasks_app.states import FINAL, Status

NEWEST = 100
RUNNING = 100
CHUNK = 10_000
"""No chunk of the log holds more lines than this."""
_FIELDS = (
    "id", "task_id", "owner_id", "status", "reason", "version", "progress_seq", "progress", "error", "log_lines",
    "created_at", "cancel_requested_at", "moved_at",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class LiveRun:
    """Where a run stands: what a frame says, and how many log lines there are."""

    run_id: str
    task_id: str | None
    owner_id: int | None
    status: str
    reason: str
    version: int
    seq: int
    progress: dict[str, Any] | None
    message: str
    at: datetime
    log_lines: int


def live_run(user: Person, run_id: uuid.UUID) -> LiveRun | None:
    """Where one run stands; None when there is no such run for this user."""
    found = _read(visible_runs(user).filter(id=run_id))
    return found[0] if found else None


def live_runs_of_task(user: Person, task_id: uuid.UUID) -> list[LiveRun] | None:
    """Where the newest runs of a task stand, oldest first; None when there is no such task for this user."""
    if not visible_tasks(user).filter(id=task_id).exists():
        return None
    return _newest(visible_runs(user).filter(task_id=task_id))


def live_runs(user: Person) -> list[LiveRun]:
    """Where the newest runs that the user may see stand, and those that run now, oldest first."""
    return _newest(visible_runs(user))


def live_log(run_id: uuid.UUID, *, after: int, limit: int) -> list[dict[str, Any]]:
    """The log lines from `after` on, at most `limit`. The caller has checked that the user may see the run."""
    chunks = RunLog.objects.filter(run_id=run_id, first_line__gt=after - CHUNK).order_by("first_line")
    lines: list[dict[str, Any]] = []
    for first, content in chunks.values_list("first_line", "lines"):
        lines += [
            {"n": number, "at": at, "level": level, "message": message}
            for number, (at, level, message) in enumerate(content, start=first)
            if number > after
        ]
        if len(lines) >= limit:
            break
    return lines[:limit]


def _newest(runs: QuerySet[TaskRun]) -> list[LiveRun]:
    by_id = {run.run_id: run for run in _read(runs.filter(status=Status.RUNNING).order_by("-id")[:RUNNING])}
    by_id |= {run.run_id: run for run in _read(runs.order_by("-id")[:NEWEST])}
    return [by_id[run_id] for run_id in sorted(by_id)]


def _read(runs: QuerySet[TaskRun]) -> list[LiveRun]:
    moved = RunEvent.objects.filter(run_id=OuterRef("id"), version=OuterRef("version")).values("at")[:1]
    return [_live(row) for row in runs.annotate(moved_at=Subquery(moved)).values(*_FIELDS)]


def _live(row: dict[str, Any]) -> LiveRun:
    return LiveRun(
        run_id=str(row["id"]),
        task_id=str(row["task_id"]) if row["task_id"] else None,
        owner_id=row["owner_id"],
        status=row["status"],
        reason=row["reason"],
        version=row["version"],
        seq=row["progress_seq"],
        progress=row["progress"],
        message=_message(row),
        # Being asked to stop is the one change of a run that is no transition and has no event.
        at=row["moved_at"] or row["cancel_requested_at"] or row["created_at"],
        log_lines=row["log_lines"],
    )


def _message(row: dict[str, Any]) -> str:
    if row["status"] in FINAL:
        return str(row["error"])
    if row["status"] == Status.RUNNING:
        return str((row["progress"] or {}).get("message") or "")
    return ""
