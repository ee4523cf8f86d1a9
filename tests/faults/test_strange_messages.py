"""Anything may lie in the queue: a worker drops what it cannot read, says so, and goes on by itself."""

import base64
import json
from functools import partial

import pytest

from tests.faults.messages import headers, message, properties
from tests.live import inside
from tests.live.platform import Platform
from tests.live.surroundings import eventually

pytestmark = [pytest.mark.live, pytest.mark.sqlite]

QUEUE = "carillon:default"
UNACKED = "carillon:unacked"
BROADCASTS = "carillon:/0.celery.pidbox"
UNHEARD = {"an unknown encoding"}  # nobody reads it


DROPPED = {
    "bytes": b"\x00\xff not json",
    "nothing": b"",
    "half": json.dumps(message()).encode()[:-9],
    "deep": b"[" * 200_000,
    "a hook that fails": b'{"__type__": "datetime", "__value__": 7}',
    "a list": [],
    "a number": 1,
    "null": None,
    "an object": {},
    "a body alone": {"body": "e30="},
    "no properties": message(properties=None),
    "null tag": message(properties=properties(delivery_tag=None)),
    "true tag": message(properties=properties(delivery_tag=True)),
    "properties in a list": message(properties=[]),
    "a tag that is a list": message(properties=properties(delivery_tag=[1])),
    "no route": message(properties=properties(delivery_info={})),
    "a body that is a number": message(body=7),
    "an unknown body encoding": message(properties=properties(body_encoding="rot13")),
    "headers in a list": message(headers=["task"]),
    "no headers": message(headers={}),
    "a name that is a list": message(headers=headers(task=["tasks_app.work"])),
    "no id": message(headers={"task": "tasks_app.work"}),
    "an id that is an object": message(headers=headers(id={})),
    "a limit that is a word": message(headers=headers(timelimit="soon")),
    "an unknown task": message(headers=headers(task="tasks_app.of_tomorrow")),
    "an unknown task without an id": message(headers={"task": "tasks_app.of_tomorrow"}),
    "an unknown content type": message(**{"content-type": "application/x-of-tomorrow"}),
    "a pickle": message(**{"content-type": "application/x-python-serialize", "content-encoding": "binary"}),
    "an unknown encoding": message(**{"content-encoding": "utf-1024"}),
    "an unknown compression": message(headers=headers(compression="middle-out")),
    "an oversized body": message(body=base64.b64encode(b" " * 8_000_000).decode()),
    "arguments of tomorrow": message(body=base64.b64encode(b'{"queue": "default"}').decode()),
    "a date that is none": message(headers=headers(eta="the day after tomorrow")),
}


@pytest.mark.parametrize("name", DROPPED)
def test_a_worker_goes_on_after_what_it_cannot_read_and_says_so(platform: Platform, name: str) -> None:
    found = DROPPED[name]
    worker, said = platform["worker"], platform["worker"].log.stat().st_size
    with platform.redis() as client:
        # Workers that were killed before may have left what they had taken; it comes back after an hour.
        left = set(client.hkeys(UNACKED))
        client.rpush(QUEUE, found if isinstance(found, bytes) else json.dumps(found).encode())
        eventually(lambda: not client.llen(QUEUE), what="it has been taken")
        run = platform.run("probe.echo")
        assert platform.ended(run).path == ["queued/due", "running", "succeeded"]
        eventually(lambda: set(client.hkeys(UNACKED)) <= left, what="it is not kept for later")
    assert platform["worker"].pid == worker.pid, "the worker has not ended"
    told = worker.log.read_text(encoding="utf-8", errors="replace").encode()[said:].decode(errors="replace")
    assert name in UNHEARD or any(level in told for level in ("WARNING", "ERROR", "CRITICAL")), "it says so"
    assert "connection to broker lost" not in told.lower(), "nor has it connected anew"


def test_a_strange_broadcast_ends_no_worker(platform: Platform) -> None:
    worker = platform["worker"]
    with platform.redis() as client:
        for text in (b"\x00\xff", b"[]", b"{}", json.dumps(message()).encode()):
            eventually(partial(client.publish, BROADCASTS, text), what="the worker listens there")
    eventually(lambda: platform.do(inside.ping), what="it hears what comes after that")
    run = platform.run("probe.echo")
    assert platform.ended(run).status == "succeeded"
    assert platform["worker"].pid == worker.pid
