"""The one shape of errors, whatever goes wrong and wherever."""

import re
from collections.abc import Callable
from typing import Any
from unittest.mock import patch

import pytest
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.db import InterfaceError, OperationalError
from django.http import Http404
from django.test import Client
from pytest_django import Settings

from tasks_app.api import me
from tests.api.client import Api, Reply
from tests.api.conftest import addresses

LEFT_OUT = [
    "workflows", "notification-rules", "events",
]  # fmt: skip


def assert_shape(reply: Reply) -> None:
    assert reply.headers["Content-Type"] == "application/json"
    assert set(reply.body) == {"error"}
    error = reply.body["error"]
    assert set(error) == {"code", "message", "fields", "request_id"}
    assert re.fullmatch(r"[a-z_]+", error["code"])
    assert error["message"].endswith((".", "…", "?"))
    assert reply.headers["X-Request-ID"] == error["request_id"] != ""
    assert "Traceback" not in str(reply.body)


@pytest.mark.parametrize("path", ["", "nope", "nope/", "tasks//", "tasks/x/y/z", "v1/tasks", "schema.json", *LEFT_OUT])
def test_what_is_not_there(api: Api, nobody: Api, path: str) -> None:
    for caller in (api, nobody):
        for method in ("GET", "POST"):
            reply = caller.call(method, path)
            assert (reply.status, reply.code) == (404, "not_found")
            assert_shape(reply)


def test_the_root_without_a_slash(api: Api) -> None:
    response = api.client.get("/api")
    assert response.status_code == 404
    assert response.json()["error"]["code"] == "not_found"


def test_other_paths_are_none_of_the_apis_business(client: Client) -> None:
    response = client.get("/apish")
    assert response.status_code == 404
    assert response.headers["Content-Type"].startswith("text/html")


@pytest.mark.parametrize("path", ["tasks", "runs", "me", "stats", "schedule/preview", "queues/default/pause"])
@pytest.mark.parametrize("method", ["TRACE", "OPTIONS", "PROPFIND", "DELETE"])
def test_other_methods_are_refused(api: Api, path: str, method: str) -> None:
    reply = api.call(method, path)
    assert (reply.status, reply.code) == (405, "method_not_allowed")
    assert_shape(reply)
    assert reply.headers["Allow"]


def test_head_answers_as_get_without_a_body(api: Api) -> None:
    reply = api.call("HEAD", "tasks")
    assert (reply.status, reply.body) == (200, b"")


def test_the_schemas_own_errors_have_the_shape(api: Api, nobody: Api) -> None:
    for who, path, answer in (
        (api, "schema", (405, "method_not_allowed")),
        (api, "docs", (405, "method_not_allowed")),
        (nobody, "schema", (401, "not_signed_in")),
    ):
        reply = who.post(path)
        assert (reply.status, reply.code) == answer
        assert_shape(reply)


def test_strangers_who_send_to_the_docs_are_asked_to_sign_in(nobody: Api) -> None:
    reply = nobody.post("docs")
    assert reply.status == 302
    assert reply.headers["Location"].startswith("/sign-in/")


@pytest.mark.parametrize("accept", ["text/html", "application/xml", "image/*", "nonsense"])
def test_whatever_is_accepted_json_is_answered(api: Api, accept: str) -> None:
    assert api.get("me", Accept=accept).status == 200
    reply = api.get("nope", Accept=accept)
    assert reply.status == 404
    assert_shape(reply)


@pytest.mark.parametrize("host", ["evil.example", "a b", "x" * 300])
def test_a_host_that_is_not_ours(api: Api, host: str) -> None:
    reply = api.get("me", Host=host)
    assert (reply.status, reply.code) == (400, "bad_host")
    assert_shape(reply)


def test_a_session_needs_its_csrf_token(alice: Any, settings: Settings) -> None:
    api = Api(alice, checks_csrf=True)
    refused = api.post("schedule/preview", {})
    assert (refused.status, refused.code) == (403, "csrf_failed")
    assert_shape(refused)
    assert api.get("me").status == 200
    token = "a" * 32
    api.client.cookies[settings.CSRF_COOKIE_NAME] = token
    assert api.post("schedule/preview", {}, X_CSRFToken=token).status == 200
    assert api.post("schedule/preview", {}, X_CSRFToken="b" * 32).status == 403
    assert api.post("schedule/preview", {}, X_CSRFToken=token, Origin="https://evil.example").code == "csrf_failed"


@pytest.mark.parametrize("given", ["abc-123", "a" * 64])
def test_a_request_id_is_taken_over(api: Api, given: str) -> None:
    assert api.get("me", X_Request_ID=given).headers["X-Request-ID"] == given
    assert api.get("nope", X_Request_ID=given).body["error"]["request_id"] == given


@pytest.mark.parametrize("given", ["", "a" * 65, "a b", "<script>", "ä"])
def test_a_request_id_that_is_none_is_replaced(api: Api, given: str) -> None:
    assert re.fullmatch(r"[0-9a-f]{32}", api.get("me", X_Request_ID=given).headers["X-Request-ID"])


def test_answers_are_not_kept_by_caches(api: Api) -> None:
    assert api.get("me").headers["Cache-Control"] == "no-store"


def raising(error: Exception) -> Callable[..., Any]:
    def fail(*_: Any, **__: Any) -> Any:
        raise error

    return fail


BREAKS: list[tuple[Exception, int, str]] = [
    (OperationalError("server closed the connection: password=CANARY"), 503, "unavailable"),
    (InterfaceError("connection already closed CANARY"), 503, "unavailable"),
    (RuntimeError("CANARY"), 500, "server_error"),
    (RecursionError("CANARY"), 500, "server_error"),
    (KeyError("CANARY"), 500, "server_error"),
    (PermissionDenied("CANARY"), 403, "forbidden"),
    (Http404("CANARY"), 404, "not_found"),
    (SuspiciousOperation("CANARY"), 400, "bad_request"),
]


@pytest.fixture(params=[False, True], ids=["production", "debug"])
def either_mode(request: pytest.FixtureRequest, settings: Settings) -> None:
    """With DEBUG as without."""
    settings.DEBUG = request.param


@pytest.mark.usefixtures("either_mode")
@pytest.mark.parametrize("broken", BREAKS, ids=lambda broken: type(broken[0]).__name__)
def test_what_breaks_inside_tells_nothing(
    api: Api, caplog: pytest.LogCaptureFixture, broken: tuple[Exception, int, str]
) -> None:
    """`is_operator` stands for whatever a view calls."""
    error, status, code = broken
    with patch.object(me, "is_operator", raising(error)):
        reply = api.get("me")
    assert (reply.status, reply.code) == (status, code)
    assert_shape(reply)
    assert "CANARY" not in str(reply.body)
    if status >= 500:
        assert reply.body["error"]["request_id"] in caplog.text
    assert reply.headers.get("Retry-After") == ("5" if status == 503 else None)


@pytest.mark.usefixtures("either_mode")
@pytest.mark.parametrize("broken", BREAKS, ids=lambda broken: type(broken[0]).__name__)
def test_what_breaks_around_the_views_tells_nothing_either(api: Api, broken: tuple[Exception, int, str]) -> None:
    error, status, code = broken
    with patch("django.middleware.clickjacking.XFrameOptionsMiddleware.process_response", raising(error)):
        reply = api.get("me")
    assert (reply.status, reply.code) == (status, code)
    assert_shape(reply)
    assert "CANARY" not in str(reply.body)
    assert reply.headers.get("Retry-After") == ("5" if status == 503 else None)


def test_every_address_asks_who_is_there(nobody: Api) -> None:
    """Read from the URL configuration, so that no view can be forgotten."""
    proofs = {"auth/token", "auth/token/refresh", "auth/token/revoke", "auth/refresh", "auth/revoke"}
    open_to_all = {"schema", "docs", *proofs}
    seen = 0
    for pattern, view in addresses().items():
        path = re.sub(r"<uuid:\w+>", "01900000-0000-7000-8000-000000000000", pattern)
        path = re.sub(r"<int:\w+>", "1", path)
        path = re.sub(r"<\w+:\w+>", "x", path)
        for method in ("get", "post", "put", "patch", "delete"):
            if path in open_to_all or not hasattr(view, method):
                continue
            reply = nobody.call(method.upper(), path)
            assert (reply.status, reply.code) == (401, "not_signed_in"), path
            assert reply.headers["WWW-Authenticate"].startswith("Bearer")
            assert_shape(reply)
            seen += 1
    assert seen > 30
