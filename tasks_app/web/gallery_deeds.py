"""What the page of components shows of queues, workers, deeds on many and forms: made up, never saved.

Nothing there has the names that these have, and no row has the id that lists are narrowed to, so that no button does
anything.
"""

import uuid
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import User

from tasks_app.errors import FieldError
from tasks_app.models import Effect, Queue, ScheduledTask, TaskRun, Worker
from tasks_app.recurrence.wording import zone_words
from tasks_app.selectors.effects import RunEffects, ShownEffect
from tasks_app.selectors.operations import QueueState, WorkerState
from tasks_app.selectors.run_groups import RunGroup
from tasks_app.selectors.search_text import Fault
from tasks_app.selectors.throughput import BARS, Done
from tasks_app.services.bulk import Progress
from tasks_app.services.bulk_deeds import Order, Verb
from tasks_app.states import Reason
from tasks_app.web import bulk_words, query, queues, run_groups, words, workers
from tasks_app.web.forms.field import Field
from tasks_app.web.forms.said import said
from tasks_app.web.gallery_examples import NOBODY
from tasks_app.web.preview import Instants, Planned, Preview
from tasks_app.web.spark import spark

_DAY = timedelta(days=1)
_ZONE, _THEIRS = "Europe/Berlin", "America/New_York"
_CRON = "0 25 * * 1-5"
_LOST = "ConnectError: rates.example.org did not answer within 10 s"


def operations(now: datetime) -> dict[str, Any]:
    """Give what operators look at."""
    return {"queue_rows": list(_queues(now)), "worker_rows": list(_workers(now))}


def many(user: User, now: datetime) -> dict[str, Any]:
    """Give rows, the bars that act on them, and what came of it; runs that are alike, and what one did."""
    rows = _runs(user, now)
    effects = [ShownEffect(_effect(now, **one), 1, can_settle="settled_by" not in one) for one in _EFFECTS]
    return {
        "run_rows": rows,
        "ticks": {run.pk for run in rows},
        "attempts_begun": {},
        "bulk": {"run", "cancel", "manage"},
        "matching": 128,
        "asked": {"pairs": [("q", str(NOBODY))]},
        "kept_pairs": [("task", str(NOBODY))],
        "bulk_done": _told(Progress(Order(verb=Verb.PAUSE), "", 12, passed=12, done_count=12)),
        "bulk_kept": _told(_with_kept()),
        "sweep_done": {"token": uuid.uuid4(), "said": "12 runs dismissed, and kept in the history."},
        "groups": [run_groups.Shown(one, f"task={NOBODY}") for one in _groups(rows[0], now)],
        "effects": RunEffects(effects, len(effects)),
        "unsettled_run": _run(user, now, status="failed", reason=Reason.EFFECT_UNKNOWN),
    }


def forms(now: datetime) -> dict[str, Any]:
    """Give what forms say beside what is typed, and where they say what is wrong with it."""
    fault = FieldError("cron_range", "The hour is 0 to 23.", position=2, suggestion="0 23 * * 1-5")
    misread = query.End("from", "From this day on", "28.11.2026", "text", is_wrong=True)
    return {
        "preview": _preview(now),
        "faulty_field": Field(
            path="example.cron",
            label="Cron line",
            value=_CRON,
            is_required=True,
            help="Minute, hour, day, month, weekday.",
            errors=[said(fault, "example.cron", _CRON)],
        ),
        "ends": [misread, query.End("to", "Up to this day")],
        "faults": [*query.faults_of_days([misread]), Fault("There is no qualifier “statsu:”.", "status:failed")],
        "typed": [("Name", "Nightly orders"), ("Notes", "until the new tax rates are in"), ("Retries", "3")],
    }


def _queues(now: datetime) -> Iterable[queues.Row]:
    calm = Queue(name="example-default", rank=10, description="Whatever has no queue of its own.")
    held = Queue(
        name="example-reports",
        rank=20,
        is_background=True,
        paused_at=now - timedelta(hours=2),
        paused_by="user:anna",
        pause_note="disks are full",
    )
    lost = Queue(name="example-critical", rank=0)
    old = now - timedelta(minutes=4)
    for queue, counts, trouble in (
        (calm, (0, 2, 3), ""),
        (held, (31, 0, 2), ""),
        (lost, (1001, 0, 0), "More than 1,000 runs wait and no worker serves it."),
    ):
        queued, running, serving = counts
        state = QueueState(queue, queued, running, old if queued else None, 240.0 if queued else None, serving)
        done = Done(lately=9 * serving, hour=108 * serving, bars=[serving * (n * 7 % 5) for n in range(BARS)])
        title = f"{done.hour} runs ended in the last hour, a bar for every 2 minutes"
        yield queues.Row(state, done, spark(done.bars, title), trouble, "")


def _workers(now: datetime) -> Iterable[workers.Row]:
    common = {
        "hostname": "tower",
        "pid": 4711,
        "queues": ["critical", "default"],
        "concurrency": 4,
        "version": "1.8.0",
        "load": 1.42,
        "started_at": now - 3 * _DAY,
        "heartbeat_at": now,
        "last_claim_at": now - timedelta(seconds=40),
    }
    busy = Worker(**common, name="example@tower", running=3)
    quiet = Worker(
        **{**common, "hostname": "barn"},
        name="example@barn",
        is_quiet=True,
        wish=Worker.Wish.QUIET,
        wished_by="user:anna",
        wished_at=now - timedelta(minutes=9),
    )
    silent = Worker(**{**common, "hostname": "mill", "heartbeat_at": now - timedelta(seconds=50)}, name="example@mill")
    held = [_run(None, now, status="running", queue=name) for name in ("critical", "default")]
    yield workers.Row(busy, WorkerState.ALIVE, "active", "alive", "", held)
    yield workers.Row(quiet, WorkerState.QUIET, "paused", "quiet", "", [])
    yield workers.Row(silent, WorkerState.SILENT, "failed", "silent for 50 s", "", [])


def _run(owner: User | None, now: datetime, **fields: Any) -> TaskRun:
    values = {"type": "http_request", "trigger": "schedule", "created_at": now, "scheduled_for": now, **fields}
    started = now - timedelta(minutes=7)
    return TaskRun(owner=owner, task=ScheduledTask(name="Exchange rates"), **{"started_at": started, **values})


def _runs(owner: User, now: datetime) -> list[TaskRun]:
    ended, begun = now - timedelta(minutes=3), now - timedelta(minutes=4)
    told: list[dict[str, Any]] = [
        {"status": "failed", "reason": Reason.HANDLER_ERROR, "error": _LOST, "started_at": begun, "finished_at": ended},
        {"status": "running", "progress": {"done": 620, "total": 1000, "message": "620 rows"}},
        {"status": "succeeded", "started_at": begun, "finished_at": ended, "trigger": "manual"},
        {"status": "skipped", "reason": Reason.OVERLAP, "started_at": None, "finished_at": ended},
    ]
    return [_run(owner, now, **one) for one in told]


_EFFECTS: tuple[dict[str, Any], ...] = (
    {"key": "charge:4711", "state": Effect.State.UNKNOWN},
    {"key": "mail:anna@example.org", "state": Effect.State.INTENT, "is_idempotent": True},
    {"key": "charge:4710", "state": Effect.State.DONE, "settled_by": "user:anna", "settle_note": "on the statement"},
)


def _effect(now: datetime, **fields: Any) -> Effect:
    settled_at = now - timedelta(minutes=2) if "settled_by" in fields else None
    number = 1 + [one["key"] for one in _EFFECTS].index(fields["key"])
    return Effect(id=number, claim_no=1, begun_at=now - timedelta(minutes=5), settled_at=settled_at, **fields)


def _groups(latest: TaskRun, now: datetime) -> Iterable[RunGroup]:
    first, last = now - _DAY, now - timedelta(minutes=3)
    yield RunGroup("http_request", "ConnectError", Reason.HANDLER_ERROR, 560, first, last, latest, is_open=True)
    yield RunGroup("export_report", "", Reason.TIMEOUT, 1, last, last, None, is_open=False)


def _with_kept() -> Progress:
    found = Progress(Order(verb=Verb.RESUME), "", 12, passed=12, done_count=10)
    for name in ("Nightly orders", "Weekly report"):
        found.keep(ScheduledTask(name=name), "It is not yours to do this with.")
    return found


def _told(progress: Progress) -> dict[str, Any]:
    return {"token": uuid.uuid4(), "progress": progress, "said": bulk_words.finished(progress)}


def _preview(now: datetime) -> Preview:
    first = words.in_zone(now, _ZONE).replace(hour=9, minute=0, second=0, microsecond=0)
    days = [first + n * _DAY for n in range(1, 6)]
    rows = [Planned(at, at, words.in_zone(at, _THEIRS)) for at in days]
    rows[1] = replace(rows[1], notes=["The clocks go forward in this night."])
    rows[2] = replace(rows[2], instead_of=words.day(first, beside=first))
    return Preview(
        sentence="Every day at 09:00, Berlin time.",
        cron="0 9 * * *",
        pace="1 run a day",
        instants=Instants(rows, zone_words(_ZONE), zone_words(_THEIRS)),
        warnings=["Twelve tasks start in this minute."],
        later=["Sun 28 Mar 2027: the clocks go forward; it runs at 09:00 as always."],
    )
