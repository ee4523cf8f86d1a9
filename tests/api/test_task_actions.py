"""What can be done with a task: run now, pause, resume, cancel, duplicate; and PUT by key."""

from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import User

from tasks_app.models import RunEvent, ScheduledTask, TaskRun
from tests.api.client import Api, with_key
from tests.api.conftest import TASK, make
from tests.runs import claim, make_run

ACTIONS = ["run-now", "pause", "resume", "cancel", "duplicate"]


@pytest.mark.parametrize("action", ACTIONS)
def test_strangers_find_no_task_to_act_on(api: Api, stranger: Api, nobody: Api, action: str) -> None:
    task = make(api)
    assert stranger.post(f"tasks/{task['id']}/{action}").status == 404
    assert api.post(f"tasks/{uuid4()}/{action}").status == 404
    assert nobody.post(f"tasks/{task['id']}/{action}").status == 401
    assert api.get(f"tasks/{task['id']}/{action}").status == 405
    assert api.get(f"tasks/{task['id']}").body["version"] == 1
    assert not TaskRun.objects.exists()


@pytest.mark.parametrize("action", ACTIONS)
def test_staff_act_on_everybodys_tasks(api: Api, operator: Api, action: str) -> None:
    task = make(api, cron="0 9 * * *")
    assert operator.post(f"tasks/{task['id']}/{action}").status in (200, 201, 202)


@pytest.mark.parametrize("action", ACTIONS)
def test_an_unknown_field_is_refused(api: Api, action: str) -> None:
    reply = api.post(f"tasks/{make(api)['id']}/{action}", {"nope": 1})
    assert (reply.status, reply.code, reply.faults) == (400, "unknown_field", {"nope": ["unknown_field"]})


def test_run_now_answers_with_the_new_run(api: Api) -> None:
    task = make(api)
    reply = api.post(f"tasks/{task['id']}/run-now")
    assert reply.status == 202
    run = reply.body
    assert reply.headers["Location"] == f"/api/runs/{run['id']}"
    assert (run["task"], run["status"], run["reason"], run["trigger"]) == (task["id"], "queued", "due", "manual")
    assert (run["slot"], run["attempt"], run["max_attempts"]) == (None, 1, 4)
    assert RunEvent.objects.get(run_id=run["id"]).actor == "user:alice"
    assert {name: api.get(f"runs/{run['id']}").body[name] for name in run} == run


def test_run_now_takes_another_payload_and_an_instant(api: Api) -> None:
    task = make(api, timezone="Asia/Tokyo")
    body = {"payload": {"source": "tasks"}, "scheduled_for": "2031-03-03T12:00:00"}
    run = api.post(f"tasks/{task['id']}/run-now", body).body
    assert run["scheduled_for"] == "2031-03-03T03:00:00Z"
    assert api.get(f"runs/{run['id']}").body["payload"] == {"source": "tasks"}
    assert api.get(f"tasks/{task['id']}").body["payload"] == TASK["payload"]


@pytest.mark.parametrize(
    ("body", "path", "code"),
    [
        ({"payload": {"nope": 1}}, "payload.nope", "unknown_field"),
        ({"payload": "x"}, "payload", "type"),
        ({"scheduled_for": "soon"}, "scheduled_for", "time_invalid"),
        ({"scheduled_for": 5}, "scheduled_for", "type"),
    ],
)
def test_run_now_names_each_fault(api: Api, body: dict[str, Any], path: str, code: str) -> None:
    reply = api.post(f"tasks/{make(api)['id']}/run-now", body)
    assert reply.status == 400
    assert reply.faults[path] == [code]
    assert not TaskRun.objects.exists()


def test_pause_and_resume(api: Api) -> None:
    task = make(api, cron="0 9 * * *")
    paused = api.post(f"tasks/{task['id']}/pause", {"note": "holidays"})
    assert paused.status == 200
    assert (paused.body["status"], paused.body["pause_note"], paused.body["next_run_at"]) == (
        "paused",
        "holidays",
        None,
    )
    resumed = api.post(f"tasks/{task['id']}/resume").body
    assert (resumed["status"], resumed["pause_note"]) == ("active", None)
    assert resumed["next_run_at"] is not None


@pytest.mark.parametrize(("note", "code"), [(5, "type"), ("x" * 501, "too_long"), ("a\0", "characters")])
def test_a_faulty_note_is_refused(api: Api, note: object, code: str) -> None:
    reply = api.post(f"tasks/{make(api)['id']}/pause", {"note": note})
    assert (reply.status, reply.faults) == (400, {"note": [code]})


def test_cancel_ends_the_task_and_its_runs(api: Api, alice: User) -> None:
    task = make(api, cron="0 9 * * *")
    row = ScheduledTask.objects.get(id=task["id"])
    waiting, running = make_run(alice, row), make_run(alice, row)
    claim(running)
    assert api.post(f"tasks/{task['id']}/cancel").body["status"] == "cancelled"
    assert api.get(f"runs/{waiting.id}").body["status"] == "cancelled"
    asked = api.get(f"runs/{running.id}").body
    assert asked["status"] == "running"
    assert asked["cancel_requested_at"] is not None
    for action in ("cancel", "pause", "resume", "run-now"):
        assert api.post(f"tasks/{task['id']}/{action}").status == 409


def test_a_duplicate_is_a_paused_task_of_ones_own(api: Api, operator: Api) -> None:
    task = make(api, cron="0 9 * * *", key="mine")
    reply = operator.post(f"tasks/{task['id']}/duplicate")
    assert reply.status == 201
    copy = reply.body
    assert (copy["status"], copy["owner"], copy["key"], copy["cron"]) == ("paused", "ada", None, task["cron"])
    assert reply.headers["Location"] == f"/api/tasks/{copy['id']}"
    assert copy["id"] != task["id"]


def test_put_by_key_creates_then_updates_the_same_task(api: Api) -> None:
    first = api.put("tasks/by-key/deploy/nightly", {**TASK, "cron": "0 9 * * *", "tags": ["a"]})
    assert (first.status, first.body["key"]) == (201, "deploy/nightly")
    assert first.headers["Location"] == f"/api/tasks/{first.body['id']}"
    second = api.put("tasks/by-key/deploy/nightly/", {**TASK, "cron": "0 10 * * *"})
    assert (second.status, second.body["id"], second.body["version"]) == (200, first.body["id"], 2)
    assert (second.body["cron"], second.body["tags"]) == ("0 10 * * *", [])
    stale = api.put("tasks/by-key/deploy/nightly", TASK, If_Match='"1"')
    assert stale.status == 412


def test_put_by_key_leaves_a_paused_task_paused_unless_told(api: Api) -> None:
    task = api.put("tasks/by-key/k", TASK).body
    api.post(f"tasks/{task['id']}/pause")
    assert api.put("tasks/by-key/k", TASK).body["status"] == "paused"
    assert api.put("tasks/by-key/k", {**TASK, "enabled": True}).body["status"] == "active"


def test_put_by_key_reaches_ones_own_tasks_only(api: Api, operator: Api) -> None:
    task = api.put("tasks/by-key/k", TASK).body
    theirs = operator.put("tasks/by-key/k", TASK)
    assert theirs.status == 201
    assert theirs.body["id"] != task["id"]


@pytest.mark.parametrize(
    ("key", "body", "path", "code"),
    [
        ("k", {**TASK, "key": "other"}, "key", "conflict"),
        ("k", {**TASK, "name": ""}, "name", "blank"),
        ("k", {**TASK, "nope": 1}, "nope", "unknown_field"),
        ("k", {"name": "x"}, "type", "required"),
        ("x" * 201, TASK, "key", "too_long"),
    ],
)
def test_put_by_key_names_each_fault(api: Api, key: str, body: dict[str, Any], path: str, code: str) -> None:
    reply = api.put(f"tasks/by-key/{key}", body)
    assert (reply.status, reply.faults) == (400, {path: [code]})
    assert not ScheduledTask.objects.exists()


def test_put_by_key_needs_a_key_that_can_be_one(api: Api, nobody: Api) -> None:
    assert api.put("tasks/by-key/a%00b", TASK).status == 404
    assert api.put("tasks/by-key/", TASK).status == 404
    assert nobody.put("tasks/by-key/k", TASK).status == 401


def test_what_is_done_is_noted_under_the_keys_name(alice: User) -> None:
    api = with_key(alice)
    task = make(api)
    run = api.post(f"tasks/{task['id']}/run-now").body
    assert api.get(f"runs/{run['id']}").body["actor"] == "key:alice/ci"
