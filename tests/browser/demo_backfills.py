"""A task with backfills for the pictures: one under way, one that is done, one that was cancelled; and some gaps."""

import random
import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import User

from tasks_app.models import Batch, RunEvent, ScheduledTask, TaskRun
from tasks_app.models.ids import first_id_at
from tasks_app.services.backfill_slots import instants
from tasks_app.services.specs import TaskSpec
from tasks_app.services.tasks import task_create

NAME = "Settle the card payments"
WORKER = "carillon@tower"
DAY = timedelta(days=1)
ERROR = "HTTPStatusError: 503 Service Unavailable from clearing.example.org"


def fill(chance: random.Random, now: datetime) -> None:
    """Write it all."""
    now = now.replace(second=0, microsecond=0)
    owner = User.objects.filter(is_superuser=True).earliest("pk")
    spec = TaskSpec(
        name=NAME,
        type="export_report",
        payload={"source": "runs"},
        schedule={"kind": "daily", "time": "04:15"},
        timezone="Europe/Berlin",
        tags=("payments",),
    )
    task = task_create(owner=owner, spec=spec, actor=f"user:{owner.username}")
    recent = list(instants(task, now - 14 * DAY, now))
    for number, slot in enumerate(recent):
        if number not in (4, 5, 9):  # nobody has run these
            _row(chance, task, slot, "failed" if number in (6, 11) else "succeeded", slot=slot)
    done = ["succeeded"] * 31
    _batch(chance, task, now - 130 * DAY, now - 100 * DAY, done, started=now - 3 * DAY)
    _batch(chance, task, now - 96 * DAY, now - 76 * DAY, ["succeeded"] * 4 + ["cancelled"] * 17, started=now - 2 * DAY)
    going = ["succeeded"] * 23
    going[7] = going[12] = "failed"
    going += ["succeeded", "running", "succeeded", "running", *["waiting"] * 20]
    _batch(chance, task, now - 61 * DAY, now - 15 * DAY, going, started=now - timedelta(minutes=9))


def _batch(  # a picture
    chance: random.Random,
    task: ScheduledTask,
    start: datetime,
    end: datetime,
    states: Sequence[str],
    *,
    started: datetime,
) -> None:
    slots = list(instants(task, start, end))[: len(states)]
    is_open = "waiting" in states
    batch = Batch.objects.create(
        id=uuid.UUID(int=first_id_at(started).int | chance.getrandbits(60)),
        owner_id=task.owner_id,
        task=task,
        kind="backfill",
        total=len(slots),
        max_concurrency=2,
        actor=f"user:{task.owner.username}",
        parameters={
            "from": start.isoformat(timespec="seconds"),
            "to": end.isoformat(timespec="seconds"),
            "reprocess": "none",
            "overlap": "allow",
        },
        cancelled_at=started + timedelta(minutes=4) if "cancelled" in states else None,
        cancelled_by=f"user:{task.owner.username}" if "cancelled" in states else "",
        finished_at=None if is_open else started + timedelta(minutes=12),
    )
    Batch.objects.filter(pk=batch.pk).update(created_at=started)
    for number, (slot, status) in enumerate(zip(slots, states, strict=False)):
        at = started + timedelta(seconds=number)
        _row(chance, task, slot, status, at=at, batch=batch, trigger="backfill")


def _row(  # a picture
    chance: random.Random, task: ScheduledTask, about: datetime, status: str, at: datetime | None = None, **fields: Any
) -> None:
    at = at or about
    run = TaskRun(
        id=uuid.UUID(int=first_id_at(at).int | chance.getrandbits(60)),
        task=task,
        owner_id=task.owner_id,
        type=task.type,
        payload=task.payload,
        actor="beat:tower:812",
        status=status,
        scheduled_for=about,
        **{"trigger": "schedule", **fields},
    )
    if status != "waiting":
        run.queued_at = at
    if status in ("succeeded", "failed", "running"):
        run.started_at, run.claim_no, run.worker = at + timedelta(seconds=1), 1, WORKER
    if status == "running":
        run.lease_until, run.progress = at + DAY, {"done": chance.randint(200, 800), "total": 1000, "message": "rows"}
    elif status != "waiting":
        run.finished_at = at + timedelta(seconds=chance.randint(20, 70))
    if status == "failed":
        run.error, run.reason, run.failures = ERROR, "handler_error", 4
        run.dismissed_at = None if run.batch_id else run.finished_at
    if status == "cancelled":
        run.reason = "user"
    run.save(force_insert=True)
    RunEvent.objects.create(run=run, version=1, target=status, actor=run.actor, at=at)
