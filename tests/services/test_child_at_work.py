"""A worker's child in this process: what it has claimed comes to its end, whatever goes wrong beside it."""

import os
import resource
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import DataError, OperationalError, connection, connections
from django.test.utils import CaptureQueriesContext

from tasks_app import dispatch, worker
from tasks_app.errors import Skip
from tasks_app.models import RunEvent, TaskRun, db_now
from tasks_app.services import claiming, lifecycle, outcomes
from tasks_app.services.doubts import Claimer, Doubt
from tasks_app.services.execution import child as child_module
from tasks_app.services.execution.board import Board, Place
from tasks_app.services.execution.child import Child
from tasks_app.services.execution.group import PATIENCE_SECONDS
from tests import runs
from tests.handler_types import declared, ended

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("valkey")]


@pytest.fixture
def child(monkeypatch: pytest.MonkeyPatch) -> Child:
    """Give a child that leaves this process's signals alone."""
    monkeypatch.setattr(child_module, "take_signals", lambda *_: None)
    return Child(Place(Board(), 0, "w@h"), queues=["default"], children=1)


def test_a_fault_between_claim_and_start_does_not_strand_the_run(
    child: Child, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lost(_queues: object) -> None:
        raise OperationalError("the connection is lost")

    monkeypatch.setattr(claiming, "has_eligible", lost)
    with declared(lambda ctx, payload: None) as name:
        run = runs.make_run(alice, type=name)
        assert child.work("default") == 1
    assert (runs.fresh(run).status, runs.fresh(run).crashes) == ("succeeded", 0)


def test_a_member_of_a_group_that_is_asked_to_stop_before_its_turn_does_not_begin(child: Child, alice: User) -> None:
    begun: list[str] = []

    def handler(ctx: Any, _payload: Any) -> None:
        begun.append(str(ctx.run_id))
        if len(begun) == 1:
            lifecycle.ask_to_stop(runs.fresh(made[2]), actor="user:alice")
            ends_at = time.monotonic() + 1.5 * PATIENCE_SECONDS
            while time.monotonic() < ends_at:
                pass

    with declared(handler, short=True) as name:
        made = [runs.make_run(alice, type=name) for _ in range(3)]
        child.work("default")
    assert begun == [str(run.id) for run in made[:2]]
    assert [runs.fresh(run).status for run in made] == ["succeeded", "succeeded", "cancelled"]


def test_a_quiet_worker_claims_nothing_and_wakes_the_others(
    child: Child, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    woken: list[str] = []
    monkeypatch.setattr(dispatch, "wake", lambda queue, count=1: woken.append(queue))
    board = child._place.board
    with declared(lambda ctx, payload: board.be_quiet(True)) as name:
        first, second = (runs.make_run(alice, type=name) for _ in range(2))
        assert child.work("default") == 1
        assert [runs.fresh(run).status for run in (first, second)] == ["succeeded", "queued"]
        assert woken[-1] == "default"
        assert child.work("default") == 0
        board.be_quiet(False)
        assert child.work("default") == 1


@contextmanager
def lost_answer(*, is_committed: bool, refusals: int = 0) -> Iterator[None]:
    """Let the connection be lost in the first commit of a claim: just after it, or just before; and the database then
    refuse so often to be asked anything."""
    driver: Any = type(connections["default"])
    lost: list[bool] = []
    left = [True] * refusals
    commit, ask = driver._commit, driver._cursor

    def refuse(self: Any, *args: Any) -> Any:
        if lost and left:
            left.pop()
            raise OperationalError("the database system is starting up")
        return ask(self, *args)

    def cut(self: Any) -> None:
        if lost or not any(row["sql"].startswith(("UPDATE", "WITH moved", "WITH v")) for row in self.queries_log):
            commit(self)
            return
        lost.append(True)
        if is_committed:
            commit(self)
        if self.vendor == "postgresql":
            self.connection.close()
        raise OperationalError("the connection is lost")

    driver._commit, driver._cursor = cut, refuse
    connection.force_debug_cursor = True
    connection.queries_log.clear()
    try:
        yield
        assert lost, "a claim was cut off"
        assert not left, "and nothing asked meanwhile"
    finally:
        driver._commit, driver._cursor, connection.force_debug_cursor = commit, ask, False


@pytest.mark.parametrize("short", [True, False], ids=["a group", "alone"])
@pytest.mark.parametrize("is_committed", [True, False])
def test_a_claim_whose_answer_is_lost_costs_its_runs_nothing(
    is_committed: bool, short: bool, child: Child, alice: User
) -> None:
    with declared(lambda ctx, payload: None, short=short) as name:
        made = [runs.make_run(alice, type=name) for _ in range(2)]
        with lost_answer(is_committed=is_committed):
            child.work("default")
        child.work("default")
    claims = [runs.fresh(run).claim_no for run in made]
    assert [(runs.fresh(run).status, runs.fresh(run).crashes) for run in made] == [("succeeded", 0)] * 2
    assert claims == ([2, 2] if short and is_committed else [2, 1] if is_committed else [1, 1])
    assert not RunEvent.objects.filter(target="fenced").exists()


@pytest.mark.parametrize("short", [True, False], ids=["a group", "alone"])
def test_a_claim_whose_answer_is_lost_costs_nothing_either_while_the_database_starts_up(
    short: bool, child: Child, alice: User
) -> None:
    with declared(lambda ctx, payload: None, short=short) as name:
        run = runs.make_run(alice, type=name)
        with lost_answer(is_committed=True, refusals=2):
            child.work("default")
        assert runs.fresh(run).status == "queued", "given back before anybody else is woken"
        child.work("default")
    assert [runs.fresh(run).status, runs.fresh(run).crashes, runs.fresh(run).claim_no] == ["succeeded", 0, 2]


def test_a_doubt_gives_back_no_other_claim_of_the_same_number(alice: User) -> None:
    run, doubt = runs.make_run(alice), Doubt(Claimer("w@h", 60))
    doubt.note([run], db_now() + timedelta(seconds=60), time.monotonic())  # and the commit never came there
    claimed = claiming.claim_next(queues=["default"], worker="w@h", lease_seconds=60)
    assert claimed is not None
    assert claimed.claim_no == doubt.claims[0].claim_no
    assert doubt.give_back() == 0
    assert runs.fresh(run).status == "running"


@pytest.mark.parametrize("text", ["caf\udce9.csv is empty", "nul \x00 here"])
def test_a_skip_says_why_in_whatever_characters(alice: User, text: str) -> None:
    def handler(_ctx: Any, _payload: Any) -> None:
        raise Skip(text)

    run = ended(alice, handler)
    assert run.status == "skipped"
    assert run.error.startswith(text[:3])


def test_an_outcome_that_the_database_refuses_is_a_failure_that_says_so(
    child: Child, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise DataError("no such value")

    monkeypatch.setattr(outcomes, "attempt_succeeded", refuse)
    with declared(lambda ctx, payload: None) as name:
        run = runs.make_run(alice, type=name)
        child.work("default")
    assert (runs.fresh(run).status, runs.fresh(run).reason) == ("failed", "handler_error")
    assert runs.fresh(run).error == "its outcome cannot be stored: DataError"


@contextmanager
def few_files() -> Iterator[Callable[[], None]]:
    """Give what leaves all files open that this process may open."""
    left: list[int] = []
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)

    def leak() -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (256, limits[1]))
        while True:
            left.append(os.open(os.devnull, os.O_RDONLY))

    try:
        yield leak
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
        for number in left:
            os.close(number)


def test_a_child_in_which_no_file_can_be_opened_takes_nothing_more(child: Child, alice: User) -> None:
    with few_files() as leak, declared(lambda ctx, payload: leak(), short=True) as name:
        made = [runs.make_run(alice, type=name, max_retries=0) for _ in range(3)]
        assert child.work("default") == 1
    assert child.is_worn_out
    assert [runs.fresh(run).status for run in made] == ["failed", "queued", "queued"]


def test_a_child_that_cannot_even_open_the_database_makes_room_for_another(
    child: Child, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "_child", child)
    monkeypatch.setattr(os, "_exit", sys.exit)
    with few_files() as leak:
        connections.close_all()
        with suppress(OSError):
            leak()
        with pytest.raises(SystemExit):
            worker.work("default")


def test_a_child_whose_process_cannot_be_put_right_keeps_the_outcome_and_takes_nothing_more(
    child: Child, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "umask", os.umask)

    def spoil(_ctx: Any, _payload: Any) -> str:
        os.umask = None  # type: ignore[assignment]
        return "done"

    with declared(spoil, short=True) as name:
        made = [runs.make_run(alice, type=name) for _ in range(2)]
        assert child.work("default") == 1
    assert child.is_worn_out
    assert [runs.fresh(run).status for run in made] == ["succeeded", "queued"]


@pytest.mark.skipif("connection.vendor == 'postgresql'", reason="there a claim needs no lock of the whole database")
def test_a_queue_found_empty_is_looked_at_before_it_is_locked(child: Child, alice: User) -> None:
    with declared(lambda ctx, payload: None, short=True) as name:
        for _ in range(2):
            runs.make_run(alice, type=name)
        child.work("default")
    child.work("default")
    with CaptureQueriesContext(connection) as asked:
        child.work("default")
    assert asked.captured_queries
    assert not [query for query in asked.captured_queries if query["sql"].startswith("BEGIN")]


@contextmanager
def slow_updates() -> Iterator[None]:
    """Let each row of a run take its time to be written, so that two statements meet in the middle."""
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE FUNCTION slow() RETURNS trigger AS"
            " $$ BEGIN PERFORM pg_sleep(0.3); RETURN new; END $$ LANGUAGE plpgsql;"
            f"CREATE TRIGGER slow BEFORE UPDATE ON {TaskRun._meta.db_table} FOR EACH ROW EXECUTE FUNCTION slow()"
        )
        try:
            yield
        finally:
            cursor.execute(f"DROP TRIGGER slow ON {TaskRun._meta.db_table}; DROP FUNCTION slow()")


@pytest.mark.postgres
def test_two_groups_of_the_same_serial_tasks_do_not_lock_each_other_out(alice: User) -> None:
    tasks = [runs.make_task(alice, name=name, overlap="queue_all") for name in "ab"]
    for task in (*tasks, *reversed(tasks)):
        runs.make_run(alice, task, is_serial=True)
    claimed: list[list[TaskRun]] = []
    barrier = threading.Barrier(2)

    def claim(number: int) -> None:
        try:
            barrier.wait(5)
            claimed.append(
                claiming.claim_group(
                    queue="default", claimer=Claimer(f"w{number}", 60), most=lambda _: 2, like="http_request"
                )
            )
        finally:
            connections.close_all()

    with slow_updates(), ThreadPoolExecutor(2) as pool:
        list(pool.map(claim, (0, 1)))
    ids = [run.id for group in claimed for run in group]
    assert len(ids) == len(set(ids)) >= 2
    assert {run.task_id for group in claimed for run in group} == {task.id for task in tasks}
