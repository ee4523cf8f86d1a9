"""What operators look at: queues and workers. Counts are everybody's, because everybody waits in the same queues."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from django.db.models import Count, QuerySet

from tasks_app.errors import Forbidden, NotFound
from tasks_app.models import Beat, Queue, ScheduledTask, TaskRun, Worker, db_now
from tasks_app.models.platform import ALIVE
from tasks_app.selectors.access import Person, is_operator, visible_runs
from tasks_app.selectors.health import DUE_READ, SOON, live_workers
from tasks_app.selectors.waiting import backlog
from tasks_app.states import Status

COUNTED = 1001
SHOWN = 200
GONE = timedelta(minutes=2)
"""A worker that has been silent for longer is no longer waited for."""


class WorkerState(StrEnum):
    """What is known of a worker. SILENT has missed its reports; GONE has missed them for minutes."""

    ALIVE = "alive"
    QUIET = "quiet"
    STOPPING = "stopping"
    SILENT = "silent"
    GONE = "gone"
    STOPPED = "stopped"


@dataclass(frozen=True)
class QueueState:
    """A queue and what waits in it; `queued` is counted to 1,001 at most where nothing else is said.

    `workers` are the live ones that take its work, `quiet` those that serve it and take nothing for now.
    """

    queue: Queue
    queued: int
    running: int
    oldest_queued_at: datetime | None
    oldest_age_seconds: float | None
    workers: int
    quiet: int = 0


def require_operator(user: Person) -> None:
    """Raise Forbidden for everybody else."""
    if not is_operator(user):
        raise Forbidden("This is for operators.")


def queue_get(name: str) -> Queue:
    """Give a queue; raises NotFound."""
    queue = Queue.objects.filter(name=name).first()
    if queue is None:
        raise NotFound("There is no such queue.")
    return queue


def queue_states(*, counted: int = COUNTED) -> list[QueueState]:
    """Give every queue, in the order in which they are served."""
    return _states(Queue.objects.all(), counted)


def queue_state(queue: Queue) -> QueueState:
    """Give one queue."""
    return _states([queue], COUNTED)[0]


def due_tasks(queue: Queue) -> int:
    """How many tasks have their next run in a queue within a day, among the 20,000 that are due first."""
    due = ScheduledTask.objects.filter(next_due_at__lt=db_now() + SOON).order_by("next_due_at").values("id")
    return ScheduledTask.objects.filter(id__in=due[:DUE_READ], queue=queue.name).order_by().count()


def worker_get(name: str) -> Worker:
    """Give a worker; raises NotFound."""
    worker = Worker.objects.filter(name=name).first()
    if worker is None:
        raise NotFound("There is no such worker.")
    return worker


def workers() -> QuerySet[Worker]:
    """The workers that have reported in the last week, the latest first."""
    return Worker.objects.order_by("-heartbeat_at", "name")


def beats() -> list[Beat]:
    """The beats of the last week, the latest first."""
    return list(Beat.objects.order_by("-last_tick_at", "name")[:SHOWN])


def running_on(user: Person, workers: Iterable[Worker]) -> dict[str, list[TaskRun]]:
    """Give what runs on each of these workers, of what the user may see, the longest first."""
    found: dict[str, list[TaskRun]] = defaultdict(list)
    names = [worker.name for worker in workers]
    rows = visible_runs(user).filter(status=Status.RUNNING, worker__in=names).select_related("task")
    for run in rows.order_by("started_at", "id")[:COUNTED]:
        found[run.worker].append(run)
    return found


def worker_state(worker: Worker, now: datetime) -> WorkerState:
    """Say what is known of a worker: what it has obeyed, and of what was asked of it only a stop."""
    if worker.stopped_at is not None:
        return WorkerState.STOPPED
    age = now - worker.heartbeat_at
    if age > ALIVE:
        return WorkerState.SILENT if age <= GONE else WorkerState.GONE
    if worker.wish == Worker.Wish.STOP:
        return WorkerState.STOPPING
    return WorkerState.QUIET if worker.is_quiet else WorkerState.ALIVE


def worker_silence(name: str, now: datetime) -> timedelta | None:
    """For how long nothing has been heard of a worker that has missed its reports; None of any other."""
    worker = Worker.objects.filter(name=name).first()
    if worker is None or worker_state(worker, now) not in (WorkerState.SILENT, WorkerState.GONE):
        return None
    return now - worker.heartbeat_at


def _states(queues: Iterable[Queue], counted: int) -> list[QueueState]:
    now = db_now()
    crew = {is_quiet: Counter[str]() for is_quiet in (False, True)}
    for worker in live_workers():
        crew[worker.is_quiet].update(set(worker.queues))
    started = TaskRun.objects.filter(status=Status.RUNNING).order_by().values_list("queue")
    running = dict(started.annotate(Count("id")))
    found = []
    for queue in queues:
        waiting = backlog(TaskRun.objects.filter(queue=queue.name, status=Status.QUEUED), counted=counted)
        age = max(0.0, (now - waiting.oldest).total_seconds()) if waiting.oldest else None
        takers, quiet = crew[False][queue.name], crew[True][queue.name]
        under_way = running.get(queue.name, 0)
        found.append(QueueState(queue, waiting.count, under_way, waiting.oldest, age, takers, quiet))
    return found
