"""Foreign pages read the API only where CORS_ORIGINS names their origin, and never by a cookie."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import Settings

from tests.api.client import Api, with_key

APP = "https://app.example.com"
OTHERS = [
    "https://evil.example",
    "http://app.example.com",
    "https://app.example.com:8443",
    "https://app.example.com.evil.example",
    "https://sub.app.example.com",
    "https://APP.example.com",
    "null",
    "",
]
ASKS = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization,content-type"}


def allowances(headers: Any) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name.lower().startswith("access-control-")}


def preflight(origin: str, path: str = "/api/tasks") -> Any:
    return Client(raise_request_exception=False).options(path, headers={"Origin": origin, **ASKS})


def test_it_is_closed_by_default(alice: User, db: None) -> None:
    assert allowances(with_key(alice).get("me", Origin=APP).headers) == {}
    answer = preflight(APP)
    assert (answer.status_code, allowances(answer.headers)) == (401, {})


def test_a_named_origin_reads_with_a_token(settings: Settings, alice: User) -> None:
    settings.CORS_ORIGINS = [APP]
    for reply in (with_key(alice).get("me", Origin=APP), Api().get("me", Origin=APP)):  # an error can be read as well
        assert reply.headers["Access-Control-Allow-Origin"] == APP
        assert "Origin" in reply.headers["Vary"]
        assert "Location" in reply.headers["Access-Control-Expose-Headers"]
        assert "Access-Control-Allow-Credentials" not in reply.headers


def test_its_preflight_is_answered_without_signing_in(settings: Settings, db: None) -> None:
    settings.CORS_ORIGINS = [APP]
    answer = preflight(APP)
    assert answer.status_code == 204
    assert answer.headers["Access-Control-Allow-Origin"] == APP
    assert "POST" in answer.headers["Access-Control-Allow-Methods"]
    assert "Authorization" in answer.headers["Access-Control-Allow-Headers"]
    assert "Access-Control-Allow-Credentials" not in answer.headers


@pytest.mark.parametrize("origin", OTHERS)
def test_every_other_origin_is_a_stranger(origin: str, settings: Settings, alice: User) -> None:
    settings.CORS_ORIGINS = [APP]
    reply = with_key(alice).get("me", Origin=origin)
    assert (reply.status, allowances(reply.headers)) == (200, {})
    assert "Origin" in reply.headers["Vary"]
    assert allowances(preflight(origin).headers) == {}


def test_a_star_is_for_tokens_of_every_page(settings: Settings, alice: User) -> None:
    settings.CORS_ORIGINS = ["*"]
    reply = with_key(alice).get("me", Origin="https://any.example")
    assert reply.headers["Access-Control-Allow-Origin"] == "*"
    assert "Access-Control-Allow-Credentials" not in reply.headers


@pytest.mark.parametrize("path", ["/", "/sign-in/", "/admin/login/", "/healthz", "/flower/"])
def test_pages_are_shared_with_nobody(path: str, settings: Settings, db: None) -> None:
    settings.CORS_ORIGINS = ["*"]
    assert allowances(Client().get(path, headers={"Origin": APP}).headers) == {}
