"""The side effects of a run, and settling one of which nobody knows."""

from uuid import uuid4

import pytest
from django.contrib.auth.models import User

from tasks_app.models import ApiKey, Effect, RunEvent, TaskRun, db_now
from tests.api.client import Api, with_key
from tests.runs import claim, fail, make_run


@pytest.fixture
def run(alice: User) -> TaskRun:
    """A run that failed in the middle of its effect."""
    run = make_run(alice)
    claim(run)
    fail(run)
    return run


@pytest.fixture
def effect(run: TaskRun) -> Effect:
    """Of which nobody knows."""
    return make_effect(run, "charge:42")


def make_effect(run: TaskRun, key: str, state: str = "unknown") -> Effect:
    return Effect.objects.create(root_run_id=run.id, key=key, state=state, run_id=run.id, claim_no=1, begun_at=db_now())


def settling(effect: Effect) -> str:
    return f"runs/{effect.root_run_id}/effects/{effect.id}/settle"


def test_what_a_run_did_is_listed(api: Api, run: TaskRun, effect: Effect) -> None:
    make_effect(run, "mail:bob", "done")
    body = api.get(f"runs/{run.id}/effects").body
    assert (body["count"], body["count_is_exact"], body["next"]) == (2, True, None)
    first, second = body["results"]
    assert (first["id"], first["key"], first["state"], first["can_settle"]) == (effect.id, "charge:42", "unknown", True)
    assert (first["run"], first["attempt"], first["idempotent"]) == (str(run.id), 1, False)
    assert first["begun_at"].endswith("Z")
    assert (first["settled_at"], first["settled_by"], first["note"]) == (None, None, None)
    assert (second["key"], second["state"], second["can_settle"]) == ("mail:bob", "done", False)


def test_a_long_list_has_pages(api: Api, run: TaskRun) -> None:
    for number in range(3):
        make_effect(run, f"mail:{number}", "done")
    first = api.get(f"runs/{run.id}/effects?page_size=2").body
    assert [one["key"] for one in first["results"]] == ["mail:0", "mail:1"]
    rest = api.get(first["next"].partition("/api/")[2]).body
    assert [one["key"] for one in rest["results"]] == ["mail:2"]


def test_a_run_that_did_nothing_has_an_empty_list(api: Api, run: TaskRun) -> None:
    assert api.get(f"runs/{run.id}/effects").body["results"] == []


@pytest.mark.parametrize(("happened", "state"), [(True, "done"), (False, "not_done")])
def test_a_person_says_what_came_of_it(api: Api, happened: bool, state: str, effect: Effect) -> None:
    reply = api.post(settling(effect), {"happened": happened, "note": "asked them"})
    assert reply.status == 200
    assert (reply.body["state"], reply.body["can_settle"]) == (state, False)
    assert (reply.body["settled_by"], reply.body["note"]) == ("user:alice", "asked them")
    assert reply.body["settled_at"].endswith("Z")
    events = api.get(f"runs/{effect.root_run_id}").body["events"]
    assert (events[-1]["target"], events[-1]["version"], events[-1]["actor"]) == ("settled", None, "user:alice")


def test_it_is_said_once(api: Api, effect: Effect) -> None:
    assert api.post(settling(effect), {"happened": True}).status == 200
    reply = api.post(settling(effect), {"happened": False})
    assert (reply.status, reply.code) == (409, "conflict")
    assert "known already" in reply.body["error"]["message"]


def test_said_twice_under_one_key_it_is_said_once(api: Api, effect: Effect) -> None:
    first = api.post(settling(effect), {"happened": True}, Idempotency_Key="one")
    second = api.post(settling(effect), {"happened": True}, Idempotency_Key="one")
    assert (first.status, second.status, second.body) == (200, 200, first.body)
    assert RunEvent.objects.filter(target="settled").count() == 1


def test_it_is_not_said_while_a_retry_runs(api: Api, effect: Effect) -> None:
    again = api.post(f"runs/{effect.root_run_id}/retry").body["id"]
    claim(TaskRun.objects.get(id=again))
    assert api.post(settling(effect), {"happened": True}).status == 409
    assert api.get(f"runs/{again}/effects").body["results"][0]["can_settle"] is False


def test_strangers_find_nothing_to_settle(api: Api, stranger: Api, nobody: Api, operator: Api, effect: Effect) -> None:
    assert stranger.get(f"runs/{effect.root_run_id}/effects").status == 404
    assert stranger.post(settling(effect), {"happened": True}).status == 404
    assert nobody.post(settling(effect), {"happened": True}).status == 401
    of_another = f"runs/{make_run(TaskRun.objects.get(id=effect.run_id).owner).id}/effects/{effect.id}/settle"
    assert api.post(of_another, {"happened": True}).status == 404
    assert api.post(f"runs/{uuid4()}/effects/{effect.id}/settle", {"happened": True}).status == 404
    assert api.post(f"runs/{effect.root_run_id}/effects/{2**70}/settle", {"happened": True}).status == 404
    assert Effect.objects.get().state == "unknown"
    assert operator.post(settling(effect), {"happened": True}).status == 200


@pytest.mark.parametrize(("scope", "status"), [("read", 403), ("run", 200), ("manage", 200)])
def test_a_key_needs_what_a_retry_needs(scope: str, status: int, effect: Effect, alice: User) -> None:
    assert with_key(alice, ApiKey.Scope(scope)).post(settling(effect), {"happened": True}).status == status


@pytest.mark.parametrize(
    ("body", "faults"),
    [
        ({}, {"happened": ["required"]}),
        ({"happened": "yes"}, {"happened": ["type"]}),
        ({"happened": None}, {"happened": ["type"]}),
        ({"happened": True, "note": "x" * 501}, {"note": ["too_long"]}),
        ({"happened": True, "nope": 1}, {"nope": ["unknown_field"]}),
    ],
)
def test_each_fault_of_the_body_is_named(api: Api, body: dict[str, object], faults: object, effect: Effect) -> None:
    assert api.post(settling(effect), body).faults == faults
    assert Effect.objects.get().state == "unknown"
