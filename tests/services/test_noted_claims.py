"""A child that dies between the commit of its claim and its next step: the board names what it was about to claim."""

import os
import time
import uuid
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection, connections, transaction

from tasks_app.models import RunEvent, TaskRun, db_now
from tasks_app.services import claiming
from tasks_app.services.doubts import Claimer, Doubt
from tasks_app.services.execution import child as child_module
from tasks_app.services.execution.board import Board, Held, Place, Slot
from tasks_app.services.execution.child import Child
from tasks_app.services.execution.parent import Parent
from tests import runs
from tests.handler_types import declared
from tests.live.surroundings import eventually

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("valkey")]
Claims = list[tuple[uuid.UUID, int]]
OTHER = 4711


@pytest.fixture
def board() -> Board:
    """Give a worker's shared memory."""
    return Board()


def noting(board: Board, index: int = 0, pid: int | None = None) -> Claimer:
    """Claim as the child there does."""

    def note(claims: Claims, _asked_at: float) -> None:
        board.hold(Held(index, pid or os.getpid(), claims))

    return Claimer("w", 60, note)


def settle(board: Board, *alive: int) -> None:
    """Let the parent see which children are left."""
    Parent(board, name="w", queues=["default"], children=2, version="1").settle_lost(alive)


@pytest.mark.parametrize("most", [1, 50], ids=["alone", "a group"])
def test_what_a_dead_child_had_just_claimed_is_given_back_at_once(most: int, board: Board, alice: User) -> None:
    made = [runs.make_run(alice) for _ in range(2)]
    claimed = claiming.claim_group(queue="default", claimer=noting(board), most=lambda _: most)
    assert len(claimed) == min(most, 2)
    settle(board)
    rows = [runs.fresh(run) for run in made]
    assert [(row.status, row.crashes) for row in rows] == [("queued", 0)] * 2
    assert [row.reason for row in rows] == ["handed_back"] * len(claimed) + ["due"] * (2 - len(claimed))
    assert board.all_held() == []


def test_a_claim_that_was_never_committed_leaves_no_trace(board: Board, alice: User) -> None:
    run = runs.make_run(alice)
    before = RunEvent.objects.filter(run=run).count()
    Doubt(noting(board)).note([run], db_now() + timedelta(seconds=60), time.monotonic())
    settle(board)
    assert (runs.fresh(run).status, RunEvent.objects.filter(run=run).count()) == ("queued", before)


def test_the_same_claim_by_another_child_is_left_to_it(board: Board, alice: User) -> None:
    run = runs.make_run(alice)
    Doubt(noting(board)).note([run], db_now() + timedelta(seconds=60), time.monotonic())
    claimed = claiming.claim_group(queue="default", claimer=noting(board, 1, OTHER), most=lambda _: 1)
    assert [one.claim_no for one in claimed] == [1], "the same number"
    settle(board, OTHER)
    assert runs.fresh(run).status == "running"
    settle(board)
    assert runs.fresh(run).status == "queued"


@pytest.mark.parametrize("is_short", [True, False], ids=["a group", "alone"])
def test_a_child_names_its_runs_from_before_the_commit_to_the_end(
    is_short: bool, board: Board, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(child_module, "take_signals", lambda *_: None)
    child = Child(Place(board, 0, "w"), queues=["default"], children=1)
    driver: Any = type(connections["default"])
    commit = driver._commit
    at_commit: list[set[uuid.UUID]] = []
    at_work: list[bool] = []

    def look(self: Any) -> None:
        at_commit.append(named(board))
        commit(self)

    def handler(ctx: Any, _payload: Any) -> None:
        at_work.append(uuid.UUID(str(ctx.run_id)) in named(board))

    with declared(handler, short=is_short) as name:
        made = [runs.make_run(alice, type=name) for _ in range(2)]
        monkeypatch.setattr(driver, "_commit", look)
        work_off(child, made)
    assert at_commit[0] == {run.id for run in (made if is_short else made[:1])}, "when the claim is committed"
    assert at_work == [True, True]
    assert named(board) == set()


def named(board: Board) -> set[uuid.UUID]:
    """Give the runs that the board names."""
    return {slot.run_id for slot in board.busy()} | {run for held in board.all_held() for run, _ in held.claims}


def work_off(child: Child, made: Sequence[TaskRun]) -> None:
    """Let the child work until nothing is left."""
    while child.work("default"):
        pass
    assert [runs.fresh(run).status for run in made] == ["succeeded"] * len(made)


class ClaimedMeanwhile(Board):
    """A board that another child gets onto while its worker's parent reads it."""

    claim: Callable[[], object] | None = None

    def busy(self) -> list[Slot]:
        """Read the slots; the last thing that the parent reads of the board, but for the first look."""
        found = super().busy()
        if self.reads == 1 and self.claim is not None:
            self.claim()
        self.reads += 1
        return found

    reads = 0


def test_a_claim_that_another_child_makes_while_the_parent_looks_is_left_to_it(alice: User) -> None:
    board, run = ClaimedMeanwhile(), runs.make_run(alice)
    Doubt(noting(board)).note([run], db_now() + timedelta(seconds=60), time.monotonic())
    other = noting(board, 1, OTHER)
    board.claim = lambda: claiming.claim_group(queue="default", claimer=other, most=lambda _: 1)
    settle(board, OTHER)
    assert runs.fresh(run).status == "running"


@pytest.mark.postgres
@pytest.mark.parametrize("most", [1, 50], ids=["alone", "a group"])
def test_a_claim_that_had_to_wait_has_its_whole_lease(most: int, alice: User) -> None:
    for _ in range(2):
        runs.make_run(alice)
    counted_from: list[float] = []
    claimer = Claimer("w", 60, lambda _claims, asked_at: counted_from.append(asked_at))

    def claim() -> int:
        try:
            return len(claiming.claim_group(queue="default", claimer=claimer, most=lambda _: most, like="http_request"))
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"LOCK TABLE {TaskRun._meta.db_table} IN ACCESS EXCLUSIVE MODE")
            claimed = pool.submit(claim)
            eventually(lambda: somebody_waits(cursor), what="the claim waits for the table")
            freed_at = time.monotonic()
        assert claimed.result(20) == min(most, 2)
    assert counted_from[0] > freed_at


def somebody_waits(cursor: Any) -> bool:
    """Say whether a session waits for a lock."""
    cursor.execute("SELECT pg_stat_clear_snapshot()")
    cursor.execute("SELECT EXISTS (SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock')")
    return bool(cursor.fetchone()[0])
