"""A client of `/ws/` that listens in a thread and keeps what it hears."""

import contextlib
import json
import threading
from collections.abc import Iterator
from typing import Any

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin

from tests.live.surroundings import WAIT_SECONDS, eventually

PATIENT: dict[str, Any] = {"proxy": None, "open_timeout": WAIT_SECONDS, "ping_timeout": None}


class Watcher:
    """The frames of one socket, in the order in which they came."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection
        self.frames: list[dict[str, Any]] = []
        threading.Thread(target=self._listen, name="watcher", daemon=True).start()

    def subscribe(self, topic: str) -> None:
        """Subscribe, and wait for the end of the snapshot."""
        self._connection.send(json.dumps({"subscribe": topic}))
        eventually(lambda: {"type": "subscribed", "topic": topic} in self.frames, what=f"subscribed to {topic}")

    def of(self, run_id: str) -> list[dict[str, Any]]:
        """Give the frames that say where a run stands."""
        return [frame for frame in list(self.frames) if frame["type"] == "TaskUpdated" and frame["run_id"] == run_id]

    def _listen(self) -> None:
        with contextlib.suppress(ConnectionClosed):
            for text in self._connection:
                self.frames.append(json.loads(text))


@contextlib.contextmanager
def watching(url: str, cookies: dict[str, str]) -> Iterator[Watcher]:
    """Open the socket as a page at `url` does."""
    cookie = "; ".join(f"{name}={value}" for name, value in cookies.items())
    address = f"{url.replace('http', 'ws', 1)}/ws/"
    with connect(address, origin=Origin(url), additional_headers={"Cookie": cookie}, **PATIENT) as connection:
        yield Watcher(connection)
