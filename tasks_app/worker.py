"""The engine inside a Celery worker: a bootstep for the parent, signals for parent and children.

The parent's duties run on timers of its event loop. A lost connection to the broker clears those timers and starts the
consumer anew, so they belong to the consumer, whose start sets them again. While there is no connection a thread stands
in for the loop, so that a child that dies is seen, a stop needs no broker, and upkeep goes on.
"""

import logging
import os
import signal
import threading
import time
from collections.abc import Callable
from functools import partial
from types import FrameType
from typing import Any

from billiard import current_process
from celery import bootsteps, current_app, signals
from django.conf import settings
from django.db import connection, connections
from django.db.backends.signals import connection_created

from tasks_app.services import upkeep
from tasks_app.services.clock_steps import ClockSteps
from tasks_app.services.execution.board import Board
from tasks_app.services.execution.child import Child, make_child
from tasks_app.services.execution.duties import Duty, StandIn, guarded
from tasks_app.services.execution.parent import Parent
from tasks_app.services.execution.surroundings import can_open_files
from tasks_app.services.locks import limit_lock_wait

logger = logging.getLogger(__name__)

_WATCH_SECONDS = 0.5
_REPORT_SECONDS = 3.0
_SECOND_STOP_SECONDS = 1.0
_LATE_SECONDS = 0.3
_SETTLE_SECONDS = 5.0
_LOCK_WAIT = "'5s'"

_clock = ClockSteps()
_stand_in = StandIn()
_board: Board | None = None
_parent: Parent | None = None
_child: Child | None = None
_begin: Callable[[], Child] | None = None


class EngineStep(bootsteps.StartStopStep):
    """Consumer step: reports the worker, watches its children, does upkeep."""

    requires = ("celery.worker.consumer.tasks:Tasks",)

    def __init__(self, consumer: Any, **options: Any) -> None:
        super().__init__(consumer, **options)
        self._timers: list[Any] = []

    def start(self, consumer: Any) -> None:
        """Set the timers; called again after each lost connection."""
        _take_signals()
        _wait_briefly_for_locks()
        parent = _parent_of(consumer)
        _stand_in.end()
        report = partial(_report, consumer, parent)
        for seconds, duty in _duties(parent, watch=partial(_watch, consumer, parent), report=report):
            self._timers.append(consumer.timer.call_repeatedly(seconds, guarded, (duty,)))
        guarded(report)

    def stop(self, consumer: Any) -> None:
        """Clear the timers; unless this is the end, a thread goes on meanwhile. It replaces no children: to fork is for
        the main thread alone, and without wake-ups they would be idle."""
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()
        if (parent := _parent) is not None and _the_board().stop_by is None:
            watch = partial(_settle, consumer, parent)
            _stand_in.begin(parent.board, _duties(parent, watch=watch, report=lambda: parent.obey(parent.report())))


def _duties(parent: Parent, *, watch: Callable[[], object], report: Callable[[], object]) -> list[Duty]:
    do_upkeep = partial(upkeep.upkeep, actor=f"{upkeep.ACTOR}{parent.name}", clock=_clock)
    return [(_WATCH_SECONDS, watch), (_REPORT_SECONDS, report), (settings.UPKEEP_SECONDS, do_upkeep)]


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
        # A child may wait: only its own run does so. Behind a pooler a session is everybody's.
        if os.getpid() == own_pid and not connection.settings_dict.get("DISABLE_SERVER_SIDE_CURSORS"):
            limit_lock_wait(_LOCK_WAIT, scope="SESSION")

    connection_created.connect(limit, dispatch_uid="wait briefly for locks", weak=False)
    connections.close_all()


def current_child() -> Child:
    """Give the engine of this child, begun now if there was no room for its thread before; raises RuntimeError outside
    a prefork child."""
    global _child  # noqa: PLW0603  # one child per process
    if _child is None:
        if _begin is None:
            message = "runs are executed in the children of a prefork worker only: start it with --pool=prefork"
            raise RuntimeError(message)
        _child = _begin()
    return _child


def work(queue: str) -> None:
    """Execute what waits; a child in which hardly a file can be opened any more, or something else that a handler has
    changed cannot be put right, makes room for a fresh one."""
    child = current_child()
    try:
        child.work(queue)
    except Exception:
        if can_open_files():
            raise
        logger.exception("no file can be opened, and nothing be claimed")
        child.is_worn_out = True
    if child.is_worn_out:
        logger.error("handlers have left this process in no state to go on; it ends, and another takes its place")
        os._exit(1)


def _watch(consumer: Any, parent: Parent) -> None:
    """Settle what dead children left, and have the pool replace them now: by itself it looks every 5 s."""
    if _settle(consumer, parent):
        consumer.pool.maintain_pool()


def _settle(consumer: Any, parent: Parent) -> bool:
    """Settle the runs of dead children, and say whether there are any; one that lives beyond its deadline is ended
    first."""
    pool = consumer.pool._pool
    if pool is None:
        return False
    processes = list(pool._pool)
    alive = {process.pid for process in processes if process.exitcode is None}
    parent.end_overdue(alive)
    return bool(parent.settle_lost(alive)) or len(alive) < len(processes)


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
    global _begin, _parent  # noqa: PLW0603  # this process is a child from here on
    _parent = None
    queues = sorted(current_app.amqp.queues.consume_from)
    number = getattr(current_process(), "index", 0) or 0
    children = current_app.conf.worker_concurrency or 1
    worker = str(sender)
    _begin = partial(make_child, _the_board(), number=number, worker=worker, queues=queues, children=children)
    current_child()


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
    guarded(parent.end_children)
    connections.close_all()


@signals.worker_shutdown.connect
def _stopped(**_: Any) -> None:
    """Every child has ended: hand back what they left, and say goodbye."""
    _stand_in.end()
    if _parent is not None:
        _settle_all(_parent)
        guarded(_parent.say_goodbye)


def _settle_all(parent: Parent) -> None:
    """Hand back what is left, and what somebody holds as soon as it is free: there is no next time, and a run that
    stays behind is charged a crash when its lease ends."""
    until = time.monotonic() + _SETTLE_SECONDS
    while True:
        guarded(lambda: parent.settle_lost(set()))
        is_done = not (parent.board.busy() or parent.board.all_held())
        if is_done or time.monotonic() >= until:
            return
        time.sleep(_WATCH_SECONDS)


current_app.steps["consumer"].add(EngineStep)
