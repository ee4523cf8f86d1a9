"""http_request: what goes out, what counts as success, and how often it goes out."""

import json
import socket
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any
from urllib.parse import quote

import pytest
from pytest_django import Settings

from tasks_app.errors import EffectUnknown, Permanent, RetryLater
from tasks_app.handlers.testing import RecordingContext, call_handler
from tasks_app.kinds.http_sending import AnswerLost, RequestFailed
from tests.kinds.http_calls import faults, request
from tests.kinds.service import Service, Trap
from tests.services.outbound.tricks import LEADS_INSIDE


def test_an_answer_of_text_is_kept(service: Service) -> None:
    result = request(service, "/text")
    assert result["status"] == 200
    assert (result["text"], result["truncated"]) == ("hello", False)
    assert result["headers"]["content-type"] == "text/plain"
    assert (service.last.method, service.last.headers["user-agent"]) == ("GET", "Carillon")


def test_an_answer_of_json_is_kept_as_json(service: Service) -> None:
    assert request(service, "/json?body=[1,{}]")["json"] == [1, {}]


@pytest.mark.parametrize("body", ["{", "NaN", '"%5Cu0000"', "[" * 1500, "1e999"])
def test_json_that_cannot_be_kept_is_kept_as_text(service: Service, body: str) -> None:
    result = request(service, f"/json?body={body}")
    assert "json" not in result
    assert "\0" not in result["text"]


def test_a_long_answer_is_cut_and_says_so(service: Service) -> None:
    result = request(service, "/huge", keep_bytes=1000)
    assert (result["text"], result["truncated"]) == ("x" * 1000, True)


def test_a_result_stays_small_whatever_the_answer_is(service: Service) -> None:
    """Control characters take six characters each as JSON."""
    result = request(service, "/bytes?type=text/plain&hex=01&times=30000", keep_bytes=32_768)
    assert result["truncated"]
    assert len(json.dumps(result)) < 65_536


@pytest.mark.parametrize("each", ["é", '"', "\\"])
def test_a_result_stays_small_whatever_the_headers_are(service: Service, each: str) -> None:
    """The body alone takes nearly all that there is."""
    result = request(service, f"/bytes?type=text/plain&hex=22&times=27900&each={quote(each)}", keep_bytes=32_768)
    assert (len(result["text"]), result["truncated"]) == (27_900, False)
    assert len(result["headers"]) > 5
    assert len(json.dumps(result)) < 65_536


def test_bytes_that_are_no_text_are_left_out(service: Service) -> None:
    assert request(service, "/bytes?type=image/png&hex=89504e4700")["binary"]
    assert request(service, "/gzip")["binary"]


@pytest.mark.parametrize(
    ("kind", "body", "text"),
    [
        ("text/plain;charset=iso-8859-1", "e4", "ä"),
        ("text/plain;charset=nonsense", "c3a4", "ä"),
        ("text/plain", "ff", "\ufffd"),
        ("text/plain;charset=shift_jis", "82a0", "あ"),
        # Python's own, by which a body could hold what no database keeps.
        ("text/plain;charset=unicode_escape", "5c7830305c7564383030", "\\x00\\ud800"),
        ("text/plain;charset=utf-7", "2b3241412d", "+2AA-"),
        ("text/plain;charset=undefined", "61", "a"),
        ("text/plain;charset=idna", "786e2d2d", "xn--"),
        ("text/plain;charset=zlib", "61", "a"),
    ],
)
def test_text_is_read_in_its_own_encoding(service: Service, kind: str, body: str, text: str) -> None:
    assert request(service, f"/bytes?type={kind}&hex={body}")["text"] == text


def test_a_body_goes_out_as_text_or_as_json(service: Service) -> None:
    request(service, method="PUT", body="tschüs")
    assert (service.last.body, service.last.headers["content-type"]) == ("tschüs".encode(), "text/plain; charset=utf-8")
    request(service, method="PUT", json={"a": [1]})
    assert (service.last_json, service.last.headers["content-type"]) == ({"a": [1]}, "application/json")


def test_a_given_header_wins_whatever_its_case(service: Service) -> None:
    request(service, method="PUT", body="x", headers={"content-type": "text/csv", "USER-AGENT": "me", "X-A": "b"})
    sent = service.last.headers
    assert (sent["content-type"], sent["user-agent"], sent["x-a"]) == ("text/csv", "me", "b")


@pytest.mark.parametrize("code", [400, 401, 404, 410, 302])
def test_a_refusal_is_final(service: Service, code: int) -> None:
    with pytest.raises(Permanent, match=str(code)):
        request(service, f"/status?code={code}")


@pytest.mark.parametrize("code", [429, 500, 502, 503, 504])
def test_trouble_of_the_server_is_tried_again(service: Service, code: int) -> None:
    with pytest.raises(RequestFailed, match=str(code)):
        request(service, f"/status?code={code}")


def test_expected_statuses_replace_the_usual_ones(service: Service) -> None:
    assert request(service, "/status?code=404", expected_status=[404, 410])["status"] == 404
    assert request(service, "/status?code=500", expected_status=[500])["status"] == 500
    with pytest.raises(Permanent, match="200 OK"):
        request(service, "/text", expected_status=[204])


@pytest.mark.parametrize(("text", "seconds"), [("7", 7), ("0", 0), ("99999", 900), ("9" * 400, 900)])
def test_retry_after_is_obeyed_up_to_the_cap(service: Service, text: str, seconds: float) -> None:
    with pytest.raises(RetryLater) as caught:
        request(service, f"/status?code=503&retry_after={text}")
    assert caught.value.seconds == seconds


def test_retry_after_may_be_a_date(service: Service) -> None:
    until = format_datetime(datetime.now(UTC) + timedelta(seconds=100), usegmt=True)
    with pytest.raises(RetryLater) as caught:
        request(service, f"/status?code=429&retry_after={quote(until)}")
    assert 90 < caught.value.seconds <= 100


@pytest.mark.parametrize("text", ["soon", "-1", "", "Sat, 99 Nov 2026 00:00:00 GMT", "1 Feb 9" + "9" * 20])
def test_a_senseless_retry_after_leaves_it_to_the_policy(service: Service, text: str) -> None:
    with pytest.raises(RequestFailed):
        request(service, f"/status?code=503&retry_after={quote(text)}")


def test_nobody_there_is_tried_again(service: Service) -> None:
    gone = Trap()
    gone.close()
    with pytest.raises(RequestFailed, match="No connection"):
        call_handler("http_request", {"url": f"http://127.0.0.1:{gone.port}/"}, RecordingContext())


@pytest.mark.parametrize("path", ["/drop", "/silent", "/garbage"])
def test_a_lost_answer_is_tried_again(service: Service, path: str) -> None:
    with pytest.raises(AnswerLost):
        request(service, path, timeout_seconds=1)


def test_an_error_names_the_place_without_its_query(service: Service) -> None:
    ctx = RecordingContext()
    with pytest.raises(Permanent) as caught:
        request(service, "/status?code=404&key=secret", ctx)
    assert "/status answered 404 Not Found" in str(caught.value)
    assert "secret" not in f"{caught.value}{ctx.logs}"


def test_a_post_is_sent_once_and_its_answer_remembered(service: Service) -> None:
    ctx = RecordingContext()
    first = request(service, "/json", ctx, method="POST", json={})
    assert request(service, "/json", ctx.again(), method="POST", json={}) == first
    assert len(service.asked) == 1


def test_a_get_is_sent_each_time(service: Service) -> None:
    ctx = RecordingContext()
    request(service, "/json", ctx)
    request(service, "/json", ctx.again())
    assert len(service.asked) == 2
    assert "idempotency-key" not in service.last.headers


@pytest.mark.parametrize("code", [500, 503, 429])
def test_a_post_that_was_refused_is_sent_again_with_the_same_key(service: Service, code: int) -> None:
    ctx = RecordingContext()
    path = f"/status?code={code}&times=1"
    with pytest.raises(RequestFailed):
        request(service, path, ctx, method="POST")
    assert request(service, path, ctx.again(), method="POST")["status"] == 200
    first, second = (asked.headers["idempotency-key"] for asked in service.asked)
    assert first == second


@pytest.mark.parametrize("path", ["/drop", "/status?code=502", "/status?code=504"])
def test_a_post_of_unclear_outcome_waits_for_a_person(service: Service, path: str) -> None:
    ctx = RecordingContext()
    with pytest.raises(AnswerLost):
        request(service, path, ctx, method="POST")
    with pytest.raises(EffectUnknown):
        request(service, path, ctx.again(), method="POST")
    assert len(service.asked) == 1


def test_a_repeatable_post_of_unclear_outcome_is_sent_again(service: Service) -> None:
    ctx = RecordingContext()
    for attempt in (ctx, ctx.again()):
        with pytest.raises(AnswerLost):
            request(service, "/drop", attempt, method="POST", repeatable=True)
    assert len({asked.headers["idempotency-key"] for asked in service.asked}) == 1
    assert len(service.asked) == 2


def test_a_private_address_is_refused_at_its_field(trap: Trap) -> None:
    assert faults({"url": f"http://127.0.0.1:{trap.port}/"}) == {"payload.url": "url_not_allowed"}
    assert faults({"url": "ftp://example.com"}) == {"payload.url": "url_not_allowed"}
    assert faults({"url": 1}) == {"payload.url": "string_type"}


@pytest.mark.parametrize("url", LEADS_INSIDE)
def test_every_trick_that_leads_inside_is_refused_at_its_field(url: str, trap: Trap) -> None:
    assert faults({"url": url.format(port=trap.port)}) == {"payload.url": "url_not_allowed"}


def test_a_name_that_leads_inside_fails_for_good_without_a_connection(
    trap: Trap, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    """The name server's answer is made up, because no name that really leads inside can be counted on."""
    settings.ALLOW_PRIVATE_ADDRESSES = False

    def answer(host: str, port: int | None, **options: int) -> list[Any]:
        if "flags" in options:
            raise OSError("not a literal address")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    monkeypatch.setattr(socket, "getaddrinfo", answer)
    with pytest.raises(Permanent, match="ssrf_blocked"):
        call_handler("http_request", {"url": f"http://inside.example:{trap.port}/"}, RecordingContext())


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"content-length": "1"},
        {"Transfer-Encoding": "chunked"},
        {"Proxy-Authorization": "x"},
        {"Accept-Encoding": "gzip"},
        {"X-A\r\nX-B": "x"},
        {"": "x"},
        {"X-A": "a\r\nX-B: b"},
        {"X-A": "ä"},
        {"X-A": "x" * 4001},
        {"X-A": " x"},
        {"X-A": "x "},
    ],
)
def test_a_header_that_is_not_the_callers_is_refused(headers: dict[str, str]) -> None:
    found = faults({"url": "https://example.com/", "headers": headers})
    assert list(found.values()) == ["header_not_allowed"]


@pytest.mark.parametrize(
    ("payload", "path"),
    [
        ({"method": "BREW"}, "payload.method"),
        ({"method": "get"}, "payload.method"),
        ({"timeout_seconds": 0}, "payload.timeout_seconds"),
        ({"timeout_seconds": 301}, "payload.timeout_seconds"),
        ({"expected_status": [99]}, "payload.expected_status.0"),
        ({"expected_status": 200}, "payload.expected_status"),
        ({"keep_bytes": 10**6}, "payload.keep_bytes"),
        ({"body": "a", "json": {}}, "payload.json"),
        ({"headers": {"a": 1}}, "payload.headers.a"),
        ({"verify": False}, "payload.verify"),
    ],
)
def test_a_wrong_field_is_named(payload: dict[str, Any], path: str) -> None:
    assert list(faults({"url": "https://example.com/", **payload})) == [path]
