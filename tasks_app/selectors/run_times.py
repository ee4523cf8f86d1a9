"""How long a run was, beyond its last attempt."""

from datetime import datetime

from tasks_app.models import TaskRun
from tasks_app.models.run import between_ms


def began_to_wait(run: TaskRun) -> datetime:
    """Give the instant from which it could have begun: the planned one, or when it was made, if that was later."""
    return max(run.created_at, run.scheduled_for) if run.scheduled_for else run.created_at


def total_ms(run: TaskRun) -> int | None:
    """Give the time from there to its end, with all attempts and waits; None while it goes on."""
    return between_ms(began_to_wait(run), run.finished_at)
