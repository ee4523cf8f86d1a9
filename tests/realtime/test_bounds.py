"""What a client may say, how much and how often."""

import dataclasses

import pytest
from django.contrib.auth.models import User
from pytest_django import Settings

from tests import runs
from tests.realtime.conftest import Connect, do


@pytest.mark.parametrize(
    "text",
    ["", "no json", "[]", "{}", "null", '{"subscribe": 1}', '{"subscribe": "tasks", "ping": 1}', '{"ping": "1"}',
     '{"subscribe": "tasks", "more": 1}', '{"ping": null}', "[" * 2000],
)  # fmt: skip
async def test_what_makes_no_sense_is_a_bad_request(text: str, connect: Connect, alice: User) -> None:
    socket = await connect(alice)
    await socket.wire.say(text)
    assert await socket.next() == {"type": "error", "code": "bad_request"}
    await socket.settle()


@pytest.mark.parametrize("topic", ["", "runs", "run:", "run:7", "task:x", "queue:default", "run:\u0000", "x" * 1000])
async def test_an_unknown_topic_is_named(topic: str, connect: Connect, alice: User) -> None:
    socket = await connect(alice)
    await socket.say(subscribe=topic)
    assert await socket.next() == {"type": "error", "code": "unknown_topic", "topic": topic[:100]}


async def test_a_ping_is_answered(connect: Connect, alice: User) -> None:
    socket = await connect(alice)
    await socket.say(ping=7)
    assert await socket.next() == {"type": "pong", "n": 7}


async def test_a_frame_that_is_too_large_ends_the_socket(connect: Connect, alice: User) -> None:
    socket = await connect(alice)
    await socket.wire.say('{"subscribe": "' + "x" * 4096 + '"}')
    assert (await socket.next())["code"] == "frame_too_large"
    assert await socket.close_code() == 1009


async def test_bytes_end_the_socket(connect: Connect, alice: User) -> None:
    socket = await connect(alice)
    await socket.wire.say(data=b"\x00")
    assert (await socket.next())["code"] == "not_text"
    assert await socket.close_code() == 1008


async def test_a_client_that_never_stops_talking_is_cut_off(connect: Connect, alice: User) -> None:
    socket = await connect(alice)
    for _ in range(400):
        await socket.say(ping=1)
    await socket.until(lambda frame: frame == {"type": "error", "code": "rate_limited"})
    assert await socket.close_code() == 1008


async def test_one_person_has_so_many_sockets_in_a_process(
    connect: Connect, alice: User, bob: User, settings: Settings
) -> None:
    settings.LIMITS = dataclasses.replace(settings.LIMITS, sockets_per_user=2)
    first, second = await connect(alice), await connect(alice)
    third = await connect(alice)
    assert await third.next() == {"type": "error", "code": "too_many_sockets"}
    assert await third.close_code() == 4429
    await (await connect(bob)).settle()
    await second.settle()
    await first.wire.hang_up()
    await (await connect(alice)).settle()


async def test_a_hundred_subscriptions_are_enough(connect: Connect, alice: User) -> None:
    made = [await do(runs.make_run, alice) for _ in range(101)]
    socket = await connect(alice)
    for run in made[:100]:
        await socket.subscribe(f"run:{run.id}")
    await socket.say(subscribe=f"run:{made[100].id}")
    frame = await socket.next()
    assert frame == {"type": "error", "code": "too_many_subscriptions", "topic": f"run:{made[100].id}"}
    await socket.say(unsubscribe=f"run:{made[0].id}")
    await socket.until(lambda frame: frame["type"] == "unsubscribed")
    await socket.subscribe(f"run:{made[100].id}")
