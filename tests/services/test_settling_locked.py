"""A worker's parent meets a row that somebody holds: what else it has to do is done all the same."""

import logging
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from django.contrib.auth.models import User
from django.db import connection

from tasks_app import worker
from tasks_app.models import ScheduledTask, TaskRun, Worker
from tasks_app.services import locks
from tasks_app.services.execution.board import Board, Deadline, Held, Slot
from tasks_app.services.execution.parent import Parent
from tests import runs
from tests.services.test_locks import RUN, TASK, holding

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]


@pytest.fixture(autouse=True)
def patiently() -> Iterator[None]:
    """Let the session itself wait for any lock, and take a wait of seconds for a fault."""
    with connection.cursor() as cursor:
        cursor.execute("SET lock_timeout TO 0; SET statement_timeout TO '4s'")
    yield
    connection.close()


def at_work(board: Board, owner: User, index: int, pid: int, task: ScheduledTask | None = None) -> TaskRun:
    """Make a run that the child there is at."""
    run = runs.make_run(owner, task)
    runs.claim(run)
    TaskRun.objects.filter(id=run.id).update(worker="w")
    board.write(index, Slot(index, pid, run.id, runs.fresh(run).claim_no, is_background=False))
    return runs.fresh(run)


def parent_of(board: Board) -> Parent:
    """Give the parent that looks at this board."""
    return Parent(board, name="w", queues=["default"], children=2, version="1")


def test_a_locked_run_of_a_dead_child_keeps_no_other_from_being_settled(alice: User) -> None:
    board = Board()
    locked, other = (at_work(board, alice, index, pid=4711 + index) for index in range(2))
    with holding("psql", RUN, locked.id):
        parent_of(board).settle_lost(alive=())
        assert [runs.fresh(run).status for run in (locked, other)] == ["running", "queued"]
        assert [slot.run_id for slot in board.busy()] == [locked.id]
    parent_of(board).settle_lost(alive=())
    assert (runs.fresh(locked).status, board.busy()) == ("queued", [])


def test_a_locked_run_of_a_group_keeps_no_other_from_being_given_back(alice: User) -> None:
    board = Board()
    group = [at_work(board, alice, 0, pid=4711) for _ in range(3)]
    board.clear(0)
    board.hold(Held(0, 4711, [(run.id, run.claim_no) for run in group]))
    with holding("psql", RUN, group[1].id):
        parent_of(board).settle_lost(alive=())
        assert [runs.fresh(run).status for run in group] == ["queued", "running", "queued"]
        assert [held.claims for held in board.all_held()] == [[(group[1].id, group[1].claim_no)]]
    parent_of(board).settle_lost(alive=())
    assert (runs.fresh(group[1]).status, board.all_held()) == ("queued", [])


def test_late_children_are_ended_though_a_run_is_locked_and_it_is_handed_back_later(alice: User) -> None:
    board = Board()
    children = [subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"]) for _ in range(2)]
    locked, other = (at_work(board, alice, index, child.pid) for index, child in enumerate(children))
    with holding("psql", RUN, locked.id):
        parent_of(board).end_children()
        assert runs.fresh(other).status == "queued"
    assert [child.wait(10) for child in children] == [-9, -9]
    parent_of(board).settle_lost(alive=())
    assert [(run.status, run.crashes, run.reason) for run in map(runs.fresh, (locked, other))] == [
        ("queued", 0, "handed_back")
    ] * 2


class LettingGo(logging.Handler):
    """Ends the transaction that holds the rows as soon as so many of them were found locked."""

    def __init__(self, other: "psycopg.Connection[Any]", after: int) -> None:
        super().__init__()
        self._other = other
        self._left = after

    def emit(self, record: logging.LogRecord) -> None:
        self._left -= "is locked" in record.getMessage()
        if self._left == 0:
            self._other.rollback()


def stopped_worker(board: Board, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a worker with this board report, and end after its children."""
    parent = parent_of(board)
    parent.report()
    monkeypatch.setattr(worker, "_parent", parent)
    worker._stopped()


def test_rows_that_are_held_as_a_worker_ends_are_tried_again_before_it_says_goodbye(
    alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    board = Board()
    task = runs.make_task(alice, overlap="allow")
    left = [at_work(board, alice, index, pid=4711 + index, task=task) for index in range(4)]
    held = left.pop()
    board.clear(3)
    board.hold(Held(3, 4714, [(held.id, held.claim_no)]))
    for index in range(3):
        board.set_deadline(index, Deadline.SHUTDOWN, time.monotonic())
    with holding("psql", TASK, task.id) as other:
        monkeypatch.setattr(locks.logger, "handlers", [LettingGo(other, after=4)])
        stopped_worker(board, monkeypatch)
    assert [(run.status, run.reason, run.crashes) for run in map(runs.fresh, (*left, held))] == [
        ("queued", "handed_back", 0)
    ] * 4
    assert Worker.objects.get(name="w").stopped_at


def test_a_row_that_stays_locked_keeps_no_worker_from_its_end(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "_SETTLE_SECONDS", 0)
    board = Board()
    run = at_work(board, alice, 0, pid=4711)
    with holding("psql", RUN, run.id):
        stopped_worker(board, monkeypatch)
        assert (runs.fresh(run).status, len(board.busy())) == ("running", 1)
        assert Worker.objects.get(name="w").stopped_at
