"""How fast frames go out: at once while there are few, then the latest state, and what is lost is made good."""

import asyncio
from typing import Any

import pytest
from channels.layers import get_channel_layer
from django.contrib.auth.models import User
from django.db import transaction

from notifications import publisher
from notifications.layer import LiveLayer
from notifications.layer.shared import SharedReads
from notifications.publisher import Publisher
from notifications.relay import pace
from notifications.relay.pace import Pacer
from tasks_app.models import TaskRun, db_now
from tasks_app.services import lifecycle
from tests import runs
from tests.realtime.conftest import Connect, do, eventually

GROUP = "owner.1"
LOOK = {"type": "live.resync", "sockets": 2500}
QUEUED = {"type": "http_request", "trigger": "manual", "status": "queued", "reason": "due"}


class Listener:
    """Sockets that only keep what they are handed."""

    def __init__(self, sockets: int = 1) -> None:
        self.layer = LiveLayer()
        self.names = [f"socket{number}" for number in range(sockets)]
        self.layer.groups[GROUP] = dict.fromkeys(self.names, 0.0)

    def taken(self, name: str = "socket0") -> list[dict[str, Any]]:
        """Take what waits for a socket."""
        queue = self.layer.queue(name)
        return [queue.get_nowait()[1] for _ in range(queue.qsize())]


@pytest.fixture(autouse=True)
def quick_ticks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pace, "TICK_SECONDS", 0.02)


def frame(run: str, version: int, seq: int = 0) -> dict[str, Any]:
    return {"type": "live.frame", "run_id": run, "version": version, "seq": seq}


def versions(messages: list[dict[str, Any]]) -> list[int]:
    return [message["version"] for message in messages if message["type"] == "live.frame"]


async def test_the_moves_of_a_short_run_go_out_at_once() -> None:
    listener = Listener()
    pacer = Pacer(listener.layer)
    for version in (1, 2, 3):
        pacer.offer([([GROUP], frame("a", version))])
    assert versions(listener.taken()) == [1, 2, 3]


async def test_of_a_busy_run_the_latest_state_comes_later() -> None:
    listener = Listener()
    pacer = Pacer(listener.layer)
    for version in range(1, 50):
        pacer.offer([([GROUP], frame("a", version))])
    at_once = versions(listener.taken())
    assert at_once == list(range(1, len(at_once) + 1))
    assert pace.RUN_FRAMES <= len(at_once) < 20, "the first, and what a slow machine had earned meanwhile"
    await eventually(lambda: listener.layer.queue("socket0").qsize())
    assert versions(listener.taken()) == [49]


async def test_what_comes_late_does_not_take_the_place_of_what_is_newer() -> None:
    listener = Listener()
    pacer = Pacer(listener.layer)
    for version in (1, 2, 3, 4, 9, 8):
        pacer.offer([([GROUP], frame("a", version))])
    listener.taken()
    await eventually(lambda: listener.layer.queue("socket0").qsize())
    assert versions(listener.taken()) == [9]


async def test_a_large_group_takes_few_frames_a_second_and_is_told_of_the_loss() -> None:
    listener = Listener(sockets=2500)
    pacer = Pacer(listener.layer)
    for number in range(200):
        pacer.offer([([GROUP], frame(f"run{number}", number))])
    at_once = versions(listener.taken())
    assert at_once == list(range(len(at_once)))
    assert pace.BURST <= len(at_once) < 100, "the burst, and what a slow machine had earned meanwhile"
    await eventually(lambda: listener.layer.queue("socket0").qsize() > 1)
    got = listener.taken()
    assert versions(got)[-1] == 199, "the newest first"
    assert got.count(LOOK) == 1
    pacer.stop()


async def test_of_a_backlog_a_large_group_gets_a_sign_of_life_and_looks_as_it_begins_and_ends() -> None:
    listener = Listener(sockets=2500)
    pacer = Pacer(listener.layer)
    got: list[dict[str, Any]] = []

    def looks() -> int:
        got.extend(listener.taken())
        return got.count(LOOK)

    pacer.offer([([GROUP], frame(f"first{number}", number)) for number in range(200)])
    assert not listener.taken(), "what comes in masses waits for what comes after"
    await eventually(lambda: looks() >= 1)
    assert versions(got) == [199]
    pacer.offer([([GROUP], frame(f"second{number}", number)) for number in range(200)])
    await eventually(lambda: looks() >= 2)
    assert len(versions(got)) <= pace.BURST
    pacer.stop()


async def test_a_loss_is_told_though_nothing_waits_for_the_group_itself() -> None:
    listener = Listener(sockets=2500)
    pacer = Pacer(listener.layer)
    for version in range(pace.RUN_FRAMES):
        pacer.offer([([GROUP], frame("busy", version))])
    listener.taken()
    others = [([GROUP], frame(f"run{number}", 1)) for number in range(200)]
    pacer.offer([*others, *(([GROUP], frame("busy", 10 + version)) for version in range(pace.BURST))])
    got: list[dict[str, Any]] = []

    def is_told() -> bool:
        got.extend(listener.taken())
        return LOOK in got

    await eventually(is_told)
    pacer.stop()


async def test_a_busy_group_holds_no_other_back() -> None:
    listener = Listener(sockets=2500)
    listener.layer.groups["run.b"] = {"other": 0.0}
    pacer = Pacer(listener.layer)
    for number in range(200):
        pacer.offer([([GROUP, "run.b"] if number == 199 else [GROUP], frame(f"run{number}", number))])
    assert versions(listener.taken("other")) == [199]
    pacer.stop()


async def test_a_group_that_is_one_too_many_takes_no_other_its_frames(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pace, "RUNS", 1)
    listener = Listener(sockets=2500)
    listener.layer.groups["run.b"] = {"other": 0.0}
    pacer = Pacer(listener.layer)
    pacer.offer([([GROUP, "run.b"], frame(f"run{number}", number)) for number in range(200)])
    got: list[dict[str, Any]] = []

    def is_told() -> bool:
        got.extend(listener.taken())
        return LOOK in got and 199 in versions(got)

    await eventually(is_told)
    pacer.stop()


async def test_groups_that_are_done_with_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pace, "RUNS", 10)
    listener = Listener()
    pacer = Pacer(listener.layer)
    for number in range(100):
        listener.layer.groups[f"run.{number}"] = {"other": 0.0}
        pacer.offer([([f"run.{number}"], frame(f"run{number}", 1))])
        assert len(pacer._lanes) <= pace.RUNS + 1


async def test_nothing_is_kept_for_nobody() -> None:
    listener = Listener()
    pacer = Pacer(listener.layer)
    for number in range(100):
        pacer.offer([(["owner.2"], frame(f"run{number}", 1))])
    assert not pacer._runs
    assert not pacer._lanes


async def test_equal_questions_of_one_moment_are_one_read() -> None:
    reads, asked = SharedReads(), []

    async def read() -> int:
        asked.append(1)
        await asyncio.sleep(0)
        return len(asked)

    now = asyncio.get_running_loop().time()
    assert await asyncio.gather(*(reads.get("key", read, since=now) for _ in range(100))) == [1] * 100


async def test_nobody_gets_what_was_read_before_the_moment_that_they_name() -> None:
    reads, asked, may_end = SharedReads(), [], asyncio.Event()

    async def read() -> int:
        asked.append(1)
        await may_end.wait()
        return len(asked)

    loop = asyncio.get_running_loop()
    first = asyncio.create_task(reads.get("key", read, since=loop.time()))
    await eventually(lambda: asked)
    later = [asyncio.create_task(reads.get("key", read, since=loop.time())) for _ in range(10)]
    may_end.set()
    assert await asyncio.gather(first, *later) == [1] + [2] * 10


async def test_a_fault_is_not_kept() -> None:
    reads, faults = SharedReads(), [OSError("away")]

    async def read() -> str:
        if faults:
            raise faults.pop()
        return "here"

    with pytest.raises(OSError, match="away"):
        await reads.get("key", read, since=0)
    assert await reads.get("key", read, since=0) == "here"


async def test_sockets_that_follow_the_same_are_served_by_one_look(
    connect: Connect, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    sockets = [await connect(alice) for _ in range(20)]
    layer: Any = get_channel_layer()
    begun: list[object] = []
    begin = layer.reads._begin

    def noted(*args: Any) -> Any:
        begun.append(args)
        return begin(*args)

    monkeypatch.setattr(layer.reads, "_begin", noted)
    for socket in sockets:
        await socket.say(subscribe="tasks")
    for socket in sockets:
        await socket.until(lambda frame: frame["type"] == "subscribed")
    assert len(begun) < len(sockets) / 2


async def test_a_later_look_with_much_news_has_the_client_read_anew(
    connect: Connect, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("notifications.consumers.MADE_GOOD", 2)
    socket = await connect(alice, check_seconds=0.5)
    await socket.subscribe("tasks")
    away = Publisher()
    away._away_until = float("inf")
    monkeypatch.setattr(publisher, "_publisher", away)
    socket.frames.clear()
    await do(
        lambda: lifecycle.create([TaskRun(owner=alice, queued_at=db_now(), **QUEUED) for _ in range(5)], actor="tests")
    )
    await socket.until(lambda frame: frame == {"type": "subscribed", "topic": "tasks"})
    assert len(socket.frames) == 1, "which tells it more than the newest could"


async def test_what_one_topic_is_not_sent_is_not_lost_for_another(
    connect: Connect, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("notifications.consumers.MADE_GOOD", 2)
    run = await do(runs.make_run, alice)
    socket = await connect(alice, check_seconds=0.5)
    for topic in ("tasks", f"run:{run.id}"):
        await socket.subscribe(topic)
    away = Publisher()
    away._away_until = float("inf")
    monkeypatch.setattr(publisher, "_publisher", away)
    socket.frames.clear()

    def move() -> None:
        with transaction.atomic():
            lifecycle.create([TaskRun(owner=alice, queued_at=db_now(), **QUEUED) for _ in range(5)], actor="tests")
            runs.claim(run)

    await do(move)
    await socket.until(lambda frame: frame == {"type": "subscribed", "topic": "tasks"})
    await socket.until(lambda frame: frame == {"type": "subscribed", "topic": f"run:{run.id}"})


async def test_what_comes_late_does_not_replace_what_is_newer_in_a_group_that_waits() -> None:
    listener = Listener()
    pacer = Pacer(listener.layer)
    for number in range(2 * pace.MOST):
        pacer.offer([([GROUP], frame(f"r{number}", 1))])
    listener.taken()
    pacer.offer([([GROUP], frame("x", 6))])
    pacer.offer([([GROUP], frame("x", 5))])
    heard: list[dict[str, Any]] = []

    def is_heard() -> bool:
        heard.extend(message for message in listener.taken() if message.get("run_id") == "x")
        return bool(heard)

    await eventually(is_heard)
    assert versions(heard) == [6]
