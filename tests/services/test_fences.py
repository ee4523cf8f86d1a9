"""An end under a void claim changes nothing; of many at the same moment one wins."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection, connections, transaction

from tasks_app.models import RunAttempt, RunEvent, ScheduledTask, TaskRun, db_now
from tasks_app.services import outcomes, tasks
from tasks_app.services.execution import keeper
from tasks_app.states import Status
from tests import runs
from tests.handler_types import attempt_at
from tests.services.conftest import Make
from tests.services.ends import ENDS, failure

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("wanted", list(ENDS))
def test_a_stale_end_changes_nothing_and_is_written_down_once(wanted: str, alice: User, make: Make) -> None:
    run = runs.make_run(alice, make(manual=True))
    stale = runs.hold(run)
    runs.hand_back(run)
    runs.claim(run)
    before = TaskRun.objects.values().get(id=run.id)
    assert ENDS[wanted](stale) is None
    assert TaskRun.objects.values().get(id=run.id) == before
    fenced = RunEvent.objects.get(run=run, target="fenced")
    assert (fenced.version, fenced.claim_no, fenced.error) == (None, stale.claim_no, f"refused: {wanted}")
    assert not RunAttempt.objects.exists()
    assert ScheduledTask.objects.get().last_run_status == ""


def test_an_end_that_comes_twice_counts_once(alice: User) -> None:
    run = runs.make_run(alice)
    held = runs.hold(run)
    for _ in range(2):  # as after an answer that was lost
        assert outcomes.attempt_failed(held, failure()) is not None
    run = runs.fresh(run)
    assert (run.failures, run.attempts.count()) == (1, 1)
    assert not RunEvent.objects.filter(target="fenced").exists()


def test_an_end_that_upkeep_has_written_is_not_taken_for_the_worker_s_own(alice: User) -> None:
    run = runs.make_run(alice, crashes=2)
    held = runs.hold(run)
    assert outcomes.attempt_crashed(held, actor="upkeep:here", error="gone") is not None
    assert outcomes.attempt_failed(held, failure()) is None
    assert RunEvent.objects.get(run=run, target="fenced").error == "refused: failed"


def test_a_stale_end_of_a_run_that_is_gone_is_no_error(alice: User) -> None:
    run = runs.make_run(alice)
    held = runs.hold(run)
    TaskRun.objects.filter(id=run.id).delete()
    assert outcomes.attempt_succeeded(held, result=1) is None


@pytest.mark.parametrize("moved", ["handed back", "claimed again"])
def test_a_lease_is_not_renewed_under_a_void_claim(moved: str, alice: User) -> None:
    run = runs.make_run(alice)
    with attempt_at(run) as attempt:
        attempt.handler_ended()  # otherwise it would end this process
        ends_at = attempt.lease_ends_at
        runs.hand_back(run)
        if moved == "claimed again":
            runs.claim(run)
        lease_until = runs.fresh(run).lease_until
        keeper._renew(attempt)
        assert attempt.lease_ends_at == ends_at
    assert runs.fresh(run).lease_until == lease_until


# -- at the same moment


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("valkey")
def test_one_of_many_ends_at_the_same_moment_wins(alice: User, make: Make) -> None:
    run = runs.make_run(alice, make(manual=True))
    held = runs.hold(run)
    start = threading.Barrier(len(ENDS))

    def end(one: Callable[[Any], Any]) -> bool:
        try:
            start.wait(10)
            return one(held) is not None
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(ENDS)) as pool:
        won = list(pool.map(end, ENDS.values()))
    assert sum(won) == 1
    assert RunEvent.objects.filter(run=run, target="fenced").count() == len(ENDS) - 1
    assert RunEvent.objects.filter(run=run, version=3).count() == 1
    assert RunAttempt.objects.filter(run=run).count() <= 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("valkey")
@pytest.mark.postgres
def test_a_cancel_of_the_task_and_the_end_of_its_run_do_not_lock_each_other_out(alice: User, make: Make) -> None:
    task = make(manual=True)
    run = runs.make_run(alice, task)
    held = runs.hold(run)
    has_moved, has_locked = threading.Event(), threading.Event()

    def meet(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
        answer = execute(sql, params, many, context)
        if TaskRun._meta.db_table in sql and Status.SUCCEEDED in (params or ()):
            has_moved.set()
            has_locked.wait(1)
        return answer

    def cancel() -> str:
        try:
            has_moved.wait(10)
            with transaction.atomic():
                list(ScheduledTask.objects.select_for_update(of=("self",)).filter(id=task.id))
                has_locked.set()
                return tasks.task_cancel(task=task, actor="user:alice").status
        finally:
            connections.close_all()

    with connection.execute_wrapper(meet), ThreadPoolExecutor(1) as pool:
        cancelled = pool.submit(cancel)
        assert outcomes.attempt_succeeded(held, result=1) is not None
        assert cancelled.result(20) == "cancelled"
    assert has_moved.is_set()
    assert runs.fresh(run).status == "succeeded"
    assert timedelta(0) < db_now() - run.created_at
