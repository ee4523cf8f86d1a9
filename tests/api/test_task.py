"""GET, PATCH and DELETE /api/tasks/{id}."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from django.contrib.auth.models import User

from tasks_app.handlers.masking import MASK
from tasks_app.models import Calendar, ScheduledTask, TaskRun
from tests.api.client import Api
from tests.api.conftest import make
from tests.runs import make_run, make_task

HTTP: dict[str, Any] = {
    "type": "http_request",
    "payload": {"url": "https://example.org/", "headers": {"Authorization": "CANARY-1"}},
}


def test_the_detail_has_the_last_ten_runs_and_the_next_ten_slots(api: Api, alice: User) -> None:
    task = make(api, cron="0 0 1 1 *")
    for _ in range(12):
        make_run(alice, ScheduledTask.objects.get(id=task["id"]))
    reply = api.get(f"tasks/{task['id']}")
    assert reply.status == 200
    assert reply.headers["ETag"] == '"1"'
    assert "Location" not in reply.headers
    body = reply.body
    newest = [str(run_id) for run_id in TaskRun.objects.order_by("-id").values_list("id", flat=True)[:10]]
    assert [run["id"] for run in body["last_runs"]] == newest
    assert len(body["next_slots"]) == 10
    assert body["next_slots"][0] == body["next_run_at"]
    assert {name: body[name] for name in task} == task


def test_a_schedule_that_cannot_be_read_any_more_has_the_slot_that_it_has(api: Api, alice: User) -> None:
    task = make(api, cron="0 0 1 1 *")
    ScheduledTask.objects.filter(id=task["id"]).update(timezone="Mars/Olympus")
    for calendar in (None, Calendar.objects.create(owner=alice, name="Free", weekend=["sun"])):
        ScheduledTask.objects.filter(id=task["id"]).update(calendar=calendar)
        body = api.get(f"tasks/{task['id']}").body
        assert (body["next_slots"], body["instead_of"]) == ([task["next_run_at"]], [None])


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
def test_what_one_may_not_see_does_not_exist(api: Api, stranger: Api, nobody: Api, method: str) -> None:
    task = make(api)
    body = {"name": "x"} if method == "PATCH" else None
    not_theirs = stranger.call(method, f"tasks/{task['id']}", body, X_Request_ID="same")
    not_there = stranger.call(method, f"tasks/{uuid4()}", body, X_Request_ID="same")
    assert not_theirs.status == 404
    assert not_theirs.body == not_there.body
    assert nobody.call(method, f"tasks/{task['id']}", body).status == 401
    assert api.get(f"tasks/{task['id']}").status == 200


@pytest.mark.parametrize(
    "write",
    [
        lambda text: "1",
        lambda text: "true",
        lambda text: f"{{{text}}}",
        lambda text: f"urn:uuid:{text}",
        lambda text: text.replace("-", ""),
        lambda text: text.upper(),
        lambda text: "".join(chr(0xFF10 + int(c)) if c.isdigit() else c for c in text),
        lambda text: f"{text}%00",
        lambda text: f"{text}%0A",
    ],
)
def test_an_id_has_one_form_only(api: Api, write: Any) -> None:
    task = make(api)
    reply = api.get(f"tasks/{write(task['id'])}")
    assert (reply.status, reply.code) == (404, "not_found")


def test_an_edit_changes_what_is_given_and_nothing_else(api: Api) -> None:
    task = make(api, cron="0 9 * * *", description="old", tags=["a"])
    reply = api.patch(f"tasks/{task['id']}", {"description": "new"}, If_Match='"1"')
    assert reply.status == 200, reply.body
    changed = {"description": "new", "version": 2, "updated_at": reply.body["updated_at"]}
    assert reply.body == {**task, **changed}
    assert reply.headers["ETag"] == '"2"'


def test_an_edit_of_an_older_version_is_refused(api: Api) -> None:
    task = make(api)
    assert api.patch(f"tasks/{task['id']}", {"name": "first"}, If_Match='"1"').status == 200
    reply = api.patch(f"tasks/{task['id']}", {"name": "second"}, If_Match='"1"')
    assert (reply.status, reply.code) == (412, "stale")
    assert api.get(f"tasks/{task['id']}").body["name"] == "first"


@pytest.mark.parametrize("version", ['"2"', "2", 'W/"2"', "*"])
def test_each_way_to_write_the_version(api: Api, version: str) -> None:
    task = make(api)
    api.patch(f"tasks/{task['id']}", {"name": "first"})
    assert api.patch(f"tasks/{task['id']}", {"name": "second"}, If_Match=version).status == 200


@pytest.mark.parametrize("version", ["abc", '"-1"', '"1.5"', '"99999999999999999999"'])
def test_a_version_that_is_none_is_refused(api: Api, version: str) -> None:
    reply = api.patch(f"tasks/{make(api)['id']}", {"name": "x"}, If_Match=version)
    assert (reply.status, reply.faults) == (400, {"If-Match": ["invalid"]})


def test_a_new_schedule_replaces_the_old_one(api: Api) -> None:
    task = make(api, cron="0 9 * * *", timezone="Europe/Berlin")
    body = api.patch(f"tasks/{task['id']}", {"run_at": "2031-03-03T12:00:00"}).body
    assert (body["kind"], body["cron"], body["run_at"]) == ("once", None, "2031-03-03T11:00:00Z")
    body = api.patch(f"tasks/{task['id']}", {"run_at": None}).body
    assert (body["kind"], body["next_run_at"]) == ("manual", None)


def test_enabled_pauses_and_resumes(api: Api) -> None:
    task = make(api, cron="0 9 * * *")
    paused = api.patch(f"tasks/{task['id']}", {"enabled": False}).body
    assert (paused["status"], paused["enabled"], paused["next_run_at"]) == ("paused", False, None)
    assert api.patch(f"tasks/{task['id']}", {"enabled": True}).body["status"] == "active"


@pytest.mark.parametrize(
    ("changes", "path", "code"),
    [
        ({"name": ""}, "name", "blank"),
        ({"name": None}, "name", "type"),
        ({"type": "notify_run_failed"}, "type", "unknown"),
        ({"priority": "5"}, "priority", "type"),
        ({"cron": "x"}, "cron", "cron_"),
        ({"starts_at": "soon"}, "starts_at", "time_invalid"),
        ({"status": "active"}, "status", "unknown_field"),
        ({"version": 1}, "version", "unknown_field"),
        ({"owner": "charlie"}, "owner", "unknown_field"),
    ],
)
def test_each_faulty_edit_changes_nothing(api: Api, changes: dict[str, Any], path: str, code: str) -> None:
    task = make(api)
    reply = api.patch(f"tasks/{task['id']}", changes)
    assert reply.status == 400, reply.body
    assert reply.faults[path][0].startswith(code)
    assert api.get(f"tasks/{task['id']}").body["version"] == 1


def test_a_cancelled_task_cannot_be_edited(api: Api) -> None:
    task = make(api)
    api.post(f"tasks/{task['id']}/cancel")
    assert api.patch(f"tasks/{task['id']}", {"name": "x"}).status == 409


def test_a_newer_version_is_not_deleted_by_mistake(api: Api) -> None:
    task = make(api)
    api.patch(f"tasks/{task['id']}", {"name": "changed"})
    assert api.delete(f"tasks/{task['id']}", If_Match='"1"').status == 412
    assert api.delete(f"tasks/{task['id']}", If_Match='"2"').status == 204


def test_deleting_leaves_the_history(api: Api, alice: User) -> None:
    task = make(api)
    run = make_run(alice, ScheduledTask.objects.get(id=task["id"]), status="queued")
    assert api.delete(f"tasks/{task['id']}").status == 204
    assert api.get(f"tasks/{task['id']}").status == 404
    assert api.get(f"tasks/{task['id']}/history").status == 404
    assert api.delete(f"tasks/{task['id']}").status == 404
    body = api.get(f"runs/{run.id}").body
    assert (body["task"], body["status"]) == (task["id"], "cancelled")
    assert [one["id"] for one in api.get(f"runs?task={task['id']}").body["results"]] == [str(run.id)]


def test_a_sensitive_payload_is_shown_to_its_owner_alone(api: Api, operator: Api) -> None:
    task = make(api, **HTTP)
    assert task["payload"] == {**HTTP["payload"], "headers": {"Authorization": MASK}}
    address = f"tasks/{task['id']}"
    for reply in (operator.get(address), operator.patch(address, {"name": "x"}), operator.get("tasks")):
        assert reply.status == 200
        assert "CANARY" not in str(reply.body)
    hidden = operator.get(address).body
    assert (hidden["payload"], hidden["payload_hidden"]) == (None, True)
    copy = operator.post(f"{address}/duplicate")
    assert "CANARY" not in str(copy.body)
    assert copy.body["owner"] == "alice"


def test_a_broken_row_does_not_break_the_list(api: Api, alice: User) -> None:
    task = make_task(alice, name="bad", payload={"x": float(10**300)}, kind="recurring", schedule={"kind": "gone"})
    assert api.get("tasks").body["results"][0]["id"] == str(task.id)
    assert api.get(f"tasks/{task.id}").status == 200


def test_ids_sort_by_age(api: Api) -> None:
    ids = [UUID(make(api)["id"]) for _ in range(3)]
    assert ids == sorted(ids)


def test_a_paused_task_has_no_next_slots(api: Api) -> None:
    task = make(api, cron="0 0 1 1 *")
    assert api.post(f"tasks/{task['id']}/pause").status == 200
    assert api.get(f"tasks/{task['id']}").body["next_slots"] == []
