"""Somebody holds a lock in PostgreSQL: a table that nobody can read, a run that nobody can claim."""

import contextlib
from collections.abc import Iterator
from uuid import UUID

from tests.faults.trial import Trial
from tests.live import inside
from tests.live.database import connect
from tests.live.process import Process
from tests.live.surroundings import eventually

LEASE_SECONDS = 5
LOCKED = "SELECT id FROM tasks_app_taskrun WHERE id = %s FOR UPDATE"


@contextlib.contextmanager
def holding(trial: Trial, statement: str, *params: object, name: str = "console") -> Iterator[None]:
    """Leave a transaction open for the block, as a forgotten console would."""
    assert trial.cluster.postgres is not None
    with contextlib.closing(connect(trial.cluster.postgres.url, application_name=name)) as connection:
        connection.autocommit = False
        trial.cluster.note("lock", statement)
        connection.execute(statement, params)
        yield


def test_a_table_that_is_locked_beyond_every_lease_costs_only_time(trial: Trial) -> None:
    before = {process.pid for process in trial.cluster.processes if process.is_alive}
    runs = [trial.workload.run(lasts=2) for _ in range(2)]
    trial.begun(runs[0])
    with holding(trial, "LOCK TABLE tasks_app_taskrun IN ACCESS EXCLUSIVE MODE"):
        trial.nemesis.last(2 * LEASE_SECONDS)
    trial.more_runs()
    assert [trial.ended(run).status for run in runs] == ["succeeded"] * 2
    assert before <= {process.pid for process in trial.cluster.processes if process.is_alive}, "nobody has to restart"


def test_a_run_that_is_locked_holds_up_no_other(trial: Trial) -> None:
    trial.cluster.do(inside.queue_pause, "critical")
    locked, other = trial.workload.run(queue="critical"), trial.workload.run(queue="critical")
    with holding(trial, LOCKED, locked):
        trial.cluster.do(inside.queue_resume, "critical")
        assert trial.ended(other).status == "succeeded"
        trial.more_runs()
        assert trial.cluster.story(locked).status == "queued"
    assert trial.ended(locked).status == "succeeded"


def test_a_task_that_is_locked_holds_up_no_other(trial: Trial) -> None:
    task = trial.workload.tasks[0]
    with holding(trial, "SELECT id FROM tasks_app_scheduledtask WHERE id = %s FOR UPDATE", task.id):
        trial.more_slots()
        trial.more_runs()
    fired = trial.cluster.do(inside.count_runs, task_id=task.id)
    eventually(lambda: trial.cluster.do(inside.count_runs, task_id=task.id) > fired, 30, "it is fired again")


def worker_of(trial: Trial, run: UUID) -> Process:
    """Wait until the run is at work, and give the worker that has it."""
    pid = trial.begun(run).pid
    return next(worker for worker in trial.cluster.living("worker") if pid in worker.children())


def test_a_run_whose_worker_has_vanished_inside_a_transaction_is_rescued(trial: Trial) -> None:
    """Its machine is gone, and PostgreSQL has not heard of it: the transaction stays open, with the run in it."""
    run = trial.workload.run(lasts=4)
    worker = worker_of(trial, run)
    with holding(trial, LOCKED, run, name="carillon@vanished"):
        trial.cluster.kill_group(worker)
        story = trial.ended(run)
    assert story.path == ["queued/due", "running", "queued/rescued", "running", "succeeded"]


def test_a_lost_run_that_a_console_holds_keeps_no_other_from_its_rescue(trial: Trial) -> None:
    held, other = trial.workload.run(lasts=4), trial.workload.run(lasts=4)
    workers = [worker_of(trial, held), worker_of(trial, other)]
    with holding(trial, LOCKED, held):
        for worker in dict.fromkeys(workers):
            trial.cluster.kill_group(worker)
        trial.cluster.start("worker")
        assert trial.ended(other).status == "succeeded"
        trial.more_runs()
        assert trial.cluster.story(held).status == "running"
    assert trial.ended(held).status == "succeeded"
