"""Every address of the URL configuration, asked by everybody: its headers, its cookies, and who may send it a form."""

import re
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
import redis
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.urls.resolvers import RegexPattern
from pytest_django import Settings

from scheduler_project import csp, flower_proxy
from tasks_app.models import ScheduledTask
from tests.runs import make_run
from tests.services.credentials import make_credential

_PLACE = re.compile(r"<(?:(?P<kind>\w+):)?(?P<name>\w+)>")
_SAMPLES = {"int": "1", "str": "default", "slug": "x", "path": "1", "uuid": str(uuid4()), None: "1"}
PROBES = ("/healthz", "/readyz", "/statusz")
# Who cannot sign in, or has no password yet; "1" is no token, so the last two say that the link does not hold.
PUBLIC = {"/sign-in/", "/sign-in/forgot/", "/sign-in/forgot/sent/", "/sign-in/new-password/1/1/", "/invitation/1/1/"}
OTHERS = ("nobody", "alice", "charlie")
UNSAFE = ("post", "put", "patch", "delete")
# These take no form at all; of Flower's, one POST reads a table and passes.
EXEMPT = {"/flower/x", "/api/docs", "/api/schema"}
# Here one proves who one is by what one sends: no cookie is read, and none is set; a form's content is not taken.
TOKENS = {f"/api/auth/{name}" for name in ("token", "token/refresh", "token/revoke", "refresh", "revoke")}


def walk(patterns: list[Any], start: str = "/") -> Iterator[str]:
    """Give every address as it is written in the configuration."""
    for one in patterns:
        text = str(one.pattern)
        if isinstance(one.pattern, RegexPattern):
            text = re.sub(r"\(\?P<rest>\.\*\)", "x", text).removeprefix("^").removesuffix("$").replace("/?", "")
            text = re.sub(r"\(\?P<(\w+)>[^)]*\)", r"<str:\1>", text).replace("\\Z", "").replace("\\.", ".")
        if isinstance(one, URLResolver):
            yield from walk(one.url_patterns, start + text)
        else:
            assert isinstance(one, URLPattern)
            yield start + text


ADDRESSES = sorted(set(walk(get_resolver().url_patterns)))


def filled(address: str, known: dict[str, str]) -> str:
    return _PLACE.sub(lambda found: known.get(found["name"]) or _SAMPLES[found["kind"]], address)


@pytest.fixture
def known(task: ScheduledTask, alice: User) -> dict[str, str]:
    """Things of alice's, by the names that addresses have for them."""
    run = make_run(alice, task)
    return {"task_id": str(task.id), "run_id": str(run.id), "credential_id": str(make_credential(alice).id)}


@pytest.fixture
def https(settings: Settings) -> None:
    """A platform that is reached by https, as the settings make of such a BASE_URL."""
    settings.BASE_URL = "https://testserver"
    settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = settings.SECURE_SSL_REDIRECT = True
    settings.SECURE_HSTS_SECONDS = 31_536_000


def visit(path: str, user: User | None, method: str = "get", *, checks_csrf: bool = False) -> HttpResponse:
    browser = Client(raise_request_exception=False, enforce_csrf_checks=checks_csrf)
    if user is not None:
        browser.force_login(user)
    answer: HttpResponse = getattr(browser, method)(path, secure=True)
    return answer


def faults_of(path: str, answer: Any) -> list[str]:
    """Say what is wrong with the headers of an answer."""
    headers = answer.headers
    policy = flower_proxy.POLICY if path.startswith("/flower/") and answer.status_code == 200 else csp.policy_for(path)
    wanted = {
        "Content-Security-Policy": policy,
        "X-Content-Type-Options": "nosniff",
        # The content of mails stands in a frame of ours.
        "X-Frame-Options": "SAMEORIGIN"
        if headers.get("X-Frame-Options") != "DENY" and path.endswith("/html/")
        else "DENY",
        "Referrer-Policy": "same-origin",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Strict-Transport-Security": "max-age=31536000",
    }
    found = [f"{path}: {name} is {headers.get(name)!r}" for name, value in wanted.items() if headers.get(name) != value]
    if "no-store" not in headers.get("Cache-Control", ""):
        found.append(f"{path}: {answer.status_code} may be kept: {headers.get('Cache-Control')!r}")
    for name, cookie in answer.cookies.items():
        if (
            not cookie["secure"]
            or cookie["samesite"] != "Lax"
            or (name == "carillon_session" and not cookie["httponly"])
        ):
            found.append(f"{path}: cookie {cookie.OutputString()}")
    return found


@pytest.mark.parametrize("who", [*(pytest.param(who, marks=pytest.mark.sqlite) for who in OTHERS), "staff"])
def test_every_answer_has_its_headers(
    who: str, known: dict[str, str], https: None, request: pytest.FixtureRequest
) -> None:
    user = None if who == "nobody" else request.getfixturevalue(who)
    faults: list[str] = []
    seen: dict[int, int] = {}
    for address in ADDRESSES:
        path = filled(address, known)
        answer = visit(path, user)
        seen[answer.status_code] = seen.get(answer.status_code, 0) + 1
        faults += faults_of(path, answer)
    assert faults == []
    assert 500 not in seen
    assert len(ADDRESSES) > 150
    assert who == "charlie" or seen[200] >= (3 if who == "nobody" else 40)


@pytest.mark.sqlite
def test_what_strangers_get_is_public(known: dict[str, str], https: None) -> None:
    open_to_all = {path for path in (filled(one, known) for one in ADDRESSES) if visit(path, None).status_code == 200}
    assert open_to_all - set(PROBES) == PUBLIC


@pytest.mark.sqlite
@pytest.mark.parametrize("method", UNSAFE)
def test_no_form_of_another_site_is_taken(method: str, known: dict[str, str], https: None, staff: User) -> None:
    others = {(path, 405) for path in EXEMPT} | {(path, 415 if method == "post" else 405) for path in TOKENS}
    taken = []
    for address in ADDRESSES:
        path = filled(address, known)
        answer = visit(path, staff, method, checks_csrf=True)
        if answer.status_code != 403 and ((path, answer.status_code) not in others or answer.cookies):
            taken.append((path, answer.status_code))
    assert taken == []


def test_plain_requests_are_sent_to_https(https: None, db: None) -> None:
    answer = Client().get("/sign-in/")
    assert (answer.status_code, answer["Location"]) == (301, "https://testserver/sign-in/")
    assert Client().get("/healthz").status_code == 200


ELSEWHERE = [
    "//evil.example",
    "///evil.example",
    "\\\\evil.example",
    "/\\evil.example",
    "\\/evil.example",
    "http:///evil.example",
    "https:evil.example",
    "https:/evil.example",
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "data:text/html,x",
    " //evil.example",
    "\t//evil.example",
    "/\t/evil.example",
    "https://testserver@evil.example/",
    "https://evil.example\\@testserver/",
    "http://testserver/",
    "ftp://testserver/",
]


@pytest.mark.sqlite
@pytest.mark.parametrize("wanted", ELSEWHERE)
def test_next_leads_nowhere_else(wanted: str, alice: User, https: None, empty_redis: redis.Redis) -> None:
    person = {"username": "alice", "password": "alice-password", "next": wanted}
    answers = [
        Client().post("/sign-in/", person, secure=True),
        Client().post("/theme/", {"theme": "dark", "next": wanted}, secure=True),
        Client().post("/theme/", {"theme": "dark"}, query_params={"next": wanted}, secure=True),
    ]
    assert {(answer.status_code, answer["Location"]) for answer in answers} == {(302, "/")}


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_no_page_locks_anything_without_a_transaction(known: dict[str, str], admin: User) -> None:
    """The transaction around other tests hides what PostgreSQL refuses without one."""
    known |= {"person_id": str(User.objects.exclude(pk=admin.pk).earliest("pk").pk)}
    for path in ADDRESSES:
        assert visit(filled(path, known), admin).status_code != 500, path
