"""GET /api/runs/groups, and /api/runs/sweeps: one deed on all runs that match."""

from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from pytest_django import DjangoAssertNumQueries

from tasks_app.models import AuditEntry, IdempotencyKey, TaskRun, TaskShare
from tasks_app.selectors import run_walk
from tasks_app.services import lifecycle, steps, sweeps
from tasks_app.services.limiter import Limit
from tasks_app.states import Reason
from tests import runs
from tests.api.client import Api, with_key

pytestmark = pytest.mark.usefixtures("empty_redis")
RETRY = {"do": "retry", "filters": {"needs_person": True}}


def fail(owner: User, count: int, error_type: str = "ConnectError", **fields: object) -> list[TaskRun]:
    """Make runs that have failed alike."""
    made = [runs.make_run(owner, **fields) for _ in range(count)]  # type: ignore[arg-type]  # tests name the fields
    for run in made:
        runs.claim(run)
        told = lifecycle.Told(f"{error_type}: no", error_type)
        lifecycle.fail(runs.held(run), reason=Reason.HANDLER_ERROR, told=told, failures=1, crashes=0)
    return made


def begun(api: Api, body: object = RETRY) -> str:
    """Take a sweep down; gives its address."""
    reply = api.post("runs/sweeps", body)
    assert reply.status == 201, reply.body
    assert reply.headers["Location"] == f"/api/runs/sweeps/{reply.body['id']}"
    return f"runs/sweeps/{reply.body['id']}"


def reruns() -> int:
    """How many runs repeat another."""
    return TaskRun.objects.filter(rerun_of__isnull=False).count()


def test_failures_stand_in_groups_and_each_leads_to_its_runs(api: Api, stranger: Api, nobody: Api, alice: User) -> None:
    older = fail(alice, 3)
    fail(alice, 1, "")
    body = api.get("runs/groups").body
    assert [(one["error_type"], one["count"], one["can_act"]) for one in body["results"]] == [
        (None, 1, True),
        ("ConnectError", 3, True),
    ]
    assert (body["count"], body["count_is_exact"], body["since"], body["next"]) == (2, True, None, None)
    group = body["results"][1]
    assert (group["type"], group["reason"], group["latest"]["id"]) == (
        "http_request",
        "handler_error",
        str(older[-1].id),
    )
    for one in body["results"]:
        asked = "&".join(
            f"{name}={str(value).lower() if value is True else value}" for name, value in one["filters"].items()
        )
        assert len(api.get(f"runs?{asked}").body["results"]) == one["count"]
        assert api.post("runs/sweeps", {"do": "retry", "filters": one["filters"]}).body["total"] == one["count"]
    assert stranger.get("runs/groups").body["results"] == []
    assert nobody.get("runs/groups").status == 401


def test_more_groups_cost_no_more_queries(
    api: Api, alice: User, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(10):
        fail(alice, 1, f"Error{number}")
    with django_assert_max_num_queries(9):
        assert len(api.get("runs/groups").body["results"]) == 10


def test_it_is_counted_first_and_then_done_once(api: Api, alice: User) -> None:
    fail(alice, 3)
    fail(alice, 2, "Other")
    body = {"do": "retry", "filters": {"needs_person": True, "error_type": "ConnectError"}}
    first = api.post("runs/sweeps", body, Idempotency_Key="one")
    assert (first.body["total"], first.body["total_is_exact"], first.body["done"]) == (3, True, 0)
    assert reruns() == 0
    assert api.post("runs/sweeps", body, Idempotency_Key="one").body["id"] == first.body["id"]
    fail(alice, 1)
    for _ in range(2):
        told = api.post(f"runs/sweeps/{first.body['id']}/go-on").body
        assert (told["done"], told["left"], told["is_finished"], told["stopped"]) == (3, {}, True, None)
    assert api.get(f"runs/sweeps/{first.body['id']}").body == told
    assert reruns() == 3
    assert AuditEntry.objects.filter(action="run.retry", actor="user:alice").count() == 3


def test_it_goes_on_step_by_step(api: Api, alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweeps, "AT_ONCE", 2)
    monkeypatch.setattr(steps, "SECONDS", 0.0)
    monkeypatch.setattr(steps, "_SQLITE_SECONDS", 60.0)
    fail(alice, 5)
    address = begun(api, {"do": "dismiss", "note": "relay down", "filters": {"status": "failed"}})
    told = [api.post(f"{address}/go-on").body for _ in range(3)]
    assert [(one["done"], one["is_finished"]) for one in told] == [(2, False), (4, False), (5, True)]
    assert set(TaskRun.objects.values_list("dismiss_note", flat=True)) == {"relay down"}


def test_a_search_that_stops_short_says_how_far_it_went(api: Api, alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_walk, "WALK", 2)
    for _ in range(4):
        runs.make_run(alice)
    told = api.post("runs/sweeps", {"do": "cancel", "filters": {"status": "queued", "queue": "default"}}).body
    assert (told["total"], told["searched_to"] is not None) == (2, True)


def test_rights_are_asked_for_each_run_and_sweeps_are_ones_own(
    api: Api, stranger: Api, nobody: Api, alice: User, charlie: User
) -> None:
    seen = runs.make_task(alice)
    TaskShare.objects.create(task=seen, user=charlie, level="view")
    fail(alice, 2, task=seen)
    fail(alice, 1)
    address = begun(stranger)
    assert stranger.get(address).body["total"] == 2
    told = stranger.post(f"{address}/go-on").body
    assert (told["done"], told["left"]) == (0, {sweeps.FORBIDDEN: 2})
    for other in (api.get(address), api.post(f"{address}/go-on"), api.get(f"runs/sweeps/{uuid4()}")):
        assert other.status == 404
    assert nobody.post("runs/sweeps", RETRY).status == 401
    assert nobody.post(f"{address}/go-on").status == 401


def test_a_key_needs_the_scope_that_one_run_needs(api: Api, alice: User) -> None:
    fail(alice, 1)
    running, reading = with_key(alice, "run"), with_key(alice, "read")
    assert reading.post("runs/sweeps", RETRY).code == "insufficient_scope"
    dismiss = {**RETRY, "do": "dismiss"}
    assert running.post("runs/sweeps", dismiss).code == "insufficient_scope"
    assert running.post(f"{begun(api, dismiss)}/go-on").code == "insufficient_scope"
    assert running.post(f"{begun(running)}/go-on").body["done"] == 1
    assert TaskRun.objects.filter(rerun_of__isnull=False).get().actor == "key:alice/ci"


def test_a_dismissal_is_taken_back_at_once(api: Api, stranger: Api, alice: User) -> None:
    fail(alice, 3)
    address = begun(api, {"do": "dismiss", "filters": {"needs_person": True}})
    assert api.post(f"{address}/undo").status == 409
    assert api.post(f"{address}/go-on").body["can_undo"]
    assert with_key(alice, "run").post(f"{address}/undo").code == "insufficient_scope"
    assert stranger.post(f"{address}/undo").status == 404
    ways = [api.post(f"{address}/undo") for _ in range(2)]
    assert [way.status for way in ways] == [201, 201]
    assert ways[0].headers["Location"] == ways[1].headers["Location"]
    back = f"runs/sweeps/{ways[0].body['id']}"
    assert (ways[0].body["do"], ways[0].body["total"], ways[0].body["done"]) == ("undismiss", 3, 0)
    told = api.post(f"{back}/go-on").body
    assert (told["done"], told["is_finished"], told["can_undo"]) == (3, True, False)
    assert len(api.get("runs?needs_person=true").body["results"]) == 3


@pytest.mark.parametrize(
    ("body", "path", "code"),
    [
        ({"do": "explode", "filters": {"status": "failed"}}, "do", "unknown"),
        ({"do": "undismiss", "filters": {"status": "failed"}}, "do", "unknown"),
        ({"do": "retry"}, "filters", "required"),
        ({"do": "retry", "filters": {}}, "filters", "required"),
        ({"do": "retry", "filters": {"needs_person": False}}, "filters", "required"),
        ({"do": "retry", "filters": {"status": "nope"}}, "filters.status", "unknown"),
        ({"do": "retry", "filters": {"cursor": "x"}}, "filters.cursor", "unknown_field"),
        ({"do": "retry", "filters": {"needs_person": "yes"}}, "filters.needs_person", "type"),
        ({"do": "retry", "filters": {"needs_person": "true"}}, "filters.needs_person", "type"),
        ({"do": "retry", "filters": {"from": "soon"}}, "filters.from", "time_invalid"),
        ({"do": "dismiss", "filters": {"status": "failed"}, "note": "x" * 501}, "note", "too_long"),
    ],
)
def test_each_fault_is_named(api: Api, body: object, path: str, code: str) -> None:
    reply = api.post("runs/sweeps", body)
    assert (reply.status, reply.faults) == (400, {path: [code]})


def test_nobody_begins_them_without_end(api: Api, alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(steps, "PACE", Limit("many", most=2, seconds=36_000))
    statuses = [api.post("runs/sweeps", RETRY).status for _ in range(3)]
    assert statuses == [201, 201, 429]
    assert IdempotencyKey.objects.filter(path=sweeps.STEPS.path).count() == 2
