"""`celery_task`: plain Celery tasks as runs, called as Celery calls them."""

import logging
import warnings
from typing import Any

import pytest
from celery import current_task
from django.contrib.auth.models import Permission, User

from tasks_app.errors import Invalid, Permanent, RetryLater, Skip, SoftTimeout
from tasks_app.handlers import celery as offering
from tasks_app.handlers import registry
from tasks_app.handlers.celery import offer_task
from tasks_app.handlers.schema import payload_schema
from tasks_app.handlers.spec import BadHandler
from tasks_app.handlers.testing import RecordingContext, call_handler
from tasks_app.models import TaskRun
from tasks_app.selectors.access import why_not
from tasks_app.services.runs import run_enqueue, run_retry
from tasks_app.services.specs import TaskSpec
from tasks_app.services.tasks import task_create, task_run_now
from tests import runs
from tests.handler_types import execute
from tests.kinds import celery_tasks

pytestmark = pytest.mark.django_db
HERE = "tests.kinds.celery_tasks"


@pytest.fixture(autouse=True)
def offered(monkeypatch: pytest.MonkeyPatch) -> None:
    """Offer every task of the code base."""
    monkeypatch.setattr(offering, "_offers", {})
    for name, task in vars(celery_tasks).items():
        if getattr(task, "name", "") == f"{HERE}.{name}":
            offer_task(task.name)
    celery_tasks.called.clear()


def call(name: str, ctx: RecordingContext | None = None, **arguments: Any) -> Any:
    """Run the handler for a task of the code base."""
    payload = {"task": f"{HERE}.{name}", "arguments": arguments}
    return call_handler("celery_task", payload, ctx or RecordingContext())


def refused(name: str, **arguments: Any) -> dict[str, list[str]]:
    """The fields that are refused."""
    with pytest.raises(Invalid) as caught:
        registry.validate("celery_task", {"task": name, "arguments": arguments})
    return {path.removeprefix("payload."): [f.code for f in faults] for path, faults in caught.value.fields.items()}


# -- what may be called


def test_nothing_is_offered_by_itself(monkeypatch: pytest.MonkeyPatch, staff: User) -> None:
    monkeypatch.setattr(offering, "_offers", {})
    assert refused(f"{HERE}.add", a=1) == {"task": ["not_offered"]}
    assert refused("tasks_app.work", queue="default") == {"task": ["not_offered"]}
    assert "No app" in why_not(staff, registry.get("celery_task"))
    assert "oneOf" not in payload_schema(registry.get("celery_task"))


def test_it_needs_a_permission(alice: User, staff: User) -> None:
    spec = registry.get("celery_task")
    assert why_not(alice, spec)
    assert not why_not(staff, spec)
    alice.user_permissions.add(Permission.objects.get(codename="run_celery_task"))
    assert not why_not(User.objects.get(pk=alice.pk), spec)


@pytest.mark.parametrize("name", ["gone.tasks.gone", "no_module", f"{HERE}.gone"])
def test_a_task_without_code_is_refused(name: str) -> None:
    offer_task(name)
    assert refused(name) == {"task": ["not_offered"]}
    payload_schema(registry.get("celery_task"))


def test_a_task_is_offered_once_by_its_name_or_itself() -> None:
    with pytest.raises(BadHandler, match="twice"):
        offer_task(celery_tasks.add)
    for wrong in ("", print):
        with pytest.raises((BadHandler, AttributeError)):
            offer_task(wrong)  # type: ignore[arg-type]


# -- arguments


@pytest.mark.parametrize(
    ("arguments", "faults"),
    [
        ({}, {"arguments.a": ["required"]}),
        ({"a": "1"}, {"arguments.a": ["int_type"]}),
        ({"a": 1, "c": 2}, {"arguments.c": ["unknown_field"]}),
        ({"a": 1, "self": 2}, {"arguments.self": ["unknown_field"]}),
    ],
)
def test_arguments_are_held_to_the_signature(arguments: dict[str, Any], faults: dict[str, list[str]]) -> None:
    payload = {"task": f"{HERE}.add", "arguments": arguments}
    with pytest.raises(Invalid) as caught:
        registry.validate("celery_task", payload)
    assert {path: [fault.code for fault in found] for path, found in caught.value.fields.items()} == {
        f"payload.{path}": codes for path, codes in faults.items()
    }
    assert celery_tasks.called == []


def test_arguments_come_as_what_the_signature_says() -> None:
    given: dict[str, Any] = {
        "day": "2026-11-24",
        "amount": "1.10",
        "to": {"street": "Main"},
        "tags": ["x"],
        "raw": {"a": [1]},
    }
    result = call("everything", **given)
    assert result == {
        "day": "2026-11-24",
        "amount": "1.10",
        "street": "Main",
        "kind": "a",
        "tags": ["x"],
        "raw": {"a": [1]},
    }
    assert refused(f"{HERE}.everything", **{**given, "kind": "c"}) == {"arguments.kind": ["literal_error"]}
    assert refused(f"{HERE}.everything", **{**given, "to": {}}) == {"arguments.to.street": ["required"]}


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({"first": 1}, [1, 20, [], "o", {}]),
        ({"first": 1, "second": 2, "only": "x"}, [1, 2, [], "x", {}]),
        ({"first": 1, "rest": [3, 4]}, [1, 20, [3, 4], "o", {}]),
        ({"first": 1, "more": "m", "other": None}, [1, 20, [], "o", {"more": "m", "other": None}]),
    ],
)
def test_arguments_find_their_places(arguments: dict[str, Any], expected: list[Any]) -> None:
    assert call("by_place", **arguments) == expected


def test_names_may_be_any_and_types_may_be_missing() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert call("bare", json={"a": 1}, model_x=2) == [{"a": 1}, None, 2]


def test_a_task_that_json_cannot_call_is_refused_with_the_reason() -> None:
    with pytest.raises(Invalid, match="'what' has no form in JSON"):
        registry.validate("celery_task", {"task": f"{HERE}.strange"})


def test_each_task_is_described() -> None:
    schema = payload_schema(registry.get("celery_task"))
    assert schema["discriminator"]["mapping"][f"{HERE}.add"] == f"#/$defs/{HERE}.add"
    add = schema["$defs"][f"{HERE}.add"]
    assert add["properties"]["arguments"]["properties"] == {
        "a": {"title": "A", "type": "integer"},
        "b": {"default": 2, "title": "B", "type": "integer"},
    }
    assert add["required"] == ["task", "arguments"]
    everything = schema["$defs"][f"{HERE}.everything"]["properties"]["arguments"]
    assert everything["properties"]["to"] == {"$ref": f"#/$defs/{HERE}.everything.Address"}
    assert "street" in schema["$defs"][f"{HERE}.everything.Address"]["properties"]
    assert f"{HERE}.strange" in schema["properties"]["task"]["enum"]


# -- the call


def test_a_task_finds_its_request_and_leaves_no_trace() -> None:
    ctx = RecordingContext(attempt=3)
    expected = {"id": ctx.run_id, "retries": 2, "args": [], "kwargs": {"x": 5}, "x": 5}
    assert celery_tasks.about_itself.request.id is None
    before = dict(celery_tasks.about_itself.__dict__)
    assert call("about_itself", ctx, x=5) == expected
    assert celery_tasks.about_itself.request.id is None
    assert celery_tasks.about_itself.__dict__ == before
    assert not current_task


def test_a_retry_that_the_task_asks_for_is_the_runs() -> None:
    with pytest.raises(RetryLater, match="ConnectionError: busy") as caught:
        call("asks_again", seconds=11)
    assert caught.value.seconds == 11
    assert call("asks_again", RecordingContext(attempt=2)) == "done"
    with pytest.raises(RetryLater) as caught:
        call("asks_for_an_instant")
    assert 80 < caught.value.seconds <= 90
    with pytest.raises(RetryLater) as caught:
        call("asks_and_goes_on")
    assert caught.value.seconds == 5


def test_a_task_gives_up_after_its_own_number_of_retries() -> None:
    with pytest.raises(Permanent, match="busy") as caught:
        call("asks_again", RecordingContext(attempt=5), times=9)
    assert type(caught.value).__name__ == "ConnectionError"


def test_a_retry_with_other_arguments_is_refused() -> None:
    with pytest.raises(Permanent, match="other arguments"):
        call("asks_with_others")


def test_what_celery_retries_by_itself_is_retried() -> None:
    for attempt, seconds in ((1, 3), (2, 6), (3, 12)):
        with pytest.raises(RetryLater) as caught:
            call("fails_for_now", RecordingContext(attempt=attempt))
        assert caught.value.seconds == seconds
    with pytest.raises(Permanent, match="away"):
        call("fails_for_now", RecordingContext(attempt=7))


def test_any_other_exception_is_the_end_as_in_celery() -> None:
    with pytest.raises(Permanent, match="no") as caught:
        call("fails")
    assert type(caught.value).__name__ == "ValueError"
    assert isinstance(caught.value.__cause__, ValueError)


def test_ignore_and_reject_end_as_they_mean() -> None:
    with pytest.raises(Skip, match="nothing to do"):
        call("ignores")
    with pytest.raises(Permanent, match="rejected: not now"):
        call("rejects")
    with pytest.raises(RetryLater, match="not now"):
        call("rejects", requeue=True)


def test_results_are_json_or_a_clear_error() -> None:
    assert call("returns_dates") == {"at": "2026-01-02T00:00:00Z", "amount": "1.50"}
    assert call("takes_nothing") is None
    assert call("says_nothing") is None
    with pytest.raises(Permanent, match="did its work, but what it returned"):
        call("returns_strange")


def test_a_base_class_hears_how_its_tasks_end() -> None:
    ctx = RecordingContext()
    assert call("has_callbacks", ctx, is_good=True) == "good"
    assert celery_tasks.called == [("call", ctx.run_id), ("success", "good")]
    celery_tasks.called.clear()
    with pytest.raises(Permanent, match="bad"):
        call("has_callbacks", ctx := RecordingContext(), is_good=False)
    assert celery_tasks.called == [("call", ctx.run_id), ("failure", "bad", True)]
    assert ctx.messages == [f"on_failure of {HERE}.has_callbacks failed: RuntimeError: in the callback"]


def test_what_it_logs_is_in_the_runs_log() -> None:
    ctx = RecordingContext()
    level = logging.getLogger().level
    handlers = list(logging.getLogger().handlers)
    call("logs", ctx)
    assert ctx.logs[:2] == [("info", "by the task logger"), ("warning", "by any logger")]
    assert ctx.logs[2][0] == "error"
    assert ctx.logs[2][1].startswith("with a traceback\nTraceback")
    assert ctx.logs[3:] == [("info", "THINKING")]
    assert ctx.reports == [(3, 4, "three")]
    assert (logging.getLogger().level, logging.getLogger().handlers) == (level, handlers)


def test_what_was_too_quiet_for_the_workers_own_log_still_is() -> None:
    class Ear(logging.Handler):
        def __init__(self) -> None:
            super().__init__()
            self.heard: list[str] = []

        def emit(self, record: logging.LogRecord) -> None:
            self.heard.append(record.getMessage())

    root, ear = logging.getLogger(), Ear()
    level = root.level
    root.addHandler(ear)
    root.setLevel(logging.WARNING)
    try:
        call("logs")
    finally:
        root.removeHandler(ear)
        root.setLevel(level)
    assert ear.heard == ["by any logger", "with a traceback"]


# -- the call and the run


def test_a_call_that_was_confirmed_is_not_made_again() -> None:
    ctx = RecordingContext()
    assert call("add", ctx, a=1) == 3
    assert call("add", ctx.again(), a=1) == 3
    assert celery_tasks.called == [(1, 2)]


@pytest.mark.parametrize(("name", "is_idempotent"), [("takes_nothing", False), ("may_run_again", True)])
def test_after_a_crash_only_a_task_that_is_acknowledged_late_runs_again(name: str, is_idempotent: bool) -> None:
    ctx = RecordingContext()
    with ctx.effect(f"call:{ctx.run_id}") as begun:
        begun.state = "intent"
        begun.confirm = lambda result=None: None  # type: ignore[method-assign]  # its process died here
    if is_idempotent:
        assert call(name, ctx.again()) == "once"
    else:
        with pytest.raises(Exception, match="nobody knows"):
            call(name, ctx.again())


def test_a_soft_time_limit_stays_one(monkeypatch: pytest.MonkeyPatch) -> None:
    def late(*_: Any) -> None:
        raise SoftTimeout("over")

    monkeypatch.setattr(celery_tasks.takes_nothing, "run", late)
    with pytest.raises(SoftTimeout):
        call("takes_nothing")


def test_the_number_of_retries_is_celerys_unless_something_is_said(staff: User) -> None:
    def of_task(name: str, **fields: Any) -> int:
        spec = TaskSpec(name=name, type="celery_task", payload={"task": f"{HERE}.{name}"}, **fields)
        return task_run_now(task=task_create(owner=staff, spec=spec, actor="tests"), actor="tests").max_retries

    assert [of_task("asks_again"), of_task("fails_for_now"), of_task("ignores")] == [4, 6, 3]
    assert of_task("asks_again", max_retries=9) == 9
    payload = {"task": f"{HERE}.asks_again"}
    assert run_enqueue(owner=staff, type="celery_task", payload=payload, actor="tests").max_retries == 4


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("valkey")
def test_a_number_said_for_the_run_holds_for_every_exception(staff: User) -> None:
    def ended(**fields: Any) -> TaskRun:
        payload = {"task": f"{HERE}.fails"}
        run = run_enqueue(owner=staff, type="celery_task", payload=payload, actor="tests", **fields)
        execute(run)
        return runs.fresh(run)

    usual, own = ended(), ended(max_retries=2)
    assert (usual.status, usual.failures, usual.error) == ("failed", 1, "ValueError: no")
    assert (own.status, own.reason, own.error) == ("scheduled", "retry", "ValueError: no")


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("valkey")
def test_a_withdrawn_task_ends_visibly_and_a_person_may_run_it_again(staff: User) -> None:
    payload = {"task": f"{HERE}.add", "arguments": {"a": 1}}
    run = run_enqueue(owner=staff, type="celery_task", payload=payload, actor="tests")
    offer = offering._offers.pop(f"{HERE}.add")
    execute(run)
    ended = runs.fresh(run)
    assert (ended.status, ended.reason) == ("failed", "invalid_payload")
    assert "No app offers" in ended.error
    offering._offers[offer.name] = offer
    again = run_retry(run=ended, actor="tests")
    execute(again)
    assert runs.fresh(again).result == 3
    once_more = run_retry(run=runs.fresh(again), actor="tests")
    execute(once_more)
    assert celery_tasks.called == [(1, 2), (1, 2)], "who runs it again means the call"
