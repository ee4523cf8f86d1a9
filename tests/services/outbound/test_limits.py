"""How long, how much and in which form an answer may come."""

import time

import pytest

from tasks_app.services.outbound import NotSent, Unclear, send
from tests.kinds.service import Service, Trap
from tests.services.outbound.calling import call, get


def test_a_closed_port_was_not_sent_to() -> None:
    trap = Trap()
    trap.close()
    with pytest.raises(NotSent):
        send(call(f"http://127.0.0.1:{trap.port}/"), allow_private=True)


def test_the_environment_has_no_say(service: Service, trap: Trap, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{trap.port}")
    assert get(service, "/").body == b"hello"


@pytest.mark.parametrize("path", ["/trickle", "/silent"])
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


@pytest.mark.parametrize("path", ["/headers", "/garbage", "/drop"])
def test_an_answer_that_is_none_is_unclear(service: Service, path: str) -> None:
    with pytest.raises(Unclear):
        get(service, path)
