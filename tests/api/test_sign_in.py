"""API keys: which are refused, and what each scope may do."""

from datetime import timedelta
from typing import Any
from unittest.mock import patch

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from tasks_app.models import ApiKey
from tasks_app.services.api_keys import api_key_create, api_key_revoke
from tests.api.client import Api, with_key
from tests.api.conftest import TASK, make
from tests.runs import claim, fail, make_run

RUN = {"type": "export_report", "payload": {"source": "runs"}}


def refused(header: str) -> bool:
    reply = Api().get("me", Authorization=header)
    assert reply.headers.get("WWW-Authenticate", "Bearer").startswith("Bearer")
    return reply.status == 401 and reply.code in {"invalid_key", "invalid_token", "not_signed_in"}


NO_KEYS = [
    "", "Bearer", "Bearer ", "Bearer nope", "Bearer crn_", "Bearer crn_nope", "bearer crn_nope", "crn_nope",
    "Bearer crn_" + "x" * 10_000, "Bearer crn_a\0b", "Bearer crn_ä", "Token crn_nope",
    "Basic YWxpY2U6YWxpY2UtcGFzc3dvcmQ=", "Bearer eyJhbGciOiJub25lIn0.e30.",
]  # fmt: skip


@pytest.mark.parametrize("header", NO_KEYS, ids=range(len(NO_KEYS)))
def test_what_is_no_key_is_refused(db: None, header: str) -> None:
    assert refused(header)


def test_a_key_in_another_scheme_is_refused(alice: User) -> None:
    plain = api_key_create(user=alice, name="ci", scope="manage")[1]
    assert refused(f"Token {plain}")
    assert refused(plain)
    assert Api().get("me", Authorization=f"bEaReR {plain}").status == 200


def test_an_ended_or_revoked_key_and_one_of_an_inactive_person(alice: User) -> None:
    key, plain = api_key_create(user=alice, name="ci", scope="manage", expires_at=timezone.now() + timedelta(hours=1))
    assert not refused_key(plain)
    ApiKey.objects.filter(id=key.id).update(expires_at=timezone.now() - timedelta(seconds=1))
    assert refused_key(plain)
    key, plain = api_key_create(user=alice, name="ci", scope="manage")
    api_key_revoke(key=key)
    assert refused_key(plain)
    plain = api_key_create(user=alice, name="ci", scope="manage")[1]
    User.objects.filter(id=alice.id).update(is_active=False)
    assert refused_key(plain)


def refused_key(plain: str) -> bool:
    return Api(key=plain).get("me").status == 401


def test_a_bad_key_is_refused_also_beside_a_session(alice: User) -> None:
    assert Api(alice).get("me", Authorization="Bearer crn_nope").code == "invalid_key"


def test_a_session_that_ended_is_none(alice: User) -> None:
    api = Api(alice)
    User.objects.filter(id=alice.id).update(is_active=False)
    assert api.get("me").status == 401


def test_a_key_needs_no_csrf_token(alice: User) -> None:
    plain = api_key_create(user=alice, name="ci", scope="manage")[1]
    assert Api(key=plain, checks_csrf=True).post("tasks", TASK).status == 201


def test_use_of_a_key_is_noted_at_most_once_a_minute(alice: User) -> None:
    api = with_key(alice)
    api.get("me")
    first = ApiKey.objects.get().last_used_at
    assert first is not None
    api.get("me")
    assert ApiKey.objects.get().last_used_at == first
    later = timezone.now() + timedelta(minutes=2)
    with patch("tasks_app.services.api_keys.timezone.now", return_value=later):
        api.get("me")
    assert ApiKey.objects.get().last_used_at == later


def test_a_key_sees_what_its_person_sees(alice: User, staff: User, stranger: Api) -> None:
    theirs = make(stranger)
    assert with_key(alice).get(f"tasks/{theirs['id']}").status == 404
    assert with_key(staff).get(f"tasks/{theirs['id']}").status == 200


READ, RUNS, MANAGE = 0, 1, 2
NEEDS: list[tuple[str, str, Any, int]] = [
    ("GET", "me", None, READ),
    ("GET", "tasks", None, READ),
    ("GET", "tasks/{task}", None, READ),
    ("GET", "runs/{run}/logs", None, READ),
    ("GET", "stats", None, READ),
    ("POST", "schedule/preview", {}, READ),
    ("POST", "runs", RUN, RUNS),
    ("POST", "tasks/{task}/run-now", None, RUNS),
    ("POST", "tasks/{task}/cancel", None, RUNS),
    ("POST", "runs/{run}/retry", None, RUNS),
    ("POST", "runs/{open}/cancel", None, RUNS),
    ("POST", "tasks", TASK, MANAGE),
    ("PUT", "tasks/by-key/k", TASK, MANAGE),
    ("PATCH", "tasks/{task}", {"name": "x"}, MANAGE),
    ("DELETE", "tasks/{task}", None, MANAGE),
    ("POST", "tasks/{task}/pause", None, MANAGE),
    ("POST", "tasks/{task}/resume", None, MANAGE),
    ("POST", "tasks/{task}/duplicate", None, MANAGE),
    ("POST", "runs/{run}/dismiss", None, MANAGE),
    ("POST", "queues/default/pause", None, MANAGE),
    ("POST", "api-keys", {"name": "x", "scope": "manage"}, MANAGE),
]


@pytest.mark.parametrize("need", NEEDS, ids=[f"{one[0]} {one[1]}" for one in NEEDS])
@pytest.mark.parametrize("scope", ["read", "run", "manage"])
def test_each_operation_needs_its_scope(staff: User, need: tuple[str, str, Any, int], scope: str) -> None:
    method, path, body, needed = need
    task, ended, waits = make(Api(staff)), make_run(staff, payload={"url": "https://example.org/"}), make_run(staff)
    claim(ended)
    fail(ended)
    reply = with_key(staff, scope).call(method, path.format(task=task["id"], run=ended.id, open=waits.id), body)
    if ["read", "run", "manage"].index(scope) >= needed:
        assert reply.status < 300, reply.body
    else:
        assert (reply.status, reply.code) == (403, "insufficient_scope")
