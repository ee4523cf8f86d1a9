"""Runs, logs and effects as time has left them, for the tests of cleaning."""

from datetime import timedelta
from typing import Any

from django.contrib.auth.models import User

from tasks_app.models import Effect, RunLog, ScheduledTask, TaskRun, db_now
from tasks_app.models.ids import first_id_at, new_id
from tests import runs

_UNIQUE = 2**62


def aged(
    owner: User | None, days: float, status: str = "succeeded", task: ScheduledTask | None = None, **fields: Any
) -> TaskRun:
    """Make a run that was made, and ended if its status is final, so many days ago."""
    then = db_now() - timedelta(days=days)
    run_id = type(first_id_at(then))(int=first_id_at(then).int | new_id().int % _UNIQUE)
    values: dict[str, Any] = {"status": status, "queued_at": None, **fields}
    if status in ("succeeded", "failed", "cancelled", "skipped"):
        values.setdefault("finished_at", then)
    elif status == "running":
        values["lease_until"] = db_now() + timedelta(minutes=1)
    elif status == "scheduled":
        values["due_at"] = db_now() + timedelta(days=1)
    run = runs.make_run(owner, task, id=run_id, **values)
    TaskRun.objects.filter(id=run.id).update(created_at=then)
    return run


def logged(run: TaskRun, chunks: int = 1, lines: int = 3) -> None:
    """Give a run a log."""
    for number in range(chunks):
        text = [["", "info", "x"]] * lines
        RunLog.objects.create(run=run, first_line=number * lines + 1, line_count=lines, lines=text)
    TaskRun.objects.filter(id=run.id).update(log_lines=chunks * lines)


def effect(run: TaskRun, key: str = "mail", state: str = "done", days: float = 9) -> Effect:
    """Give a run a side effect."""
    then = db_now() - timedelta(days=days)
    root = run.root_run_id or run.id
    return Effect.objects.create(
        root_run_id=root, key=key, state=state, run_id=run.id, claim_no=1, begun_at=then, settled_at=then
    )


def left() -> set[Any]:
    """The ids of all runs that there are."""
    return set(TaskRun.objects.values_list("id", flat=True))
