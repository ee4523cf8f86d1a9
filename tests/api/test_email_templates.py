"""/api/email-templates: made, edited, previewed and removed by those who may."""

from typing import Any

import pytest
from django.contrib.auth.models import User

from tests.api.client import Api
from tests.api.conftest import make

BILL = {"name": "Bill", "subject": "{name}: {amount}", "text": "Dear {name}", "html": "<p>{name}</p>"}


def made(api: Api, **fields: Any) -> Any:
    reply = api.post("email-templates", {**BILL, **fields})
    assert reply.status == 201, reply.body
    return reply.body


def test_a_template_lives_from_making_to_removal(api: Api) -> None:
    reply = api.post("email-templates", BILL)
    assert reply.status == 201
    assert reply.body["placeholders"] == ["amount", "name"]
    assert (reply.body["owner"], reply.body["is_shared"], reply.body["can_edit"]) == ("alice", False, True)
    address = f"email-templates/{reply.body['id']}"
    assert reply.headers["Location"] == f"/api/{address}"
    assert api.get(address).body == reply.body
    edited = api.patch(address, {"subject": "News"}, **{"If-Match": '"1"'})
    assert (edited.status, edited.body["version"], edited.body["text"]) == (200, 2, "Dear {name}")
    assert api.patch(address, {"subject": "Old"}, **{"If-Match": '"1"'}).status == 412
    assert api.patch(address, {"subject": "News"}).body["version"] == 2, "an edit that changes nothing"
    assert api.delete(address).status == 204
    assert api.get(address).status == 404


def test_a_preview_shows_values_and_what_is_missing(api: Api) -> None:
    template = made(api, html='<a href="{link}">{name}</a>')
    address = f"email-templates/{template['id']}/preview"
    shown = api.post(address, {"values": {"name": "<b>Ada</b>"}})
    assert shown.status == 200
    assert shown.body == {
        "subject": "<b>Ada</b>: [amount]",
        "text": "Dear <b>Ada</b>",
        "html": '<a href="https://example.com/link">&lt;b&gt;Ada&lt;/b&gt;</a>',
        "missing": ["amount", "link"],
    }
    assert api.post(address, {"values": {"link": "javascript:alert(1)"}}).faults == {"values": ["bad_value"]}
    assert api.post(address, {"values": {"amount": "1\nBcc: x"}}).faults == {"values": ["bad_value"]}
    assert api.post(address, {"values": {"name": 1}}).faults == {"values.name": ["type"]}
    assert api.post(address).body["missing"] == ["amount", "link", "name"]


def test_strangers_see_only_what_is_shared_and_change_nothing(
    api: Api, stranger: Api, operator: Api, nobody: Api
) -> None:
    own = f"email-templates/{made(api)['id']}"
    for call in (stranger.get(own), stranger.patch(own, {"name": "x"}), stranger.delete(own)):
        assert call.status == 404
    assert stranger.post(f"{own}/preview").status == 404
    assert nobody.get(own).status == 401
    assert operator.get(own).status == 200, "staff see everybody's"
    shared = made(operator, name="Shared", is_shared=True)
    address = f"email-templates/{shared['id']}"
    assert stranger.get(address).body["can_edit"] is False
    assert stranger.post(f"{address}/preview").status == 200
    assert stranger.patch(address, {"subject": "Evil"}).status == 403
    assert stranger.delete(address).status == 403
    assert [one["name"] for one in stranger.get("email-templates").body["results"]] == ["Shared"]
    assert [one["name"] for one in operator.get("email-templates").body["results"]] == ["Bill", "Shared"]


def test_only_staff_share(api: Api, operator: Api) -> None:
    assert api.post("email-templates", {**BILL, "is_shared": True}).status == 403
    address = f"email-templates/{made(api)['id']}"
    assert api.patch(address, {"is_shared": True}).status == 403
    assert operator.patch(address, {"is_shared": True}).body["is_shared"] is True
    assert api.patch(address, {"subject": "Mine still"}).status == 200, "its owner goes on editing it"


@pytest.mark.parametrize(
    ("fields", "path", "code"),
    [
        ({"name": " "}, "name", "blank"),
        ({"name": "a\nb"}, "name", "one_line"),
        ({"name": "x" * 101}, "name", "too_long"),
        ({"subject": "a\r\nBcc: x@example.org"}, "subject", "one_line"),
        ({"subject": "x" * 201}, "subject", "too_long"),
        ({"subject": "{a.b}"}, "subject", "placeholder"),
        ({"text": ""}, "text", "blank"),
        ({"text": "{{% include %}"}, "text", "placeholder"),
        ({"text": None}, "text", "type"),
        ({"html": "<p {a}>"}, "html", "placeholder"),
        ({"html": "x" * 100_001}, "html", "too_long"),
        ({"is_shared": "yes"}, "is_shared", "type"),
        ({"owner": "staff"}, "owner", "unknown_field"),
    ],
)
def test_a_wrong_field_is_named(api: Api, fields: dict[str, Any], path: str, code: str) -> None:
    assert api.post("email-templates", {**BILL, **fields}).faults == {path: [code]}
    address = f"email-templates/{made(api)['id']}"
    assert api.patch(address, fields).faults == {path: [code]}


def test_a_name_is_taken_once(api: Api, stranger: Api, operator: Api) -> None:
    made(api)
    assert api.post("email-templates", BILL).faults == {"name": ["taken"]}
    made(stranger)
    made(operator, is_shared=True)
    other = made(operator, name="Other", is_shared=True)
    renamed = operator.patch(f"email-templates/{other['id']}", {"name": "Bill"})
    assert renamed.faults == {"name": ["taken"]}


def test_a_template_that_tasks_send_stays(api: Api, stranger: Api, operator: Api) -> None:
    payload = {"template": "Bill", "recipients": ["ada@example.org"], "values": {"name": "a", "amount": "1"}}
    own = f"email-templates/{made(api)['id']}"
    task = make(api, type="send_email", payload=payload)
    reply = api.delete(own)
    assert (reply.status, reply.body["error"]["message"]) == (
        409,
        "1 task sends “Bill”, so it can't be deleted; change the tasks first.",
    )
    assert api.patch(own, {"name": "Invoice"}).status == 409
    assert api.patch(own, {"text": "Dear {name},"}).status == 200
    api.delete(f"tasks/{task['id']}")
    assert api.patch(own, {"name": "Invoice"}).status == 200

    shared = f"email-templates/{made(operator, is_shared=True)['id']}"
    task = make(stranger, type="send_email", payload=payload)
    assert operator.patch(shared, {"is_shared": False}).status == 409
    assert operator.delete(shared).status == 409
    made(stranger)  # now the task means this one
    assert operator.delete(shared).status == 204


def test_a_task_is_refused_at_the_field_that_the_template_leaves_open(api: Api, alice: User) -> None:
    made(api)
    task = {"name": "x", "type": "send_email", "payload": {"template": "Bill", "recipients": ["ada@example.org"]}}
    reply = api.post("tasks", task)
    assert reply.faults == {"payload.recipients.0.values": ["missing_value"]}
