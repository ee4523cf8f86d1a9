"""`/api/tasks/{id}/shares`: for those who manage the task."""

from typing import Any

import pytest
from django.contrib.auth.models import Group, User

from tasks_app.models import TaskShare
from tests.api.client import Api
from tests.api.conftest import make


@pytest.fixture
def task(api: Api) -> Any:
    return make(api)


@pytest.fixture
def path(task: Any) -> str:
    return f"tasks/{task['id']}/shares"


def test_a_task_is_shared_listed_and_taken_back(api: Api, stranger: Api, task: Any, path: str) -> None:
    Group.objects.create(name="team")
    assert api.put(path, {"group": "team", "level": "run"}).status == 200
    assert api.put(path, {"user": "charlie", "level": "view"}).body["created_by"] == "user:alice"
    shares = api.get(path).body["results"]
    assert [(one["user"], one["group"], one["level"]) for one in shares] == [
        ("charlie", None, "view"),
        (None, "team", "run"),
    ]
    assert stranger.get(f"tasks/{task['id']}").body["owner"] == "alice"
    assert api.delete(f"{path}?user=charlie").status == 204
    assert stranger.get(f"tasks/{task['id']}").status == 404
    assert api.delete(f"{path}?user=charlie").status == 404


def test_what_is_wrong_with_a_share_is_said_at_its_field(api: Api, path: str) -> None:
    assert api.put(path, {"user": "nobody", "level": "view"}).faults == {"user": ["unknown"]}
    assert api.put(path, {"user": "alice", "level": "view"}).faults == {"user": ["owner"]}
    assert api.put(path, {"group": "nobody", "level": "x"}).faults == {"group": ["unknown"], "level": ["unknown"]}
    assert api.put(path, {"level": "view"}).faults == {"user": ["required"]}
    assert api.delete(path).faults == {"user": ["required"]}


def test_shares_are_the_business_of_who_manages_the_task(nobody: Api, stranger: Api, charlie: User, path: str) -> None:
    body = {"user": "charlie", "level": "manage"}
    assert [nobody.get(path).status, nobody.put(path, body).status] == [401, 401]
    assert [stranger.get(path).status, stranger.put(path, body).status] == [404, 404]
    share = TaskShare.objects.create(task_id=path.split("/")[1], user=charlie, level="run")
    assert [stranger.get(path).status, stranger.put(path, body).status] == [403, 403]
    TaskShare.objects.filter(pk=share.pk).update(level="manage")
    assert stranger.get(path).status == 200
    assert stranger.delete(f"{path}?user=charlie").status == 204


def test_the_list_narrows_to_what_others_share(api: Api, stranger: Api, charlie: User, task: Any, path: str) -> None:
    own = make(stranger, name="Mine")
    api.put(path, {"user": "charlie", "level": "view"})
    assert {one["id"] for one in stranger.get("tasks").body["results"]} == {task["id"], own["id"]}
    assert [one["id"] for one in stranger.get("tasks?shared=me").body["results"]] == [task["id"]]
    assert api.get("tasks?shared=me").body["results"] == []
    assert api.get("tasks?shared=all").status == 400
