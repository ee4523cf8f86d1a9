"""/api/tasks/bulk: one action on many tasks."""

from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import User

from tasks_app.models import AuditEntry, ScheduledTask, TaskShare
from tasks_app.services import bulk, steps
from tests.api.client import Api, with_key
from tests.api.conftest import make

pytestmark = pytest.mark.usefixtures("empty_redis")


def begun(api: Api, **body: Any) -> str:
    """Take an action down; gives its address."""
    reply = api.post("tasks/bulk", body)
    assert reply.status == 201, reply.body
    assert reply.headers["Location"] == f"/api/tasks/bulk/{reply.body['id']}"
    return f"tasks/bulk/{reply.body['id']}"


def done(api: Api, **body: Any) -> Any:
    """Do it all."""
    return api.post(f"{begun(api, **body)}/go-on").body


def states() -> dict[str, str]:
    """The states of all tasks that are there."""
    return dict(ScheduledTask.objects.filter(deleted_at=None).values_list("name", "status"))


def test_it_is_counted_first_and_then_done_and_taken_back(api: Api) -> None:
    for number in range(3):
        make(api, name=f"T{number}", tags=["night"])
    make(api, name="Other")
    body = {"do": "pause", "filters": {"tag": "night"}, "note": "holidays"}
    first = api.post("tasks/bulk", body, Idempotency_Key="one").body
    assert (first["total"], first["done"], first["is_finished"], first["can_undo"]) == (3, 0, False, False)
    assert set(states().values()) == {"active"}
    assert api.post("tasks/bulk", body, Idempotency_Key="one").body["id"] == first["id"]
    told = api.post(f"tasks/bulk/{first['id']}/go-on").body
    assert (told["done"], told["unchanged"], told["kept"], told["is_finished"], told["can_undo"]) == (
        3,
        0,
        0,
        True,
        True,
    )
    assert states() == {"T0": "paused", "T1": "paused", "T2": "paused", "Other": "active"}
    assert api.get(f"tasks/bulk/{first['id']}").body == told
    undo = api.post(f"tasks/bulk/{first['id']}/undo").body
    assert (undo["do"], undo["total"], undo["done"]) == ("resume", 3, 0)
    assert api.post(f"tasks/bulk/{undo['id']}/go-on").body["done"] == 3
    assert set(states().values()) == {"active"}
    assert api.post(f"tasks/bulk/{undo['id']}/undo").status == 409


def test_what_is_deleted_can_be_brought_back(api: Api) -> None:
    task = make(api, cron="0 * * * *")
    address = begun(api, do="delete", tasks=[task["id"]])
    assert api.post(f"{address}/go-on").body["done"] == 1
    assert api.get(f"tasks/{task['id']}").status == 404
    undo = api.post(f"{address}/undo").body
    assert api.post(f"tasks/bulk/{undo['id']}/go-on").body["done"] == 1
    assert api.get(f"tasks/{task['id']}").body["status"] == "active"
    assert AuditEntry.objects.filter(action="task.undelete").count() == 1


def test_what_comes_back_without_its_calendar_is_paused_and_told(api: Api) -> None:
    calendar = api.post("calendars", {"name": "Works"}).body["id"]
    task = make(api, cron="0 * * * *", calendar=calendar)
    address = begun(api, do="delete", tasks=[task["id"]])
    assert api.post(f"{address}/go-on").body["lacking"] == 0
    assert api.delete(f"calendars/{calendar}").status == 204
    undo = api.post(f"{address}/undo").body["id"]
    told = api.post(f"tasks/bulk/{undo}/go-on").body
    assert (told["done"], told["kept"], told["lacking"]) == (1, 0, 1)
    assert "calendar: The calendar that it kept has been deleted" in told["lacking_first"][0]["reason"]
    back = api.get(f"tasks/{task['id']}").body
    assert (back["status"], back["pause_note"]) == ("paused", told["lacking_first"][0]["reason"])


def test_it_goes_on_step_by_step(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "AT_ONCE", 2)
    monkeypatch.setattr(steps, "SECONDS", 0.0)
    monkeypatch.setattr(steps, "_SQLITE_SECONDS", 60.0)
    address = begun(api, do="tag", tag="new", tasks=[make(api)["id"] for _ in range(3)])
    told = [api.post(f"{address}/go-on").body for _ in range(2)]
    assert [(one["done"], one["is_finished"]) for one in told] == [(2, False), (3, True)]


def test_rights_are_asked_for_each_task_and_actions_are_ones_own(
    api: Api, stranger: Api, nobody: Api, charlie: User
) -> None:
    seen, unseen = make(api, name="Seen"), make(api, name="Unseen")
    TaskShare.objects.create(task_id=seen["id"], user=charlie, level="view")
    told = done(stranger, do="pause", tasks=[seen["id"], unseen["id"]])
    assert (told["total"], told["done"], told["kept"]) == (1, 0, 1)
    assert told["kept_first"] == [{"name": "Seen", "reason": "It is not yours to do this with."}]
    address = begun(api, do="pause", tasks=[seen["id"]])
    for other in (stranger.get(address), stranger.post(f"{address}/go-on"), stranger.post(f"{address}/undo")):
        assert other.status == 404
    assert api.get(f"tasks/bulk/{uuid4()}").status == 404
    assert nobody.post("tasks/bulk", {"do": "pause"}).status == 401


def test_a_key_needs_the_scope_that_one_task_needs(api: Api, alice: User) -> None:
    task, running = make(api), with_key(alice, "run")
    assert running.post("tasks/bulk", {"do": "pause", "tasks": [task["id"]]}).code == "insufficient_scope"
    assert running.post(f"{begun(api, do='pause', tasks=[task['id']])}/go-on").code == "insufficient_scope"
    assert done(running, do="run", tasks=[task["id"]])["done"] == 1
    assert states() == {"Nightly": "active"}


@pytest.mark.parametrize(
    ("body", "path", "code"),
    [
        ({"do": "undelete", "tasks": []}, "do", "unknown"),
        ({"do": "pause"}, "tasks", "conflict"),
        ({"do": "pause", "tasks": [], "filters": {"tag": "a"}}, "tasks", "conflict"),
        ({"do": "pause", "filters": {}}, "filters", "required"),
        ({"do": "pause", "filters": {"ordering": "name"}}, "filters.ordering", "unknown_field"),
        ({"do": "pause", "tasks": ["nope"]}, "tasks.0", "type"),
        ({"do": "pause", "tasks": [str(uuid4())] * 1001}, "tasks", "too_many"),
        ({"do": "tag", "filters": {"status": "active"}}, "tag", "blank"),
        ({"do": "tag", "tag": "a,b", "filters": {"status": "active"}}, "tag", "comma"),
    ],
)
def test_each_fault_is_named(api: Api, body: object, path: str, code: str) -> None:
    reply = api.post("tasks/bulk", body)
    assert (reply.status, reply.faults) == (400, {path: [code]})
