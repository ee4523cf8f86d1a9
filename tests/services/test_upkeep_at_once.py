"""Two workers do their upkeep in the same moment, on the same rows: all is done, nothing twice, and nobody waits."""

import contextlib
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection, connections

from tasks_app.models import Beat, RunAttempt, RunEvent, ScheduledTask, TaskRun, db_now
from tasks_app.services import upkeep
from tests import runs
from tests.services import batches
from tests.services.conftest import Make
from tests.services.test_upkeep import expired, skipped

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("valkey"), pytest.mark.postgres]

MEET_SECONDS = 0.5
SECONDS = 90


class Meeting:
    """Two upkeeps that wait for each other after each statement that reads or writes rows of runs or tasks.

    Where one waits for a lock of the other they do not meet, and go on.
    """

    def __init__(self) -> None:
        self.met = 0
        self._barrier = threading.Barrier(2)

    def do(self, number: int) -> None:
        """Do upkeep, statement by statement beside the other."""
        try:
            with connection.execute_wrapper(self._beside_the_other):
                upkeep.upkeep(actor=f"upkeep:w{number}")
        finally:
            connections.close_all()

    def _beside_the_other(self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        answer = execute(sql, params, many, context)
        if TaskRun._meta.db_table in sql or ScheduledTask._meta.db_table in sql:
            with contextlib.suppress(threading.BrokenBarrierError):
                self._barrier.wait(MEET_SECONDS if not self._barrier.broken else 0.01)
                self.met += 1
        return answer


def upkeep_twice() -> int:
    """Let two do their upkeep at once; gives how often they have met."""
    meeting = Meeting()
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(meeting.do, range(2), timeout=SECONDS))
    return meeting.met


def test_two_upkeeps_on_the_same_rows_do_everything_once(
    alice: User, make: Make, caplog: pytest.LogCaptureFixture
) -> None:
    now = db_now()
    Beat.objects.all().delete()
    lost = [expired(alice, task=make(name=f"lost {n}", manual=True), is_serial=bool(n % 2)) for n in range(4)]
    group, stopped = expired(alice), expired(alice)
    TaskRun.objects.filter(id=group.id).update(started_at=None)
    runs.ask_to_stop(stopped)
    due = [make(name=f"due {n}", overlap="cancel_running") for n in range(4)]
    open_runs = [runs.make_run(alice, task) for task in due[:2]]
    ScheduledTask.objects.filter(id__in=[task.id for task in due]).update(next_slot=now, next_due_at=now)
    delayed = [runs.make_run(alice, status="scheduled", reason="delayed", queued_at=None, due_at=now) for _ in range(4)]
    ranges = [skipped(make(name=f"missed {n}")) for n in range(3)]
    batch = batches.backfill(make(name="hourly", cron=batches.HOURLY, overlap="allow"), 3, max_concurrency=1)
    first = batches.queued(batch)[0]
    runs.claim(first)
    runs.succeed(first)  # by a process that died before it let the next one in
    assert upkeep_twice() > 0, "they have met"
    assert "failed" not in caplog.text
    rescued = [runs.fresh(run) for run in lost]
    assert {(run.status, run.reason, run.crashes, run.version) for run in rescued} == {("queued", "rescued", 1, 3)}
    assert RunAttempt.objects.count() == len([*lost, stopped])
    assert (runs.fresh(group).status, runs.fresh(group).crashes) == ("queued", 0)
    assert runs.fresh(stopped).status == "cancelled"
    for task in due:
        assert TaskRun.objects.filter(task=task, slot=now).count() == 1
    assert {runs.fresh(run).reason for run in open_runs} == {"replaced"}
    assert {(runs.fresh(run).status, runs.fresh(run).version) for run in delayed} == {("queued", 2)}
    for row in ranges:
        assert TaskRun.objects.filter(task_id=row.task_id, reason="missed").count() == 3
    assert batches.by_status(batch) == {"succeeded": 1, "queued": 1, "waiting": 1}
    moves = RunEvent.objects.exclude(target="fenced").values_list("run_id", "version")
    assert len(moves) == len(set(moves))
