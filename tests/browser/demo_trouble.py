"""Lets a queue have no worker while a run waits in it: `python -m tests.browser.demo_trouble begin` (or `end`)."""

import sys
from datetime import timedelta

import django

django.setup()

from django.contrib.auth.models import User  # noqa: E402  # needs the settings

from tasks_app.models import Queue, TaskRun, db_now  # noqa: E402
from tasks_app.services import lifecycle  # noqa: E402
from tasks_app.states import Reason  # noqa: E402

QUEUE = "reports"
READER = "rita"


def begin() -> None:
    """Make the queue, a run that has waited in it for minutes, and somebody who is no operator."""
    Queue.objects.create(name=QUEUE, rank=30)
    rita = User.objects.create_user(READER, password=f"{READER}-password")
    since = db_now() - timedelta(minutes=7)
    run = TaskRun(owner=rita, type="export_report", trigger="manual", status="queued", reason="due", queue=QUEUE)
    run.queued_at = run.scheduled_for = since
    lifecycle.create([run], actor=f"user:{READER}")


def end() -> None:
    """Take it all away again."""
    for run in TaskRun.objects.filter(queue=QUEUE, status="queued"):
        lifecycle.cancel(run, reason=Reason.USER, actor="tests")
    Queue.objects.filter(name=QUEUE).delete()


if __name__ == "__main__":
    {"begin": begin, "end": end}[sys.argv[1]]()
