"""http_request: query parameters, statuses to try again, and values taken out of the answer."""

import json
from typing import Any

import pytest

from tasks_app.errors import EffectUnknown, Permanent, RetryLater
from tasks_app.handlers.testing import RecordingContext
from tasks_app.kinds.http_sending import AnswerLost, RequestFailed
from tests.kinds.http_calls import faults, request
from tests.kinds.service import Service

DOCUMENT = {"data": {"id": 7, "items": [{"name": "Tea"}]}, "big": "x" * 70_000, "huge": 2**60}


@pytest.fixture(autouse=True)
def _document(service: Service) -> None:
    service.server.document = DOCUMENT


@pytest.mark.parametrize("url", ["/text", "/text?", "/text#part", "/text?a=1", "/text?a=1#part"])
def test_query_parameters_are_added_to_the_url(service: Service, url: str) -> None:
    request(service, url, query={"day": "1 & 2", "ü": "ß"})
    had = {"a": "1"} if "a=1" in url else {}
    assert service.last.query == {**had, "day": "1 & 2", "ü": "ß"}


def test_query_parameters_count_into_the_length_of_the_url() -> None:
    assert faults({"url": "https://a.example/", "query": {"a": "x" * 2000}}) == {"payload.query": "url_not_allowed"}


def test_query_parameters_are_not_told(service: Service) -> None:
    ctx = RecordingContext()
    with pytest.raises(Permanent) as caught:
        request(service, "/status?code=404", ctx, query={"key": "secret"})
    assert "secret" not in f"{caught.value}{ctx.logs}"


def test_values_are_taken_out_of_the_answer(service: Service) -> None:
    wanted = {"id": "data.id", "name": "data.items.-1.name", "all": "data"}
    result = request(service, "/document", extract=wanted, keep_bytes=0)
    assert result["extracted"] == {"id": 7, "name": "Tea", "all": DOCUMENT["data"]}
    assert "json" not in result
    assert len(json.dumps(result)) < 1000


def test_what_may_be_missing_is_null(service: Service) -> None:
    wanted = {"a": "data.note?", "b": "data.items.9.name?", "c": "data.id?"}
    assert request(service, "/document", extract=wanted)["extracted"] == {"a": None, "b": None, "c": 7}


def test_values_are_taken_whatever_the_content_type_says(service: Service) -> None:
    result = request(service, f"/bytes?type=text/plain&hex={b'[5]'.hex()}", extract={"a": "0"})
    assert result["extracted"] == {"a": 5}


@pytest.mark.parametrize(
    ("url", "wanted", "words"),
    [
        ("/document", "data.gone.id", r"nothing at data\.gone\.id \(for a\): gone is missing"),
        ("/document", "data.items.3", r"3 is missing"),
        ("/document", "big", "more than 56000 bytes"),
        ("/document", "huge", "can't be kept"),
        ("/text", "a", "not JSON"),
        ("/json?body=" + "[" * 1500, "a", "not JSON"),
        ("/huge", "a", "more than 1048576 bytes"),
    ],
)
def test_what_is_missing_is_named_and_final(service: Service, url: str, wanted: str, words: str) -> None:
    with pytest.raises(Permanent, match=words):
        request(service, url, extract={"a": wanted})


def test_a_post_whose_answer_lacks_a_value_has_happened_and_can_be_mended(service: Service) -> None:
    ctx = RecordingContext()
    service.server.document = {"data": DOCUMENT["data"]}
    for attempt in (ctx, ctx.again()):
        with pytest.raises(Permanent, match="wrong is missing"):
            request(service, "/document", attempt, method="POST", extract={"id": "data.wrong"})
    mended = request(service, "/document", ctx.again(), method="POST", extract={"id": "data.id"})
    assert mended["extracted"] == {"id": 7}
    assert "json" not in mended
    assert len(service.asked) == 1


@pytest.mark.parametrize("code", [408, 425, 429, 500, 599])
def test_statuses_that_pass_are_tried_again(service: Service, code: int) -> None:
    with pytest.raises(RequestFailed):
        request(service, f"/status?code={code}")


def test_chosen_statuses_replace_the_usual_ones(service: Service) -> None:
    with pytest.raises(RequestFailed, match="404"):
        request(service, "/status?code=404", retry_status=[404])
    with pytest.raises(Permanent, match="503"):
        request(service, "/status?code=503", retry_status=[404])


def test_a_job_that_is_not_done_yet_is_asked_for_again(service: Service) -> None:
    with pytest.raises(RetryLater) as caught:
        request(service, "/status?code=202&retry_after=9", retry_status=[202])
    assert caught.value.seconds == 9
    with pytest.raises(RequestFailed, match="202 Accepted"):
        request(service, "/status?code=202", retry_status=[202])


def test_a_repeatable_post_is_asked_for_again_with_its_key(service: Service) -> None:
    ctx = RecordingContext()
    options: dict[str, Any] = {"method": "POST", "repeatable": True, "retry_status": [202]}
    with pytest.raises(AnswerLost):
        request(service, "/status?code=202&times=1", ctx, **options)
    assert request(service, "/status?code=202&times=1", ctx.again(), **options)["status"] == 200
    assert len({asked.headers["idempotency-key"] for asked in service.asked}) == 1


def test_a_repeatable_post_waits_as_long_as_it_was_asked_to(service: Service) -> None:
    with pytest.raises(RetryLater) as caught:
        request(service, "/status?code=502&retry_after=9", method="POST", repeatable=True)
    assert caught.value.seconds == 9
    with pytest.raises(AnswerLost):
        request(service, "/status?code=502&retry_after=9", method="POST")


@pytest.mark.parametrize(("code", "expected"), [(302, []), (200, [201]), (504, [])])
def test_a_post_that_may_have_happened_is_not_sent_by_a_retry(service: Service, code: int, expected: list[int]) -> None:
    ctx = RecordingContext()
    options: dict[str, Any] = {"method": "POST", "expected_status": expected, "retry_status": [500]}
    with pytest.raises(Permanent, match=str(code)):
        request(service, f"/status?code={code}", ctx, **options)
    with pytest.raises(EffectUnknown):
        request(service, f"/status?code={code}", ctx.again(), **options)
    assert len(service.asked) == 1


@pytest.mark.parametrize(
    ("payload", "field"),
    [
        ({"retry_status": [99]}, "retry_status.0"),
        ({"retry_status": [500, 404], "expected_status": [404]}, "retry_status.1"),
        ({"retry_status": [202], "method": "POST"}, "retry_status.0"),
        ({"extract": {"1a": "b"}}, "extract.1a"),
        ({"extract": {"a": "b..c"}}, "extract.a"),
        ({"extract": {"a": "?"}}, "extract.a"),
        ({"extract": {"a": 1}}, "extract.a"),
        ({"extract": {f"a{number}": "b" for number in range(21)}}, "extract"),
        ({"extract": {"a": "b"}, "method": "HEAD"}, "extract"),
        ({"query": {"a": 1}}, "query.a"),
        ({"credential": ""}, "credential"),
    ],
)
def test_a_wrong_field_is_named(payload: dict[str, Any], field: str) -> None:
    assert list(faults({"url": "https://example.com/", **payload})) == [f"payload.{field}"]
