"""How long, how much and in which form an answer may come."""

import time
from pathlib import Path

import pytest

from tasks_app.services.outbound import NotSent, Unclear, send
from tests.kinds.service import Service, Trap
from tests.services.outbound.calling import call, get


def test_a_closed_port_was_not_sent_to() -> None:
    trap = Trap()
    trap.close()
    with pytest.raises(NotSent):
        send(call(f"http://127.0.0.1:{trap.port}/"), allow_private=True)


def test_the_environment_has_no_say(
    service: Service, trap: Trap, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy", "HTTPS_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{trap.port}")
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login a password secret")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    assert get(service, "/").body == b"hello"
    assert "authorization" not in service.last.headers


@pytest.mark.parametrize("path", ["/trickle", "/silent", "/drip"])
def test_a_slow_answer_ends_at_the_time_limit(service: Service, path: str) -> None:
    started = time.monotonic()
    with pytest.raises(Unclear):
        get(service, path, timeout_seconds=0.5)
    assert 0.4 < time.monotonic() - started < 3


def test_no_more_is_read_than_asked_for(service: Service) -> None:
    answer = get(service, "/huge", max_bytes=100_000)
    assert (len(answer.body), answer.is_truncated) == (100_000, True)
    assert service.server.sent_bytes < 50_000_000


def test_an_answer_of_exactly_the_limit_is_whole(service: Service) -> None:
    answer = get(service, "/text", max_bytes=5)
    assert (answer.body, answer.is_truncated) == (b"hello", False)


def test_a_reader_that_sips_ends_at_the_time_limit(service: Service) -> None:
    """Each sip makes room for another send, which would have the whole time again."""
    started = time.monotonic()
    with pytest.raises(Unclear):
        get(service, "/sip", method="PUT", body=b"x" * 80_000_000, timeout_seconds=0.5)
    assert 0.4 < time.monotonic() - started < 3


def test_an_answer_may_have_200_headers_and_no_more(service: Service) -> None:
    own = len(get(service, "/many?count=0").headers.raw)
    assert get(service, f"/many?count={200 - own}").status == 200
    with pytest.raises(Unclear, match="more than 200 headers"):
        get(service, f"/many?count={201 - own}")


@pytest.mark.parametrize("path", ["/headers", "/interim", "/line"])
def test_a_head_that_is_too_large_is_not_read_to_its_end(service: Service, path: str) -> None:
    with pytest.raises(Unclear, match="head of the answer is too large"):
        get(service, path)
    assert service.server.sent_bytes < 20_000_000


def test_a_head_just_within_what_h11_takes_is_measured_as_well(service: Service) -> None:
    """h11 takes any head that fits into its last read, up to 164 KiB."""
    with pytest.raises(Unclear, match="head of the answer is too large"):
        get(service, "/headers?count=80")
    assert get(service, "/headers?count=50").status == 200


def test_an_error_repeats_little_of_what_came(service: Service) -> None:
    with pytest.raises(Unclear, match="illegal header line") as caught:
        get(service, "/bytes?hex=&type=%00" + "x" * 1000)
    assert len(str(caught.value)) <= 200


def test_nobody_changes_the_protocol(service: Service) -> None:
    with pytest.raises(Unclear, match="without a pending proposal"):
        get(service, "/switch")


def test_wrapping_counts(service: Service) -> None:
    with pytest.raises(Unclear, match="too large on the wire"):
        get(service, "/wrapped", max_bytes=1000)
    assert service.server.sent_bytes < 20_000_000
    assert len(get(service, "/chunked?times=1&size=1", max_bytes=1000).body) == 1


def test_nothing_is_unpacked(service: Service) -> None:
    answer = get(service, "/bomb")
    assert answer.body[:2] == b"\x1f\x8b"
    assert len(answer.body) < 20_000
    assert service.last.headers["accept-encoding"] == "identity"


def test_no_cookie_is_kept(service: Service) -> None:
    assert get(service, "/cookie", follow_redirects=True).redirects == 1
    get(service, "/text")
    assert not any("cookie" in asked.headers for asked in service.asked)


def test_an_error_repeats_neither_what_was_sent_nor_what_came(service: Service) -> None:
    with pytest.raises(Unclear) as caught:
        get(service, "/text", headers={"Authorization": "Bearer a-secret "})
    assert str(caught.value) == "Illegal header value"
    with pytest.raises(Unclear) as caught:
        get(service, "/garbage")
    assert str(caught.value) == "illegal status line"


@pytest.mark.parametrize("path", ["/garbage", "/drop", "/short"])
def test_an_answer_that_is_none_is_unclear(service: Service, path: str) -> None:
    with pytest.raises(Unclear):
        get(service, path)
