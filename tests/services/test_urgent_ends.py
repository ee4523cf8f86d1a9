"""Ends that are written by themselves, while the next run is at work: few are on their way, and none gets lost."""

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection, connections, transaction

from tasks_app.models import RunEvent, TaskRun, db_now
from tasks_app.services import claiming
from tasks_app.services.doubts import Claimer
from tasks_app.services.execution import child as child_module
from tasks_app.services.execution.board import Board, Place, Slot
from tasks_app.services.execution.child import Child
from tasks_app.services.execution.group import MOST, Group
from tasks_app.services.execution.parent import Parent
from tasks_app.services.group_moves import Ended
from tasks_app.services.lifecycle import Claim
from tests import runs
from tests.handler_types import declared
from tests.services.test_child_at_work import slow_updates

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("valkey")]


@pytest.fixture
def child(monkeypatch: pytest.MonkeyPatch) -> Iterator[Child]:
    """Give a child that leaves this process's signals alone; nobody else is connected afterwards."""
    monkeypatch.setattr(child_module, "take_signals", lambda *_: None)
    yield Child(Place(Board(), 0, "w@h"), queues=["default"], children=1)
    if connection.vendor == "postgresql":  # whoever drops the database must be alone
        wait_for(lambda: not cut_others())


def cut_others() -> int:
    """Cut the other connections to the database, and say how many there were."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
            " AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
        )
        return len(cursor.fetchall())


def events(target: str) -> list[Any]:
    """Give the runs that have such an event, each as often as it has one."""
    return list(RunEvent.objects.filter(target=target).order_by("run_id").values_list("run_id", flat=True))


@contextmanager
def locked(run: TaskRun) -> Iterator[threading.Event]:
    """Let somebody else hold a run's row until the event is set."""
    is_locked, let_go = threading.Event(), threading.Event()

    def hold() -> None:
        try:
            with transaction.atomic():
                list(TaskRun.objects.select_for_update().filter(id=run.id))
                is_locked.set()
                assert let_go.wait(30)
        finally:
            connections.close_all()

    thread = threading.Thread(target=hold)
    thread.start()
    assert is_locked.wait(30)
    try:
        yield let_go
    finally:
        let_go.set()
        thread.join()


@pytest.mark.postgres
def test_no_run_begins_while_as_many_ends_as_allowed_are_on_their_way(child: Child, alice: User) -> None:
    behind: list[int] = []

    def handler(_ctx: Any, _payload: Any) -> None:
        behind.append(len(behind) - TaskRun.objects.filter(status="succeeded").count())

    with declared(handler, short=True, flush_each=True) as name, slow_updates():
        for _ in range(MOST + 2):
            runs.make_run(alice, type=name)
        child.work("default")
    assert len(behind) == MOST + 2
    assert 0 < max(behind) < MOST, "the next run begins before the end of the last is written"
    assert {row.status for row in TaskRun.objects.all()} == {"succeeded"}


@pytest.mark.postgres
def test_where_there_is_no_room_for_a_thread_the_ends_are_written_all_the_same(
    child: Child, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_self: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with declared(lambda ctx, payload: None, short=True, flush_each=True) as name:
        made = [runs.make_run(alice, type=name) for _ in range(3)]
        monkeypatch.setattr(threading.Thread, "start", refuse)
        child.work("default")
    assert events("succeeded") == [run.id for run in made]


@pytest.mark.postgres
def test_ends_whose_connection_is_cut_are_written_once(child: Child, alice: User) -> None:
    begun: list[str] = []

    def handler(ctx: Any, _payload: Any) -> None:
        begun.append(ctx.run_id)
        if len(begun) in (3, 6):
            cut_others()

    with declared(handler, short=True, flush_each=True) as name:
        made = [runs.make_run(alice, type=name) for _ in range(10)]
        child.work("default")
    assert begun == [str(run.id) for run in made]
    assert events("succeeded") == [run.id for run in made]
    assert {row.status for row in TaskRun.objects.all()} == {"succeeded"}


@pytest.mark.postgres
def test_a_group_is_dissolved_while_an_end_is_on_its_way(child: Child, alice: User) -> None:
    begun: list[str] = []
    with ExitStack() as stack:
        locks: list[threading.Event] = []

        def handler(ctx: Any, _payload: Any) -> None:
            begun.append(ctx.run_id)
            if len(begun) == 1:  # so its end cannot be written
                locks.append(stack.enter_context(locked(made[0])))
            if len(begun) == 2:
                wait_for(lambda: runs.fresh(made[2]).status == "queued")
                locks[0].set()
                wait_for(lambda: runs.fresh(made[1]).started_at is not None)

        name = stack.enter_context(declared(handler, short=True, flush_each=True))
        made = [runs.make_run(alice, type=name) for _ in range(3)]
        child.work("default")
    assert begun[:2] == [str(run.id) for run in made[:2]]
    assert {row.status for row in TaskRun.objects.all()} == {"succeeded"}
    assert events("succeeded") == [run.id for run in made]
    assert events("fenced") == []


@pytest.mark.postgres
def test_two_threads_that_flush_at_once_write_each_end_once(alice: User) -> None:
    made = [runs.make_run(alice) for _ in range(2)]
    board, both = Board(), threading.Barrier(2)
    claimed = claiming.claim_group(queue="default", claimer=Claimer("w", 60), most=lambda _: 50)
    group = Group(claimed, Place(board, 0, "w"), is_background=False, claimed_at=time.monotonic())
    for run in claimed:
        begin(group, board)
        end(group, board, run)

    def flush() -> None:
        try:
            both.wait(30)
            group.flush()
        finally:
            connections.close_all()

    with slow_updates():
        threads = [threading.Thread(target=flush) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert events("succeeded") == [run.id for run in made]
    assert events("fenced") == []


def test_an_end_that_is_not_written_when_its_child_dies_is_given_back_uncharged(alice: User) -> None:
    made = [runs.make_run(alice) for _ in range(4)]
    board = Board()
    claimed = claiming.claim_group(queue="default", claimer=Claimer("w", 60), most=lambda _: 50)
    group = Group(claimed, Place(board, 0, "w"), is_background=False, claimed_at=time.monotonic())
    begin(group, board)
    end(group, board, claimed[0])
    begin(group, board)
    group.flush()  # as the flusher does, while the second is at work
    end(group, board, claimed[1])
    begin(group, board)
    Parent(board, name="w", queues=["default"], children=1, version="1").settle_lost(alive=())
    rows = [runs.fresh(run) for run in made]
    assert [(row.status, row.reason, row.crashes) for row in rows] == [
        ("succeeded", "", 0),
        ("queued", "handed_back", 0),
        ("queued", "rescued", 1),
        ("queued", "handed_back", 0),
    ]
    assert events("fenced") == []


def wait_for(holds: Callable[[], bool]) -> None:
    """Wait until something holds."""
    ends_at = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < ends_at


def begin(group: Group, board: Board) -> None:
    """Begin the next run as an attempt does."""
    run = group.next()
    assert run is not None
    board.write(0, Slot(0, os.getpid(), run.id, run.claim_no, False))


def end(group: Group, board: Board, run: TaskRun) -> None:
    """End it well as a child does."""
    now = db_now()
    group.add(Ended(run, Claim(run.id, run.claim_no, "w"), now - timedelta(milliseconds=1), now, None), is_urgent=True)
    board.clear(0)
