"""Calls to the outside: only to public addresses, only to what was checked, never for long, never for much."""

import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpcore
import pytest

from tasks_app.services.outbound import (
    Answer,
    Call,
    Misdirected,
    NotAllowed,
    NotSent,
    Refused,
    Unclear,
    check_url,
    send,
)
from tasks_app.services.outbound.addresses import is_public
from tasks_app.services.outbound.transport import tls_context
from tests.kinds.service import Service, Trap, running

PRIVATE = [
    "127.0.0.1",
    "127.255.255.254",
    "0.0.0.0",
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "192.0.0.8",
    "192.0.2.1",
    "192.88.99.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.1.1.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::ffff:127.0.0.1",
    "::ffff:8.8.8.8",
    "::127.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b:1::7f00:1",
    "100::1",
    "2001::1",
    "2001:10::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "3fff::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fe80::1%lo",
    "fec0::1",
    "ff02::1",
    "2606:4700::1111%lo",
    "not an address",
]
PUBLIC = ["1.1.1.1", "8.8.8.8", "172.15.0.1", "172.32.0.1", "192.0.1.1", "223.255.255.1", "2606:4700::1111", "2a00::1"]

LEADS_INSIDE = [
    # U01
    "http://127.0.0.1:{port}/",
    "http://localhost:{port}/",
    "http://localhost.:{port}/",
    "http://LOCALHOST:{port}/",
    "http://a.localhost:{port}/",
    # U02
    "http://2130706433:{port}/",
    "http://0x7f000001:{port}/",
    "http://0x7f.1:{port}/",
    "http://017700000001:{port}/",
    "http://0177.0.0.1:{port}/",
    "http://127.1:{port}/",
    "http://0:{port}/",
    "http://012.0.0.1:{port}/",
    "http://127.0.0.1.:{port}/",
    # U03
    "http://①②⑦.⓪.⓪.①:{port}/",
    "http://127。0。0。1:{port}/",
    "http://ⓛocalhost:{port}/",
    # U04
    "http://[::1]:{port}/",
    "http://[::]:{port}/",
    "http://[::ffff:127.0.0.1]:{port}/",
    "http://[::ffff:7f00:1]:{port}/",
    "http://[::127.0.0.1]:{port}/",
    "http://[64:ff9b::7f00:1]:{port}/",
    "http://[2002:7f00:1::]:{port}/",
    "http://[2001::1]:{port}/",
    "http://[fe80::1%25lo]:{port}/",
    "http://[fd00:ec2::254]:{port}/",
    "http://[ff02::1]:{port}/",
    # Others
    "http://169.254.169.254/",
    "http://example.com\\@127.0.0.1:{port}/",
    "http://user@127.0.0.1:{port}/",
    "http://@127.0.0.1:{port}/",
]
MALFORMED = [
    "",
    "x",
    "//example.com",
    "/path",
    "http:example.com",
    "http:///path",
    "ftp://example.com/",
    "file:///etc/passwd",
    "gopher://example.com/",
    "javascript:alert(1)",
    "http://user:secret@example.com/",
    "http://@example.com/",
    "http://exa mple.com/",
    "http://example.com/a b",
    "http://example.com/\n",
    "http://example.com\t/",
    "http://example.com/\0",
    "http://example.com/\u202e",
    "http://example.com:99999/",
    "http://example.com:0/",
    "http://a..b/",
    "http://" + "a" * 64 + ".com/",
    "http://example.com/" + "a" * 2000,
]


def call(url: str, **options: object) -> Call:
    return Call(**{"method": "GET", "url": url, "timeout_seconds": 5, **options})  # type: ignore[arg-type]  # by name


def get(service: Service, path: str, **options: object) -> Answer:
    return send(call(service.url(path), **options), allow_private=True)


@pytest.fixture
def service() -> Iterator[Service]:
    with running() as found:
        yield found


@pytest.fixture
def trap() -> Iterator[Trap]:
    """A listener that must stay alone."""
    found = Trap()
    yield found
    assert found.visits() == 0
    found.close()


@pytest.mark.parametrize("address", PRIVATE)
def test_an_inside_address_is_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_is_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("url", LEADS_INSIDE)
def test_what_leads_inside_is_refused_when_saved_and_when_called(url: str, trap: Trap) -> None:
    url = url.format(port=trap.port)
    with pytest.raises(NotAllowed):
        check_url(url, allow_private=False)
    with pytest.raises(Refused):
        send(call(url), allow_private=False)


@pytest.mark.parametrize("url", MALFORMED)
@pytest.mark.parametrize("allow_private", [False, True])
def test_a_malformed_url_is_refused_whatever_is_allowed(url: str, allow_private: bool) -> None:
    with pytest.raises(NotAllowed):
        check_url(url, allow_private=allow_private)


@pytest.mark.parametrize("port", [22, 25, 53, 1023])
def test_a_port_of_another_service_is_refused(port: int) -> None:
    with pytest.raises(NotAllowed, match="port"):
        check_url(f"http://example.com:{port}/", allow_private=False)


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com",
        "http://example.com:8080/a?b=c#d",
        "https://bücher.example/ä",
        "https://[2606:4700::1111]/",
    ],
)
def test_a_public_url_is_taken(url: str) -> None:
    assert check_url(url, allow_private=False)


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


def test_a_slow_name_server_ends_at_the_time_limit(service: Service) -> None:
    def resolve(host: str, port: int) -> list[str]:
        service.server.closing.wait(20)
        return []

    with pytest.raises(NotSent, match="not resolved in time"):
        send(call("http://slow.example/", timeout_seconds=0.3), allow_private=True, resolve=resolve)


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


def test_a_redirect_is_an_answer_unless_followed(service: Service) -> None:
    assert get(service, "/redirect?to=/text").status == 302
    answer = get(service, "/redirect?to=/text", follow_redirects=True)
    assert (answer.status, answer.redirects, answer.url) == (200, 1, service.url("/text"))


def chain(length: int) -> str:
    path = "/text"
    for _ in range(length):
        path = f"/redirect?to={quote(path, safe='')}"
    return path


def test_three_redirects_are_followed_and_no_more(service: Service) -> None:
    assert get(service, chain(3), follow_redirects=True).redirects == 3
    with pytest.raises(Misdirected):
        get(service, chain(4), follow_redirects=True)


class Wire(httpcore.SyncBackend):
    """Leads one public address to the test's service, and every other where it really leads."""

    def __init__(self, port: int) -> None:
        self.port = port

    def connect_tcp(self, host: str, port: int, *rest: Any, **options: Any) -> httpcore.NetworkStream:
        assert is_public(host), "connected to what was not checked"
        assert host == "93.184.216.34", "connected to a stranger"
        return super().connect_tcp("127.0.0.1", self.port, *rest, **options)


def from_public(service: Service, url: str) -> Answer:
    return send(
        call(url, follow_redirects=True),
        allow_private=False,
        resolve=lambda host, port: ["127.0.0.1"] if host == "inside.example" else ["93.184.216.34"],
        wire=Wire(service.port),
    )


@pytest.mark.parametrize("target", [*LEADS_INSIDE, "http://inside.example:{port}/"])
def test_no_redirect_leads_inside(service: Service, trap: Trap, target: str) -> None:
    target = quote(target.format(port=trap.port), safe="")
    with pytest.raises(Refused):
        from_public(service, f"http://public.example/redirect?to={target}")
    assert len(service.asked) == 1


@contextmanager
def secure_service(monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    """A service with a certificate for service.example, which the client trusts while the block lasts."""
    folder = Path(__file__).parent.parent / "kinds" / "tls"
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(folder / "certificate.pem", folder / "key.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(folder / "certificate.pem"))
    tls_context.cache_clear()
    try:
        with running(tls=tls) as found:
            yield found
    finally:
        tls_context.cache_clear()


def test_tls_is_made_with_the_name_and_not_with_the_address(monkeypatch: pytest.MonkeyPatch) -> None:
    with secure_service(monkeypatch) as service:
        answer = from_public(service, "https://service.example/text")
        assert (answer.status, answer.body) == (200, b"hello")
        with pytest.raises(NotSent, match="certificate"):
            from_public(service, "https://other.example/text")


def test_no_redirect_leaves_tls(monkeypatch: pytest.MonkeyPatch) -> None:
    with secure_service(monkeypatch) as service, pytest.raises(Refused, match="https to http"):
        from_public(service, "https://service.example/redirect?to=http://service.example/text")


@pytest.mark.parametrize("to", ["ftp://example.com/", "http://user:pw@127.0.0.1/", "file:///etc/passwd", "http://[x/"])
def test_a_redirect_to_what_is_no_good_url_is_refused(service: Service, to: str) -> None:
    with pytest.raises(Refused, match="Redirected"):
        get(service, f"/redirect?to={to}", follow_redirects=True)


def test_a_secret_does_not_follow_to_another_host(service: Service) -> None:
    headers = {"Authorization": "Bearer secret", "X-Api-Key": "secret", "Cookie": "a=secret", "Accept": "text/plain"}
    with running() as other:
        answer = get(service, f"/redirect?to={other.url('/text')}", headers=headers, follow_redirects=True)
        assert answer.status == 200
        assert "secret" not in str(other.last.headers)
        assert other.last.headers["accept"] == "text/plain"
        assert other.last.headers["host"] == f"127.0.0.1:{other.port}"


def test_headers_stay_on_the_same_host(service: Service) -> None:
    get(service, "/redirect?to=/text", headers={"Authorization": "Bearer secret"}, follow_redirects=True)
    assert service.last.headers["authorization"] == "Bearer secret"


@pytest.mark.parametrize(
    ("code", "method", "body"), [(302, "GET", b""), (303, "GET", b""), (307, "POST", b"x"), (308, "POST", b"x")]
)
def test_a_redirected_post_keeps_its_method_where_the_status_says_so(
    service: Service, code: int, method: str, body: bytes
) -> None:
    get(service, f"/redirect?to=/text&code={code}", method="POST", body=b"x", follow_redirects=True)
    assert (service.last.method, service.last.body) == (method, body)
