"""Start and stop of the whole platform: what is refused before anything starts, and that nothing is left behind."""

import contextlib
import json
import signal
import socket
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.live.launched import STOP_SECONDS, Launched, launched, short_directory
from tests.live.surroundings import eventually

pytestmark = [pytest.mark.live, pytest.mark.slow, pytest.mark.sqlite]


@pytest.fixture
def directory() -> Iterator[Path]:
    with short_directory() as path:
        yield path


def refusal(platform: Launched) -> str:
    """Wait for the launcher to give up; gives the one line that it printed."""
    assert platform.process.wait(STOP_SECONDS) == 2
    eventually(lambda: platform.lines, what="what it said")
    (line,) = platform.lines
    return line


def test_it_answers_refuses_a_second_start_stops_without_a_trace_and_carries_on(directory: Path) -> None:
    with launched(directory) as platform:
        ready = platform.ready()
        assert ready["user"] == "admin"
        with urllib.request.urlopen(f"{ready['address']}/readyz", timeout=60) as answer:
            assert answer.status == 200
        assert len(platform.pids()) > 7, "one for each line of the Procfile, and the launcher"
        with launched(directory) as second:
            line = refusal(second)
            assert "already runs" in line
            assert f"process {platform.process.pid})" in line
        assert platform.interrupt() == 0
        assert platform.pids() == set()
    assert json.loads((directory / "ports.json").read_text())["mailbox"]
    with launched(directory) as again:
        assert again.ready()["password"] == ready["password"], "nobody has signed in yet"
        # Killed, the launcher can tidy up nothing; its guard does.
        again.process.kill()
        eventually(lambda: not again.pids(), what="nothing left of a killed launcher")
    with launched(directory) as last:
        last.ready()
        # A closed terminal is a stop as well, and nobody reads the last words.
        last.process.send_signal(signal.SIGHUP)
        assert last.process.wait(STOP_SECONDS) == 0
        assert last.pids() == set()


def test_a_taken_port_is_said_in_one_line(directory: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with launched(directory, PORT=str(port)) as platform:
            assert refusal(platform).startswith(f"PORT: {port} ")


def test_an_address_that_is_not_this_machines_is_said_in_one_line(directory: Path) -> None:
    with launched(directory, BIND="192.0.2.1") as platform:
        assert refusal(platform).startswith("BIND: ")


def test_a_path_too_long_for_a_socket_is_said_in_one_line(directory: Path) -> None:
    with launched(directory / ("x" * 100)) as platform:
        assert refusal(platform).startswith("VAR_DIR: ")


def test_a_database_that_is_away_is_said_in_one_line(directory: Path) -> None:
    with launched(directory, DATABASE_URL="postgres://nobody@127.0.0.1:1/nothing") as platform:
        assert refusal(platform).startswith("DATABASE_URL: ")


def test_a_stop_in_the_middle_of_the_start_leaves_nothing(directory: Path) -> None:
    with launched(directory) as platform:
        eventually(lambda: any("started" in line for line in list(platform.lines)), what="it has begun")
        with contextlib.suppress(ProcessLookupError):
            assert platform.interrupt() == 0
        assert platform.pids() == set()
