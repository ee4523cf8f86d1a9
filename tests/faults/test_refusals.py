"""A Redis that answers, and refuses what is written to it: workers stay, and go on when it takes writes again."""

import json

import pytest

from tests.faults.messages import message
from tests.faults.test_strange_messages import QUEUE
from tests.live.platform import Platform
from tests.live.surroundings import eventually

pytestmark = pytest.mark.live

SETTINGS = {"full": ("maxmemory", "1", "0"), "without replicas": ("min-replicas-to-write", "1", "0")}


@pytest.mark.parametrize("how", SETTINGS)
def test_a_worker_outlives_a_redis_that_refuses(platform: Platform, how: str) -> None:
    name, refusing, usual = SETTINGS[how]
    worker = platform["worker"]
    said = worker.log.stat().st_size
    with platform.redis() as client:
        try:
            with client.pipeline(transaction=True) as together:  # so that the worker meets the refusal with a message
                together.rpush(QUEUE, json.dumps(message()).encode())
                together.execute_command("CONFIG", "SET", name, refusing)
                together.execute()
            eventually(
                lambda: "broker" in worker.log.read_bytes()[said:].decode(errors="replace"), what="it is refused"
            )
        finally:
            client.config_set(name, usual)
    run = platform.run("probe.echo")
    assert platform.ended(run).status == "succeeded"
    assert platform["worker"].pid == worker.pid, "the worker has not ended"
