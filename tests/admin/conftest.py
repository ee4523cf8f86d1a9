"""Somebody at the desk, and one of everything to look at."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.db.models import Model
from django.test import Client
from django.utils import timezone
from django_celery_beat.models import (
    ClockedSchedule,
    CrontabSchedule,
    IntervalSchedule,
    PeriodicTask,
    SolarSchedule,
)
from django_celery_results.models import GroupResult, TaskResult

from tasks_app.models import (
    AllowedCommand,
    ApiKey,
    Batch,
    Beat,
    Calendar,
    Effect,
    EmailTemplate,
    IdempotencyKey,
    Lease,
    MailCount,
    PlannedRuns,
    Profile,
    Queue,
    RecoveryCode,
    RollupMark,
    RunAttempt,
    RunRollup,
    ScheduledTask,
    SecondFactor,
    StoredFile,
    SyncedChange,
    SyncedCollection,
    SyncedRecord,
    TaskCount,
    TaskRevision,
    TaskRun,
    TaskShare,
    TokenSignIn,
    TypeRule,
    Worker,
    db_now,
    new_id,
)
from tasks_app.services import audit
from tasks_app.services.api_keys import api_key_create
from tasks_app.services.specs import TaskSpec
from tasks_app.services.tasks import task_create
from tests import runs as moves
from tests.services.credentials import make_credential

CANARY_ID = "c0ffee00-0000-4000-8000-00000000beef"
_EVE = {"date": "12-24", "name": "Christmas <b>Eve</b>", "source": "typed"}


@pytest.fixture
def desk(staff: User) -> Client:
    """The browser of an administrator who has signed in."""
    client = Client()
    client.force_login(staff)
    return client


@pytest.fixture
def deputy(admin: User) -> Client:
    """The browser of somebody in the group Admin who is not a superuser."""
    client = Client()
    client.force_login(admin)
    return client


@pytest.fixture
def queue(db: None) -> Queue:
    """The queue where work goes that names none."""
    return Queue.objects.get_or_create(name="default")[0]


@pytest.fixture
def task(alice: User, queue: Queue) -> ScheduledTask:
    """Alice's task, every morning at seven."""
    return make_task(alice, name="Morning report")


def make_task(owner: User, **fields: Any) -> ScheduledTask:
    """Make a task as its owner would."""
    values = {"name": "t", "type": "export_report", "payload": {"source": "runs"}, "cron": "0 7 * * *", **fields}
    return task_create(owner=owner, spec=TaskSpec(**values), actor="tests")


@pytest.fixture
def failed_run(task: ScheduledTask) -> TaskRun:
    """A run of alice's task with a story: a failed attempt, log lines, a failure for good."""
    run = moves.make_run(task.owner, task, type=task.type)
    moves.claim(run)
    moves.log(run, "reading rows", "a line with <b>markup</b>")
    now = db_now()
    RunAttempt.objects.create(
        run=run, claim_no=1, number=1, outcome="failed", error="no", traceback="Traceback: no", finished_at=now
    )
    moves.fail(run)
    return moves.fresh(run)


@dataclass(frozen=True)
class Exhibits:
    """One row of each table that the admin shows, by model."""

    rows: dict[type[Model], Model]


@pytest.fixture
def exhibits(alice: User, task: ScheduledTask, failed_run: TaskRun) -> Exhibits:
    """One of everything."""
    now = timezone.now()
    interval = IntervalSchedule.objects.create(every=10, period="minutes")
    rows: list[Model] = [
        alice,
        Group.objects.get_or_create(name="Viewer")[0],
        task,
        failed_run,
        Queue.objects.get(name="default"),
        Batch.objects.create(owner=alice, task=task, kind="backfill", total=1, max_concurrency=1),
        AllowedCommand.objects.create(name="rebuild-index", command=["true"], arguments="[a-z]+"),
        Worker.objects.create(
            name="w@here", hostname="here", pid=1, queues=["default"], started_at=now, heartbeat_at=now
        ),
        Beat.objects.create(name="beat:here:1", started_at=now, last_tick_at=now),
        Effect.objects.create(
            root_run_id=failed_run.pk, key="mail:a", state="unknown", run_id=failed_run.pk, claim_no=1, begun_at=now
        ),
        api_key_create(user=alice, name="ci", scope=ApiKey.Scope.READ)[0],
        StoredFile.objects.create(
            owner=alice, run=failed_run, name="runs.csv", path=f"{new_id()}/runs.csv", content_type="text/csv", size=9
        ),
        EmailTemplate.objects.create(owner=alice, name="reminder", subject="Hello", text="Hello {name}"),
        MailCount.objects.create(user=alice, day=now.date(), count=3),
        SyncedCollection.objects.create(owner=alice, name="customers"),
        Calendar.objects.create(owner=alice, name="Office", country="DE", weekend=["sun"], days=[_EVE]),
        interval,
        CrontabSchedule.objects.create(minute="5", hour="4"),
        ClockedSchedule.objects.create(clocked_time=now + timedelta(days=1)),
        SolarSchedule.objects.create(event="sunrise", latitude=52.5, longitude=13.4),
        PeriodicTask.objects.create(name="plain", task="celery.backend_cleanup", interval=interval),
        TaskResult.objects.create(task_id="abc", task_name="some.task", status="SUCCESS"),
        GroupResult.objects.create(group_id="abc", result="[]"),
        make_credential(alice),
        RunRollup.objects.create(
            grain="hour", start=now, task_id=task.pk, owner_id=alice.pk, type=task.type, succeeded=1
        ),
        RollupMark.objects.get_or_create(name="runs", defaults={"counted_to": now, "checked_to": now})[0],
        TaskRevision.objects.filter(task=task)[0],
        TypeRule.objects.create(type="http_request", locked={"timeout_seconds": 10}),
        *unlisted(alice, task, failed_run),
        audit.note("queue.pause", Queue.objects.get(name="default"), actor="tests", note="<b>for a while</b>"),
    ]
    return Exhibits({type(row): row for row in rows})


def unlisted(alice: User, task: ScheduledTask, run: TaskRun) -> list[Model]:
    """Rows that people meet on other pages under other names, their secrets in the open as "canary"."""
    now = timezone.now()
    collection = SyncedCollection.objects.get_or_create(owner=alice, name="customers")[0]
    seen = {"first_seen_at": now, "changed_at": now}
    record = SyncedRecord.objects.create(
        collection=collection, key="c-1", data={"a": "canary"}, digest="canary", **seen
    )
    return [
        Profile.objects.get_or_create(user=alice)[0],
        SecondFactor.objects.create(user=alice, sealed="canary", confirmed_at=now),
        RecoveryCode.objects.create(user=alice, digest="canary"),
        TokenSignIn.objects.create(user=alice, refresh_id=CANARY_ID, epoch=0, expires_at=now),
        TaskShare.objects.create(task=task, group=Group.objects.get_or_create(name="Viewer")[0], created_by="tests"),
        record,
        SyncedChange.objects.create(
            collection=collection, record=record, run_id=run.pk, kind="changed", before={"a": "canary"}, at=now
        ),
        Lease.objects.get_or_create(name="upkeep", defaults={"holder": "w@here", "expires_at": now})[0],
        IdempotencyKey.objects.create(
            principal="user:1",
            method="POST",
            path="/api/api-keys",
            key="k",
            body_digest="canary",
            status_code=201,
            response={"key": "canary"},
            headers={"X": "canary"},
        ),
        PlannedRuns.objects.create(owner_id=alice.pk, made_at=now, start=now, minutes={"week": ["canary"]}),
        TaskCount.objects.get_or_create(status="active", defaults={"tasks": 1, "counted_at": now})[0],
    ]
