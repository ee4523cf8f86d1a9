"""A form that cannot be read is the sender's fault, on every address and for everybody."""

from typing import Any

import pytest
import redis
from django.contrib.auth.models import User
from django.test import Client

FORM = "application/x-www-form-urlencoded"
_BROKEN = (
    b'--x\r\nContent-Disposition: form-data; name="a"; filename="a"\r\n'
    b"Content-Transfer-Encoding: base64\r\n\r\nA\r\n--x--\r\n"
)
UNREADABLE = [
    (f"{FORM}; charset=utf-7", b"a=1"),
    (f"{FORM}; charset=utf8", b"a=1"),
    (f"{FORM}; charset=iso-8859-1", b"a=1"),
    ("multipart/form-data", b"a=1"),
    ("multipart/form-data; boundary=" + "x" * 300, b"a=1"),
    ("multipart/form-data; boundary=\u00ff", b"a=1"),
    ("multipart/form-data; boundary=x", _BROKEN),
    (FORM, b"a&" * 20_000),
    (FORM, b"a=" + b"x" * 3_000_000),
]
PAGES = [
    "/",
    "/sign-in/",
    "/tasks/new/",
    "/settings/",
    "/admin/",
    "/nothing",
    "/nothing/at/all/",
    "/theme/",
    "/files/upload/",
]
API = ["/api/tasks", "/api/files", "/api/nothing", "/api/auth/token"]
POSTED = pytest.mark.parametrize(("kind", "body"), UNREADABLE, ids=lambda value: str(value)[:60])


def answer(user: User | None, path: str, kind: str, body: bytes) -> Any:
    browser = Client(raise_request_exception=False, enforce_csrf_checks=True)
    if user is not None:
        browser.force_login(user)
    return browser.generic("POST", path, body, content_type=kind, headers={"Host": "testserver"})


@POSTED
@pytest.mark.parametrize("who", ["nobody", "staff"])
def test_no_form_makes_a_page_fail(who: str, kind: str, body: bytes, staff: User) -> None:
    user = None if who == "nobody" else staff
    assert {path: answer(user, path, kind, body).status_code for path in PAGES} == dict.fromkeys(PAGES, 400)


@POSTED
@pytest.mark.parametrize("who", ["nobody", "staff"])
def test_the_api_reads_no_form_at_all(who: str, kind: str, body: bytes, staff: User) -> None:
    user = None if who == "nobody" else staff
    answers = [answer(user, path, kind, body) for path in API]
    assert {found.status_code for found in answers} <= {401, 403, 404, 413, 415}
    assert {found.headers["Content-Type"] for found in answers} == {"application/json"}


def test_a_form_in_good_order_is_read(alice: User, empty_redis: redis.Redis) -> None:
    browser = Client()
    for kind in (FORM, f"{FORM}; charset=UTF-8"):
        body = "username=alice&password=alice-password"
        assert browser.generic("POST", "/sign-in/", body, content_type=kind).status_code == 302
