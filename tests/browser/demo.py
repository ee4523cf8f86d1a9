"""Fills a platform's database with a week that looks lived in: `python -m tests.browser.demo`, with its settings set.

The rows are written as the engine would have left them; what runs "now" is held by a worker that does not exist,
under a lease that outlasts the screenshots.
"""

import random
import uuid
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import django

django.setup()

from django.contrib.auth.models import User  # noqa: E402  # needs the settings
from django.utils import timezone  # noqa: E402

from tasks_app.models import RunAttempt, RunEvent, RunLog, ScheduledTask, TaskRun  # noqa: E402
from tasks_app.models.ids import first_id_at  # noqa: E402
from tasks_app.services.calendars import calendar_create  # noqa: E402
from tasks_app.services.specs import TaskSpec  # noqa: E402
from tasks_app.services.tasks import task_create, task_pause  # noqa: E402
from tests.browser import demo_backfills, demo_belongings  # noqa: E402

WORKER = "carillon@tower"
HTTP = {"url": "https://rates.example.org/v1/latest", "headers": {"Accept": "application/json"}}
REPORT = {"source": "runs", "filters": {"status": "failed", "last_hours": 24}}
LOG = (
    ("info", "Reading the orders of yesterday"),
    ("debug", "page 1 of 4, 250 rows"),
    ("info", "1,000 rows read"),
    ("warning", "row 118 has no net amount; using gross"),
    ("info", "Writing orders.csv"),
)
TRACE = """Traceback (most recent call last):
  File "/srv/carillon/tasks_app/services/execution/call.py", line 40, in call
    return function(ctx, payload)
  File "/srv/shop/rates/task_handlers.py", line 23, in mirror
    response = client.get(payload.url)
               ^^^^^^^^^^^^^^^^^^^^^^^
  File "/usr/lib/python3.11/site-packages/httpx/_client.py", line 1053, in get
    return self.request(
"""


@dataclass(frozen=True)
class Story:
    """A task and how it has fared."""

    name: str
    schedule: dict[str, Any] | None
    seconds: float
    reliability: float = 1.0
    every: timedelta = timedelta(hours=3)
    tags: tuple[str, ...] = ()
    error: str = ""
    ends_badly: bool = False
    running: dict[str, Any] | None = None
    type: str = "export_report"
    payload: dict[str, Any] = field(default_factory=lambda: REPORT)
    calendar: tuple[str, str] | None = None


STORIES = (
    Story("Nightly orders to the warehouse", {"kind": "daily", "time": "02:30"}, 90, 0.97, tags=("orders",)),
    Story(
        "Failed runs of the last day",
        {"kind": "daily", "time": "07:00"},
        12,
        tags=("reports",),
        calendar=("Office Munich", "skip"),
    ),
    Story(
        "Mirror exchange rates",
        {"kind": "every", "minutes": 15},
        2.4,
        0.88,
        every=timedelta(minutes=15),
        tags=("finance",),
        error="ConnectError: rates.example.org did not answer within 10 s",
        ends_badly=True,
        type="http_request",
        payload=HTTP,
    ),
    Story(
        "Invoices on the first",
        {"kind": "monthly", "day": 1, "time": "06:00"},
        240,
        tags=("finance",),
        calendar=("Office Munich", "next"),
    ),
    Story(
        "Weekly digest to the team",
        {"kind": "weekly", "days": ["mon", "thu"], "time": "09:00"},
        5,
        0.95,
        calendar=("Office Munich", "previous"),
    ),
    Story(
        "Rebuild the search index",
        {"kind": "cron", "expression": "0 */4 * * *"},
        700,
        0.92,
        error="TimeoutError: the index did not answer within 30 s",
        running={"done": 620, "total": 1000, "message": "620 of 1,000 documents"},
    ),
    Story(
        "Ask the supplier for stock",
        {"kind": "hourly", "minute": 20},
        1.2,
        0.8,
        every=timedelta(hours=1),
        tags=("orders",),
        error="HTTPStatusError: 502 Bad Gateway from stock.example.org",
        type="http_request",
        payload=HTTP,
    ),
    Story("Reconcile the ledger", None, 33, tags=("finance",)),
)
CALENDARS: tuple[dict[str, Any], ...] = (
    {
        "name": "Office Munich",
        "description": "When nobody is at their desk.",
        "country": "DE",
        "subdivision": "BY",
        "days": [
            {"date": "12-24", "name": "Christmas Eve"},
            {"date": "12-31", "name": "New Year's Eve"},
            {"date": "2027-05-07", "name": "Bridge day"},
            {"date": "2027-05-28", "name": "Bridge day"},
            *({"date": f"2027-08-{day:02}", "name": "Works holiday", "source": "ical"} for day in range(9, 14)),
        ],
    },
    {"name": "Stock exchange", "country": "US", "is_shared": True},
    {"name": "Dubai branch", "weekend": ["sat", "sun"], "country": "AE"},
)

# What everybody plans for the same minutes of the night.
NIGHT = (
    ("Close the day's accounts", "03:00", ("finance",)),
    ("Refresh the sales figures", "03:00", ("reports",)),
    ("Send stock levels to the shops", "03:00", ("orders",)),
    ("Count yesterday's visitors", "03:00", ("reports",)),
    ("Remind of open invoices", "03:00", ("finance",)),
    ("Check certificates that end soon", "03:00", ()),
    ("Prices of the competition", "03:00", ("orders",)),
    ("Returns of the week", "06:00", ("orders",)),
    ("Newsletter sign-ups", "06:00", ("reports",)),
    ("Late deliveries", "06:00", ("orders",)),
    ("Cash in the tills", "06:00", ("finance",)),
    ("Shifts of the day", "06:00", ()),
)
SPREAD = {"Check certificates that end soon": 600}


def fill(chance: random.Random, now: datetime) -> None:
    """Write it all."""
    owner = User.objects.filter(is_superuser=True).earliest("pk")
    for values in CALENDARS:
        calendar_create(owner=owner, values=values)
    for story in STORIES:
        task = _task(owner, story)
        count = chance.choice([34, 50, 56])
        for number in range(count):
            at = now - (count - number) * story.every - timedelta(seconds=chance.randint(1, 40))
            _past(chance, task, story, at, is_last=number == count - 1)
        if story.running is not None:
            _running(task, story.running, now - timedelta(minutes=7, seconds=12))
    for name, time, tags in NIGHT:
        _task(owner, Story(name, {"kind": "daily", "time": time}, 20, tags=tags))
    invoices = ScheduledTask.objects.get(name="Invoices on the first")
    task_pause(task=invoices, actor=f"user:{owner.username}", note="until the new tax rates are in")


def _task(owner: User, story: Story) -> ScheduledTask:
    calendar, policy = story.calendar or (None, "skip")
    spec = TaskSpec(
        name=story.name,
        type=story.type,
        payload=story.payload,
        schedule=story.schedule,
        timezone="Europe/Berlin",
        tags=story.tags,
        spread_seconds=SPREAD.get(story.name, 0),
        calendar=calendar,
        calendar_policy=policy,
    )
    return task_create(owner=owner, spec=spec, actor=f"user:{owner.username}")


def _past(chance: random.Random, task: ScheduledTask, story: Story, at: datetime, *, is_last: bool) -> None:
    is_good = chance.random() < story.reliability
    status = "succeeded" if is_good else chance.choice(["failed", "skipped", "cancelled"])
    if is_last:
        status = "failed" if story.ends_badly else "succeeded"
    run = _row(chance, task, at, status)
    run.reason = {"skipped": "overlap", "cancelled": "user", "failed": "handler_error"}.get(status, "")
    run.finished_at = at
    if status != "skipped":
        run.claim_no, run.worker = 1, WORKER
        run.started_at = at + timedelta(milliseconds=chance.randint(20, 400))
        run.finished_at = run.started_at + timedelta(seconds=story.seconds * chance.uniform(0.6, 1.5))
    if status == "succeeded":
        run.result = {"rows": chance.randint(10, 900), "bytes": chance.randint(1_000, 90_000)}
    if status == "failed":
        run.error, run.failures = story.error or "ValueError: column 'net' is missing in row 118", 4
        run.dismissed_at = None if is_last else run.finished_at
    run.save(force_insert=True)
    _record(run)
    ScheduledTask.objects.filter(pk=task.pk).update(
        last_run_at=run.finished_at, last_run_status=run.status, last_run_id=run.pk
    )


def _running(task: ScheduledTask, progress: dict[str, Any], at: datetime) -> None:
    run = _row(random.Random(1), task, at, "running")
    run.started_at, run.lease_until = at, at + timedelta(days=1)
    run.claim_no, run.worker, run.progress, run.progress_seq = 1, WORKER, progress, 7
    run.save(force_insert=True)
    _record(run)


def _row(chance: random.Random, task: ScheduledTask, at: datetime, status: str) -> TaskRun:
    return TaskRun(
        id=uuid.UUID(int=first_id_at(at).int | chance.getrandbits(60)),
        task=task,
        owner_id=task.owner_id,
        type=task.type,
        payload=task.payload,
        tags=task.tags,
        trigger="schedule",
        actor="beat:tower:812",
        status=status,
        version=3,
        slot=at,
        scheduled_for=at,
        queued_at=at,
        queue=task.queue,
    )


def _record(run: TaskRun) -> None:
    """The events, log lines and attempts that such a run leaves behind."""
    assert run.queued_at is not None
    moves = [("", "queued", "due", "beat:tower:812", run.queued_at)]
    if run.started_at is not None:
        moves.append(("queued", "running", "", f"worker:{WORKER}", run.started_at))
    if run.finished_at is not None:
        moves = moves if run.started_at else []
        moves.append(("running" if moves else "", run.status, run.reason, f"worker:{WORKER}", run.finished_at))
    for version, (source, target, reason, actor, at) in enumerate(moves, 1):
        RunEvent.objects.create(
            run=run,
            version=version,
            source=source,
            target=target,
            reason=reason,
            actor=actor,
            at=at,
            error=run.error if target == "failed" else "",
        )
    if run.started_at is not None:
        start = run.started_at
        lines = [[(start + timedelta(seconds=n / 3)).isoformat(), *line] for n, line in enumerate(LOG)]
        RunLog.objects.create(run=run, first_line=1, line_count=len(lines), claim_no=1, lines=lines)
        TaskRun.objects.filter(pk=run.pk).update(log_lines=len(lines))
    if run.status == "failed" and run.finished_at is not None:
        kind, _, said = run.error.partition(": ")
        RunAttempt.objects.create(
            run=run,
            claim_no=1,
            number=1,
            outcome="handler_error",
            error_type=kind,
            error=said,
            traceback=f"{TRACE}httpx.{run.error}",
            worker=WORKER,
            started_at=run.started_at,
            finished_at=run.finished_at,
        )


if __name__ == "__main__":
    fill(random.Random(4), timezone.now())
    demo_backfills.fill(random.Random(5), timezone.now())
    demo_belongings.fill(random.Random(6), timezone.now())
