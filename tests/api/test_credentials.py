"""/api/credentials: one's own; the secret goes in and never comes out."""

from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import User

from tasks_app.models import Credential
from tests.api.client import Api, with_key
from tests.api.conftest import make
from tests.services.credentials import KINDS, SECRET

BODY: dict[str, Any] = {"name": "crm", "kind": "bearer", "hosts": ["API.example.com"], "secret": SECRET}


@pytest.mark.parametrize("kind", KINDS)
def test_its_secret_is_in_no_answer(api: Api, kind: str) -> None:
    made = api.post("credentials", {**BODY, "kind": kind, "details": KINDS[kind]})
    assert made.status == 201
    address = f"credentials/{made.body['id']}"
    assert made.headers["Location"] == f"/api/{address}"
    assert made.headers["ETag"] == '"1"'
    assert (made.body["hosts"], made.body["details"]) == (["api.example.com"], KINDS[kind])
    assert api.get(address).body == made.body
    assert api.get("credentials").body["results"] == [made.body]
    changed = api.patch(address, {"name": "shop", "secret": SECRET[::-1]})
    refused = api.patch(address, {"secret": SECRET + "\n!", "name": ""})
    taken = api.post("credentials", {**BODY, "name": "shop"})
    wrong = api.post("credentials", {**BODY, "name": 5, "secret": [SECRET]})
    assert [changed.status, refused.status, taken.status, wrong.status] == [200, 400, 409, 400]
    for reply in (made, changed, refused, taken, wrong):
        assert SECRET not in str(reply.body)
        assert SECRET[::-1] not in str(reply.body)
    assert set(made.body) == set(changed.body) - {"secret"}


def test_they_are_ones_own(api: Api, stranger: Api, operator: Api, nobody: Api) -> None:
    made = api.post("credentials", BODY).body
    for other in (stranger, operator):
        assert other.get("credentials").body["results"] == []
        for call in (other.get, other.delete):
            assert call(f"credentials/{made['id']}").status == 404
        assert other.patch(f"credentials/{made['id']}", {"name": "x"}).status == 404
        assert other.post("credentials", BODY).status == 201
    assert api.get(f"credentials/{uuid4()}").status == 404
    assert nobody.get("credentials").status == 401
    assert nobody.post("credentials", BODY).status == 401
    assert Credential.objects.filter(name="crm").count() == 3


def test_a_key_needs_the_widest_scope_to_write(alice: User) -> None:
    made = with_key(alice).post("credentials", BODY)
    assert made.status == 201
    address = f"credentials/{made.body['id']}"
    for scope in ("read", "run"):
        key = with_key(alice, scope)
        assert key.get(address).status == 200
        assert key.post("credentials", {**BODY, "name": "x"}).status == 403
        assert key.patch(address, {"name": "x"}).status == 403
        assert key.delete(address).status == 403


def test_versions_are_obeyed(api: Api) -> None:
    address = f"credentials/{api.post('credentials', BODY).body['id']}"
    assert api.patch(address, {"name": "a"}, If_Match='"2"').status == 412
    assert api.patch(address, {"name": "a"}, If_Match='"1"').body["version"] == 2
    assert api.delete(address, If_Match='"1"').status == 412
    assert api.delete(address, If_Match='"2"').status == 204
    assert api.get(address).status == 404


@pytest.mark.parametrize(
    ("fields", "path", "code"),
    [
        ({"kind": "magic"}, "kind", "unknown"),
        ({"kind": None}, "kind", "type"),
        ({"hosts": []}, "hosts", "required"),
        ({"hosts": ["https://x"]}, "hosts.0", "host"),
        ({"hosts": "api.example.com"}, "hosts", "type"),
        ({"secret": ""}, "secret", "required"),
        ({"secret": None}, "secret", "type"),
        ({"details": {"a": 5}}, "details.a", "type"),
        ({"details": {"a": "b"}}, "details.a", "unknown_field"),
        ({"owner": "staff"}, "owner", "unknown_field"),
        ({"sealed": "x"}, "sealed", "unknown_field"),
    ],
)
def test_each_fault_is_named_at_its_field(api: Api, fields: dict[str, Any], path: str, code: str) -> None:
    reply = api.post("credentials", {**BODY, **fields})
    assert (reply.status, reply.faults) == (400, {path: [code]})
    assert not Credential.objects.exists()


@pytest.mark.parametrize("field", ["kind", "owner", "sealed", "version", "id"])
def test_an_edit_touches_nothing_else(api: Api, field: str) -> None:
    address = f"credentials/{api.post('credentials', BODY).body['id']}"
    assert api.patch(address, {field: "basic"}).faults == {field: ["unknown_field"]}
    assert api.patch(address, {"hosts": ["evil.example.net"]}).faults == {"secret": ["required"]}
    assert api.patch(address, {}).body["version"] == 1


def test_one_in_use_stays_and_says_by_how_many(api: Api) -> None:
    address = f"credentials/{api.post('credentials', BODY).body['id']}"
    payload = {"url": "https://api.example.com/", "credential": "crm"}
    tasks = [make(api, type="http_request", payload=payload) for _ in range(2)]
    refused = api.delete(address)
    assert (refused.status, refused.code) == (409, "in_use")
    assert "2 tasks" in refused.body["error"]["message"]
    for task in tasks:
        api.delete(f"tasks/{task['id']}")
    assert api.delete(address).status == 204


def test_a_task_names_ones_own_credential_for_its_host(api: Api, stranger: Api) -> None:
    stranger.post("credentials", {**BODY, "name": "theirs"})
    api.post("credentials", BODY)
    api.post("credentials", {**BODY, "name": "key", "kind": "signing"})
    for name, url, code in (
        ("theirs", "https://api.example.com/", "unknown"),
        ("key", "https://api.example.com/", "wrong_kind"),
        ("crm", "https://api.example.com.evil.example/", "host_not_allowed"),
        ("crm", "https://api.example.com:8443/", "host_not_allowed"),
    ):
        payload = {"url": url, "credential": name}
        reply = api.post("tasks", {"name": "t", "type": "http_request", "payload": payload})
        assert (reply.status, reply.faults) == (400, {"payload.credential": [code]})
