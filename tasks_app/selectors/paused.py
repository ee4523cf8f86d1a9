"""What is paused: tasks that the user may see, and queues, which are everybody's."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from tasks_app.models import AuditEntry, Queue, ScheduledTask
from tasks_app.models.ids import first_id_at
from tasks_app.selectors.access import Person, visible_runs, visible_tasks
from tasks_app.selectors.effects import COUNTED
from tasks_app.states import Status, TaskStatus

SHOWN = 200
_ENTRIES = 2000
_SLACK = timedelta(minutes=1)


@dataclass(frozen=True)
class PausedTask:
    """A task that plans nothing; `by` is the actor, where the audit log still knows."""

    task: ScheduledTask
    by: str


def paused_tasks(user: Person) -> tuple[list[PausedTask], bool]:
    """Give the paused tasks, the last paused first, and whether there are more."""
    rows = visible_tasks(user).select_related("owner").filter(status=TaskStatus.PAUSED)
    found = list(rows.order_by("-paused_at", "-id")[: SHOWN + 1])
    actors = _actors(found[:SHOWN])
    return [PausedTask(task, actors.get(str(task.pk), "")) for task in found[:SHOWN]], len(found) > SHOWN


def paused_queues() -> list[Queue]:
    """Give the paused queues, the last paused first."""
    return list(Queue.objects.exclude(paused_at=None).order_by("-paused_at"))


def paused_queue(name: str) -> Queue | None:
    """Give a queue if it is paused."""
    return Queue.objects.exclude(paused_at=None).filter(name=name).first()


def held_count(user: Person) -> int:
    """How many of the queued runs that the user may see wait in paused queues, counted to COUNTED at most."""
    names = [queue.name for queue in paused_queues()]
    if not names:
        return 0
    return visible_runs(user).filter(status=Status.QUEUED, queue__in=names).order_by()[:COUNTED].count()


def _actors(tasks: Sequence[ScheduledTask]) -> dict[str, str]:
    since = min((task.paused_at for task in tasks if task.paused_at), default=None)
    if since is None:
        return {}
    entries = AuditEntry.objects.filter(
        object_type="task",
        object_id__in=[str(task.pk) for task in tasks],
        action="task.pause",
        id__gte=first_id_at(since - _SLACK),
    )
    newest = entries.order_by("-id").values_list("object_id", "actor")[:_ENTRIES]
    return dict(reversed(newest))
