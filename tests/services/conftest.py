"""What the tests of the services share."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection

from tasks_app.models import ScheduledTask, db_now
from tasks_app.services.specs import TaskSpec
from tasks_app.services.tasks import task_create
from tests import clocks
from tests.clocks import Clock
from tests.services.deeds import at

START = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
PAYLOAD = {"url": "https://example.org/"}
Make = Callable[..., ScheduledTask]


@pytest.fixture
def new_tables(db: None) -> None:
    """Give PostgreSQL tables of which it knows nothing yet: what other tests have left in them has its say in plans."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("TRUNCATE tasks_app_taskrun, tasks_app_scheduledtask CASCADE")


@pytest.fixture
def make(alice: User) -> Make:
    """Make a task of alice's through the service: every ten minutes, unless the fields say otherwise."""

    def make(**fields: Any) -> ScheduledTask:
        values = {"name": "Nightly", "type": "http_request", "payload": PAYLOAD, **fields}
        if not {"schedule", "cron", "run_at", "manual"} & set(values):
            values["cron"] = "*/10 * * * *"
        values.pop("manual", None)
        owner = values.pop("owner", alice)
        return task_create(owner=owner, spec=TaskSpec(**values), actor="user:alice")

    return make


@pytest.fixture
def clock(db: None) -> Iterator[Clock]:
    """The database's clock, which stands at `START` until it is moved."""
    with clocks.stopped_at(START) as clock:
        yield clock


@pytest.fixture
def past(make: Make) -> ScheduledTask:
    """A one-time task of last week that has run."""
    task = make(run_at=db_now() + timedelta(hours=1))
    then = (db_now() - timedelta(days=7)).replace(microsecond=0)
    schedule = {"kind": "once", "run_at": then.strftime("%Y-%m-%dT%H:%M:%SZ")}
    return at(task, schedule=schedule, status="completed", next_slot=None, next_due_at=None)
