"""Bodies and headers that are not what they should be, on one address for all."""

import json

import pytest
from django.conf import settings
from django.test import RequestFactory

from tasks_app.api.body import read_json, read_raw
from tasks_app.api.errors import Refused
from tasks_app.models import ScheduledTask
from tests.api.client import Api
from tests.api.conftest import TASK

GOOD = json.dumps(TASK).encode()


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"", "invalid"),
        (b"{}", "invalid"),
        (b"[]", "not_an_object"),
        (b'"x"', "not_an_object"),
        (b"null", "not_an_object"),
        (b"1", "not_an_object"),
        (b'{"name": "x",}', "invalid_json"),
        (b"{'name': 'x'}", "invalid_json"),
        (b'{"name": "x"} {}', "invalid_json"),
        (b"\xef\xbb\xbf" + GOOD, "invalid_json"),
        (GOOD.decode().encode("utf-16"), "invalid_json"),
        (b'{"name": "\xff"}', "invalid_json"),
        (b'{"name": "\xed\xa0\x80"}', "invalid_json"),
        (b'{"priority": NaN}', "not_finite"),
        (b'{"priority": Infinity}', "not_finite"),
        (b'{"priority": -Infinity}', "not_finite"),
        (b'{"priority": 1e400}', "not_finite"),
        (b'{"priority": 9007199254740993}', "too_large"),
        (b'{"priority": ' + b"9" * 5000 + b"}", "too_large"),
        (b'{"name": "a", "name": "b"}', "duplicate_key"),
        (b'{"payload": {"a": 1, "\\u0061": 2}}', "duplicate_key"),
        (b"[" * 100_000, "too_deep"),
        (b'{"payload":' * 40 + b"1" + b"}" * 40, "too_deep"),
        (b'{"payload": [' + b"0," * 30_000 + b"0]}", "too_large"),
        (b"{" + GOOD, "invalid_json"),
    ],
)
def test_what_is_no_plain_json_object_is_refused(api: Api, raw: bytes, code: str) -> None:
    reply = api.post("tasks", raw)
    assert (reply.status, reply.code) == (400, code)
    assert not ScheduledTask.objects.exists()


@pytest.mark.parametrize(
    ("raw", "path"),
    [
        (b'{"name": "\\ud800"}', "name"),
        (b'{"name": "a\\u0000"}', "name"),
        (b'{"payload": {"deep": ["x", {"\\u0000": 1}]}}', "payload.deep.1"),
        (b'{"payload": {"\\ud800": 1}}', "payload"),
        (b'{"\\u0000": 1}', "body"),
    ],
)
def test_text_that_no_database_keeps_is_named_at_its_field(api: Api, raw: bytes, path: str) -> None:
    reply = api.post("tasks", raw)
    assert (reply.status, reply.faults) == (400, {path: ["characters"]})


def test_brackets_inside_texts_are_not_nesting(api: Api) -> None:
    reply = api.post("tasks", {**TASK, "description": '[{"\\' * 200})
    assert reply.status == 201


OTHER_KINDS = [
    "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/xml", "", "json",
    "application/json; charset=utf-16", "application/vnd.api+json",
]  # fmt: skip


@pytest.mark.parametrize("kind", OTHER_KINDS)
def test_only_json_is_taken(api: Api, kind: str) -> None:
    reply = api.post("tasks", GOOD, Content_Type=kind)
    assert (reply.status, reply.code) == (415, "unsupported_media_type")


@pytest.mark.parametrize("kind", ["application/json", "application/json; charset=UTF-8", "Application/JSON"])
def test_each_way_to_say_json(api: Api, kind: str) -> None:
    assert api.post("tasks", GOOD, Content_Type=kind).status == 201


def test_an_action_without_fields_needs_no_body_and_no_type(api: Api) -> None:
    task = api.post("tasks", TASK).body
    assert api.post(f"tasks/{task['id']}/cancel", b"", Content_Type="").status == 200


def test_a_body_that_is_too_large_is_refused(api: Api) -> None:
    most = settings.PAYLOAD_MAX_BYTES + 65_536
    reply = api.post("tasks", b" " * (most + 1))
    assert (reply.status, reply.code) == (413, "too_large")
    assert api.post("tasks", GOOD + b" " * (most - len(GOOD))).status == 201


def test_a_body_of_undeclared_length_is_read_and_bounded() -> None:
    """As it comes in chunks: DRF would take it for empty."""
    request = RequestFactory().post("/api/tasks", GOOD, content_type="application/json")
    del request.META["CONTENT_LENGTH"]
    assert read_json("application/json", read_raw(request)) == TASK
    request = RequestFactory().post("/api/tasks", b" " * 1_000_000, content_type="application/json")
    request.META["CONTENT_LENGTH"] = "5"
    with pytest.raises(Refused) as refused:
        read_raw(request)
    assert refused.value.status == 413


def test_a_body_that_is_cut_anywhere_is_refused_as_such() -> None:
    raw = b'{"a": [1.5, true, {"b": "\\u00e4"}]}'
    assert read_json("application/json", raw) == {"a": [1.5, True, {"b": "ä"}]}
    for length in range(1, len(raw)):
        with pytest.raises(Refused) as refused:
            read_json("application/json", raw[:length])
        assert refused.value.error_code == "invalid_json"
