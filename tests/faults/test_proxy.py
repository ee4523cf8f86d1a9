"""The proxy itself: each mode does to a connection what its name says."""

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.links import Links, running_proxy
from tests.faults.proxy import Mode
from tests.live.surroundings import eventually


class Echo:
    """A server that sends back what it gets, in capitals."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.heard = b""
        self.ended = threading.Event()
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=self._answer, args=(self._listener.accept()[0],), daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            while chunk := connection.recv(65_536):
                self.heard += chunk
                connection.sendall(chunk.upper())
        self.ended.set()

    def close(self) -> None:
        """Stop to listen."""
        self._listener.close()


@pytest.fixture
def echo() -> Iterator[Echo]:
    """The server behind the proxy."""
    with contextlib.closing(Echo()) as server:
        yield server


@pytest.fixture
def links(tmp_path: Path, echo: Echo) -> Iterator[Links]:
    """A proxy with a link `web>echo`."""
    with running_proxy(tmp_path) as proxy:
        proxy.add("web>echo", echo.port)
        yield proxy


@pytest.fixture
def client(links: Links) -> Iterator[socket.socket]:
    """A connection through the link that has been used once."""
    with connect(links) as connection:
        assert ask(connection, b"hello") == b"HELLO"
        yield connection


def connect(links: Links) -> socket.socket:
    return socket.create_connection(("127.0.0.1", links.ports["web>echo"]), timeout=60)


def reach(links: Links) -> bytes:
    with connect(links) as connection:
        return connection.recv(1)


def ask(connection: socket.socket, words: bytes) -> bytes:
    connection.sendall(words)
    return connection.recv(65_536)


def is_silent(connection: socket.socket, seconds: float = 0.3) -> bool:
    connection.settimeout(seconds)
    try:
        connection.recv(1)
    except TimeoutError:
        return True
    finally:
        connection.settimeout(60)
    return False


def test_a_black_hole_swallows_and_gives_back_when_it_heals(links: Links, client: socket.socket, echo: Echo) -> None:
    links.turn(["web>echo"], "drop")
    client.sendall(b"lost?")
    assert is_silent(client)
    assert echo.heard == b"hello"
    links.heal()
    assert client.recv(100) == b"LOST?"


def test_a_black_hole_takes_new_connections_and_does_nothing_with_them(links: Links, echo: Echo) -> None:
    links.turn(["web>echo"], "drop")
    with connect(links) as connection:
        connection.sendall(b"anybody")
        assert is_silent(connection)
        links.heal()
        assert connection.recv(100) == b"ANYBODY"


def test_a_close_is_not_told_through_a_black_hole(links: Links, client: socket.socket, echo: Echo) -> None:
    links.turn(["web>echo"], "drop")
    client.close()
    assert not echo.ended.wait(0.3)
    links.heal()
    assert echo.ended.wait(60)


@pytest.mark.parametrize(("direction", "heard"), [("up", b"hello"), ("down", b"hellomore")])
def test_a_half_open_link_loses_one_direction_only(
    links: Links, client: socket.socket, echo: Echo, direction: str, heard: bytes
) -> None:
    links.turn(["web>echo"], "half_open", direction=direction)
    client.sendall(b"more")
    assert is_silent(client)
    eventually(lambda: echo.heard == heard)
    links.heal()
    assert client.recv(100) == b"MORE"


def test_a_reset_ends_old_connections_and_new_ones(links: Links, client: socket.socket) -> None:
    links.turn(["web>echo"], "rst")
    with pytest.raises(ConnectionResetError):
        client.recv(1)
    with pytest.raises(ConnectionResetError):  # while it connects, or when it first listens
        reach(links)
    links.heal()
    with connect(links) as connection:
        assert ask(connection, b"again") == b"AGAIN"


def test_a_delay_comes_each_way(links: Links, client: socket.socket) -> None:
    links.turn(["web>echo"], "delay", seconds=0.2)
    begun = time.monotonic()
    assert ask(client, b"slow") == b"SLOW"
    assert time.monotonic() - begun >= 0.4


def test_a_throttle_bounds_the_rate(links: Links, client: socket.socket) -> None:
    links.turn(["web>echo"], "throttle", bytes_per_second=10_000)
    begun = time.monotonic()
    client.sendall(b"x" * 2_000)
    eventually(lambda: client.recv(65_536))
    assert time.monotonic() - begun >= 0.2


def test_an_answer_that_holds_the_word_is_cut_as_often_as_asked(links: Links, client: socket.socket) -> None:
    links.turn(["web>echo"], "cut", word="SECRET", times=1)
    assert ask(client, b"plain") == b"PLAIN"
    client.sendall(b"secret")
    with pytest.raises(ConnectionResetError):
        client.recv(100)
    assert links.look("web>echo")["cuts_left"] == 0
    with connect(links) as connection:
        assert ask(connection, b"secret") == b"SECRET"


def test_links_are_chosen_by_kind_and_by_service(links: Links, echo: Echo) -> None:
    links.add("web-2>db", echo.port)
    links.add("beat>db", echo.port)
    assert links.like("web", "*") == ["web>echo", "web-2>db"]
    assert links.like("*", "db") == ["web-2>db", "beat>db"]
    assert links.like("web-2", "db") == ["web-2>db"]


def test_a_mode_that_there_is_not_is_refused(links: Links) -> None:
    with pytest.raises(ValueError, match="no such mode"):
        Mode("explode")
    with pytest.raises(AssertionError, match="no such mode"):
        links.turn(["web>echo"], "explode")
