"""A secret in a payload is on no face, also not on its owner's; what people send back keeps it."""

from typing import Any
from urllib.parse import urlencode

import pytest
from django.contrib.auth.models import User
from django.test import Client

from tasks_app.handlers.masking import MASK
from tasks_app.models import ScheduledTask, TaskRun
from tasks_app.services.sealed_payloads import opened_payload
from tests.api.client import Api
from tests.api.conftest import make
from tests.runs import fresh, hold, make_run
from tests.services.credentials import make_credential
from tests.services.ends import ENDS
from tests.web.reading import value

CANARY = "canary-5e1f"
HEADERS = {"Authorization": f"Bearer {CANARY}", "x-API-key": CANARY, "Cookie": f"s={CANARY}", "Accept": "text/plain"}
FIELDS = {"payload.url": "https://example.org/a", "payload.method": "GET", "payload.timeout_seconds": "30"}
SHOWN = {"Authorization": MASK, "x-API-key": MASK, "Cookie": MASK, "Accept": "text/plain"}
PAYLOAD: dict[str, Any] = {"url": "https://example.org/a", "headers": HEADERS}
TASK = {"name": "Call", "type": "http_request", "payload": PAYLOAD}


def stored(task: Any) -> Any:
    return opened_payload(ScheduledTask.objects.get(id=task["id"]))


def failed_run(alice: User, **fields: Any) -> TaskRun:
    run = make_run(alice, payload=PAYLOAD, max_retries=0, **fields)
    ENDS["failed"](hold(run))
    return fresh(run)


def test_no_face_shows_it(api: Api, alice: User, staff: User, operator: Api) -> None:
    task = api.post("tasks", TASK, Idempotency_Key="one").body
    again = api.post("tasks", TASK, Idempotency_Key="one")
    assert again.headers["Idempotency-Replayed"] == "true"
    assert (again.body, task["payload"]["headers"]) == (task, SHOWN)
    run = failed_run(alice, task=ScheduledTask.objects.get())
    answers = [
        api.get("tasks"),
        api.get(f"tasks/{task['id']}"),
        api.get("runs"),
        api.get(f"runs/{run.id}"),
        api.get(f"tasks/{task['id']}/history"),
        api.get("tasks/history"),
        api.patch(f"tasks/{task['id']}", {"priority": 7}),
        api.post(f"tasks/{task['id']}/run-now"),
        api.post(f"runs/{run.id}/retry", {}, Idempotency_Key="two"),
        api.post(f"runs/{run.id}/retry", {}, Idempotency_Key="two"),
        api.post("runs", {"type": "http_request", "payload": PAYLOAD}),
        api.post(f"tasks/{task['id']}/duplicate"),
        api.post("tasks", {**TASK, "payload": {**PAYLOAD, "nope": 1}}),
        operator.get(f"tasks/{task['id']}"),
        operator.get(f"runs/{run.id}"),
    ]
    assert {answer.status for answer in answers} <= {200, 201, 202, 400}
    assert not any(CANARY in str(answer.body) for answer in answers)
    pages = [f"/tasks/{task['id']}/", f"/tasks/{task['id']}/edit/", "/tasks/", f"/runs/{run.id}/", "/runs/", "/"]
    pages += [f"/runs/{run.id}/retry/"]
    admin = [f"/admin/tasks_app/scheduledtask/{task['id']}/change/", f"/admin/tasks_app/taskrun/{run.id}/change/"]
    admin += [f"/admin/tasks_app/scheduledtask/{task['id']}/history/", "/admin/tasks_app/scheduledtask/"]
    for user, addresses in ((alice, pages), (staff, [*pages[:1], *pages[3:4], *admin])):
        browser = Client()
        browser.force_login(user)
        for address in addresses:
            answer = browser.get(address)
            assert answer.status_code == 200, address
            assert CANARY not in answer.content.decode(), address


def test_staffs_own_payload_is_masked_in_the_admin(staff: User, operator: Api) -> None:
    task = operator.post("tasks", TASK).body
    browser = Client()
    browser.force_login(staff)
    page = browser.get(f"/admin/tasks_app/scheduledtask/{task['id']}/change/").content.decode()
    assert MASK in page
    assert CANARY not in page


@pytest.mark.parametrize("kept", [SHOWN, {"x-API-key": MASK}])
def test_a_mask_that_comes_back_keeps_what_is_stored(api: Api, kept: dict[str, str]) -> None:
    task = make(api, **TASK)
    shown = {**api.get(f"tasks/{task['id']}").body["payload"], "headers": {**kept, "X-New": "1"}, "method": "HEAD"}
    reply = api.patch(f"tasks/{task['id']}", {"payload": shown})
    assert (reply.status, reply.body["payload"]["headers"]) == (200, {**kept, "X-New": "1"})
    assert stored(task)["headers"] == {**{name: HEADERS[name] for name in kept}, "X-New": "1"}


def test_putting_by_key_keeps_it_too(api: Api) -> None:
    body = {**TASK, "key": "k"}
    task = api.put("tasks/by-key/k", body).body
    body["payload"] = {**PAYLOAD, "headers": SHOWN}
    assert api.put("tasks/by-key/k", {**body, "name": "Other"}).status == 200
    assert stored(task)["headers"] == HEADERS


def test_a_mask_for_one_run_is_what_the_task_or_the_run_holds(api: Api, alice: User) -> None:
    task = make(api, **TASK)
    override = {"payload": {**PAYLOAD, "headers": SHOWN, "method": "HEAD"}}
    run = api.post(f"tasks/{task['id']}/run-now", override).body
    assert opened_payload(TaskRun.objects.get(id=run["id"]))["headers"] == HEADERS
    again = api.post(f"runs/{failed_run(alice).id}/retry", override).body
    assert opened_payload(TaskRun.objects.get(id=again["id"]))["headers"] == HEADERS


def test_a_copy_has_the_real_value(api: Api) -> None:
    task = make(api, **TASK)
    assert stored(api.post(f"tasks/{task['id']}/duplicate").body) == PAYLOAD


def test_a_mask_that_stands_for_nothing_is_refused_at_its_field(api: Api, alice: User) -> None:
    masked = {**PAYLOAD, "headers": {"Authorization": MASK}}
    task = make(api, **{**TASK, "payload": {"url": "https://example.org/a"}})
    part = {**PAYLOAD, "headers": {"Authorization": f"Bearer {MASK}"}}
    run = failed_run(alice)
    for reply in (
        api.post("tasks", {**TASK, "payload": masked}),
        api.put("tasks/by-key/new", {**TASK, "payload": masked}),
        api.post("runs", {"type": "http_request", "payload": masked}),
        api.patch(f"tasks/{task['id']}", {"payload": masked}),
        api.post(f"tasks/{task['id']}/run-now", {"payload": masked}),
        api.post(f"runs/{run.id}/retry", {"payload": part}),
        api.post(f"runs/{run.id}/retry", {"payload": {**masked, "url": "https://evil.example.net/"}}),
    ):
        assert (reply.status, reply.faults) == (400, {"payload.headers.Authorization": ["masked"]})


def test_nobody_moves_a_secret_that_they_do_not_know(api: Api, operator: Api) -> None:
    task = make(api, **TASK)
    address = f"tasks/{task['id']}"
    moved = {"payload": {"url": "https://evil.example.net/", "headers": SHOWN}}
    same = {"payload": {"url": "https://example.org/a", "headers": SHOWN}}
    assert set(api.patch(address, moved).faults) == {f"payload.headers.{n}" for n in SHOWN if SHOWN[n] == MASK}
    for reply in (
        operator.patch(address, moved),
        operator.patch(address, same),
        operator.post(f"{address}/run-now", same),
    ):
        assert reply.status == 400
    for reply in (api.patch(address, {"type": "export_report"}), operator.patch(address, {"type": "export_report"})):
        assert (reply.status, reply.faults) == (400, {"payload": ["masked"]})
    assert stored(task) == PAYLOAD


def test_only_the_owner_says_what_a_credential_is_for(api: Api, operator: Api, alice: User) -> None:
    make_credential(alice, hosts=["example.org"])
    payload = {"url": "https://example.org/a", "credential": "crm"}
    task = make(api, **{**TASK, "payload": payload})
    address = f"tasks/{task['id']}"
    theirs = {**payload, "url": "https://example.org/b"}
    for reply in (
        operator.patch(address, {"payload": theirs}),
        operator.post(f"{address}/run-now", {"payload": theirs}),
        operator.post("tasks", {**TASK, "payload": payload}),
    ):
        assert (reply.status, set(reply.faults)) == (400, {"payload.credential"})
    assert operator.patch(address, {"priority": 2}).status == 200
    assert operator.post(f"{address}/run-now").status == 202
    assert api.patch(address, {"payload": theirs}).status == 200


def test_the_forms_keep_it(api: Api, alice: User) -> None:
    task = make(api, **TASK)
    browser = Client()
    browser.force_login(alice)
    shown = "\n".join(f"{name}: {value}" for name, value in SHOWN.items())
    page = browser.get(f"/tasks/{task['id']}/edit/")
    assert set(value(page, "payload.headers").splitlines()) == set(shown.splitlines())
    sent = {**FIELDS, "payload.keep_bytes": "16384", "name": "", "schedule.kind": "manual", "timezone": "UTC"}
    sent |= {"payload.headers": shown, "priority": "5", "overlap": "skip", "on_exhausted": "keep"}
    refused = browser.post(f"/tasks/{task['id']}/edit/", urlencode(sent), "application/x-www-form-urlencoded")
    assert refused.status_code == 400
    assert CANARY not in refused.content.decode()
    assert "type it again" not in refused.content.decode()
    unread = {**sent, "payload.json": "{", "name": "New"}
    half = browser.post(f"/tasks/{task['id']}/edit/", urlencode(unread), "application/x-www-form-urlencoded")
    assert half.status_code == 400
    assert "type it again" not in half.content.decode()
    sent["name"] = "New"
    saved = browser.post(f"/tasks/{task['id']}/edit/", urlencode(sent), "application/x-www-form-urlencoded")
    assert saved.status_code == 302
    assert (stored(task)["headers"], ScheduledTask.objects.get().name) == (HEADERS, "New")
    run = failed_run(alice)
    again = browser.post(f"/runs/{run.id}/retry/", {**sent, "changed": "1"})
    assert again.status_code == 302
    assert opened_payload(TaskRun.objects.get(rerun_of=run))["headers"] == HEADERS
    moved = browser.post(f"/runs/{run.id}/retry/", {**sent, "changed": "1", "payload.url": "https://evil.example.net/"})
    assert moved.status_code == 400
    assert "type it again" in moved.content.decode()
