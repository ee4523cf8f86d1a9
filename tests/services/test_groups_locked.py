"""A group of short runs has one that somebody holds, or whose task: its neighbours end in time, and once."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection, connections
from pytest_django import Settings

from tasks_app.errors import Permanent
from tasks_app.models import ScheduledTask, TaskRun
from tasks_app.services import claiming
from tasks_app.services.doubts import Claimer
from tasks_app.services.execution.board import Board, Place
from tasks_app.services.execution.child import Child
from tasks_app.services.execution.group import MOST, Group
from tasks_app.services.group_moves import Ended
from tasks_app.services.lifecycle import Claim
from tests import runs
from tests.handler_types import declared
from tests.services import test_urgent_ends
from tests.services.test_locks import RUN, TASK, holding
from tests.services.test_urgent_ends import events, wait_for

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("valkey"),
    pytest.mark.postgres,
]
child = test_urgent_ends.child


@pytest.fixture(autouse=True)
def long_lease(settings: Settings) -> None:
    """Let a test that waits in vain fail before its lease ends the process."""
    settings.LEASE_SECONDS = 120


@contextmanager
def held_until(holds: Callable[[], bool], statement: str, id: object) -> Iterator[None]:
    """Hold a row until something holds, which it must while the row is held."""
    faults: list[BaseException] = []

    def wait(other: Any) -> None:
        try:
            wait_for(holds)
        except BaseException as fault:
            faults.append(fault)
        finally:
            other.rollback()
            connections.close_all()

    with holding("psql", statement, id) as other:
        thread = threading.Thread(target=wait, args=(other,))
        thread.start()
        yield
        thread.join()
    assert not faults


def states(made: list[TaskRun]) -> list[str]:
    """Give where these runs stand."""
    return [runs.fresh(run).status for run in made]


@pytest.mark.parametrize("what", ["task", "run", "run of no task"])
def test_neighbours_of_an_end_that_cannot_be_written_end_in_time_and_are_not_given_back(
    what: str, child: Child, alice: User
) -> None:
    tasks = [runs.make_task(alice, name=name, overlap="allow") for name in "ab"]
    made: list[TaskRun] = []

    def is_alone() -> bool:
        in_hand = [claim for one in child._place.board.all_held() for claim in one.claims]
        return states(made) == ["running", *["succeeded"] * 3] and in_hand == [(made[0].id, 1)]

    with ExitStack() as stack:

        def handler(ctx: Any, _payload: Any) -> str:
            if str(ctx.run_id) == str(made[0].id):
                row = (TASK, tasks[0].id) if what == "task" else (RUN, made[0].id)
                stack.enter_context(held_until(is_alone, *row))
            return "done"

        name = stack.enter_context(declared(handler, short=True))
        tasks_of_runs = [None] * 4 if what == "run of no task" else [*tasks, None, tasks[1]]
        made += [runs.make_run(alice, task, type=name) for task in tasks_of_runs]
        child.work("default")
    assert [(run.status, run.result, run.claim_no) for run in map(runs.fresh, made)] == [("succeeded", "done", 1)] * 4
    assert (events("succeeded"), events("fenced")) == ([run.id for run in made], [])
    last = [task.last_run_id for task in ScheduledTask.objects.order_by("name")]
    assert last == ([None] * 2 if what == "run of no task" else [made[0].id, made[3].id])


def test_of_two_tasks_that_are_held_each_costs_its_own_run_only(child: Child, alice: User) -> None:
    tasks = [runs.make_task(alice, name=name, overlap="allow") for name in "ab"]
    made: list[TaskRun] = []
    with ExitStack() as stack:

        def handler(ctx: Any, _payload: Any) -> None:
            if str(ctx.run_id) == str(made[0].id):
                second = held_until(lambda: states(made) == ["running", "running", "succeeded"], TASK, tasks[1].id)
                stack.enter_context(held_until(lambda: states(made[:2]) == ["running", "succeeded"], TASK, tasks[0].id))
                stack.enter_context(second)

        name = stack.enter_context(declared(handler, short=True))
        made += [runs.make_run(alice, task, type=name) for task in (*tasks, None)]
        child.work("default")
    assert states(made) == ["succeeded"] * 3
    assert events("fenced") == []


def test_ends_of_a_task_are_written_in_their_order_though_it_is_free_again_before_the_last(
    child: Child, alice: User
) -> None:
    task = runs.make_task(alice, overlap="allow")
    begun: list[str] = []
    with ExitStack() as stack:
        consoles: list[Any] = []

        def handler(ctx: Any, _payload: Any) -> None:
            begun.append(str(ctx.run_id))
            if len(begun) == 1:
                consoles.append(stack.enter_context(holding("psql", TASK, task.id)))
            if len(begun) == 2:  # so that what has ended is written before the third
                ends_at = time.monotonic() + 0.03
                while time.monotonic() < ends_at:
                    pass
            if len(begun) == 3:
                consoles[0].rollback()

        name = stack.enter_context(declared(handler, short=True))
        made = [runs.make_run(alice, one, type=name) for one in (task, None, task)]
        child.work("default")
    assert states(made) == ["succeeded"] * 3
    assert ScheduledTask.objects.get().last_run_id == made[2].id


def test_a_failure_is_written_after_the_ends_of_its_task_that_came_before(child: Child, alice: User) -> None:
    task = runs.make_task(alice, overlap="allow")
    begun: list[str] = []
    with ExitStack() as stack:

        def handler(ctx: Any, _payload: Any) -> None:
            begun.append(str(ctx.run_id))
            if len(begun) == 1:
                stack.enter_context(held_until(lambda: states(made[1:2]) == ["succeeded"], TASK, task.id))
            if len(begun) == 3:
                raise Permanent("no such file")

        name = stack.enter_context(declared(handler, short=True))
        made = [runs.make_run(alice, one, type=name) for one in (task, None, task)]
        child.work("default")
    assert states(made) == ["succeeded", "succeeded", "failed"]
    task.refresh_from_db()
    assert (task.failures_in_row, task.last_run_status) == (1, "failed")


def test_what_has_not_begun_is_given_back_before_a_failure_waits_for_its_task(child: Child, alice: User) -> None:
    task = runs.make_task(alice, overlap="allow")
    begun: list[str] = []
    with ExitStack() as stack:

        def handler(ctx: Any, _payload: Any) -> None:
            begun.append(str(ctx.run_id))
            if len(begun) == 1:
                stack.enter_context(held_until(lambda: states(made) == ["running", "queued"], TASK, task.id))
                raise Permanent("no such file")

        name = stack.enter_context(declared(handler, short=True))
        made = [runs.make_run(alice, one, type=name) for one in (task, None)]
        child.work("default")
    assert begun == [str(run.id) for run in made]
    assert states(made) == ["failed", "succeeded"]


def test_a_run_that_takes_long_goes_on_alone_while_an_end_of_its_group_cannot_be_written(
    child: Child, alice: User
) -> None:
    task = runs.make_task(alice, overlap="allow")
    begun: list[str] = []
    with ExitStack() as stack:
        consoles: list[Any] = []

        def handler(ctx: Any, _payload: Any) -> None:
            begun.append(str(ctx.run_id))
            if len(begun) == 1:
                consoles.append(stack.enter_context(holding("psql", TASK, task.id)))
            if len(begun) == 3:
                wait_for(lambda: runs.fresh(made[2]).started_at is not None)
                assert states(made) == ["running", "succeeded", "running", "queued"]
                consoles[0].rollback()
                wait_for(lambda: states(made[:1]) == ["succeeded"])

        name = stack.enter_context(declared(handler, short=True))
        made = [runs.make_run(alice, one, type=name, max_retries=0) for one in (task, None, None, None)]
        child.work("default")
    assert begun == [str(run.id) for run in made]
    assert (events("succeeded"), events("fenced")) == ([run.id for run in made], [])


def test_no_run_begins_while_as_many_ends_as_allowed_cannot_be_written(child: Child, alice: User) -> None:
    task = runs.make_task(alice, overlap="allow")
    begun: list[str] = []
    with declared(lambda ctx, payload: begun.append(str(ctx.run_id)), short=True, flush_each=True) as name:
        made = [runs.make_run(alice, task, type=name) for _ in range(MOST + 3)]

        def is_held_up() -> bool:
            rows = [runs.fresh(run) for run in made[MOST:]]
            given_back = all((row.status, row.reason) == ("queued", "handed_back") for row in rows)
            return given_back and begun == [str(run.id) for run in made[:MOST]]

        with held_until(is_held_up, TASK, task.id):
            child.work("default")
        child.work("default")
    assert begun == [str(run.id) for run in made]
    assert (events("succeeded"), events("fenced")) == ([run.id for run in made], [])


def test_a_failure_is_written_before_its_lease_ends_though_an_earlier_run_of_its_task_is_held(
    child: Child, alice: User
) -> None:
    task = runs.make_task(alice, overlap="allow")
    begun: list[str] = []
    with ExitStack() as stack:

        def handler(ctx: Any, _payload: Any) -> None:
            begun.append(str(ctx.run_id))
            if len(begun) == 1:
                stack.enter_context(held_until(lambda: states(made) == ["running", "failed"], RUN, made[0].id))
            else:
                assert child._current is not None
                child._current.lease_ends_at = time.monotonic()
                raise Permanent("no such file")

        name = stack.enter_context(declared(handler, short=True))
        made = [runs.make_run(alice, task, type=name) for _ in range(2)]
        child.work("default")
    assert states(made) == ["succeeded", "failed"]
    assert [runs.fresh(run).crashes for run in made] == [0, 0]


def full(count: int) -> Group:
    """Claim so many runs, and let them end well in their order."""
    claimed = claiming.claim_group(queue="default", claimer=Claimer("w", 120), most=lambda _: count)
    group = Group(claimed, Place(Board(), 0, "w"), is_background=False, claimed_at=time.monotonic())
    while (run := group.next()) is not None:
        at = group.instant(time.monotonic())
        group.add(Ended(run, Claim(run.id, run.claim_no, "w"), at, at, None))
    return group


def test_no_end_is_written_before_an_earlier_one_of_its_task_whose_run_is_held(alice: User) -> None:
    task = runs.make_task(alice, overlap="allow")
    made = [runs.make_run(alice, one) for one in (task, task, None)]
    group = full(3)
    with holding("psql", RUN, made[0].id):
        group.flush()
        assert states(made) == ["running", "running", "succeeded"]
    group.wind_up()
    assert states(made) == ["succeeded"] * 3
    task.refresh_from_db()
    assert task.last_run_id == made[1].id


def test_late_ends_are_written_together_but_for_those_that_are_held_yet(alice: User) -> None:
    tasks = [runs.make_task(alice, name=name, overlap="allow") for name in "ab"]
    made = [runs.make_run(alice, task) for task in (*tasks, *tasks, tasks[0])]
    group = full(5)
    with holding("psql", TASK, tasks[1].id):
        with holding("psql", TASK, tasks[0].id):
            group.flush()
        group.write_late()
        assert states(made) == ["succeeded", "running", "succeeded", "running", "succeeded"]
    group.wind_up()
    assert states(made) == ["succeeded"] * 5
    assert [len(transactions(task)) for task in tasks] == [1, 1]


def transactions(task: ScheduledTask) -> set[str]:
    """Give those that wrote the runs of the task last."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT xmin::text FROM tasks_app_taskrun WHERE task_id = %s", [task.id])
        return {row[0] for row in cursor.fetchall()}
