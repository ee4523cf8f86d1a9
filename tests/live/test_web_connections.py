"""A web process on PostgreSQL keeps to its pool of connections, however many requests come at once."""

import contextlib
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import psycopg
import pytest

from scheduler_project.settings import DATABASES
from tests.live import inside
from tests.live.platform import Platform, running_platform

pytestmark = [pytest.mark.live, pytest.mark.postgres]
POOL = 5
HEALTH_THREADS = 4
REQUESTS = 120


@pytest.fixture
def platform() -> Iterator[Platform]:
    with running_platform("redis", "web", DATABASE_POOL_SIZE=str(POOL)) as running:
        yield running


def test_requests_share_few_connections(platform: Platform) -> None:
    with contextlib.closing(platform.signed_in("admin", platform.do(inside.first_password))) as client:
        before = _sessions(platform)

        def get(_: int) -> int:
            return client.get("/tasks/").status_code

        with ThreadPoolExecutor(20) as pool:
            answers = list(pool.map(get, range(REQUESTS)))
        opened = _sessions(platform) - before
    assert set(answers) == {httpx.codes.OK}
    assert opened <= POOL + HEALTH_THREADS


def _sessions(platform: Platform) -> int:
    """Ask the server how many connections were ever opened to the platform's database."""
    config = DATABASES["default"]
    where = {key: config[key.upper()] for key in ("host", "port", "user", "password") if config[key.upper()]}
    name = platform.do(os.getenv, "DATABASE_URL")
    assert name is not None
    with psycopg.connect(dbname=config["NAME"], **where) as connection:
        row = connection.execute(
            "SELECT sessions FROM pg_stat_database WHERE datname = %s", [name.rpartition("/")[2].partition("?")[0]]
        ).fetchone()
    assert row is not None
    return int(row[0])
