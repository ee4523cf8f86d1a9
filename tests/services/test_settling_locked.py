"""A worker's parent meets a row that somebody holds: what else it has to do is done all the same."""

import subprocess
import sys
from collections.abc import Iterator

import pytest
from django.contrib.auth.models import User
from django.db import OperationalError, connection

from tasks_app.models import TaskRun
from tasks_app.services.execution.board import Board, Slot
from tasks_app.services.execution.parent import Parent
from tests import runs
from tests.services.test_locks import RUN, holding

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]


@pytest.fixture(autouse=True)
def briefly() -> Iterator[None]:
    """Wait as briefly for a lock as the parent does, or less."""
    with connection.cursor() as cursor:
        cursor.execute("SET lock_timeout TO '100ms'")
    yield
    connection.close()


def at_work(board: Board, owner: User, index: int, pid: int) -> TaskRun:
    """Make a run that the child there is at."""
    run = runs.make_run(owner)
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


def test_late_children_are_ended_though_a_run_is_locked_and_it_is_handed_back_later(alice: User) -> None:
    board = Board()
    children = [subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"]) for _ in range(2)]
    locked, other = (at_work(board, alice, index, child.pid) for index, child in enumerate(children))
    with holding("psql", RUN, locked.id), pytest.raises(OperationalError):
        parent_of(board).end_children()
    assert [child.wait(10) for child in children] == [-9, -9]
    parent_of(board).settle_lost(alive=())
    assert [(run.status, run.crashes, run.reason) for run in map(runs.fresh, (locked, other))] == [
        ("queued", 0, "handed_back")
    ] * 2
