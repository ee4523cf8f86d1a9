"""The relay outlives Redis, and the sockets do not notice more than a pause."""

import tempfile
from collections.abc import AsyncIterator, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from channels.layers import channel_layers
from django.contrib.auth.models import User
from pytest_django import Settings

from notifications import publisher
from notifications import relay as relay_module
from notifications.publisher import Publisher
from notifications.relay import Relay, lifespan
from tests import runs
from tests.realtime.conftest import Connect, do, eventually, let_go_of_database
from tests.realtime.server import Server


@pytest.fixture
def server(settings: Settings) -> Iterator[Server]:
    with tempfile.TemporaryDirectory(prefix="c-", dir="/tmp") as directory:
        server = Server(Path(directory))
        settings.REDIS_URL = server.url
        yield server
        server.stop()


@pytest.fixture
async def relay(server: Server, transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Relay]:
    """In place of the usual one: a relay that starts before its Redis."""
    monkeypatch.setattr(relay_module, "POLL_SECONDS", 0.05)
    monkeypatch.setattr(relay_module, "LONGEST_PAUSE_SECONDS", 0.2)
    monkeypatch.setattr(publisher, "BACK_OFF_SECONDS", 0.05)
    channel_layers.backends = {}
    publisher._publisher = Publisher()
    relay = Relay()
    relay.start()
    yield relay
    await relay.stop()
    channel_layers.backends = {}
    await let_go_of_database()


async def test_sockets_follow_runs_before_during_and_after_an_outage_of_redis(
    connect: Connect, relay: Relay, server: Server, alice: User
) -> None:
    socket = await connect(alice, spread_seconds=0, check_seconds=3600)
    await socket.subscribe("tasks")
    for is_up in (False, True, False, True):
        server.start() if is_up else server.stop()
        await eventually(partial(_is, relay, is_up))
        run = await do(runs.make_run, alice)
        await do(runs.claim, run)
        await do(runs.succeed, run)
        await socket.until(partial(_says, str(run.id), "succeeded"))


def _is(relay: Relay, connected: bool) -> bool:
    return relay.is_connected == connected


def _says(run_id: str, status: str, frame: dict[str, Any]) -> bool:
    return frame.get("run_id") == run_id and frame["status"] == status


async def test_the_lifespan_of_the_web_process_starts_and_stops_the_relay(server: Server) -> None:
    server.start()
    said: list[dict[str, Any]] = []
    to_say = iter(["lifespan.startup", "lifespan.shutdown"])

    async def receive() -> dict[str, Any]:
        if said:
            await eventually(lambda: relay_module.relay.is_connected)
        return {"type": next(to_say)}

    async def send(message: dict[str, Any]) -> None:
        said.append(message)

    await lifespan({"type": "lifespan"}, receive, send)
    assert [message["type"] for message in said] == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
    assert relay_module.relay._task is None
