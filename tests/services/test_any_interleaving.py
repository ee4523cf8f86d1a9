"""Claims, renewals, ends, crashes, sweeps and cancels in any order, on the real database, against a small model."""

import contextlib
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from hypothesis.strategies import data, integers, sampled_from

from tasks_app.errors import CarillonError
from tasks_app.models import TaskRun, db_now
from tasks_app.services import claiming, firing, outcomes, upkeep
from tasks_app.services import runs as run_services
from tasks_app.services.doubts import Claimer
from tasks_app.services.lifecycle import Claim
from tasks_app.states import Reason
from tests import runs
from tests.services.ends import failure
from tests.services.run_model import RETRIES, Model, check_row

pytestmark = pytest.mark.django_db

ENDS: dict[str, Callable[[Claim], Any]] = {
    "succeed": lambda held: outcomes.attempt_succeeded(held, result=1),
    "fail": lambda held: outcomes.attempt_failed(held, failure(reason=Reason.HANDLER_ERROR)),
    "stop": outcomes.attempt_stopped,
    "hand_back": lambda held: outcomes.attempt_handed_back(held, actor="worker:w"),
    "crash": lambda held: outcomes.attempt_crashed(held, actor="worker:w", error="gone"),
}
PAST = timedelta(seconds=1)


def expire(run_id: Any) -> None:
    """Let the lease of a running run end."""
    TaskRun.objects.filter(id=run_id, status="running").update(lease_until=db_now() - PAST)


def release(run_id: Any) -> None:
    """Let the time of a retry come."""
    TaskRun.objects.filter(id=run_id, status="scheduled").update(due_at=db_now() - PAST)
    firing.release_due(actor="test")


def renew(held: Claim) -> bool:
    """Renew as a child's keeper does."""
    return bool(TaskRun.objects.filter(**held.guard).update(lease_until=db_now() + timedelta(seconds=60)))


def cancel(run_id: Any) -> None:
    """Cancel as a person does; one that has ended, or was asked already, refuses."""
    with contextlib.suppress(CarillonError):
        run_services.run_cancel(run=TaskRun.objects.get(id=run_id), actor="user:alice")


class Machine(RuleBasedStateMachine):
    """Up to three runs, and every claim that anybody ever had: stale ones go on to be used."""

    owner: User

    def __init__(self) -> None:
        super().__init__()
        self.savepoint = transaction.savepoint()
        self.models: dict[Any, Model] = {}
        self.claims: list[Claim] = []

    def teardown(self) -> None:
        transaction.savepoint_rollback(self.savepoint)

    def _is_queued(self) -> bool:
        return any(model.status == "queued" for model in self.models.values())

    @precondition(lambda self: len(self.models) < 3)
    @rule()
    def enqueue(self) -> None:
        self.models[runs.make_run(self.owner, max_retries=RETRIES, retry={"delays": [60]}).id] = Model()

    @rule(most=integers(1, 3))
    def claim(self, most: int) -> None:
        taken = claiming.claim_group(queue="default", claimer=Claimer("w", 60), most=lambda _type: most)
        queued = sorted(id for id, model in self.models.items() if model.status == "queued")
        assert [run.id for run in taken] == queued[: len(taken)], "the oldest first, and never one that is held"
        assert bool(taken) == bool(queued)
        for run in taken:
            self.models[run.id].claim(is_begun=len(taken) == 1)
            assert run.claim_no == self.models[run.id].claim_no
            self.claims.append(Claim(run.id, run.claim_no, "w"))

    @precondition(lambda self: self.claims)
    @rule(end=sampled_from(sorted(ENDS)), which=data())
    def tell_end(self, end: str, which: Any) -> None:
        held = which.draw(sampled_from(self.claims))
        heard = ENDS[end](held) is not None
        assert heard == self.models[held.run_id].write(held.claim_no, end)

    @precondition(lambda self: self.claims)
    @rule(which=data())
    def renew(self, which: Any) -> None:
        held = which.draw(sampled_from(self.claims))
        is_mine = self.models[held.run_id].holds(held.claim_no)
        assert renew(held) == is_mine
        if is_mine:
            self.models[held.run_id].is_expired = False

    @precondition(lambda self: self.models)
    @rule(which=data())
    def expire(self, which: Any) -> None:
        run_id = which.draw(sampled_from(sorted(self.models)))
        expire(run_id)
        self.models[run_id].is_expired = self.models[run_id].status == "running"

    @rule()
    def sweep(self) -> None:
        lost = [model for model in self.models.values() if model.is_expired]
        assert upkeep.rescue_expired("upkeep:here") == len(lost)
        for model in lost:
            model.sweep()

    @precondition(lambda self: self.models)
    @rule(which=data())
    def cancel(self, which: Any) -> None:
        run_id = which.draw(sampled_from(sorted(self.models)))
        cancel(run_id)
        self.models[run_id].cancel()

    @precondition(lambda self: self.models)
    @rule(which=data())
    def release(self, which: Any) -> None:
        run_id = which.draw(sampled_from(sorted(self.models)))
        release(run_id)
        self.models[run_id].release()

    @invariant()
    def rows_are_what_the_model_says(self) -> None:
        for row in TaskRun.objects.all():
            check_row(self.models[row.id], row)


def test_no_order_of_deeds_leads_a_run_astray(alice: User) -> None:
    machine = type("Machine", (Machine,), {"owner": alice})
    bounds = settings(
        max_examples=80,
        stateful_step_count=20,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
    )
    run_state_machine_as_test(machine, settings=bounds)
