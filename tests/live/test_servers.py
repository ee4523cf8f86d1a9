"""DATABASE_URL and REDIS_URL alone move the platform to real servers."""

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator

import httpx
import pytest
import redis

from tests.live.database import own_database
from tests.live.launched import launched
from tests.live.surroundings import eventually, free_port, short_directory

pytestmark = [pytest.mark.live, pytest.mark.postgres]


@pytest.fixture
def redis_url() -> Iterator[str]:
    """Run the system's Redis on a port of its own."""
    server = os.environ.get("TEST_REDIS_SERVER") or shutil.which("redis-server")
    if server is None:
        pytest.skip("no redis-server on this machine")
    port = free_port()
    with (
        short_directory() as directory,
        subprocess.Popen(
            [server, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(directory)],
            stdout=subprocess.DEVNULL,
        ) as process,
        redis.Redis(port=port) as client,
    ):
        eventually(lambda: _answers(client), what="Redis answers")
        yield f"redis://127.0.0.1:{port}/1"
        process.terminate()


def test_two_variables_move_it_to_postgresql_and_redis(redis_url: str) -> None:
    with (
        short_directory() as directory,
        own_database() as settings,
        launched(directory, REDIS_URL=redis_url, **settings) as platform,
    ):
        address = platform.ready()["address"]
        health = eventually(lambda: _healthy(address), 60, "the whole platform works")
        assert health is not None
        assert health["checks"]["database"]["detail"].startswith("postgresql")
        with redis.Redis.from_url(redis_url) as client:
            assert all(key.startswith(b"carillon:") for key in client.scan_iter())
        assert not any("redis" in line and "started" in line for line in platform.lines)
        assert sorted(path.name for path in directory.glob("*.sqlite3")) == []
        assert platform.interrupt() == 0
        assert platform.pids() == set()


def _answers(client: "redis.Redis") -> bool:
    with contextlib.suppress(redis.ConnectionError):
        return bool(client.ping())
    return False


def _healthy(address: str) -> dict[str, dict[str, dict[str, str]]] | None:
    with contextlib.suppress(httpx.TransportError):
        answer = httpx.get(f"{address}/statusz", trust_env=False, timeout=20)
        if answer.status_code == httpx.codes.OK:
            return dict(answer.json())
    return None
