"""What a hand does inside the platform. Only called through tests/live/hand.py, in the platform's own settings."""

import contextlib
import pickle
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from celery import current_app
from django.conf import settings
from django.contrib.auth.models import Group, Permission, User
from django.core.management import call_command
from django.db import connection, transaction
from django.db.migrations.executor import MigrationExecutor
from django.db.models import F, Max

from tasks_app import dispatch, jobs
from tasks_app.models import (
    AllowedCommand,
    Batch,
    Beat,
    Queue,
    RunEvent,
    RunLog,
    ScheduledTask,
    SyncedChange,
    SyncedRecord,
    TaskRun,
    Worker,
    db_now,
    new_id,
)
from tasks_app.selectors.effects import run_effects
from tasks_app.services import api_keys, lifecycle, queues, runs, settling, tasks, workers
from tasks_app.services.specs import TaskSpec
from tests.live.story import Attempt, Event, Story

OWNER = "alice"
ACTOR = f"user:{OWNER}"


def prepare() -> None:
    """Bring up an empty database as a first start does, unless it has its tables, and let the owner exist."""
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        call_command("migrate", verbosity=0, interactive=False)
    call_command("bootstrap", verbosity=0)
    if not User.objects.filter(username=OWNER).exists():
        User.objects.create_user(OWNER, f"{OWNER}@example.org", f"{OWNER}-password")


def first_password() -> str:
    """Give the one-time password of the first sign-in."""
    return Path(settings.VAR_DIR / "first-password").read_text(encoding="utf-8").split()[1]


def api_key(username: str, scope: str = "manage") -> str:
    """Make an API key and give its plain text."""
    return api_keys.api_key_create(user=User.objects.get(username=username), name="tests", scope=scope)[1]


def enqueue(type: str, payload: Mapping[str, Any], **options: Any) -> UUID:
    """Make a run without a task."""
    return jobs.enqueue(type, payload, owner=_owner(), **options).id


def enqueue_many(type: str, payloads: Sequence[Mapping[str, Any]]) -> list[UUID]:
    """Make many runs at once."""
    return list(jobs.enqueue_many(type, payloads, owner=_owner()))


def insert(type: str, payload: Any, queue: str = "default") -> UUID:
    """Make a queued run as an older version of the code might have left it: nothing is checked."""
    Queue.objects.get_or_create(name=queue)
    run = TaskRun(id=new_id(), owner=_owner(), type=type, payload=payload, trigger="api", status="queued", reason="due")
    run.queued_at, run.queue = db_now(), queue
    lifecycle.create([run], actor="tests")
    return run.id


def task(name: str, type: str, payload: Mapping[str, Any], **spec: Any) -> UUID:
    """Make a task of the owner's."""
    made = TaskSpec(name=name, type=type, payload=dict(payload), **spec)
    return tasks.task_create(owner=_owner(), spec=made, actor=ACTOR).id


def run_now(task_id: UUID) -> UUID:
    """Run a task now."""
    return tasks.task_run_now(task=ScheduledTask.objects.get(id=task_id), actor=ACTOR).id


def backfill(task_id: UUID, start: datetime, end: datetime, **options: Any) -> UUID:
    """Run past slots of a task."""
    return jobs.backfill(ScheduledTask.objects.get(id=task_id), start, end, **options).id


def batch_ended(batch_id: UUID) -> bool:
    """Say whether a batch has ended."""
    return Batch.objects.filter(id=batch_id, finished_at__isnull=False).exists()


def permit(codename: str) -> None:
    """Let the owner use what needs a permission."""
    _owner().user_permissions.add(Permission.objects.get(codename=codename))


def log_lines(run_id: UUID) -> list[tuple[str, str]]:
    """Give the log of a run: level and message of each line."""
    chunks = RunLog.objects.filter(run_id=run_id).order_by("first_line").values_list("lines", flat=True)
    return [(level, message) for lines in chunks for _, level, message in lines]


def take_away(run_id: UUID) -> None:
    """Hand a running run back over its worker's head."""
    run = TaskRun.objects.get(id=run_id)
    lifecycle.hand_back(lifecycle.Claim(run.id, run.claim_no, run.worker), actor=ACTOR)


def allow_command(name: str, line: str) -> None:
    """Allow a line for the shell, and allow the owner to run it."""
    AllowedCommand.objects.create(name=name, command=[line], uses_shell=True)
    _owner().user_permissions.add(Permission.objects.get(codename="run_shell_command"))


def pause(task_id: UUID) -> None:
    """Pause a task."""
    tasks.task_pause(task=ScheduledTask.objects.get(id=task_id), actor=ACTOR)


def resume(task_id: UUID) -> None:
    """Plan a task again."""
    tasks.task_resume(task=ScheduledTask.objects.get(id=task_id), actor=ACTOR)


def edit(task_id: UUID, **changes: Any) -> None:
    """Edit a task."""
    tasks.task_update(task=ScheduledTask.objects.get(id=task_id), changes=changes, actor=ACTOR)


def task_cancel(task_id: UUID) -> None:
    """End a task for good."""
    tasks.task_cancel(task=ScheduledTask.objects.get(id=task_id), actor=ACTOR)


def end_tasks() -> None:
    """End every task that has not ended."""
    for task in ScheduledTask.objects.filter(status__in=["active", "paused"]):
        tasks.task_cancel(task=task, actor=ACTOR)


def task_status(task_id: UUID) -> str:
    """Give a task's status."""
    return ScheduledTask.objects.get(id=task_id).status


def next_slot(task_id: UUID) -> datetime | None:
    """Give a task's next slot."""
    return ScheduledTask.objects.get(id=task_id).next_slot


def cancel(run_id: UUID) -> None:
    """Cancel a run, or ask it to stop."""
    runs.run_cancel(run=TaskRun.objects.get(id=run_id), actor=ACTOR)


def retry(run_id: UUID) -> UUID:
    """Run a run again."""
    return runs.run_retry(run=TaskRun.objects.get(id=run_id), actor=ACTOR).id


def settle(run_id: UUID, *, happened: bool) -> None:
    """Say what came of the one effect of a run of which nobody knows."""
    run = TaskRun.objects.get(id=run_id)
    (found,) = run_effects(run).open
    settling.effect_settle(run=run, effect_id=found.effect.id, happened=happened, actor=ACTOR)


def hasten(run_id: UUID) -> None:
    """Let a run that waits for its time have it now."""
    TaskRun.objects.filter(id=run_id, status="scheduled").update(due_at=db_now() - timedelta(seconds=1))


def collection(name: str) -> dict[str, Any]:
    """Give what is kept in a collection: the records that are there, the keys of those that are gone."""
    records = SyncedRecord.objects.filter(collection__name=name).order_by("id")
    return {
        "present": dict(records.filter(gone_at=None).values_list("key", "data")),
        "gone": list(records.exclude(gone_at=None).values_list("key", flat=True)),
        "changes": SyncedChange.objects.filter(collection__name=name).count(),
    }


def queue_pause(name: str) -> None:
    """Pause a queue."""
    queues.queue_pause(queue=Queue.objects.get(name=name), actor=ACTOR)


def queue_resume(name: str) -> None:
    """Let a queue go on."""
    queues.queue_resume(queue=Queue.objects.get(name=name), actor=ACTOR)


def worker_ask(name: str, wish: str) -> None:
    """Ask something of a worker."""
    workers.worker_ask(worker=Worker.objects.get(name=name), wish=Worker.Wish(wish), actor=ACTOR)


def worker_names() -> dict[str, bool]:
    """Give the workers that have not stopped, each with whether it says that it is quiet."""
    return dict(Worker.objects.filter(stopped_at=None).values_list("name", "is_quiet"))


def worker_wish(name: str) -> str:
    """Give what is asked of a worker."""
    return Worker.objects.get(name=name).wish


def queue_make(name: str) -> None:
    """Make a queue."""
    Queue.objects.create(name=name, rank=30)


def queue_drop(name: str) -> None:
    """Take a queue away, with what waits in it."""
    for run in TaskRun.objects.filter(queue=name, status="queued"):
        runs.run_cancel(run=run, actor=ACTOR)
    Queue.objects.filter(name=name).delete()


def operator(username: str, password: str) -> None:
    """Let somebody exist who may mend the platform."""
    user = User.objects.create_user(username, f"{username}@example.org", password, is_staff=True)
    user.groups.add(Group.objects.get(name="Operator"))


def as_if_ago(seconds: float) -> None:
    """Let what waits have waited for so long already, while nothing was taken."""
    ago = timedelta(seconds=seconds)
    TaskRun.objects.filter(status="queued").update(queued_at=F("queued_at") - ago)
    RunEvent.objects.update(at=F("at") - ago)


def upkeep_ago(seconds: float) -> None:
    """Let the last round of upkeep, and the start of the workers, have been so long ago."""
    then = db_now() - timedelta(seconds=seconds)
    Worker.objects.update(last_upkeep_at=then, started_at=then)


def table_rename(name: str, other: str) -> None:
    """Give a table another name."""
    with connection.cursor() as cursor:
        cursor.execute(f'ALTER TABLE "{name}" RENAME TO "{other}"')


def wake(queue: str, count: int) -> None:
    """Post wake-ups that nobody asked for."""
    for _ in range(count):
        current_app.send_task(dispatch.WORK, args=[queue], queue="default", ignore_result=True)


def post(name: str, args: list[Any]) -> None:
    """Post a message with any name and any arguments."""
    current_app.send_task(name, args=args, queue="default", ignore_result=True)


def post_pickle() -> None:
    """Post a message that only a careless worker would read: it is pickled."""
    with current_app.producer_pool.acquire(block=True, timeout=5) as producer:
        body = pickle.dumps(([], {}, {}))
        headers = {"task": dispatch.WORK, "id": str(new_id()), "lang": "py"}
        kind: dict[str, Any] = {"content_type": "application/x-python-serialize", "content_encoding": "binary"}
        producer.publish(body, routing_key="default", exchange="", headers=headers, **kind)


def execute(*statements: str) -> None:
    """Do something to the database past the platform."""
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def can_write() -> bool:
    """Say whether the database takes a write; on SQLite not while somebody is inside one."""
    if connection.vendor != "sqlite":
        return True
    with contextlib.closing(sqlite3.connect(connection.settings_dict["NAME"], timeout=1)) as own:
        try:
            own.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            return False
        own.rollback()
    return True


def own_tables() -> list[str]:
    """Give the names of the platform's own tables."""
    return [name for name in connection.introspection.table_names() if name.startswith("tasks_app_")]


def tasks_at(count: int, type: str, payload: Mapping[str, Any], at: datetime) -> None:
    """Make tasks that are all due in the same instant."""
    with transaction.atomic():
        for number in range(count):
            task(f"at once {number}", type, payload, run_at=at)


def last_queued(**filters: Any) -> datetime | None:
    """Give when the last of these runs was made ready."""
    last: datetime | None = TaskRun.objects.filter(**filters).aggregate(last=Max("queued_at"))["last"]
    return last


def cut_connections() -> int:
    """End every other connection to the platform's PostgreSQL database; gives their number."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        row = cursor.fetchone()
    assert row is not None
    return int(row[0])


def live_workers() -> dict[int, str]:
    """Give the workers that have reported in the last seconds and not said goodbye: pid and name."""
    return dict(
        Worker.objects.filter(stopped_at=None, heartbeat_at__gt=db_now() - timedelta(seconds=5)).values_list(
            "pid", "name"
        )
    )


def live_beats() -> list[str]:
    """Give the names of the beats that tick."""
    lately = db_now() - timedelta(seconds=5)
    return list(Beat.objects.filter(stopped_at=None, last_tick_at__gt=lately).values_list("name", flat=True))


def ping() -> dict[str, dict[str, Any]]:
    """Ask the workers through Celery whether they are there."""
    return {name: dict(answer) for name, answer in (current_app.control.inspect(timeout=5).ping() or {}).items()}


def story(run_id: UUID) -> Story:
    """Give a run with all that is known of it."""
    with _one_moment():
        return _story(TaskRun.objects.get(id=run_id))


def count_runs(**filters: Any) -> int:
    """Count runs by fields of TaskRun."""
    return TaskRun.objects.filter(**filters).count()


def overdue_slots() -> int:
    """Count the tasks that have a slot which should have been fired a second ago."""
    return ScheduledTask.objects.filter(status="active", next_due_at__lt=db_now() - timedelta(seconds=1)).count()


def stories(**filters: Any) -> list[Story]:
    """Give runs by fields of TaskRun, oldest first."""
    with _one_moment():
        rows = TaskRun.objects.filter(**filters).order_by("id").prefetch_related("events", "attempts")
        return [_story(row) for row in rows]


@contextlib.contextmanager
def _one_moment() -> Iterator[None]:
    """Let every query see the same moment: a run and its events are told apart otherwise while it moves."""
    with transaction.atomic():
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        yield


def _owner() -> User:
    return User.objects.get(username=OWNER)


def _story(run: TaskRun) -> Story:
    events = sorted(run.events.all(), key=lambda event: event.id)
    attempts = sorted(run.attempts.all(), key=lambda attempt: attempt.id)
    return Story(
        run_id=run.id,
        task_id=run.task_id,
        type=run.type,
        payload=run.payload,
        trigger=run.trigger,
        queue=run.queue,
        status=run.status,
        reason=run.reason,
        version=run.version,
        slot=run.slot,
        scheduled_for=run.scheduled_for,
        range_to=run.range_to,
        range_count=run.range_count,
        started_at=run.started_at,
        finished_at=run.finished_at,
        failures=run.failures,
        crashes=run.crashes,
        claim_no=run.claim_no,
        worker=run.worker,
        error=run.error,
        result=run.result,
        is_asked_to_stop=run.cancel_requested_at is not None,
        is_dismissed=run.dismissed_at is not None,
        attempts=tuple(Attempt(row.number, row.outcome, row.error) for row in attempts),
        events=tuple(
            Event(row.version, row.source, row.target, row.reason, row.actor, row.claim_no, row.error, row.at)
            for row in events
        ),
    )
