"""Places in the engine at which a process kills itself, once, when a test has put a file of that name into a directory.

They hang on what the engine shows to everybody (statements, signals), not on its modules. Whoever removes the file is
the one that dies, so each file is one death.
"""

import os
import signal
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from celery.signals import task_prerun
from django.db.backends.signals import connection_created

from tasks_app.events import Change, RunChanged, run_changed

VARIABLE = "CRASH_POINTS"
POINTS = (
    "after_delivery",  # a wake-up has left Redis, and nothing is claimed yet
    "after_claim",  # the claim is committed, the handler has not begun
    "before_finish",  # the handler has ended, nothing is written of it
    "inside_finish",  # the outcome is written and not committed
    "after_finish",  # the outcome is committed
    "inside_fire",  # a run is inserted and not committed
    "after_create",  # a run is committed, and no wake-up posted
)

_directory = Path("/nonexistent")


def follow(directory: Path) -> None:
    """Die at the points that the directory names, from now on."""
    global _directory  # noqa: PLW0603  # one per process
    _directory = directory
    connection_created.connect(_watch_statements, dispatch_uid="crashes")
    run_changed.connect(_on_change, dispatch_uid="crashes")
    task_prerun.connect(_on_delivery, dispatch_uid="crashes", weak=False)


def reach(point: str) -> None:
    """Die here if a file says so."""
    try:
        (_directory / point).unlink()
    except FileNotFoundError:
        return
    os.kill(os.getpid(), signal.SIGKILL)


def _watch_statements(connection: Any, **_: Any) -> None:
    connection.execute_wrappers.append(_around)


def _around(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
    is_finish = "UPDATE" in sql and "tasks_app_taskrun" in sql and "succeeded" in str(params)
    if is_finish:
        reach("before_finish")
    answer = execute(sql, params, many, context)
    if is_finish:
        reach("inside_finish")
    elif sql.startswith('INSERT INTO "tasks_app_taskrun"'):
        reach("inside_fire")
    return answer


def _on_change(changes: Sequence[Change], **_: Any) -> None:
    for change in changes:
        if not isinstance(change, RunChanged):
            continue
        if not change.source:
            reach("after_create")
        elif change.status == "running":
            reach("after_claim")
        elif change.status == "succeeded":
            reach("after_finish")


def _on_delivery(**_: Any) -> None:
    reach("after_delivery")
