"""A frame is only a hint: whatever gets lost, the client is right again by itself."""

import asyncio
from typing import Any

import pytest
import redis
from channels.layers import get_channel_layer
from django.contrib.auth.models import User
from django.db import transaction

from notifications import publisher
from notifications.consumers import LiveConsumer
from notifications.publisher import Publisher
from notifications.relay import Relay
from tests import runs
from tests.realtime.conftest import Connect, do, drop_listeners, eventually, session_of
from tests.realtime.wire import Wire

SOON = 0.05
STALE: dict[str, Any] = {
    **{"type": "live.frame", "kind": "update", "encode": str},
    **{"run_id": "x", "topic_run": "x", "topic_task": "x", "owner_id": None, "version": 1, "seq": 0},
}


@pytest.fixture
def deaf(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every hint of this process be dropped, as during the back-off after a failure."""
    away = Publisher()
    away._away_until = float("inf")
    monkeypatch.setattr(publisher, "_publisher", away)


async def test_a_lost_frame_is_made_good_by_the_next_look(connect: Connect, alice: User, deaf: None) -> None:
    run = await do(runs.make_run, alice)
    socket = await connect(alice, check_seconds=SOON)
    await socket.subscribe(f"run:{run.id}")
    await do(runs.claim, run)
    await do(runs.log, run, "hello")
    await do(runs.succeed, run)
    await socket.until(lambda frame: frame.get("status") == "succeeded")
    await eventually(lambda: True)
    assert publisher.counts().dropped >= 3
    if 1 not in socket.lines:
        await socket.until(lambda frame: frame["type"] == "RunLog")
    assert socket.lines == {1: "hello"}


async def test_lost_lines_of_a_run_come_however_many_sockets_there_are(
    connect: Connect, alice: User, deaf: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("notifications.consumers.MADE_GOOD_SENDS", 1)
    run = await do(runs.make_run, alice)
    socket = await connect(alice, check_seconds=SOON)
    await socket.subscribe(f"run:{run.id}")

    def move() -> None:
        with transaction.atomic():
            runs.claim(run)
            runs.log(run, "hello")

    await do(move)
    await socket.until(lambda frame: frame["type"] == "RunLog")
    assert socket.lines == {1: "hello"}


async def test_lost_log_lines_show_as_a_gap_and_come_as_a_hint(
    connect: Connect, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = await do(runs.make_run, alice)
    await do(runs.claim, run)
    socket = await connect(alice)
    await socket.subscribe(f"run:{run.id}")
    with monkeypatch.context() as patch:
        away = Publisher()
        away._away_until = float("inf")
        patch.setattr(publisher, "_publisher", away)
        await do(runs.log, run, "lost")
    await do(runs.log, run, "heard")
    assert (await socket.until(lambda frame: frame["type"] == "RunLog"))["lines"] == []


async def test_after_a_lost_connection_every_socket_looks_again(
    connect: Connect, relay: Relay, alice: User, valkey: str, deaf: None
) -> None:
    run = await do(runs.make_run, alice)
    socket = await connect(alice, spread_seconds=0)
    await socket.subscribe("tasks")
    await do(runs.claim, run)
    await do(drop_listeners, valkey)
    await socket.until(lambda frame: frame.get("status") == "running")
    # and is told that it happened, because a list may have missed more than the snapshot holds
    await socket.until(lambda frame: frame == {"type": "subscribed", "topic": "tasks"})


async def test_what_is_unreadable_on_the_channel_is_passed_over(
    connect: Connect, alice: User, empty_redis: redis.Redis
) -> None:
    run = await do(runs.make_run, alice)
    socket = await connect(alice)
    await socket.subscribe("tasks")
    for junk in (b"\xff", b"{}", b'{"owner_id": 1, "frame": {"type": "TaskUpdated"}}', b"[" * 10_000):
        await do(empty_redis.publish, publisher.channel(), junk)
    await do(runs.claim, run)
    await socket.until(lambda frame: frame.get("status") == "running")


async def test_a_slow_client_gets_a_fresh_look_instead_of_a_backlog(connect: Connect, alice: User) -> None:
    run = await do(runs.make_run, alice)
    socket = await connect(alice)
    await socket.subscribe(f"run:{run.id}")
    layer: Any = get_channel_layer()
    (channel,) = layer.groups[f"run.{run.id}"]
    await do(runs.claim, run)
    await socket.until(lambda frame: frame.get("status") == "running")
    # Without giving the socket a chance to take them: more than its queue holds.
    for _ in range(1000):
        layer.deliver([f"run.{run.id}"], STALE)
    assert layer.channels[channel].qsize() <= layer.capacity
    await socket.until(lambda frame: frame == {"type": "subscribed", "topic": f"run:{run.id}"})


async def test_nothing_of_a_closed_socket_stays_behind(connect: Connect, alice: User) -> None:
    run = await do(runs.make_run, alice)
    socket = await connect(alice)
    for topic in ("tasks", f"run:{run.id}"):
        await socket.subscribe(topic)
    layer: Any = get_channel_layer()
    tasks_before = len(asyncio.all_tasks())
    await socket.wire.hang_up()
    assert (layer.groups, layer.channels) == ({}, {})
    await eventually(lambda: len(asyncio.all_tasks()) < tasks_before)


async def test_a_client_that_takes_nothing_is_let_go(
    relay: Relay, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("notifications.consumers.SEND_SECONDS", 0.05)
    said = iter([{"type": "websocket.connect"}, {"type": "websocket.receive", "text": '{"ping": 1}'}])
    forever = asyncio.Event()

    async def receive() -> dict[str, Any]:
        if (message := next(said, None)) is not None:
            return message
        await forever.wait()
        raise AssertionError

    async def send(message: dict[str, Any]) -> None:
        if message["type"] == "websocket.send":
            await forever.wait()

    wire = Wire(session_key=await session_of(alice))
    async with asyncio.timeout(60):
        await LiveConsumer.as_asgi()(wire.scope, receive, send)
    layer: Any = get_channel_layer()
    assert (layer.groups, layer.channels) == ({}, {})


async def test_looking_again_is_bounded_however_fast_frames_are_lost(
    connect: Connect, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("notifications.consumers.SLOW_SECONDS", 0.1)
    socket = await connect(alice)
    await socket.subscribe("tasks")
    layer: Any = get_channel_layer()
    (channel,) = layer.groups["sockets"]
    for _ in range(50):
        layer.put(channel, layer.RESYNC)
    await socket.until(lambda frame: frame == {"type": "subscribed", "topic": "tasks"})
    await socket.settle()
    looks = sum(frame["type"] == "subscribed" for frame in socket.frames) - 1
    assert 1 <= looks < 10, "one, and what a slow machine had earned meanwhile"


@pytest.mark.parametrize("is_full", [True, False], ids=["no room for the look", "the look falls out"])
async def test_a_client_that_is_slow_again_as_it_is_to_look_is_right_in_the_end(
    connect: Connect, alice: User, deaf: None, is_full: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("notifications.consumers.SLOW_SECONDS", 0.05)
    run = await do(runs.make_run, alice)
    socket = await connect(alice)
    await socket.subscribe("tasks")
    layer: Any = get_channel_layer()
    (channel,) = layer.groups["sockets"]
    put = layer.put
    refreshes: list[dict[str, Any]] = []

    def put_amid_a_flood(name: str, message: dict[str, Any]) -> None:
        if message["type"] == "live.refresh" and not refreshes:
            refreshes.append(message)
            flood = [STALE] * layer.capacity
            for one in [*flood, message] if is_full else [message, *flood]:
                put(name, one)
        else:
            put(name, message)

    monkeypatch.setattr(layer, "put", put_amid_a_flood)
    layer.put(channel, layer.RESYNC)
    await eventually(lambda: refreshes)
    await do(runs.claim, run)
    await socket.until(lambda frame: frame.get("status") == "running")
