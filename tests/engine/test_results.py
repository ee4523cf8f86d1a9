"""The result backend: a run answers for its id in every state, any other Celery task is stored as usual."""

import uuid
from typing import Any

import pytest
from celery import current_app, states
from celery.exceptions import TaskRevokedError, TimeoutError
from celery.result import AsyncResult
from django.contrib.auth.models import User
from django_celery_results.models import TaskResult

from tasks_app.models import TaskRun, db_now
from tasks_app.services import lifecycle, outcomes
from tasks_app.services.outcomes import Failure
from tasks_app.states import Reason
from tests import runs

pytestmark = pytest.mark.django_db


def result_of(run: TaskRun) -> Any:
    """Ask as any Celery client would (whose stubs know fewer states)."""
    return AsyncResult(str(run.id), app=current_app)


def failed(owner: User, error: str, reason: Reason = Reason.HANDLER_ERROR) -> TaskRun:
    """Make a run that has failed for good."""
    run = runs.make_run(owner)
    failure = Failure(reason=reason, error=error, error_type="E", traceback="Traceback: here", is_permanent=True)
    outcomes.attempt_failed(runs.hold(run), failure)
    return run


def test_a_run_that_waits_is_pending(alice: User) -> None:
    queued = runs.make_run(alice)
    delayed = runs.make_run(alice, status="scheduled", reason="delayed", queued_at=None, due_at=db_now())
    for run in (queued, delayed):
        assert result_of(run).state == states.PENDING
        assert not result_of(run).ready()
    with pytest.raises(TimeoutError):
        result_of(queued).get(timeout=0.01)


def test_a_running_run_is_started(alice: User) -> None:
    run = runs.make_run(alice)
    runs.claim(run)
    found = result_of(run)
    assert (found.state, found.worker, found.name) == (states.STARTED, runs.WORKER, "http_request")


def test_a_run_that_waits_for_its_retry_says_so(alice: User) -> None:
    run = runs.make_run(alice)
    runs.claim(run)
    runs.retry_later(run)
    assert result_of(run).state == states.RETRY


def test_a_run_that_succeeded_gives_its_result(alice: User) -> None:
    run = runs.make_run(alice)
    lifecycle.succeed(runs.hold(run), result={"rows": 3})
    found = result_of(run)
    assert found.successful()
    assert found.get(timeout=5) == {"rows": 3}
    assert found.date_done == runs.fresh(run).finished_at


def test_a_run_that_failed_raises_what_its_handler_raised(alice: User) -> None:
    found = result_of(failed(alice, "ValueError: no such row"))
    assert found.failed()
    assert found.traceback == "Traceback: here"
    with pytest.raises(ValueError, match="no such row"):
        found.get(timeout=5)


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        ("RequestFailed: answered 500", Reason.HANDLER_ERROR),
        ("the worker w stopped renewing its lease", Reason.WORKER_LOST),
        ("payload.url: This field is required.", Reason.INVALID_PAYLOAD),
        ("print: not an exception", Reason.HANDLER_ERROR),
        ("SystemExit: 3", Reason.HANDLER_ERROR),
        ("UnicodeDecodeError: bad byte", Reason.HANDLER_ERROR),
        ("", Reason.WORKER_LOST),
    ],
)
def test_any_other_error_is_a_plain_exception_with_its_words(error: str, reason: Reason, alice: User) -> None:
    with pytest.raises(Exception) as raised:  # noqa: PT011  # the class is what this is about
        result_of(failed(alice, error, reason)).get(timeout=5)
    assert type(raised.value) is Exception
    assert str(raised.value) == (error or "worker_lost")


@pytest.mark.parametrize(("move", "said"), [(runs.stop, "cancelled: user"), (runs.skip, "skipped: condition")])
def test_a_run_without_a_result_is_an_end_too(move: object, said: str, alice: User) -> None:
    run = runs.make_run(alice)
    runs.claim(run)
    assert callable(move)
    move(run)
    found = result_of(run)
    assert (found.state, found.ready()) == (states.REVOKED, True)
    with pytest.raises(TaskRevokedError, match=said):
        found.get(timeout=5)


def test_an_unknown_id_is_pending_as_everywhere_in_celery() -> None:
    for name in (str(uuid.uuid4()), "no uuid"):
        assert AsyncResult(name, app=current_app).state == states.PENDING


def test_other_tasks_are_stored_and_found_as_usual() -> None:
    name = str(uuid.uuid4())
    current_app.backend.store_result(name, {"sum": 3}, states.SUCCESS)
    assert AsyncResult(name, app=current_app).get(timeout=5) == {"sum": 3}
    assert TaskResult.objects.get(task_id=name).status == states.SUCCESS


def test_a_failure_of_another_task_is_raised_as_usual() -> None:
    name = str(uuid.uuid4())
    current_app.backend.store_result(name, ValueError("no"), states.FAILURE)
    with pytest.raises(ValueError, match="no"):
        AsyncResult(name, app=current_app).get(timeout=5)


def test_a_run_is_not_written_twice(alice: User) -> None:
    run = runs.make_run(alice)
    runs.claim(run)
    runs.succeed(run)
    assert result_of(run).successful()
    assert not TaskResult.objects.exists()
