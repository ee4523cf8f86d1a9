"""Signing in for tokens: refreshed once each, revoked at once, and never past the second factor."""

import json
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import replace
from datetime import timedelta
from typing import Any

import jwt
import pytest
import redis
import time_machine
from django.contrib.auth.models import User
from django.utils import timezone
from pytest_django import Settings

from tasks_app.models import Profile, TokenSignIn
from tasks_app.services.passwords import password_change, sign_out_everywhere
from tests.api.client import Api, Reply, with_key
from tests.api.conftest import TASK
from tests.second_factor import turn_on

ALICE = {"username": "alice", "password": "alice-password"}

pytestmark = pytest.mark.usefixtures("empty_redis")


def sign_in(**more: Any) -> Reply:
    return Api().post("auth/token", {**ALICE, **more})


def tokens(**more: Any) -> Any:
    reply = sign_in(**more)
    assert reply.status == 200, reply.body
    return reply.body


def holds(access: str) -> bool:
    reply = Api(key=access).get("me")
    assert reply.status in (200, 401)
    assert reply.status == 200 or reply.code == "invalid_token"
    return reply.status == 200


def refresh(token: str, path: str = "auth/token/refresh") -> Reply:
    return Api().post(path, {"refresh": token})


def test_a_name_and_a_password_give_tokens_that_act_as_the_person(alice: User) -> None:
    given = tokens()
    assert (given["token_type"], given["expires_in"]) == ("Bearer", 600)
    api = Api(key=given["access"], checks_csrf=True)
    assert api.get("me").body["username"] == "alice"
    assert api.get("me").body["api_key"] is None
    assert api.post("tasks", TASK).status == 201


@pytest.mark.parametrize(
    "typed",
    [
        {"password": "wrong"},
        {"username": "nobody"},
        {"username": "ALICE"},
        {"username": ""},
        {"username": "a\u0130\u0131", "password": ""},
    ],
)
def test_whatever_is_wrong_gets_the_same_answer(alice: User, typed: dict[str, str]) -> None:
    reply, known = sign_in(**typed), sign_in(password="other")
    assert (reply.status, reply.code) == (401, "invalid_credentials")
    assert reply.body["error"]["message"] == known.body["error"]["message"]


def test_who_may_not_be_active_gets_that_answer_too(alice: User) -> None:
    User.objects.update(is_active=False)
    assert sign_in().code == "invalid_credentials"


def test_the_sixth_wrong_password_has_to_wait_and_then_the_right_one_too(alice: User) -> None:
    for _ in range(5):
        assert sign_in(password="wrong").status == 401
    for password in ("wrong", "alice-password"):
        reply = sign_in(password=password)
        assert (reply.status, reply.code) == (429, "rate_limited")
        assert 50 <= int(reply.headers["Retry-After"]) <= 62
    assert "Try again in" in reply.body["error"]["message"]


@pytest.mark.usefixtures("alice")
def test_unknown_names_are_counted_as_known_ones_are() -> None:
    assert [sign_in(username="nobody").status for _ in range(6)] == [401] * 5 + [429]
    assert sign_in(username=" NoBody ").status == 429
    assert sign_in().status == 200


def test_a_right_password_makes_the_wrong_ones_forgotten(alice: User) -> None:
    for _ in range(3):
        assert [sign_in(password="wrong").status for _ in range(4)] == [401] * 4
        assert sign_in().status == 200


def test_an_address_is_counted_across_names_and_right_ones_are_not(alice: User, settings: Settings) -> None:
    settings.SIGN_IN = replace(settings.SIGN_IN, tries_per_address=4)
    for number in range(3):
        assert sign_in(username=f"name-{number}").status == 401
        assert sign_in().status == 200
    assert sign_in(username="last").status == 401
    assert sign_in().status == 429


def test_no_header_makes_another_address(alice: User, settings: Settings) -> None:
    settings.SIGN_IN = replace(settings.SIGN_IN, tries_per_address=2)
    for number in range(3):
        body = {"username": f"name-{number}", "password": "x"}
        reply = Api().post(
            "auth/token", body, **{"X-Forwarded-For": f"10.0.0.{number}", "X-Real-IP": f"10.1.0.{number}"}
        )
    assert reply.status == 429


def test_the_name_is_not_to_be_read_in_redis(alice: User, empty_redis: redis.Redis) -> None:
    sign_in(password="wrong")
    keys = [str(key) for key in empty_redis.keys("*")]
    assert any("limit:sign-in:" in key for key in keys)
    assert not any("alice" in key for key in keys)


def test_without_redis_nobody_signs_in_and_who_is_in_goes_on(alice: User, settings: Settings) -> None:
    given = tokens()
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    reply = sign_in()
    assert (reply.status, reply.code) == (503, "unavailable")
    assert "Retry-After" in reply.headers
    assert holds(given["access"])
    assert with_key(alice).get("me").status == 200
    assert refresh(given["refresh"]).status == 200


def test_with_a_second_factor_the_code_is_asked_for_and_counts_once(alice: User) -> None:
    app = turn_on(alice)
    reply = sign_in()
    assert (reply.status, reply.code) == (401, "second_factor_required")
    assert sign_in(code="000000").code == "invalid_code"
    assert sign_in(password="wrong", code=app.code()).code == "invalid_credentials"
    code = app.code()
    assert sign_in(code=code).status == 200
    assert sign_in(code=code).code == "invalid_code"
    assert sign_in(code=app.recovery[0]).status == 200
    assert sign_in(code=app.recovery[0].upper()).code == "invalid_code"
    assert not TokenSignIn.objects.filter(user=alice).count() > 2


def test_the_right_password_between_them_gives_no_further_codes(alice: User) -> None:
    app = turn_on(alice)
    found = []
    for _ in range(6):
        assert sign_in().code == "second_factor_required"
        found.append(sign_in(code="000000").status)
    assert found == [401] * 5 + [429]
    assert sign_in(code=app.code()).status == 429


@pytest.mark.parametrize(("asked", "statuses"), [("none", (200, 200)), ("staff", (200, 403)), ("all", (403, 403))])
def test_who_must_have_a_second_factor_gets_no_tokens_without_one(
    asked: str, statuses: tuple[int, int], alice: User, staff: User, settings: Settings
) -> None:
    before, (alice_status, staff_status) = tokens(), statuses
    settings.SIGN_IN = replace(settings.SIGN_IN, second_factor=asked)
    assert sign_in().status == alice_status
    reply = sign_in(username="staff", password="staff-password")
    assert reply.status == staff_status
    assert reply.status == 200 or reply.code == "second_factor_setup_required"
    assert holds(before["access"]) is (alice_status == 200)
    assert Api(alice).get("me").status == alice_status
    assert with_key(alice).get("me").status == 200
    app = turn_on(alice)
    assert sign_in(code=app.code()).status == 200
    assert Api(alice).get("me").body["second_factor"] == {
        "is_on": True,
        "is_required": asked == "all",
        "recovery_codes_left": 10,
    }


@pytest.mark.parametrize("path", ["auth/token/refresh", "auth/refresh"])
def test_a_refresh_token_is_used_once(alice: User, path: str) -> None:
    first = tokens()
    second = refresh(first["refresh"], path).body
    assert holds(second["access"])
    assert holds(first["access"])
    reply = refresh(first["refresh"], path)
    assert (reply.status, reply.code) == (401, "token_reused")
    assert not holds(second["access"])
    assert refresh(second["refresh"], path).code == "invalid_token"


@pytest.mark.parametrize("path", ["auth/token/revoke", "auth/revoke"])
@pytest.mark.parametrize("kind", ["access", "refresh"])
def test_a_revoked_sign_in_is_over_at_once_and_others_go_on(alice: User, path: str, kind: str) -> None:
    one, other = tokens(), tokens()
    for _ in range(2):
        assert Api().post(path, {"token": one[kind]}).status == 204
    assert Api().post(path, {"token": "nonsense"}).status == 204
    assert not holds(one["access"])
    assert refresh(one["refresh"]).status == 401
    assert holds(other["access"])


def end_by_new_password(user: User) -> None:
    user.set_password("another one")
    user.save()


def end_by_epoch(user: User) -> None:
    Profile.objects.update_or_create(user=user, defaults={"token_epoch": 7})


def end_by_going(user: User) -> None:
    User.objects.filter(pk=user.pk).update(is_active=False)


ENDS = [
    end_by_new_password,
    end_by_epoch,
    end_by_going,
    lambda user: password_change(user=user, password="another long one"),
    lambda user: sign_out_everywhere(user=user, password="alice-password"),
    lambda _: TokenSignIn.objects.update(expires_at=timezone.now() - timedelta(seconds=1)),
]


@pytest.mark.parametrize("end", ENDS)
def test_what_ends_a_sign_in_ends_both_tokens(alice: User, end: Any) -> None:
    given = tokens()
    assert holds(given["access"])
    end(alice)
    assert not holds(given["access"])
    assert refresh(given["refresh"]).status == 401


def test_an_access_token_ends_after_ten_minutes_and_a_refresh_token_after_two_weeks(alice: User) -> None:
    now = timezone.now()
    with time_machine.travel(now, tick=False):
        given = tokens()
    with time_machine.travel(now + timedelta(seconds=599), tick=False):
        assert holds(given["access"])
    with time_machine.travel(now + timedelta(seconds=601), tick=False):
        assert not holds(given["access"])
    with time_machine.travel(now + timedelta(days=14, seconds=1), tick=False):
        assert refresh(given["refresh"]).status == 401
    with time_machine.travel(now + timedelta(days=13), tick=False):
        assert refresh(given["refresh"]).status == 200


def forged(token: str, **changes: Any) -> str:
    head, claims, signature = token.split(".")
    read = json.loads(urlsafe_b64decode(claims + "=="))
    written = urlsafe_b64encode(json.dumps({**read, **changes}).encode()).rstrip(b"=").decode()
    return f"{head}.{written}.{signature}"


def test_a_token_that_we_did_not_sign_is_none(alice: User, settings: Settings) -> None:
    given = tokens()
    access = given["access"]
    claims = jwt.decode(access, options={"verify_signature": False})
    unsigned = jwt.encode(claims, "", algorithm="none")
    by_another = jwt.encode(claims, "x" * 64, algorithm="HS256")
    by_secret_key = jwt.encode(claims, settings.SECRET_KEY, algorithm="HS256")
    longer = jwt.encode({**claims, "exp": int(time.time()) + 10**6}, settings.TOKEN_KEY, algorithm="HS512")
    for token in (unsigned, by_another, by_secret_key, longer, forged(access, sub="1"), access[:-2], f"{access}a"):
        assert not holds(token)
    assert holds(access)


def test_one_kind_of_token_does_not_do_for_the_other(alice: User) -> None:
    given = tokens()
    assert not holds(given["refresh"])
    assert refresh(given["access"]).code == "invalid_token"
    assert holds(given["access"])


def test_the_use_of_a_sign_in_and_its_address_are_noted(alice: User) -> None:
    given = tokens()
    row = TokenSignIn.objects.get()
    assert row.address == "127.0.0.1"
    later = timezone.now() + timedelta(minutes=2)
    with time_machine.travel(later, tick=False):
        assert holds(given["access"])
    row.refresh_from_db()
    assert row.last_used_at == later


def test_a_password_longer_than_any_is_refused_before_it_costs_anything(alice: User) -> None:
    assert sign_in(password="x" * 5000).status == 400
    assert sign_in(code=5).status == 400
    assert sign_in(remember=True).status == 400
