"""An end is written, and the answer to its commit lost: it is written again, found to be there, and told as ever."""

import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import OperationalError, connection, connections

from tasks_app import dispatch
from tasks_app.errors import Permanent, Skip
from tasks_app.events import Change, RunChanged, run_changed
from tasks_app.models import Effect, RunEvent, TaskRun, Worker
from tasks_app.services import claiming
from tasks_app.services.doubts import Claimer
from tasks_app.services.execution import effects
from tasks_app.services.execution.board import Board, Place
from tasks_app.services.execution.child import Child
from tasks_app.services.execution.group import Group
from tests import runs
from tests.handler_types import declared
from tests.services import test_child_at_work
from tests.services.test_child_at_work import lost_answer

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("valkey")]
child = test_child_at_work.child

ENDS = {
    "succeeded": None,
    "skipped": Skip("nothing to do"),
    "failed": Permanent("no such file"),
    "scheduled": ValueError("not yet"),
}


def told_of(run: TaskRun, told: list[Change]) -> list[tuple[str, int]]:
    """Give what watchers were told of a run since it ran."""
    of_run = [change for change in told if isinstance(change, RunChanged) and change.run_id == str(run.id)]
    return [(change.status, change.version) for change in of_run if change.status != "running"]


@pytest.mark.parametrize("short", [True, False], ids=["a group", "alone"])
@pytest.mark.parametrize("end", list(ENDS))
def test_an_end_whose_answer_is_lost_is_no_stale_one_and_is_told(
    end: str, short: bool, child: Child, alice: User
) -> None:
    told: list[Change] = []

    def hear(changes: tuple[Change, ...], **_: object) -> None:
        told.extend(changes)

    with ExitStack() as stack:

        def handler(ctx: Any, _payload: Any) -> None:
            if str(ctx.run_id) == str(made[-1].id):
                stack.enter_context(lost_answer(is_committed=True))
                if (error := ENDS[end]) is not None:
                    raise error

        name = stack.enter_context(declared(handler, short=short))
        task = runs.make_task(alice, overlap="allow")
        made = [runs.make_run(alice, task, type=name) for _ in range(2 if short else 1)]
        run_changed.connect(hear)
        stack.callback(run_changed.disconnect, hear)
        child.work("default")
    rows = [runs.fresh(run) for run in made]
    assert [row.status for row in rows] == [*["succeeded"] * (len(made) - 1), end]
    assert [told_of(row, told) for row in rows] == [[(row.status, row.version)] for row in rows]
    assert not RunEvent.objects.filter(target="fenced").exists()


def test_runs_that_were_given_back_before_a_fault_are_not_given_back_again(
    alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatch, "_away_until", 0.0)
    monkeypatch.setattr(dispatch, "_capacity", (float("-inf"), {}))
    made = [runs.make_run(alice) for _ in range(2)]
    claimed = claiming.claim_group(queue="default", claimer=Claimer("w", 60), most=lambda _: 50)
    group = Group(claimed, Place(Board(), 0, "w"), is_background=False, claimed_at=time.monotonic())

    def broken(execute: Any, sql: str, *others: Any) -> Any:
        if f'FROM "{Worker._meta.db_table}"' in sql:
            raise OperationalError("away")
        return execute(sql, *others)

    with pytest.raises(OperationalError), connection.execute_wrapper(broken):
        group.give_back()
    is_done = group.is_empty
    assert not is_done
    group.give_back()
    assert group.is_empty
    assert [(run.status, run.reason, run.version) for run in map(runs.fresh, made)] == [
        ("queued", "handed_back", 3)
    ] * 2
    assert not RunEvent.objects.filter(target="fenced").exists()


@contextmanager
def starting_up(*, refusals: int) -> Iterator[None]:
    """Let the next commit be the last that is made before the database restarts, and refuse this thread so often."""
    driver: Any = type(connections["default"])
    commit, ask, this = driver._commit, driver._cursor, threading.get_ident()
    left = [True] * refusals

    def refuse(self: Any, *args: Any) -> Any:
        if left and threading.get_ident() == this:
            left.pop()
            raise OperationalError("the database system is starting up")
        return ask(self, *args)

    def cut(self: Any) -> None:
        commit(self)
        driver._commit, driver._cursor = commit, refuse
        raise OperationalError("the connection is lost")

    driver._commit = cut
    try:
        yield
    finally:
        driver._commit, driver._cursor = commit, ask


@pytest.mark.parametrize("refusals", [1, 5])
def test_an_intent_whose_answer_is_lost_is_taken_back_before_its_attempt_ends(
    refusals: int, child: Child, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(effects, "_PAUSES", (0.0, None))
    with ExitStack() as stack:

        def handler(ctx: Any, _payload: Any) -> None:
            stack.enter_context(starting_up(refusals=refusals))
            with ctx.effect("letter"):
                raise AssertionError("the handler went on")

        name = stack.enter_context(declared(handler))
        run = runs.make_run(alice, type=name, max_retries=0)
        child.work("default")
    assert (runs.fresh(run).status, runs.fresh(run).error_type) == ("failed", "OperationalError")
    assert Effect.objects.get().state == "not_done"
