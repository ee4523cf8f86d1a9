"""/api/api-keys: one's own keys."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from tasks_app.models import ApiKey
from tests.api.client import Api


def test_a_key_is_shown_once_and_works_until_it_is_revoked(api: Api) -> None:
    ends = (timezone.now() + timedelta(days=30)).replace(microsecond=0)
    reply = api.post("api-keys", {"name": "ci", "scope": "run", "expires_at": ends.isoformat()})
    assert reply.status == 201
    key = reply.body.pop("key")
    assert key.startswith("crn_")
    assert key.startswith(reply.body["prefix"])
    assert reply.body["expires_at"] == ends.isoformat().replace("+00:00", "Z")
    address = f"api-keys/{reply.body['id']}"
    assert reply.headers["Location"] == f"/api/{address}"
    assert api.get(address).body == reply.body
    assert key not in str(api.get("api-keys").body)
    assert not ApiKey.objects.filter(digest=key).exists()

    program = Api(key=key)
    assert program.get("me").body["api_key"]["name"] == "ci"
    assert api.delete(address).status == 204
    assert program.get("me").status == 401
    assert api.get(address).body["revoked_at"] is not None


def test_a_key_that_ends_makes_none_that_lasts_longer(api: Api) -> None:
    ends = (timezone.now() + timedelta(days=1)).replace(microsecond=0)
    program = Api(
        key=api.post("api-keys", {"name": "ci", "scope": "manage", "expires_at": ends.isoformat()}).body["key"]
    )
    later = program.post("api-keys", {"name": "x", "scope": "read", "expires_at": (ends + timedelta(1)).isoformat()})
    assert (later.status, later.faults) == (400, {"expires_at": ["too_late"]})
    said = program.post("api-keys", {"name": "x", "scope": "read"}).body["expires_at"]
    assert said == ends.isoformat().replace("+00:00", "Z")
    assert api.post("api-keys", {"name": "x", "scope": "read"}).body["expires_at"] is None


def test_a_key_that_is_revoked_takes_along_what_was_made_with_it(api: Api) -> None:
    def made(by: Api) -> tuple[Api, str]:
        body = by.post("api-keys", {"name": "ci", "scope": "manage"}).body
        return Api(key=body["key"]), body["id"]

    first, first_id = made(api)
    second, _ = made(first)
    third, _ = made(second)
    other, _ = made(api)
    assert api.delete(f"api-keys/{first_id}").status == 204
    assert [key.get("me").status for key in (first, second, third, other)] == [401, 401, 401, 200]


def test_keys_are_ones_own(api: Api, stranger: Api, operator: Api, nobody: Api) -> None:
    key = api.post("api-keys", {"name": "ci", "scope": "read"}).body
    for other in (stranger, operator):
        assert other.get("api-keys").body["results"] == []
        assert other.get(f"api-keys/{key['id']}").status == 404
        assert other.delete(f"api-keys/{key['id']}").status == 404
    assert api.get(f"api-keys/{uuid4()}").status == 404
    assert nobody.get("api-keys").status == 401
    assert nobody.post("api-keys", {"name": "x", "scope": "read"}).status == 401
    assert [one["id"] for one in api.get("api-keys").body["results"]] == [key["id"]]


@pytest.mark.parametrize(
    ("fields", "path", "code"),
    [
        ({"name": ""}, "name", "blank"),
        ({"name": "x" * 101}, "name", "too_long"),
        ({"name": 5}, "name", "type"),
        ({"scope": "root"}, "scope", "unknown"),
        ({"scope": None}, "scope", "type"),
        ({"expires_at": "2020-01-01T00:00:00Z"}, "expires_at", "in_past"),
        ({"expires_at": "soon"}, "expires_at", "time_invalid"),
        ({"user": "staff"}, "user", "unknown_field"),
        ({"key": "crn_mine"}, "key", "unknown_field"),
    ],
)
def test_each_fault_is_named_at_its_field(api: Api, fields: dict[str, Any], path: str, code: str) -> None:
    reply = api.post("api-keys", {"name": "ci", "scope": "read", **fields})
    assert (reply.status, reply.faults) == (400, {path: [code]})
    assert not ApiKey.objects.exists()


def test_a_key_has_no_edit(api: Api, alice: User) -> None:
    key = api.post("api-keys", {"name": "ci", "scope": "read"}).body
    reply = api.patch(f"api-keys/{key['id']}", {"scope": "manage"})
    assert (reply.status, reply.code) == (405, "method_not_allowed")
    assert "DELETE" in reply.headers["Allow"]
