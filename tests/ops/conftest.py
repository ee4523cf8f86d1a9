"""A platform at rest: its rows as beat and a worker keep them."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from asgiref.sync import sync_to_async
from django.db import connections

from tasks_app.models import Beat, Queue, Worker, db_now

QUEUES = ["critical", "default", "low-priority"]


def make_worker(name: str = "carillon@here", *, age_seconds: float = 0, **fields: object) -> Worker:
    """Make a worker that reported so long ago."""
    now = db_now()
    values = {
        "hostname": "here",
        "pid": 1,
        "queues": QUEUES,
        "concurrency": 2,
        "started_at": now - timedelta(hours=1),
        "heartbeat_at": now - timedelta(seconds=age_seconds),
        "last_upkeep_at": now - timedelta(seconds=age_seconds),
        **fields,
    }
    return Worker.objects.create(name=name, **values)


def make_beat(name: str = "beat:here:1", *, age_seconds: float = 0, **fields: object) -> Beat:
    """Make a beat that ticked so long ago."""
    now = db_now()
    values = {"started_at": now - timedelta(hours=1), "last_tick_at": now - timedelta(seconds=age_seconds), **fields}
    return Beat.objects.create(name=name, **values)


@pytest.fixture(autouse=True)
async def threads_let_go_of_the_database() -> AsyncIterator[None]:
    """Close what asgiref's thread has open; a database in use can't be dropped after the tests."""
    yield
    await sync_to_async(connections.close_all)()


@pytest.fixture
def platform(transactional_db: None) -> None:
    """Queues, a beat and a worker that serves all of them."""
    for name in QUEUES:
        Queue.objects.create(name=name)
    make_worker()
    make_beat()
