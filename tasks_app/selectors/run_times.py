"""When a run began and how long it was, beyond its last attempt."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from tasks_app.models import RunAttempt, TaskRun
from tasks_app.models.run import between_ms


def began_to_wait(run: TaskRun) -> datetime:
    """Give the instant from which it could have begun: the planned one, or when it was made, if that was later."""
    return max(run.created_at, run.scheduled_for) if run.scheduled_for else run.created_at


def attempts_begun(runs: Iterable[TaskRun]) -> dict[UUID, datetime]:
    """Give when the last attempt began, of runs that ended between two and so hold no start of their own."""
    ids = [run.id for run in runs if run.is_final and run.started_at is None and run.claim_no]
    if not ids:
        return {}
    attempts = RunAttempt.objects.filter(run__in=ids).order_by("claim_no").values_list("run_id", "started_at")
    return {run_id: at for run_id, at in attempts if at is not None}


def total_ms(run: TaskRun) -> int | None:
    """Give the time from there to its end, with all attempts and waits; None while it goes on."""
    return between_ms(began_to_wait(run), run.finished_at)
