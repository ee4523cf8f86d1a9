"""Reads what a topic's followers must know now, in frames. Asks the database, so it runs in a thread."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import AbstractBaseUser

from notifications.groups import Topic
from notifications.messages import LogLine, RunLog, TaskUpdated
from tasks_app.selectors.live import LiveRun, live_log, live_run, live_runs, live_runs_of_task

LOG_LINES = 64
"""More new lines than this go as a hint without lines."""


@dataclass(frozen=True)
class Snapshot:
    """Where the runs of a topic stand and, for a single run, its newest log lines."""

    updates: list[TaskUpdated]
    log: RunLog | None = None
    last_line: int = 0


def snapshot(user: AbstractBaseUser, topic: Topic, *, after_line: int) -> Snapshot | None:
    """Look at a topic; None when there is no such thing for this user. Log lines up to `after_line` are known."""
    match topic.kind:
        case "tasks":
            return _of_runs(live_runs(user))
        case "task":
            assert topic.id is not None
            runs = live_runs_of_task(user, topic.id)
            return None if runs is None else _of_runs(runs)
        case "run":
            assert topic.id is not None
            run = live_run(user, topic.id)
            return None if run is None else _of_run(run, topic, after_line)


def _of_runs(runs: Iterable[LiveRun]) -> Snapshot:
    return Snapshot([update_of(run) for run in runs])


def _of_run(run: LiveRun, topic: Topic, after_line: int) -> Snapshot:
    return Snapshot([update_of(run)], _log(run, topic, after_line), run.log_lines)


def _log(run: LiveRun, topic: Topic, after_line: int) -> RunLog | None:
    if run.log_lines <= after_line:
        return None
    if run.log_lines - after_line > LOG_LINES:
        return RunLog(run_id=run.run_id)
    assert topic.id is not None
    lines: list[dict[str, Any]] = live_log(topic.id, after=after_line, limit=LOG_LINES)
    return RunLog(run_id=run.run_id, lines=[LogLine(**line) for line in lines])


def update_of(run: LiveRun) -> TaskUpdated:
    """Say where a run stands as a frame."""
    return TaskUpdated(
        task_id=run.task_id,
        run_id=run.run_id,
        status=run.status,
        reason=run.reason,
        version=run.version,
        seq=run.seq,
        progress=run.progress,
        message=run.message,
        at=run.at,
    )
