"""What a claim costs while many runs of one task wait, or have been."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count

import pytest
from django.contrib.auth.models import User
from django.db import connection

from tasks_app.models import ScheduledTask, TaskRun, db_now
from tasks_app.services import claiming
from tests import runs

pytestmark = pytest.mark.django_db
on_sqlite = pytest.mark.skipif("connection.vendor != 'sqlite'", reason="counts SQLite's instructions")
FEW, MANY = 200, 1000
EACH = 10
LIGHT = 100
"""Instructions of SQLite's for each run that is passed over: each takes a look at its task, and no walk."""


def more(task: ScheduledTask, number: int, **fields: object) -> None:
    """Make so many serial runs of the task."""
    values = {"type": "x", "status": "queued", "queued_at": db_now(), "trigger": "schedule", **fields}
    TaskRun.objects.bulk_create(
        [TaskRun(task=task, owner_id=task.owner_id, is_serial=True, **values) for _ in range(number)]
    )


@contextmanager
def instructions() -> Iterator[list[int]]:
    """Count what SQLite's machine does."""
    ticks, done = count(), [0]
    connection.connection.set_progress_handler(lambda: next(ticks) < 0, EACH)
    try:
        yield done
    finally:
        connection.connection.set_progress_handler(None, 0)
        done[0] = next(ticks) * EACH


def cost_of_a_claim() -> int:
    """Claim the run that waits behind those that may not begin."""
    with instructions() as done:
        assert claiming.claim_next(queues=["default"], worker="w", lease_seconds=60) is not None
    return done[0]


@on_sqlite
def test_a_claim_passes_over_each_waiting_run_of_a_busy_task_with_one_look(alice: User) -> None:
    costs = []
    for number in (FEW, MANY):
        TaskRun.objects.all().delete()
        task = runs.make_task(alice, overlap="queue_all")
        runs.claim(runs.make_run(alice, task, is_serial=True))
        more(task, number)
        runs.make_run(alice)
        costs.append(cost_of_a_claim())
    assert costs[1] - costs[0] < LIGHT * (MANY - FEW), costs


@on_sqlite
def test_a_claim_of_a_serial_run_does_not_walk_what_its_task_has_done(alice: User) -> None:
    costs = []
    for number in (FEW, MANY):
        TaskRun.objects.all().delete()
        task = runs.make_task(alice, overlap="queue_all")
        more(task, number, status="succeeded", queued_at=None, finished_at=db_now())
        runs.make_run(alice, task, is_serial=True)
        costs.append(cost_of_a_claim())
    assert costs[1] - costs[0] < MANY - FEW, costs


@pytest.mark.postgres
@pytest.mark.usefixtures("new_tables")
def test_postgresql_reads_what_runs_once_for_a_whole_backlog(alice: User) -> None:
    task = runs.make_task(alice, overlap="queue_all")
    runs.claim(runs.make_run(alice, task, is_serial=True))
    more(task, MANY)
    sql, _ = claiming._first_type("default")
    with connection.cursor() as cursor:
        for statistics in ("SELECT 1", f"ANALYZE {TaskRun._meta.db_table}"):
            cursor.execute(statistics)
            cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT json) {sql}")
            plan = cursor.fetchone()[0][0]["Plan"]
            assert plan["Shared Hit Blocks"] + plan["Shared Read Blocks"] < MANY, plan
