"""Facts about the platform itself: what works, and what needs a person. Each is one cheap question that cannot hang."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import DatabaseError, InterfaceError, connection, transaction
from django.db.migrations.executor import MigrationExecutor

from tasks_app.models import Beat, Queue, RunEvent, ScheduledTask, Worker, db_now
from tasks_app.models.platform import ALIVE
from tasks_app.selectors.eligible import eligible_runs
from tasks_app.states import Status

STATEMENT_MILLISECONDS = 1500
BEAT_SILENT = timedelta(seconds=10)
"""A beat writes its row every 2 s."""
UNCLAIMED = timedelta(seconds=30)
OVERDUE = timedelta(seconds=60)
NEWEST_EVENTS = 500


@dataclass(frozen=True)
class Finding:
    """What was found about one thing; `detail` is a sentence for people."""

    name: str
    ok: bool
    detail: str


def find(name: str, question: Callable[[], tuple[bool, str]]) -> Finding:
    """Ask, and turn a database that does not answer into a finding."""
    try:
        with _briefly():
            ok, detail = question()
    except (DatabaseError, InterfaceError) as fault:
        connection.close()
        return Finding(name, False, f"the database does not answer: {_first_line(fault)}")
    return Finding(name, ok, detail)


def database() -> Finding:
    """Say whether the database answers."""
    return find("database", _database)


def migrations() -> Finding:
    """Say whether the tables are those that this code expects."""
    return find("migrations", _migrations)


def beat() -> Finding:
    """Say whether a beat ticks."""
    return find("beat", _beat)


def workers() -> Finding:
    """Say whether each queue that is not paused has a worker that reports."""
    return find("workers", _workers)


def claims() -> Finding:
    """Say whether runs that could run are taken by somebody."""
    return find("claims", _claims)


def schedule() -> Finding:
    """Say whether planned instants are fired when they are due."""
    return find("schedule", _schedule)


def live_workers(hostname: str | None = None) -> list[Worker]:
    """Give the workers that have reported lately, of one host or of all."""
    alive = Worker.objects.filter(stopped_at=None, heartbeat_at__gte=db_now() - ALIVE)
    return list(alive.filter(hostname=hostname[:200]) if hostname else alive)


def live_beats(hostname: str | None = None) -> list[Beat]:
    """Give the beats that have ticked lately, of one host or of all."""
    alive = Beat.objects.filter(stopped_at=None, last_tick_at__gte=db_now() - BEAT_SILENT)
    return list(alive.filter(name__startswith=f"beat:{hostname}:") if hostname else alive)


@contextmanager
def _briefly() -> Iterator[None]:
    """Bound each statement, where the database can; SQLite's readers wait for nobody."""
    if connection.vendor != "postgresql":
        yield
        return
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL statement_timeout = {STATEMENT_MILLISECONDS}")
        yield


def _database() -> tuple[bool, str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        cursor.fetchone()
    return True, f"{connection.vendor} answers"


def _migrations() -> tuple[bool, str]:
    executor = MigrationExecutor(connection)
    missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if missing:
        return False, f"{len(missing)} migrations are not applied; run manage.py migrate"
    return True, "all applied"


def _beat() -> tuple[bool, str]:
    now = db_now()
    last = Beat.objects.order_by("-last_tick_at").first()
    if last is None:
        return False, "no beat has ever run; start celery beat"
    age = _seconds(now - last.last_tick_at)
    if last.stopped_at is None and now - last.last_tick_at <= BEAT_SILENT:
        return True, f"last tick {age} s ago"
    how = "stopped" if last.stopped_at else "fell silent"
    return False, f"the last beat {how} {age} s ago; workers stand in for it"


def _workers() -> tuple[bool, str]:
    alive = live_workers()
    served = {queue for worker in alive for queue in worker.queues}
    names = Queue.objects.filter(paused_at=None).values_list("name", flat=True)
    without = [name for name in names if name not in served]
    if without:
        return False, f"no worker serves {', '.join(without)}"
    if not alive:
        return False, "no worker runs"
    return True, f"{len(alive)} with {sum(worker.concurrency for worker in alive)} children"


def _claims() -> tuple[bool, str]:
    now = db_now()
    stuck = [found for queue in Queue.objects.filter(paused_at=None) if (found := _stuck(queue.name, now))]
    return not stuck, "; ".join(stuck) or "nothing waits without need"


def _stuck(queue: str, now: datetime) -> str | None:
    """Say that a queue's oldest eligible run waits although somebody could take it."""
    oldest = _oldest_eligible(queue)
    if oldest is None or now - oldest < UNCLAIMED:
        return None
    serving = [worker for worker in live_workers() if queue in worker.queues]
    if serving and (all(worker.running >= worker.concurrency for worker in serving) or _claim_lately(serving, now)):
        return None
    return f"a run has waited in {queue} for {_seconds(now - oldest)} s and nobody takes it"


def _oldest_eligible(queue: str) -> datetime | None:
    """A run of a serial task is not eligible while another run of that task is under way."""
    return eligible_runs(queue).order_by("id").values_list("queued_at", flat=True).first()


def _claim_lately(workers: list[Worker], now: datetime) -> bool:
    """Say whether one of these has taken any run lately; it may have taken more urgent ones."""
    newest = RunEvent.objects.order_by("-id").values_list("target", "actor", "at")[:NEWEST_EVENTS]
    actors = {f"worker:{worker.name}" for worker in workers}
    return any(target == Status.RUNNING and actor in actors and now - at < UNCLAIMED for target, actor, at in newest)


def _schedule() -> tuple[bool, str]:
    now = db_now()
    late = ScheduledTask.objects.filter(next_due_at__lt=now - OVERDUE).order_by("next_due_at").first()
    if late is None or late.next_due_at is None:
        return True, "nothing is overdue"
    return False, f"a task has been due for {_seconds(now - late.next_due_at)} s and was not fired"


def _seconds(span: timedelta) -> int:
    return max(0, round(span.total_seconds()))


def _first_line(fault: Exception) -> str:
    return (str(fault).strip().splitlines() or [type(fault).__name__])[0][:200]
