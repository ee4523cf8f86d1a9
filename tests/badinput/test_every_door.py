"""Every address of the API and of the pages takes bad input as such: rows are made from the URL configuration itself.

For the API from what each operation says that it reads: each field of its body and each parameter gets every wrong
value, and every address the bodies that no reader should take. So a new address has its rows as soon as it is there.
"""

import contextlib
import inspect
import json
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any, get_type_hints
from urllib.parse import urlencode

import pytest
from django.contrib.auth.models import User
from django.db import transaction
from django.test import Client
from django.urls import URLResolver, get_resolver

from tasks_app.api.shape import NoParameters, Nothing
from tests.access import conftest as access
from tests.access.doors import METHODS, Door, doors
from tests.badinput.thinning import thinned
from tests.badinput.values import HALF, NUL

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("empty_redis")]
folk, things = access.folk, access.things
PARTS = 3
JSON, FORM = "application/json", "application/x-www-form-urlencoded"
UNREADABLE: list[tuple[str, bytes, set[int]]] = [
    (JSON, b"{", {400}),
    (JSON, b"[]", {400}),
    (JSON, b'"x"', {400}),
    (JSON, b"5", {400}),
    (JSON, b"null", {400}),
    (JSON, b"\xff", {400}),
    (JSON, b'{"a": NaN}', {400}),
    (JSON, b'{"a": 1, "a": 2}', {400}),
    (JSON, b'{"a": "\\ud800"}', {400}),
    (JSON, b'{"a": "\\u0000"}', {400}),
    (JSON, b'{"\\u0000": 1}', {400}),
    (JSON, b'{"a": ' + b"[" * 50_000 + b"]" * 50_000 + b"}", {400}),
    (JSON, b'{"a": ' + b"9" * 5_000 + b"}", {400}),
    (JSON, b'{"a": "' + b"x" * 200_000 + b'"}', {400, 413}),
    (JSON, b'{"nonsense": 1}', {400}),
    (f"{JSON}; charset=utf-7", b"{}", {415}),
    (FORM, b"a=1", {415}),
    ("text/xml", b"<a/>", {415}),
    ("", b"{}", {415}),
]
WRONG: list[Any] = [
    *(5, -1, 10**30, 1.5, True, None, "", "x", " ", "\u200b", NUL, HALF, "x" * 5_000, "\u0663"),
    *([], [None], ["x"] * 2_000, {}, {"x": 1}, [[[[[{}]]]]], "00000000-0000-0000-0000-000000000000", "2027-02-30"),
]
PARAMETERS = ["", "x", "\x00", "9" * 5_000, "-1", "1e400", "\u00b2", "\x1b[31m", "a" * 5_000, "00000000-0000-0000-0000"]
OWN_READERS = {"api:file-list", "api:calendar-import"}
"""They read files, in a form or as they are: tests/api/test_files.py and test_calendars.py have their rows."""
PLAIN = {"api:schema", "api:docs"}
"""They read nothing."""


@pytest.fixture
def reader(things: dict[str, Any], alice: User) -> Client:
    """Somebody who owns all that is named and may do everything: only what they send is wrong."""
    User.objects.filter(pk=alice.pk).update(is_superuser=True, is_staff=True)
    client = Client(raise_request_exception=False)
    client.force_login(User.objects.get(pk=alice.pk))
    return client


def reads(door: Door, method: str) -> tuple[list[str], list[str]]:
    """Give the names of the fields and of the parameters that an operation takes."""
    match = next(one for one in _api_patterns() if f"api:{one.name}" == door.name)
    function = inspect.unwrap(getattr(match.callback.cls, method.lower()))
    hints = get_type_hints(function)
    body, query = hints.get("body", Nothing), hints.get("query", NoParameters)
    return list(getattr(body, "model_fields", ())), list(getattr(query, "model_fields", ()))


def _api_patterns() -> list[Any]:
    resolver = next(one for one in get_resolver().url_patterns if str(one.pattern) == "api/")
    assert isinstance(resolver, URLResolver)
    return list(resolver.url_patterns)


API = sorted(name for name, door in doors().items() if door.is_api and door.methods and name not in PLAIN)
# Where no platform runs beside it, /statusz says 503, as it must.
PAGES = sorted(
    name for name, door in doors().items() if not door.is_api and "{rest}" not in door.path and name != "statusz"
)


def fault_of(answer: Any, allowed: set[int] | None = None) -> str:
    """Say what is wrong with an answer: a refusal has the one shape, and nothing fails."""
    status = answer.status_code
    if answer.streaming:
        answer.getvalue()
        return "" if status < 400 else f"{status} in a stream"
    if allowed is not None and status not in allowed:
        return f"{status} {answer.content[:200]!r}"
    if status < 400:
        return ""
    if status >= 500 or answer.headers.get("Content-Type") != JSON:
        return f"{status} {answer.content[:200]!r}"
    error = json.loads(answer.content).get("error", {})
    is_whole = set(error) == {"code", "message", "fields", "request_id"} and error["code"] and error["message"]
    return "" if is_whole else f"{status} of another shape: {answer.content[:200]!r}"


def bodies(client: Client, path: str, method: str, fields: list[str]) -> Iterator[tuple[str, str]]:
    """Send what nobody may read, and each wrong value in each field."""
    for kind, raw, allowed in UNREADABLE:
        yield f"{kind} {raw[:40]!r}", fault_of(client.generic(method, path, raw, content_type=kind), allowed)
    for field, value in thinned([(field, value) for field in fields for value in WRONG], lambda row: row[0]):
        raw = json.dumps({field: value}).encode()
        yield f"{field} = {str(value)[:40]!r}", fault_of(client.generic(method, path, raw, content_type=JSON))


def queries(client: Client, path: str, method: str, parameters: list[str]) -> Iterator[tuple[str, str]]:
    """Send a parameter that there is none of, one twice, and each wrong value in each."""
    nothing = {"nonsense": "1"}
    yield "nonsense", fault_of(client.generic(method, path, QUERY_STRING=_query(nothing)), {400})
    for name in parameters:
        twice = f"{_query({name: 'x'})}&{_query({name: 'x'})}"
        yield f"{name} twice", fault_of(client.generic(method, path, QUERY_STRING=twice), {400})
    for name, text in thinned([(name, text) for name in parameters for text in PARAMETERS], lambda row: row[0]):
        yield f"{name} = {text[:40]!r}", fault_of(client.generic(method, path, QUERY_STRING=_query({name: text})))


def _query(values: dict[str, str]) -> str:
    return urlencode(values)


@contextlib.contextmanager
def undone() -> Iterator[None]:
    """Let something be sent, and take back what it did."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def api_faults(name: str, reader: Client, things: dict[str, Any]) -> Iterator[str]:
    """Give what is wrong with the answers of one address of the API."""
    door = doors()[name]
    path = door.path.format(**things)
    for method in METHODS:
        rows: Iterable[tuple[str, str]] = ()
        if method not in door.methods:
            rows = [("at all", fault_of(reader.generic(method, path, content_type=JSON), {405}))]
        elif name not in OWN_READERS or method == "GET":
            fields, parameters = reads(door, method)
            has_body = method in ("POST", "PUT", "PATCH")
            rows = chain(
                queries(reader, path, method, parameters), bodies(reader, path, method, fields) if has_body else ()
            )
        yield from (f"{method} {name} {what}: {fault}" for what, fault in rows if fault)


@pytest.mark.parametrize("part", range(PARTS))
def test_no_address_of_the_api_takes_bad_input_or_fails_of_it(
    part: int, reader: Client, things: dict[str, Any]
) -> None:
    for name in API[part::PARTS]:
        with undone():
            assert [*api_faults(name, reader, things)] == []


def test_each_address_that_takes_input_has_its_rows() -> None:
    taking = {name for name in API for method in doors()[name].methods if any(reads(doors()[name], method))}
    assert len(taking) > 50
    assert {name for name, door in doors().items() if door.is_api} - set(API) == PLAIN | {"api:None"} & set(doors())
    assert set(API) >= OWN_READERS


ODD = [NUL, "\x1b[31m", "9" * 5_000, "\u00b2", "x" * 5_000, "[" * 5_000, "-1", ""]
NAMES = (
    *(
        "do",
        "all",
        "task",
        "seen",
        "token",
        "note",
        "tag_name",
        "search",
        "status",
        "type",
        "error_type",
        "page",
        "name",
    ),
    *("version", "payload.__row", "payload.__of", "_add", "_up", "next", "password", "code", "before", "after", "from"),
)


def page_faults(name: str, reader: Client, things: dict[str, Any]) -> Iterator[tuple[str, str, str, int]]:
    """Give the answers of a page that has failed."""
    path = doors()[name].path.format(**things)
    for text in thinned(ODD, len):
        for method, send in (("GET", reader.get), ("POST", reader.post)):
            answer = send(path, dict.fromkeys(NAMES, text))
            if answer.status_code >= 500:
                yield method, name, text[:20], answer.status_code
            elif answer.streaming:
                answer.getvalue()


@pytest.mark.parametrize("part", range(PARTS))
def test_no_page_fails_of_bad_input(part: int, reader: Client, things: dict[str, Any]) -> None:
    for name in PAGES[part::PARTS]:
        with undone():
            assert [*page_faults(name, reader, things)] == []
