"""The thread that does a parent's duties while the worker has no connection to the broker."""

import os
import threading
import time

from tasks_app.services.execution.board import Board
from tasks_app.services.execution.duties import StandIn


def test_no_child_is_forked_in_the_middle_of_a_duty() -> None:
    happened: list[str] = []
    begun = threading.Event()

    def duty() -> None:
        happened.append("begun")
        begun.set()
        until = time.monotonic() + 0.3
        while time.monotonic() < until:
            pass
        happened.append("done")

    stand_in = StandIn()
    stand_in.begin(Board(), [(60, duty)])
    assert begun.wait(10)
    if not (child := os.fork()):
        os._exit(0)
    happened.append("forked")
    os.waitpid(child, 0)
    stand_in.end()
    assert happened == ["begun", "done", "forked"]


def test_when_it_has_ended_it_is_in_the_middle_of_nothing() -> None:
    done: list[str] = []
    begun = threading.Event()

    def duty() -> None:
        begun.set()
        until = time.monotonic() + 0.3
        while time.monotonic() < until:
            pass
        done.append("one")

    stand_in = StandIn()
    stand_in.begin(Board(), [(0, duty)])
    assert begun.wait(10)
    stand_in.end()
    assert done == ["one"]
    assert "stand-in" not in {thread.name for thread in threading.enumerate()}


def test_it_ends_by_itself_when_the_worker_is_asked_to_stop() -> None:
    board, begun = Board(), threading.Event()
    stand_in = StandIn()
    stand_in.begin(board, [(60, begun.set)])
    assert begun.wait(10)
    board.ask_stop(by=time.monotonic())
    assert stand_in._thread is not None
    stand_in._thread.join(10)
    assert not stand_in._thread.is_alive()
    stand_in.end()
