"""Facts about the platform itself: what works, and what needs a person. Each is one cheap question that cannot hang."""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import DatabaseError, InterfaceError, connection, transaction
from django.db.migrations.executor import MigrationExecutor

from tasks_app.handlers import registry
from tasks_app.models import Beat, Queue, ScheduledTask, TaskRun, Worker, db_now
from tasks_app.models.platform import ALIVE
from tasks_app.selectors.spans import whole_seconds
from tasks_app.states import Status

STATEMENT_MILLISECONDS = 1500
BEAT_SILENT = timedelta(seconds=10)
RECENTLY = timedelta(hours=1)
"""A beat writes its row every 2 s."""
OVERDUE = timedelta(seconds=60)
SOON = timedelta(days=1)
REMEMBERED = 50
DUE_READ = 20_000
DATABASE_TODO = "See whether the database runs, has room, and is reached from here."
READ_ONLY_TODO = "See why it is read-only: a standby, a full disk, default_transaction_read_only."
BEAT_TODO = "Start celery beat, as the Procfile has it; any number of them may run."
_kept_workers: ContextVar[dict[str | None, list[Worker]] | None] = ContextVar("kept_workers", default=None)
"""What questions that are asked together know of the workers."""


@dataclass(frozen=True)
class Finding:
    """What was found about one thing; `detail` is a sentence for people.

    Of a fault: since when, where that is known, and what to do about it. `is_asked` says that the database answered.
    """

    name: str
    ok: bool
    detail: str
    since: datetime | None = None
    todo: str = ""
    is_asked: bool = True


@dataclass(frozen=True)
class Fault:
    """What a question found to be wrong."""

    detail: str
    todo: str
    since: datetime | None = None


def find(name: str, question: Callable[[], tuple[bool, str] | Fault]) -> Finding:
    """Ask, and turn a database that does not answer into a finding."""
    try:
        with briefly():
            found = question()
    except (DatabaseError, InterfaceError) as fault:
        connection.close()
        detail = f"the database does not answer: {first_line(fault)}"
        return Finding(name, False, detail, todo=DATABASE_TODO, is_asked=False)
    if isinstance(found, Fault):
        return Finding(name, False, found.detail, found.since, found.todo)
    return Finding(name, *found)


def together(questions: Iterable[Callable[[], Finding]]) -> list[Finding]:
    """Ask several in one short transaction, which all read the same workers; end where the database does not answer."""
    found: list[Finding] = []

    def ask() -> tuple[bool, str]:
        kept = _kept_workers.set({})
        try:
            for question in questions:
                found.append(question())
                if not found[-1].is_asked:
                    break
        finally:
            _kept_workers.reset(kept)
        return True, ""

    whole = find("database", ask)
    return found if whole.ok else [whole]


def database() -> Finding:
    """Say whether the database answers, and takes what is written: one that only answers runs nothing."""
    return find("database", _database_writes)


def database_answers() -> Finding:
    """Say whether the database can be read."""
    return find("database", _database)


def migrations() -> Finding:
    """Say whether the tables are those that this code expects."""
    return find("migrations", _migrations)


def beat() -> Finding:
    """Say whether a beat ticks."""
    return find("beat", _beat)


def workers() -> Finding:
    """Say whether each queue that is used and not paused has a worker that reports."""
    return find("workers", _workers)


def schedule() -> Finding:
    """Say whether planned instants are fired when they are due."""
    return find("schedule", _schedule)


def live_workers(hostname: str | None = None) -> list[Worker]:
    """Give the workers that have reported lately, of one host or of all."""
    kept = _kept_workers.get()
    if kept is not None and hostname in kept:
        return kept[hostname]
    alive = Worker.objects.filter(stopped_at=None, heartbeat_at__gte=db_now() - ALIVE)
    found = list(alive.filter(hostname=hostname[:200]) if hostname else alive)
    if kept is not None:
        kept[hostname] = found
    return found


def live_beats(hostname: str | None = None) -> list[Beat]:
    """Give the beats that have ticked lately, of one host or of all."""
    alive = Beat.objects.filter(stopped_at=None, last_tick_at__gte=db_now() - BEAT_SILENT)
    return list(alive.filter(name__startswith=f"beat:{hostname}:") if hostname else alive)


@contextmanager
def briefly() -> Iterator[None]:
    """Bound each statement, where the database can; SQLite's readers wait for nobody. Within `together` it is done."""
    if connection.vendor != "postgresql" or _kept_workers.get() is not None:
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


def _database_writes() -> tuple[bool, str] | Fault:
    answers = _database()
    if connection.vendor != "postgresql":
        return answers
    with connection.cursor() as cursor:
        cursor.execute("SHOW transaction_read_only")
        (is_read_only,) = cursor.fetchone()
    if is_read_only == "on":
        return Fault("postgresql answers, and takes no writes: runs wait", READ_ONLY_TODO)
    return answers


def _migrations() -> tuple[bool, str] | Fault:
    executor = MigrationExecutor(connection)
    missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if missing:
        return Fault(f"{len(missing)} migrations are not applied; run manage.py migrate", "Run manage.py migrate.")
    return True, "all applied"


def _beat() -> tuple[bool, str] | Fault:
    now = db_now()
    beats = list(Beat.objects.order_by("-last_tick_at")[:REMEMBERED])
    last = beats[0] if beats else None
    if last is None:
        return Fault("no beat has ever run; start celery beat", BEAT_TODO)
    age = in_words(now - last.last_tick_at)
    if last.stopped_at is None and now - last.last_tick_at <= BEAT_SILENT:
        return True, "; ".join([f"last tick {age} ago", *_silent(beats, now)])
    how = "stopped" if last.stopped_at else "fell silent"
    return Fault(f"the last beat {how} {age} ago; workers stand in for it", BEAT_TODO, last.last_tick_at)


def _silent(beats: Sequence[Beat], now: datetime) -> list[str]:
    """Name the beats that have fallen silent in the last hour without having stopped: others go on, which is enough."""
    ages = [(one.name, now - one.last_tick_at) for one in beats if one.stopped_at is None]
    return [f"{name} has been silent for {in_words(age)}" for name, age in ages if BEAT_SILENT < age <= RECENTLY]


def _workers() -> tuple[bool, str] | Fault:
    alive = live_workers()
    without, hushed = unserved(alive)
    if without:
        todo = f"Start a worker that serves {', '.join(without)} (WORKER_QUEUES names its queues), or pause the queue."
        told = [f"no worker serves {', '.join(without)}", *([_hushed(hushed)] if hushed else [])]
        return Fault("; ".join(told), todo, _served_until(without))
    if hushed:
        since = max((one.wished_at for one in alive if one.is_quiet and one.wished_at), default=None)
        return Fault(_hushed(hushed), "Let one of them take work again (Workers), or pause the queue.", since)
    if not alive:
        return Fault("no worker runs", "Start a worker: celery worker, as the Procfile has it.", _served_until([]))
    quiet = [f"{worker.name} is quiet" for worker in alive if worker.is_quiet]
    return True, "; ".join([f"{len(alive)} with {sum(worker.concurrency for worker in alive)} children", *quiet])


def unserved(alive: Sequence[Worker]) -> tuple[list[str], list[str]]:
    """Give the queues, but for the paused, that lack one of these workers, and those of which all are quiet.

    A queue that somebody has just made, and that nobody uses yet, needs none.
    """
    known = {queue for worker in alive for queue in worker.queues}
    served = {queue for worker in alive if not worker.is_quiet for queue in worker.queues}
    names = list(Queue.objects.filter(paused_at=None).values_list("name", flat=True))
    without = [name for name in names if name not in known]
    return needed_queues(without) if alive else without, [name for name in names if name in known - served]


def needed_queues(queues: list[str]) -> list[str]:
    """Give those that a type names, a worker has served, a run waits in, or a task needs within a day.

    Of the tasks that are due by then, 20,000 are looked at, and no more.
    """
    if not queues:
        return []
    used = {spec.queue for spec in registry.all()}
    for was in Worker.objects.order_by("-heartbeat_at")[:REMEMBERED]:
        used.update(was.queues)
    used |= _due_soon([name for name in queues if name not in used])
    return [name for name in queues if name in used or _has_waiting(name)]


def _has_waiting(queue: str) -> bool:
    return TaskRun.objects.filter(queue=queue, status=Status.QUEUED).exists()


def _due_soon(queues: list[str]) -> set[str]:
    """Give those that a task needs within a day; no more than so many tasks are looked at, one after the other."""
    if not queues:
        return set()
    due = ScheduledTask.objects.filter(next_due_at__lt=db_now() + SOON).order_by().values("queue")
    return set(Queue.objects.filter(name__in=queues).filter(name__in=due[:DUE_READ]).values_list("name", flat=True))


def _hushed(queues: Sequence[str]) -> str:
    return f"every worker of {', '.join(queues)} is quiet and takes nothing"


def _served_until(queues: Collection[str]) -> datetime | None:
    """Give when a worker last reported that served one of these queues, or any."""
    latest = Worker.objects.order_by("-heartbeat_at")[:REMEMBERED]
    return next((one.heartbeat_at for one in latest if not queues or set(one.queues) & set(queues)), None)


def _schedule() -> tuple[bool, str] | Fault:
    now = db_now()
    late = ScheduledTask.objects.filter(next_due_at__lt=now - OVERDUE).order_by("next_due_at").first()
    if late is None or late.next_due_at is None:
        return True, "nothing is overdue"
    detail = f"a task has been due for {in_words(now - late.next_due_at)} and was not fired"
    todo = "Start celery beat, or a worker, which stands in for it; then look at its log."
    return Fault(detail, todo, late.next_due_at)


def in_words(span: timedelta) -> str:
    """Say how long something has lasted."""
    return whole_seconds(span.total_seconds())


def first_line(fault: Exception) -> str:
    """Give the first line of what an exception says."""
    return (str(fault).strip().splitlines() or [type(fault).__name__])[0][:200]
