"""Names: resolved once, every address checked, and the connection made to what was checked."""

import socket
import time
from typing import Any

import httpcore
import pytest

from tasks_app.services.outbound import Answer, NotSent, Refused, send
from tasks_app.services.outbound.network import system_resolver
from tests.kinds.service import Service, Trap
from tests.services.outbound.calling import PUBLIC_HOME, Wire, call
from tests.services.outbound.tricks import PRIVATE
from tests.services.outbound.zone import Zone


def visit(zone: Zone, service: Service, url: str) -> Answer:
    """Call a public name; `Wire` refuses every connection but that to the one public address."""
    return send(call(url, follow_redirects=True), allow_private=False, resolve=zone, wire=Wire(service.port))


@pytest.mark.parametrize("address", PRIVATE)
def test_a_name_that_leads_inside_is_refused_before_connecting(address: str, trap: Trap) -> None:
    zone = Zone(service=[address])
    with pytest.raises(Refused, match=r"service\.example leads to a private"):
        send(call(f"http://service.example:{trap.port}/"), allow_private=False, resolve=zone)


@pytest.mark.parametrize(
    "addresses",
    [[PUBLIC_HOME, "127.0.0.1"], ["127.0.0.1", PUBLIC_HOME], [PUBLIC_HOME, "::ffff:127.0.0.1"], ["2a00::1", "::1"]],
)
def test_one_inside_address_among_public_ones_is_enough(addresses: list[str], trap: Trap) -> None:
    with pytest.raises(Refused):
        send(call(f"http://mixed.example:{trap.port}/"), allow_private=False, resolve=Zone(mixed=addresses))


def test_an_alias_of_an_inside_name_is_refused(trap: Trap) -> None:
    zone = Zone(alias="second.example", second="inside.example", inside=["127.0.0.1"])
    with pytest.raises(Refused, match=r"alias\.example leads to a private"):
        send(call(f"http://alias.example:{trap.port}/"), allow_private=False, resolve=zone)


def test_a_name_that_turns_inside_after_the_check_is_called_where_it_was_checked(service: Service) -> None:
    zone = Zone(turning=[[PUBLIC_HOME], ["127.0.0.1"]])
    assert visit(zone, service, "http://turning.example/").status == 200
    assert zone.asked == ["turning.example"], "a second question would have had another answer"


def test_a_name_that_turns_inside_between_two_hops_is_refused(service: Service) -> None:
    zone = Zone(turning=[[PUBLIC_HOME], ["127.0.0.1"]])
    with pytest.raises(Refused, match="private"):
        visit(zone, service, "http://turning.example/redirect?to=/text")
    assert zone.asked == ["turning.example"] * 2
    assert [asked.path for asked in service.asked] == ["/redirect"]


@pytest.mark.parametrize("inside", [["127.0.0.1"], [PUBLIC_HOME, "10.0.0.1"], ["64:ff9b::7f00:1"]])
def test_every_hop_of_a_redirect_is_checked(service: Service, inside: list[str]) -> None:
    zone = Zone(first=[PUBLIC_HOME], second=[PUBLIC_HOME], inside=inside)
    url = "http://first.example/redirect?to=http://second.example/redirect%3Fto=http://inside.example/"
    with pytest.raises(Refused, match=r"inside\.example"):
        visit(zone, service, url)
    assert len(service.asked) == 2


def test_a_name_is_resolved_once_and_the_checked_address_is_called(service: Service) -> None:
    zone = Zone(service=["127.0.0.1"])
    answer = send(call(f"http://service.example:{service.port}/"), allow_private=True, resolve=zone)
    assert (answer.status, zone.asked) == (200, ["service.example"])
    assert service.last.headers["host"] == f"service.example:{service.port}"


def test_the_next_address_is_tried_when_one_does_not_answer(service: Service) -> None:
    zone = Zone(service=["127.0.0.2", "127.0.0.1"])
    assert send(call(f"http://service.example:{service.port}/"), allow_private=True, resolve=zone).status == 200


def test_an_address_that_stays_silent_leaves_time_for_the_next(service: Service) -> None:
    class Deaf(httpcore.SyncBackend):
        def connect_tcp(self, host: str, port: int, timeout: float | None = None, *rest: Any, **options: Any) -> Any:
            if host == "127.0.0.2":
                assert timeout is not None
                service.server.closing.wait(timeout)
                raise httpcore.ConnectTimeout("nobody answers")
            return super().connect_tcp(host, port, timeout, *rest, **options)

    started = time.monotonic()
    answer = send(
        call(f"http://service.example:{service.port}/", timeout_seconds=1),
        allow_private=True,
        resolve=Zone(service=["127.0.0.2", "127.0.0.1"]),
        wire=Deaf(),
    )
    assert answer.status == 200
    assert time.monotonic() - started < 1


@pytest.mark.parametrize(("zone", "words"), [(Zone(), "no such host"), (Zone(nowhere=[]), "has no address")])
def test_a_name_that_leads_nowhere_was_not_sent_to(zone: Zone, words: str) -> None:
    with pytest.raises(NotSent, match=words):
        send(call("http://nowhere.example/"), allow_private=False, resolve=zone)


def test_a_slow_name_server_ends_at_the_time_limit(service: Service) -> None:
    def resolve(host: str, port: int) -> list[str]:
        service.server.closing.wait(20)
        return []

    with pytest.raises(NotSent, match="not resolved in time"):
        send(call("http://slow.example/", timeout_seconds=0.3), allow_private=True, resolve=resolve)


def test_the_system_is_asked_for_every_address_and_each_is_tried_once(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [("8.8.8.8", 80), ("::ffff:127.0.0.1", 80, 0, 0), ("8.8.8.8", 80), ("fe80::1%lo", 80, 0, 1)]

    def answer(host: str, port: int, **options: int) -> list[Any]:
        assert options == {"type": socket.SOCK_STREAM}, "of whatever family"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", peer) for peer in found]

    monkeypatch.setattr(socket, "getaddrinfo", answer)
    assert system_resolver("service.example", 80) == ["8.8.8.8", "::ffff:127.0.0.1", "fe80::1%lo"]
