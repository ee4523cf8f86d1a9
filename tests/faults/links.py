"""The proxy's control, for tests: starts the process, adds links, turns them."""

import contextlib
import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from scheduler_project.settings import BASE_DIR
from tests.live.surroundings import eventually


class Links:
    """A running proxy."""

    def __init__(self, control: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(60)
        self._socket.connect(str(control))
        self._file = self._socket.makefile("rb")
        self.ports: dict[str, int] = {}

    def add(self, name: str, port: int) -> int:
        """Make a link to a port of loopback, or give the one that there is; gives its own port."""
        if name not in self.ports:
            self.ports[name] = int(self._ask(do="add", name=name, host="127.0.0.1", port=port)["port"])
        return self.ports[name]

    def turn(self, names: list[str], mode: str, **options: Any) -> None:
        """Let these links behave so; answers when they do."""
        self._ask(do="turn", names=names, name=mode, **options)

    def heal(self) -> None:
        """Let every link pass."""
        self.turn(list(self.ports), "pass")

    def like(self, kind: str, service: str) -> list[str]:
        """Give the links of the processes of a kind to a service; `*` is any."""
        found = [name for name in self.ports if _fits(name, kind, service)]
        assert found, f"no link of {kind} to {service}: {self.ports}"
        return found

    def look(self, name: str) -> dict[str, Any]:
        """Ask how many connections a link has had, and how many answers it is still to cut."""
        return self._ask(do="look", name=name)

    def close(self) -> None:
        """Let the control go."""
        self._file.close()
        self._socket.close()

    def _ask(self, **words: Any) -> dict[str, Any]:
        self._socket.sendall(json.dumps(words).encode() + b"\n")
        answer: dict[str, Any] = json.loads(self._file.readline())
        assert "error" not in answer, answer
        return answer


def _fits(name: str, kind: str, service: str) -> bool:
    title, _, there = name.partition(">")
    return kind in ("*", title, title.partition("-")[0]) and service in ("*", there)


@contextlib.contextmanager
def running_proxy(directory: Path, environment: dict[str, str] | None = None) -> Iterator[Links]:
    """Run a proxy for the block."""
    control = directory / "proxy.sock"
    words = [sys.executable, "-m", "tests.faults.proxy", str(control)]
    with (directory / "proxy.log").open("ab") as log:
        process = subprocess.Popen(words, cwd=BASE_DIR, env=environment, stderr=log, start_new_session=True)
    try:
        eventually(lambda: control.exists() or process.poll() is not None, what="the proxy listens")
        links = Links(control)
        with contextlib.closing(links):
            yield links
    finally:
        process.kill()
        process.wait()
