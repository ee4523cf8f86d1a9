"""Runs moved by hand through the engine's own arrows, for tests that need a run in some state."""

from datetime import timedelta

from django.contrib.auth.models import User

from tasks_app.events import RunLogged, RunProgressed, announce
from tasks_app.models import RunLog, ScheduledTask, TaskRun, db_now
from tasks_app.services import lifecycle
from tasks_app.services.lifecycle import Claim
from tasks_app.states import Reason

WORKER = "tests@here"


def make_task(owner: User, **fields: object) -> ScheduledTask:
    """Make a task that nothing fires."""
    values = {"name": "Nightly", "type": "http_request", "kind": "manual", "status": "active", **fields}
    return ScheduledTask.objects.create(owner=owner, **values)


def make_run(owner: User | None, task: ScheduledTask | None = None, **fields: object) -> TaskRun:
    """Make a queued run."""
    now = db_now()
    values = {
        "type": "http_request",
        "trigger": "manual",
        "status": "queued",
        "reason": "due",
        "queued_at": now,
        **fields,
    }
    (run,) = lifecycle.create([TaskRun(owner=owner, task=task, **values)], actor="tests")
    return run


def hold(run: TaskRun) -> Claim:
    """Claim the run."""
    now = db_now()
    claimed = lifecycle.claim(fresh(run), worker=WORKER, lease_until=now + timedelta(seconds=60), now=now)
    assert claimed is not None
    return Claim(run.id, claimed.claim_no, WORKER)


def fresh(run: TaskRun) -> TaskRun:
    """Read the run again."""
    return TaskRun.objects.get(id=run.id)


def held(run: TaskRun) -> Claim:
    """Give the claim under which the run runs now."""
    row = fresh(run)
    return Claim(row.id, row.claim_no, row.worker)


def claim(run: TaskRun) -> None:
    """Queued to running."""
    hold(run)


def progress(run: TaskRun) -> None:
    """Report one more step, as the engine's flush does."""
    row = fresh(run)
    seq = row.progress_seq + 1
    told = {"done": seq, "total": 10, "message": f"step {seq}"}
    TaskRun.objects.filter(id=run.id).update(progress=told, progress_seq=seq)
    announce(
        RunProgressed(
            run_id=str(row.id),
            task_id=str(row.task_id) if row.task_id else None,
            owner_id=row.owner_id,
            status=row.status,
            reason=row.reason,
            version=row.version,
            seq=seq,
            progress=told,
            message=f"step {seq}",
            at=db_now(),
        )
    )


def log(run: TaskRun, *messages: str) -> None:
    """Store and announce log lines, as the engine's flush does."""
    row = fresh(run)
    first = row.log_lines + 1
    lines = [[db_now().isoformat(), "info", message] for message in messages]
    RunLog.objects.create(run=row, first_line=first, line_count=len(lines), lines=lines)
    TaskRun.objects.filter(id=run.id).update(log_lines=row.log_lines + len(lines))
    told = [{"n": n, "at": at, "level": level, "message": text} for n, (at, level, text) in enumerate(lines, first)]
    task_id = str(row.task_id) if row.task_id else None
    announce(RunLogged(run_id=str(row.id), task_id=task_id, owner_id=row.owner_id, lines=told))


def succeed(run: TaskRun) -> None:
    """Running to succeeded."""
    lifecycle.succeed(held(run), result={"ok": True})


def fail(run: TaskRun, error: str = "ValueError: no") -> None:
    """Running to failed, for good."""
    told = lifecycle.Told(error, error.partition(":")[0])
    lifecycle.fail(held(run), reason=Reason.HANDLER_ERROR, told=told, failures=1, crashes=0)


def retry_later(run: TaskRun) -> None:
    """Running to scheduled."""
    due_at = db_now() + timedelta(seconds=60)
    lifecycle.retry_later(held(run), due_at=due_at, error="ValueError: not yet", failures=1)


def queue(run: TaskRun) -> None:
    """Scheduled to queued."""
    lifecycle.queue(fresh(run), reason=Reason.DUE, actor="tests")


def hand_back(run: TaskRun) -> None:
    """Running to queued, for a deployment."""
    lifecycle.hand_back(held(run), actor="tests")


def rescue(run: TaskRun) -> None:
    """Running to queued, after a crash."""
    lifecycle.rescue(held(run), actor="tests", crashes=1, error="gone")


def skip(run: TaskRun) -> None:
    """Running to skipped."""
    lifecycle.skip(held(run), error="nothing to do")


def stop(run: TaskRun) -> None:
    """Running to cancelled."""
    lifecycle.stop(held(run), reason=Reason.USER, actor="tests")


def cancel(run: TaskRun) -> None:
    """Queued or scheduled to cancelled."""
    lifecycle.cancel(fresh(run), reason=Reason.USER, actor="tests")


def ask_to_stop(run: TaskRun) -> None:
    """Ask a running run to stop."""
    lifecycle.ask_to_stop(fresh(run), actor="tests")
