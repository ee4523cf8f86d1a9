"""What a handler makes of an effect that a person has settled: it is not done again, and the result says so."""

import pytest
from django.contrib.auth.models import User

from tasks_app.handlers import celery as offering
from tasks_app.handlers.celery import offer_task
from tasks_app.handlers.testing import RecordingContext, call_handler
from tasks_app.models import Effect, TaskRun
from tasks_app.services import runs as run_services
from tasks_app.services.execution.effects import effect
from tasks_app.services.settling import effect_settle
from tests import runs
from tests.kinds import celery_tasks
from tests.kinds.http_calls import request
from tests.kinds.service import Service

pytestmark = pytest.mark.django_db
ADD = "tests.kinds.celery_tasks.add"


@pytest.fixture(autouse=True)
def offered(monkeypatch: pytest.MonkeyPatch) -> None:
    """Offer the one task that is called here."""
    monkeypatch.setattr(offering, "_offers", {})
    offer_task(ADD)
    celery_tasks.called.clear()


@pytest.mark.parametrize("extract", [{}, {"price": "price"}])
def test_a_request_is_not_sent_again(extract: dict[str, str], service: Service) -> None:
    ctx = RecordingContext()
    with ctx.effect("request"):
        pass
    result = request(service, "/text", ctx.again(), method="POST", extract=extract)
    assert "a person" in result["summary"]
    assert service.asked == []


def call_add(run: TaskRun) -> object:
    ctx = RecordingContext(run_id=str(run.id))
    ctx.effect = lambda key, *, idempotent=False: effect(  # type: ignore[assignment, method-assign, return-value]
        runs.fresh(run), runs.held(run), key, is_idempotent=idempotent
    )
    return call_handler("celery_task", {"task": ADD, "arguments": {"a": 1}}, ctx)


@pytest.mark.parametrize("happened", [True, False])
def test_a_call_is_made_again_only_where_it_did_not_happen(happened: bool, alice: User) -> None:
    run = runs.make_run(alice)
    runs.claim(run)
    with (
        pytest.raises(ValueError, match="crash"),
        effect(runs.fresh(run), runs.held(run), f"call:{run.id}", is_idempotent=False),
    ):
        raise ValueError("crash")
    runs.fail(run)
    effect_settle(run=runs.fresh(run), effect_id=Effect.objects.get().id, happened=happened, actor="user:alice")
    again = run_services.run_retry(run=runs.fresh(run), actor="user:alice")
    runs.claim(again)
    result = call_add(again)
    assert celery_tasks.called == ([] if happened else [(1, 2)])
    assert (result == 3) is not happened
    runs.succeed(again)
    third = run_services.run_retry(run=runs.fresh(again), actor="user:alice")
    runs.claim(third)
    assert call_add(third) == 3, "run again on purpose, it is a new call"
