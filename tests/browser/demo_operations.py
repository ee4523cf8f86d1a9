"""Puts life into queues and workers: `python -m tests.browser.demo_operations begin` (or `end`)."""

import sys
from datetime import timedelta

import django

django.setup()

from django.contrib.auth.models import User  # noqa: E402  # needs the settings

from tasks_app.models import Queue, TaskRun, Worker, db_now, new_id  # noqa: E402
from tasks_app.services import lifecycle  # noqa: E402
from tasks_app.services.lifecycle import Claim  # noqa: E402
from tasks_app.services.queues import queue_pause, queue_resume  # noqa: E402
from tasks_app.services.specs import TaskSpec  # noqa: E402
from tasks_app.services.tasks import task_create, task_pause  # noqa: E402
from tasks_app.states import Reason  # noqa: E402

QUEUES = ("reports", "imports")
WORKERS = ("carillon@atlas", "carillon@borea", "carillon@corvus", "carillon@delos")
TASK = "Invoices on the first"


def begin() -> None:
    """Make queues that nobody serves or that are paused, workers that have gone or fallen silent, and paused tasks."""
    owner, now = User.objects.get(username="admin"), db_now()
    for rank, (name, said) in enumerate(zip(QUEUES, ("Long reports", "Files of partners"), strict=True), 30):
        Queue.objects.create(name=name, rank=rank, description=said, is_background=True)
    for number in range(12):
        _queue(owner, "reports", now - timedelta(minutes=40 - number))
    queue_pause(queue=Queue.objects.get(name="imports"), actor="user:olga", note="the partner moves its server")
    _workers()
    queue_pause(queue=Queue.objects.get(name="default"), actor="tests")  # or a worker would take these
    for number in range(240):
        run = _queue(owner, "default", now - timedelta(minutes=60 - number / 5))
        held = lifecycle.claim(run, worker=WORKERS[3], lease_until=now + timedelta(minutes=1), now=now)
        assert held is not None
        lifecycle.succeed(Claim(run.id, held.claim_no, WORKERS[3]), result=None)
        TaskRun.objects.filter(id=run.id).update(finished_at=now - timedelta(minutes=59 * (number * 7 % 61) / 61))
    queue_resume(queue=Queue.objects.get(name="default"), actor="tests")
    spec = TaskSpec(name=TASK, type="export_report", payload={"source": "runs"}, cron="0 6 1 * *")
    task = task_create(owner=owner, spec=spec, actor="user:admin")
    task_pause(task=task, actor="user:olga", note="Until the new price list is in")


def _queue(owner: User, queue: str, at: object) -> TaskRun:
    run = TaskRun(id=new_id(), owner=owner, type="export_report", trigger="api", status="queued", reason="due")
    run.queue, run.queued_at = queue, at  # type: ignore[assignment]  # an instant
    lifecycle.create([run], actor="user:admin")
    return run


def _workers() -> None:
    now = db_now()
    ages = {"atlas": 40, "borea": 400, "corvus": 3000, "delos": 7000}
    for name in WORKERS:
        host = name.partition("@")[2]
        heard = now - timedelta(seconds=ages[host])
        Worker.objects.create(
            name=name,
            hostname=host,
            pid=4711,
            queues=["critical", "default"],
            concurrency=8,
            version="1.0.0",
            started_at=now - timedelta(days=2),
            heartbeat_at=heard,
            load=3.2,
            stopped_at=heard if host == "delos" else None,
        )


def end() -> None:
    """Take it all away again."""
    for run in TaskRun.objects.filter(queue__in=QUEUES, status="queued"):
        lifecycle.cancel(run, reason=Reason.USER, actor="tests")
    Queue.objects.filter(name__in=QUEUES).delete()
    Worker.objects.filter(name__in=WORKERS).delete()


if __name__ == "__main__":
    {"begin": begin, "end": end}[sys.argv[1]]()
