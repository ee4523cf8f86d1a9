"""Calling a handler: a clean start, and every way out of it is an outcome that can be stored."""

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.utils import timezone
from pydantic import BaseModel, field_validator

from tasks_app.errors import EffectUnknown, RunStopped, SoftTimeout
from tasks_app.handlers import Permanent, RetryLater, RetryPolicy, Skip
from tasks_app.models import RunAttempt, TaskRun, Worker, db_now
from tasks_app.services.execution.attempt import Attempt, margin_seconds
from tasks_app.services.execution.board import Board, Deadline, Place
from tasks_app.services.execution.call import RESULT_MAX_BYTES, call
from tests import runs
from tests.handler_types import attempt_at, declared, ended, execute

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("valkey"),
]

Handler = Callable[[Any, Any], Any]


def raising(error: BaseException) -> Handler:
    """Give a handler that raises."""

    def function(ctx: Any, payload: Any) -> Any:
        raise error

    return function


def returning(result: Any) -> Handler:
    """Give a handler that returns."""
    return lambda ctx, payload: result


def test_a_return_value_is_the_result(alice: User) -> None:
    run = ended(alice, returning({"rows": 3, "name": "ä"}))
    assert (run.status, run.reason, run.result) == ("succeeded", "", {"rows": 3, "name": "ä"})
    assert run.finished_at is not None
    assert not RunAttempt.objects.filter(run=run).exists()


def test_no_return_value_is_a_success_too(alice: User) -> None:
    run = ended(alice, returning(None))
    assert (run.status, run.result) == ("succeeded", None)


@pytest.mark.parametrize("result", [object(), {1, 2}, float("nan"), float("inf"), b"bytes"])
def test_a_result_that_is_not_json_fails_for_good(result: Any, alice: User) -> None:
    run = ended(alice, returning(result))
    assert (run.status, run.reason) == ("failed", "handler_error")
    assert "not JSON" in run.error


def test_a_result_that_holds_itself_fails_for_good(alice: User) -> None:
    loop: list[Any] = []
    loop.append(loop)
    assert ended(alice, returning(loop)).status == "failed"


def test_a_result_that_is_too_large_is_replaced_by_a_note(alice: User) -> None:
    run = ended(alice, returning("x" * RESULT_MAX_BYTES))
    assert run.status == "succeeded"
    assert run.result == {"truncated": True, "bytes": RESULT_MAX_BYTES + 2, "limit_bytes": RESULT_MAX_BYTES}


@pytest.mark.parametrize(
    ("result", "stored"),
    [
        ("a\x00b", "a\ufffdb"),
        ({"k\x00": ["\ud800"]}, {"k\ufffd": ["?"]}),
        ("\U0001f600", "\U0001f600"),
        ("a backslash: \\u0000", "a backslash: \\u0000"),
    ],
)
def test_what_no_database_can_store_is_replaced_in_a_result(result: Any, stored: Any, alice: User) -> None:
    assert ended(alice, returning(result)).result == stored


def test_an_exception_is_tried_again_and_kept_with_its_traceback(alice: User) -> None:
    before = db_now()
    run = ended(alice, raising(ValueError("no such row")))
    assert (run.status, run.reason, run.failures, run.attempt) == ("scheduled", "retry", 1, 2)
    assert run.due_at is not None
    assert run.due_at <= before + timedelta(seconds=10)
    attempt = RunAttempt.objects.get(run=run)
    assert (attempt.number, attempt.outcome, attempt.error_type) == (1, "handler_error", "ValueError")
    assert (attempt.error, attempt.worker) == ("ValueError: no such row", runs.WORKER)
    assert attempt.started_at is not None
    assert attempt.started_at <= attempt.finished_at
    assert "test_call.py" in attempt.traceback
    assert "execution/call.py" not in attempt.traceback


def test_the_last_attempt_ends_the_run(alice: User) -> None:
    run = ended(alice, raising(ValueError("no")), max_retries=0)
    assert (run.status, run.reason, run.failures) == ("failed", "handler_error", 1)
    assert run.error == "ValueError: no"


@pytest.mark.parametrize(
    ("options", "error", "status"),
    [
        ({}, Permanent("never"), "failed"),
        ({"retry_on": (ConnectionError,)}, ConnectionResetError("gone"), "scheduled"),
        ({"retry_on": (ConnectionError,)}, ValueError("other"), "failed"),
        ({"give_up_on": (LookupError,)}, KeyError("x"), "failed"),
        ({"retry_on": (OSError,), "give_up_on": (FileNotFoundError,)}, FileNotFoundError("x"), "failed"),
        ({"retry_on": (OSError,), "give_up_on": (FileNotFoundError,)}, PermissionError("x"), "scheduled"),
        ({"retry_on": (Permanent,)}, Permanent("never"), "failed"),
        ({"retry_on": ()}, RetryLater(1), "scheduled"),
        ({}, SystemExit(3), "failed"),
        ({}, KeyboardInterrupt(), "failed"),
    ],
)
def test_the_type_says_what_is_tried_again(
    options: dict[str, Any], error: BaseException, status: str, alice: User
) -> None:
    run = ended(alice, raising(error), **options)
    assert run.status == status
    assert RunAttempt.objects.get(run=run).error_type == type(error).__name__


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (Permanent("There is no such image."), "There is no such image."),
        (RetryLater(5, "The service is busy."), "The service is busy."),
        (Permanent(""), "Permanent"),
        (ValueError("no"), "ValueError: no"),
        (ValueError(), "ValueError"),
    ],
)
def test_what_a_handler_says_is_told_as_it_says_it(error: Exception, told: str, alice: User) -> None:
    assert ended(alice, raising(error)).error == told


@pytest.mark.parametrize("seconds", [0, 90, 3600])
def test_retry_later_chooses_the_pause(seconds: float, alice: User) -> None:
    before = db_now()
    run = ended(alice, raising(RetryLater(seconds, "busy")))
    assert (run.status, run.failures, run.error) == ("scheduled", 1, "busy")
    assert run.due_at is not None
    assert timedelta(seconds=seconds) <= run.due_at - before <= timedelta(seconds=seconds + 10)


@pytest.mark.parametrize("seconds", [float("inf"), 1e15, float("nan"), -5])
def test_a_senseless_pause_is_still_a_pause(seconds: float, alice: User) -> None:
    run = ended(alice, raising(RetryLater(seconds)))
    assert run.status == "scheduled"
    assert run.due_at is not None
    assert db_now() - timedelta(minutes=1) <= run.due_at <= db_now() + timedelta(days=367)


def test_retry_later_counts_as_an_attempt(alice: User) -> None:
    run = ended(alice, raising(RetryLater(1)), max_retries=0)
    assert (run.status, run.failures) == ("failed", 1)


def test_skip_ends_the_run_skipped_with_its_reason(alice: User) -> None:
    run = ended(alice, raising(Skip("nothing new")))
    assert (run.status, run.reason, run.error) == ("skipped", "condition", "nothing new")
    assert run.failures == 0


def test_a_soft_time_limit_is_a_timeout_and_tried_again(alice: User) -> None:
    run = ended(alice, raising(SoftTimeout("too slow")))
    assert (run.status, run.failures) == ("scheduled", 1)
    assert RunAttempt.objects.get(run=run).outcome == "timeout"


def test_an_unknown_effect_waits_for_a_person(alice: User) -> None:
    run = ended(alice, raising(EffectUnknown("who knows")))
    assert (run.status, run.reason) == ("failed", "effect_unknown")


def test_a_type_without_code_fails_for_good(alice: User) -> None:
    run = runs.make_run(alice, type="was.removed")
    execute(run)
    after = runs.fresh(run)
    assert (after.status, after.reason, after.failures) == ("failed", "unknown_type", 1)
    assert "was.removed" in after.error


def worker(name: str, **fields: Any) -> None:
    """Make the row of a live worker."""
    now = db_now()
    values = {"hostname": "here", "pid": 1, "queues": ["default"], "concurrency": 1, "started_at": now, **fields}
    Worker.objects.create(name=name, heartbeat_at=now, **values)


def test_a_type_that_is_unknown_here_is_left_to_a_newer_worker_for_some_minutes(alice: User) -> None:
    worker(runs.WORKER, started_at=db_now() - timedelta(hours=1))
    worker("newer@here")
    run = runs.make_run(alice, type="of.the.next.version")
    execute(run)
    after = runs.fresh(run)
    assert (after.status, after.reason, after.failures, after.crashes) == ("scheduled", "retry", 0, 0)
    assert "of.the.next.version" in after.error
    assert not RunAttempt.objects.filter(run=run).exists()
    TaskRun.objects.filter(id=run.id).update(created_at=db_now() - timedelta(minutes=6), scheduled_for=None)
    runs.queue(run)
    execute(run)
    assert (runs.fresh(run).status, runs.fresh(run).reason, runs.fresh(run).failures) == ("failed", "unknown_type", 1)


@pytest.mark.parametrize(
    "newer",
    [{"queues": ["critical"]}, {"stopped_at": True}, {"started_at": timedelta(hours=2)}, {"asked": True}],
    ids=["of another queue", "stopped", "older", "asked to stop"],
)
def test_nobody_else_is_waited_for_in_vain(newer: dict[str, Any], alice: User) -> None:
    now = db_now()
    worker(runs.WORKER, started_at=now - timedelta(hours=1))
    is_asked = newer.get("asked", False)
    fields = {"queues": newer.get("queues", ["default"]), "stopped_at": now if "stopped_at" in newer else None}
    worker("other@here", started_at=now - newer.get("started_at", timedelta(0)), **fields)
    run = runs.make_run(alice, type="was.removed")
    with attempt_at(run) as attempt:
        if is_asked:
            runs.ask_to_stop(run)
        call(attempt).settle()
    assert (runs.fresh(run).status, runs.fresh(run).reason) == ("failed", "unknown_type")


class Width(BaseModel):
    width: int


def test_a_payload_that_no_longer_fits_fails_for_good(alice: User) -> None:
    called: list[Any] = []
    with declared(lambda ctx, payload: called.append(payload), payload=Width) as name:
        row = runs.make_run(alice, type=name, payload={"width": "wide"})
        execute(row)
    after = runs.fresh(row)
    assert (after.status, after.reason) == ("failed", "invalid_payload")
    assert "payload.width" in after.error
    assert not called


class Broken(BaseModel):
    width: int = 1

    @field_validator("width")
    @classmethod
    def _look_up(cls, value: int) -> int:
        known: dict[int, int] = {}
        return known[value]


def test_a_fault_in_the_checks_of_a_type_is_its_own_error(alice: User) -> None:
    with declared(returning(1), payload=Broken) as name:
        run = runs.make_run(alice, type=name, payload={"width": 3}, max_retries=0)
        execute(run)
    after = runs.fresh(run)
    assert (after.status, after.reason) == ("failed", "handler_error")
    assert after.error.startswith("KeyError")


def test_an_error_that_cannot_be_read_still_ends_the_attempt(alice: User) -> None:
    class Mute(Exception):
        def __str__(self) -> str:
            raise RuntimeError("no words")

    run = ended(alice, raising(Mute()), max_retries=0)
    assert run.status == "failed"
    assert run.error.startswith("Mute")


@pytest.mark.parametrize("text", ["nul \x00", "half a pair \ud800", "x" * 20_000])
def test_any_message_can_be_stored(text: str, alice: User) -> None:
    run = ended(alice, raising(ValueError(text)), max_retries=0)
    assert run.status == "failed"
    assert len(run.error) <= 1000
    assert RunAttempt.objects.get(run=run).error.startswith("ValueError: ")


def test_asked_by_a_person_a_stopped_run_is_cancelled(alice: User) -> None:
    with declared(lambda ctx, payload: ctx.check_stop()) as name:
        run = runs.make_run(alice, type=name)
        with attempt_at(run) as attempt:
            runs.ask_to_stop(run)
            attempt.cancel_asked_at = time.monotonic()
            outcome = call(attempt)
            outcome.settle()
    after = runs.fresh(run)
    assert (outcome.word, after.status, after.reason) == ("cancelled", "cancelled", "user")
    assert after.events.get(target="cancelled").actor == "tests"


def test_stopped_for_a_deployment_it_goes_back_at_no_cost(alice: User) -> None:
    with declared(lambda ctx, payload: ctx.check_stop()) as name:
        run = runs.make_run(alice, type=name)
        with attempt_at(run, stop_by=time.monotonic() + 5) as attempt:
            outcome = call(attempt)
            outcome.settle()
    after = runs.fresh(run)
    assert (outcome.word, after.status, after.reason) == ("handed_back", "queued", "handed_back")
    assert (after.failures, after.crashes, after.attempt) == (0, 0, 1)


def test_a_handler_that_stops_by_itself_does_not_begin_again_for_ever(alice: User) -> None:
    run = ended(alice, raising(RunStopped("on a whim")), max_retries=0)
    assert (run.status, run.reason) == ("failed", "handler_error")


def test_the_handler_sees_its_run(alice: User) -> None:
    planned = datetime(2026, 1, 2, 3, 4, tzinfo=timezone.get_default_timezone())
    seen: list[Any] = []
    with declared(lambda ctx, payload: seen.append(ctx)) as name:
        run = runs.make_run(alice, type=name, scheduled_for=planned, failures=1, crashes=1)
        execute(run)
    (ctx,) = seen
    assert (ctx.run_id, ctx.root_run_id, ctx.task_id) == (str(run.id), str(run.id), None)
    assert (ctx.owner_id, ctx.attempt, ctx.scheduled_for) == (alice.pk, 3, planned)


def test_the_policy_of_the_run_sets_the_pause(alice: User) -> None:
    before = db_now()
    run = ended(alice, raising(ValueError("no")), retry=RetryPolicy(delays=(50, 100)).to_json())
    assert run.due_at is not None
    assert timedelta(seconds=50) <= run.due_at - before <= timedelta(seconds=60)


def test_a_lease_is_counted_from_before_its_claim(alice: User) -> None:
    run, board, claimed_at = runs.make_run(alice), Board(), time.monotonic() - 3
    held = runs.hold(run)
    attempt = Attempt(runs.fresh(run), Place(board, 0, held.worker), claimed_at=claimed_at, is_background=False)
    try:
        slot = board.read(0)
    finally:
        attempt.close()
    assert slot is not None
    assert (slot.deadline, slot.ends_at) == (Deadline.LEASE, claimed_at + settings.LEASE_SECONDS - margin_seconds())
