"""Whatever is written as a URL: what is accepted is what would be called, and never an address of the inside."""

import socket
from ipaddress import ip_address
from urllib.parse import urlsplit

import httpcore
import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks_app.services.outbound.addresses import is_public
from tasks_app.services.outbound.network import CheckedBackend, Deadline
from tasks_app.services.outbound.urls import NotAllowed, check_url

_V4 = st.ip_addresses(v=4)
_V6 = st.ip_addresses(v=6)
_INNER = st.sampled_from(
    ["127.0.0.1", "10.1.2.3", "169.254.169.254", "192.168.0.1", "0.0.0.0", "::1", "fd00::1", "fe80::1"]
)
_PIECES = [
    "127",
    ".",
    "0",
    "1",
    "0x7f",
    "0177",
    "localhost",
    "[",
    "]",
    "::",
    "@",
    "\\",
    "/",
    "?",
    "#",
    ":",
    "80",
    "%2e",
    "。",
    "①",
]


def spellings(address: str) -> list[str]:
    """Write an IPv4 address in the ways that resolvers take."""
    number = int(ip_address(address))
    a, b, c, d = (number >> shift & 255 for shift in (24, 16, 8, 0))
    return [
        address, f"{number}", f"{number:#x}", f"0{number:o}", f"{a}.{number & 0xFFFFFF}", f"{a}.{b}.{number & 0xFFFF}",
        f"{a:#x}.{b:#x}.{c:#x}.{d:#x}", f"0{a:o}.0{b:o}.0{c:o}.0{d:o}", f"{address}.", f"[::ffff:{address}]",
        f"[::ffff:{a:02x}{b:02x}:{c:02x}{d:02x}]", f"[64:ff9b::{address}]", f"[2002:{a:02x}{b:02x}:{c:02x}{d:02x}::]",
        f"{address}%2f",
        address.replace(".", "。"), address.translate({48 + digit: 0xFF10 + digit for digit in range(10)}),
    ]  # fmt: skip


hosts = st.one_of(
    st.builds(lambda address, way: spellings(str(address))[way], _V4, st.integers(0, 15)),
    _V6.map(lambda address: f"[{address}]"),
    _INNER.map(lambda text: f"[{text}]" if ":" in text else text),
    st.lists(st.sampled_from(_PIECES), max_size=8).map("".join),
    st.text(max_size=30),
)
urls = st.one_of(
    st.builds(
        lambda scheme, user, host, port, path: f"{scheme}{user}{host}{port}{path}",
        st.sampled_from(["http://", "https://", "HTTP://", "http:/", "http:\\\\", "//", "", "ftp://", "http://\t"]),
        st.sampled_from(["", "a@", "a:b@", "127.0.0.1@", "@", "%40"]),
        hosts,
        st.sampled_from(["", ":80", ":443", ":8080", ":22", ":0", ":99999", ":", ":x", ":８０"]),
        st.sampled_from(["", "/", "/x?y#z", "?@127.0.0.1", "#@10.0.0.1", "\\@127.0.0.1", "/\x00", ";x"]),
    ),
    st.text(max_size=60),
)


@settings(max_examples=600)
@given(text=urls)
def test_what_is_accepted_names_one_host_for_every_reader(text: str) -> None:
    try:
        url = check_url(text, allow_private=False)
    except NotAllowed:
        return
    assert url.scheme in ("http", "https")
    assert not url.userinfo
    assert httpx.Request("GET", url).url.host == url.host
    read_otherwise = urlsplit(text).hostname or ""
    assert read_otherwise.encode(
        "idna" if read_otherwise.isascii() is False else "ascii"
    ).decode().lower() == url.raw_host.decode().strip("[]")
    try:
        named = socket.getaddrinfo(url.raw_host.decode().strip("[]").rstrip("."), None, flags=socket.AI_NUMERICHOST)
    except OSError:
        return
    assert all(is_public(str(entry[4][0])) for entry in named)


class Wire(httpcore.NetworkBackend):
    """Opens nothing, and remembers where it was asked to go."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def connect_tcp(self, host: str, *args: object, **kwargs: object) -> httpcore.NetworkStream:
        self.asked.append(host)
        raise httpcore.ConnectError("nobody is there")


@settings(max_examples=300)
@given(addresses=st.lists(st.one_of(_V4.map(str), _V6.map(str), _INNER, st.text(max_size=10)), max_size=4))
def test_no_answer_of_a_resolver_leads_inside(addresses: list[str]) -> None:
    wire = Wire()
    backend = CheckedBackend(Deadline.after(60), False, lambda host, port: addresses, wire)
    with pytest.raises((NotAllowed, httpcore.ConnectError)):
        backend.connect_tcp("rebinding.example.org", 80)
    assert all(map(is_public, wire.asked))
    assert wire.asked == (addresses if all(map(is_public, addresses)) else [])
