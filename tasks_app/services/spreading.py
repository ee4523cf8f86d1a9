"""Spreading tasks: each starts later by a time of its own, so that those of one minute do not start at once.

Schedules stay as they are, and so do the slots; only when a slot starts moves.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from tasks_app.errors import CarillonError, Invalid
from tasks_app.models import ScheduledTask
from tasks_app.services.policies import DAY_SECONDS
from tasks_app.services.tasks import task_update
from tasks_app.services.validation import Problems, check_range

MOST = 200


@dataclass(frozen=True)
class Spread:
    """One task after it was spread, and before; `refusal` says why it was left as it was."""

    task: ScheduledTask
    before_seconds: int
    before_due_at: datetime | None
    refusal: CarillonError | None = None


def tasks_spread(*, wanted: Sequence[tuple[ScheduledTask, int]], actor: str) -> list[Spread]:
    """Spread each task over its number of seconds; 0 puts it back on time. Doing it again changes nothing.

    Each task is a transaction of its own, so that many of them do not keep others from writing; one that refuses
    does not hold up the rest. The caller has checked that the user may see the tasks.
    """
    problems = Problems()
    for seconds in {seconds for _, seconds in wanted}:
        check_range(problems, "spread_seconds", seconds, 0, DAY_SECONDS)
    if problems:
        raise Invalid("The tasks were not spread; see the fields.", fields=problems.fields)
    return [_spread(task, seconds, actor=actor) for task, seconds in wanted]


def _spread(task: ScheduledTask, seconds: int, *, actor: str) -> Spread:
    try:
        done = task_update(task=task, changes={"spread_seconds": seconds}, actor=actor)
    except CarillonError as error:
        return Spread(task, task.spread_seconds, task.next_due_at, error)
    return Spread(done, task.spread_seconds, task.next_due_at)
