"""Whether the platform gets on: judged by what is done, not by who says that they are there.

A worker whose parent reports while its children stand still looks alive; but what waits is not taken, and no lease is
renewed. Each question reads a few rows by an index, however much waits.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import islice
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import Count, OuterRef, QuerySet, Subquery

from tasks_app.handlers import registry
from tasks_app.models import Queue, RunEvent, TaskRun, Worker, db_now
from tasks_app.models.platform import GROUP_MOST
from tasks_app.selectors.eligible import eligible_runs
from tasks_app.selectors.health import Fault, Finding, find, in_words, live_workers
from tasks_app.states import Status

UNCLAIMED = timedelta(seconds=30)
NEWEST_EVENTS = 500
NEXT, BEHIND = 500, 20_000
UPKEEP_SILENT_SECONDS = 60
UPKEEP_ROUNDS = 3


def claims() -> Finding:
    """Say whether runs that could run are taken by somebody."""
    return find("claims", _claims)


def upkeep() -> Finding:
    """Say whether some worker has done its rounds of upkeep lately."""
    return find("upkeep", _upkeep)


def _claims() -> tuple[bool, str] | Fault:
    now = db_now()
    queues = _queues()
    used = _in_use(queues)
    waiting = [(queue, oldest) for queue in queues if queue.name in used and (oldest := _oldest(queue, now))]
    if not waiting:
        return True, "nothing waits without need"
    crews = Crews(live_workers(), [queue.name for queue in queues if queue.is_background], now)
    stuck = [(queue, oldest) for queue, oldest in waiting if not crews.have_a_reason(queue)]
    if not stuck:
        return True, "nothing waits without need"
    told = [
        f"a run has waited in {queue.name} for {in_words(now - oldest)} and nobody takes it" for queue, oldest in stuck
    ]
    return Fault("; ".join(told), _todo(crews, [queue for queue, _ in stuck]), min(oldest for _, oldest in stuck))


def _queues() -> list[Queue]:
    """Give the queues, those too that a type declares and nobody has set up."""
    known = {queue.name: queue for queue in Queue.objects.all()}
    declared = {spec.queue for spec in registry.all()} - known.keys()
    return [*known.values(), *(Queue(name=name) for name in sorted(declared))]


def _in_use(queues: Sequence[Queue]) -> set[str]:
    """Name those, but for the paused, in which a run may wait. Asked of all at once: most are empty."""
    # In the order of the index: PostgreSQL would read the whole table to find that none EXISTS.
    first = _turn(OuterRef("name")).values("id")[:1]
    empty = {name for name, found in Queue.objects.order_by().values_list("name", Subquery(first)) if found is None}
    return {queue.name for queue in queues if queue.paused_at is None} - empty


def _todo(crews: "Crews", queues: Sequence[Queue]) -> str:
    idle = sorted({worker.name for queue in queues for worker in crews.serving(queue)})
    if not idle:
        return f"Start a worker that serves {', '.join(queue.name for queue in queues)}."
    return f"Restart {', '.join(idle)}: it reports itself, but takes no run. Look at its log first."


def _oldest(queue: Queue, now: datetime) -> datetime | None:
    """Give since when the run waits that has waited longest of those whose turn is next, if that is too long.

    A run of a serial task is not eligible while another run of that task is under way. Only the first are looked at,
    and 20,000 for who comes behind one task's backlog: to ask for all would cost the more, the more wait.
    """
    turn = _turn(queue.name)
    oldest, tasks = _oldest_of(turn, queue, now)
    if oldest is None and tasks:  # one task's backlog, perhaps: who comes behind it?
        oldest, _ = _oldest_of(turn.filter(id__in=_behind(turn, tasks)), queue, now)
    return oldest


def _turn(queue: Any) -> QuerySet[TaskRun]:
    return TaskRun.objects.filter(queue=queue, status=Status.QUEUED).order_by("-priority", "id")


def _behind(turn: QuerySet[TaskRun], tasks: set[UUID | None]) -> list[UUID]:
    """Give the first runs of other tasks among the next 20,000, which the index gives before any is left out."""
    near = turn.values_list("id", "task_id")[:BEHIND]
    return list(islice((run for run, task in near if task is None or task not in tasks), NEXT))


def _oldest_of(turn: QuerySet[TaskRun], queue: Queue, now: datetime) -> tuple[datetime | None, set[UUID | None]]:
    """Look at the first: since when the oldest eligible one waits too long; the tasks of all, if there may be more."""
    first = list(turn.values_list("id", "queued_at", "is_serial", "task_id")[:NEXT])
    late = [(one, at, is_serial) for one, at, is_serial, _ in first if at is not None and now - at >= UNCLAIMED]
    held_back = [one for one, _, is_serial in late if is_serial]
    eligible = set(eligible_runs(queue.name).filter(id__in=held_back).values_list("id", flat=True)) if held_back else ()
    oldest = min((at for one, at, is_serial in late if not is_serial or one in eligible), default=None)
    return oldest, ({task for *_, task in first if task is not None} if len(first) == NEXT else set())


class Crews:
    """The workers that report, and what each has in hand under a lease that has not ended.

    A quiet worker takes nothing because somebody asked for that, which is told of elsewhere.
    """

    def __init__(self, workers: list[Worker], background: Iterable[str], now: datetime) -> None:
        self._workers = workers
        self._background = set(background)
        self._now = now
        self._held: dict[str, list[str]] = defaultdict(list)
        held = TaskRun.objects.filter(status=Status.RUNNING, lease_until__gte=now)
        names = [worker.name for worker in workers]
        of_these = held.filter(worker__in=names).order_by()
        for name, queue in of_these.filter(started_at__isnull=False).values_list("worker", "queue"):
            self._held[name].append(queue)
        groups = of_these.filter(started_at=None).values_list("worker", "queue").annotate(runs=Count("id"))
        for name, queue, runs in groups:  # of a group none has begun, by the row
            self._held[name] += [queue] * -(-runs // GROUP_MOST)

    def serving(self, queue: Queue) -> list[Worker]:
        """Give those that serve a queue and should take its runs."""
        return [worker for worker in self._workers if queue.name in worker.queues and not worker.is_quiet]

    def have_a_reason(self, queue: Queue) -> bool:
        """Say whether all that serve the queue have their hands full, have taken other runs lately, or are quiet."""
        serving = self.serving(queue)
        if not serving:
            return any(queue.name in worker.queues for worker in self._workers)
        return all(self._is_full(worker, queue) for worker in serving) or self._claim_lately(serving)

    def _is_full(self, worker: Worker, queue: Queue) -> bool:
        held = self._held[worker.name]
        if len(held) >= worker.concurrency:
            return True
        in_background = sum(name in self._background for name in held)
        # Background work never takes a worker's last free child.
        return queue.is_background and worker.concurrency > 1 and in_background >= worker.concurrency - 1

    def _claim_lately(self, workers: list[Worker]) -> bool:
        """Say whether one of these has taken any run lately; it may have taken more urgent ones."""
        newest = RunEvent.objects.order_by("-id").values_list("target", "actor", "at")[:NEWEST_EVENTS]
        actors = {f"worker:{worker.name}" for worker in workers}
        return any(
            target == Status.RUNNING and actor in actors and self._now - at < UNCLAIMED for target, actor, at in newest
        )


def _upkeep() -> tuple[bool, str] | Fault:
    now = db_now()
    alive = live_workers()
    if not alive:
        return True, "no worker runs, which is said elsewhere"
    last = max(worker.last_upkeep_at or worker.started_at for worker in alive)
    age = now - last
    if age.total_seconds() <= max(UPKEEP_SILENT_SECONDS, UPKEEP_ROUNDS * settings.UPKEEP_SECONDS):
        return True, f"last round {in_words(age)} ago"
    detail = (
        f"no worker has ended a round of upkeep for {in_words(age)}: runs of lost workers are not taken back,"
        " and lost wake-ups are not made good"
    )
    return Fault(detail, "Look at the logs of the workers for what stops it, then restart them.", last)
