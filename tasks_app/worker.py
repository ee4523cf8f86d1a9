"""The engine inside a Celery worker: a bootstep for the parent, signals for parent and children.

The parent's duties run on timers of its event loop. A lost connection to the broker clears those timers and starts the
consumer anew, so they belong to the consumer, whose start sets them again. While there is no connection a thread reads
what operators ask of the worker, so that a stop needs no broker.
"""

import logging
import os
import signal
import threading
import time
from collections.abc import Callable
from types import FrameType
from typing import Any

from billiard import current_process
from celery import bootsteps, current_app, signals
from django.conf import settings
from django.db import DatabaseError, InterfaceError, close_old_connections, connections
from django.db.backends.signals import connection_created

from tasks_app.services import upkeep
from tasks_app.services.execution.board import Board
from tasks_app.services.execution.child import Child, make_child
from tasks_app.services.execution.parent import Parent
from tasks_app.services.locks import limit_lock_wait

logger = logging.getLogger(__name__)

_WATCH_SECONDS = 0.5
_REPORT_SECONDS = 3.0
_LISTENER_END_SECONDS = 5.0
_SECOND_STOP_SECONDS = 1.0
_LATE_SECONDS = 0.3
_LOCK_WAIT = "'5s'"

_board: Board | None = None
_parent: Parent | None = None
_child: Child | None = None


class EngineStep(bootsteps.StartStopStep):
    """Consumer step: reports the worker, watches its children, does upkeep."""

    requires = ("celery.worker.consumer.tasks:Tasks",)

    def __init__(self, consumer: Any, **options: Any) -> None:
        super().__init__(consumer, **options)
        self._timers: list[Any] = []
        self._listener: Listener | None = None

    def start(self, consumer: Any) -> None:
        """Set the timers; called again after each lost connection."""
        _take_signals()
        _wait_briefly_for_locks()
        parent = _parent_of(consumer)
        if self._listener is not None:
            self._listener.end()
            self._listener = None
        self._every(consumer, _WATCH_SECONDS, lambda: _watch(consumer, parent))
        self._every(consumer, _REPORT_SECONDS, lambda: _report(consumer, parent))
        self._every(consumer, settings.UPKEEP_SECONDS, lambda: upkeep.upkeep(actor=f"{upkeep.ACTOR}{parent.name}"))
        _guarded(lambda: _report(consumer, parent))

    def stop(self, consumer: Any) -> None:
        """Clear the timers; unless this is the end, listen meanwhile."""
        if _parent is not None and self._listener is None and _the_board().stop_by is None:
            self._listener = Listener(_parent)
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()

    def _every(self, consumer: Any, seconds: float, duty: Callable[[], object]) -> None:
        self._timers.append(consumer.timer.call_repeatedly(seconds, _guarded, (duty,)))


class Listener:
    """Reads what is asked of the worker while it has no connection to the broker. Nothing forks meanwhile."""

    def __init__(self, parent: Parent) -> None:
        self._parent = parent
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._listen, name="listener", daemon=True)
        self._thread.start()

    def end(self) -> None:
        """End it before the worker goes on, and children may be forked again."""
        self._is_over.set()
        self._thread.join(_LISTENER_END_SECONDS)

    def _listen(self) -> None:
        while not self._is_over.wait(_REPORT_SECONDS):
            _guarded(lambda: self._parent.obey(self._parent.wish()))
        connections.close_all()


def _report(consumer: Any, parent: Parent) -> None:
    """Report the worker, do what is asked of it, and take wake-ups only where it takes work: others need them."""
    parent.obey(parent.report())
    taken = consumer.task_consumer
    for queue in parent.queues:
        if parent.board.is_quiet:
            taken.cancel_by_queue(queue)
        elif not taken.consuming_from(queue):
            taken.add_queue(consumer.app.amqp.queues[queue])
            taken.consume()


def _take_signals() -> None:
    """Let every word for an end be an orderly stop, which tells the children; SIGQUIT leaves them a second.

    By itself Celery waits for them without a word after SIGQUIT and a second SIGINT, and starts anew after SIGHUP.
    """

    def stop(number: int, _frame: FrameType | None) -> None:
        if number == signal.SIGQUIT:
            _the_board().ask_stop(by=time.monotonic() + _SECOND_STOP_SECONDS)
        os.kill(os.getpid(), signal.SIGTERM)

    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGQUIT):
        signal.signal(number, stop)


def _wait_briefly_for_locks() -> None:
    """Let no row that somebody holds stop the parent, in which reports, rescue and all other upkeep take turns."""
    own_pid = os.getpid()

    def limit(**_: Any) -> None:
        if os.getpid() == own_pid:  # a child may wait: only its own run does so
            limit_lock_wait(_LOCK_WAIT, scope="SESSION")

    connection_created.connect(limit, dispatch_uid="wait briefly for locks", weak=False)
    connections.close_all()


def current_child() -> Child:
    """Give the engine of this child; raises RuntimeError outside a prefork child."""
    if _child is None:
        raise RuntimeError("runs are executed in the children of a prefork worker only: start it with --pool=prefork")
    return _child


def _guarded(duty: Callable[[], object]) -> None:
    """Do a duty; a database that is away must not end the worker."""
    try:
        close_old_connections()
        duty()
    except (DatabaseError, InterfaceError) as error:
        logger.warning("the worker's parent could not reach the database: %s", error)
        connections.close_all()
    except Exception:
        logger.exception("a duty of the worker's parent failed")


def _watch(consumer: Any, parent: Parent) -> None:
    """Settle the runs of dead children, and have the pool replace them now: by itself it looks every 5 s."""
    pool = consumer.pool._pool
    if pool is None:
        return
    alive = {process.pid for process in pool._pool if process.exitcode is None}
    if parent.settle_lost(alive):
        consumer.pool.maintain_pool()


def _parent_of(consumer: Any) -> Parent:
    global _parent  # noqa: PLW0603  # one parent per process
    if _parent is None:
        _parent = Parent(
            _the_board(),
            name=consumer.hostname,
            queues=sorted(consumer.app.amqp.queues.consume_from),
            children=consumer.pool.num_processes,
            version=settings.VERSION,
        )
    return _parent


def _the_board() -> Board:
    global _board  # noqa: PLW0603  # made once in the parent, inherited by each child
    if _board is None:
        _board = Board()
    return _board


@signals.celeryd_init.connect
def _before_fork(**_: Any) -> None:
    """Make the shared memory while there is only one process."""
    _the_board()


@signals.worker_process_init.connect
def _in_child(sender: Any = None, **_: Any) -> None:
    global _child, _parent  # noqa: PLW0603  # this process is a child from here on
    _parent = None
    queues = sorted(current_app.amqp.queues.consume_from)
    number = getattr(current_process(), "index", 0) or 0
    children = current_app.conf.worker_concurrency or 1
    _child = make_child(_the_board(), number=number, worker=str(sender), queues=queues, children=children)


@signals.worker_shutting_down.connect
def _asked_to_stop(how: str = "", **_: Any) -> None:
    """Tell the children to stop; the first wish gives them their grace, a second or a cold one a second."""
    board = _the_board()
    is_first = board.stop_by is None and str(how).lower() == "warm"
    board.ask_stop(by=time.monotonic() + (settings.STOP_GRACE_SECONDS if is_first else _SECOND_STOP_SECONDS))
    if _parent is not None:
        threading.Thread(target=_end_late_children, args=(_parent,), name="end-late-children", daemon=True).start()


def _end_late_children(parent: Parent) -> None:
    """End, after the grace, what did not end by itself (C code that holds the interpreter sees no wish).

    A thread, because the main one waits for the children then; nothing forks any more.
    """
    while (left := (parent.board.stop_by or 0.0) + _LATE_SECONDS - time.monotonic()) > 0:
        time.sleep(left)
    _guarded(parent.end_children)
    connections.close_all()


@signals.worker_shutdown.connect
def _stopped(**_: Any) -> None:
    """Every child has ended: hand back what they left, and say goodbye."""
    if _parent is not None:
        parent = _parent
        _guarded(lambda: parent.settle_lost(set()))
        _guarded(parent.say_goodbye)


current_app.steps["consumer"].add(EngineStep)
