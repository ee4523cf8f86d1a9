"""Names: resolved once, every address checked, and the connection made to what was checked."""

import pytest

from tasks_app.services.outbound import NotSent, Refused, send
from tests.kinds.service import Service, Trap
from tests.services.outbound.calling import call


@pytest.mark.parametrize("addresses", [["127.0.0.1"], ["8.8.8.8", "127.0.0.1"], ["::ffff:127.0.0.1"], ["fe80::1%lo"]])
def test_a_name_that_leads_inside_is_refused_before_connecting(addresses: list[str], trap: Trap) -> None:
    with pytest.raises(Refused, match=r"service\.example leads to a private"):
        send(call(f"http://service.example:{trap.port}/"), allow_private=False, resolve=lambda host, port: addresses)


def test_a_name_is_resolved_once_and_the_checked_address_is_called(service: Service) -> None:
    asked: list[str] = []

    def resolve(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"]

    answer = send(call(f"http://service.example:{service.port}/"), allow_private=True, resolve=resolve)
    assert (answer.status, asked) == (200, ["service.example"])
    assert service.last.headers["host"] == f"service.example:{service.port}"


def test_the_next_address_is_tried_when_one_does_not_answer(service: Service) -> None:
    answer = send(
        call(f"http://service.example:{service.port}/"),
        allow_private=True,
        resolve=lambda host, port: ["127.0.0.2", "127.0.0.1"],
    )
    assert answer.status == 200


def test_a_name_that_does_not_exist_was_not_sent_to() -> None:
    def resolve(host: str, port: int) -> list[str]:
        raise OSError("no such host")

    with pytest.raises(NotSent, match="no such host"):
        send(call("http://nowhere.example/"), allow_private=False, resolve=resolve)


def test_a_slow_name_server_ends_at_the_time_limit(service: Service) -> None:
    def resolve(host: str, port: int) -> list[str]:
        service.server.closing.wait(20)
        return []

    with pytest.raises(NotSent, match="not resolved in time"):
        send(call("http://slow.example/", timeout_seconds=0.3), allow_private=True, resolve=resolve)
