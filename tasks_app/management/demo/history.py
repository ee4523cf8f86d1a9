"""An invented history: for each task its last slots, and runs as they might have gone. The same seed gives the same."""

import random
import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from tasks_app.management.demo.plans import Plan
from tasks_app.models import RunAttempt, RunEvent, ScheduledTask, TaskRun
from tasks_app.models.ids import first_id_at
from tasks_app.models.pouring import Kind, pour_rows
from tasks_app.models.rows import insert_rows, update_rows
from tasks_app.services.planning import build_run, recurrence_of
from tasks_app.states import Reason, Status, Trigger

WORKERS = ("worker-1@example", "worker-2@example")
ACTOR = "beat:example"
TOLD = 2_000
"""So many of the newest runs get their events and attempts as well."""
_AT_ONCE = 5_000
_SKIPPED, _CANCELLED = 4, 2
"""In a thousand."""
_LOOKED_AT = timedelta(hours=30)
_TRACE = """Traceback (most recent call last):
  File "/srv/app/reports/export.py", line 84, in write
    target.write(rows)
"""


@dataclass(frozen=True)
class Past:
    """A task, how its runs use to go, and its slots, the newest first."""

    task: ScheduledTask
    plan: Plan
    slots: Sequence[datetime]


def slots_before(task: ScheduledTask, now: datetime, *, count: int, since: datetime | None = None) -> list[datetime]:
    """Give the last slots of a task, the newest first: so many at most, and none before `since`."""
    rule, at = recurrence_of(task), now
    found: list[datetime] = []
    while rule is not None and len(found) < count:
        before = rule.previous_before(at)
        if before is None or (since is not None and before < since):
            break
        found.append(before)
        at = before
    return found


def write(pasts: Sequence[Past], now: datetime, *, seed: int = 1) -> int:
    """Write the runs of these tasks, and what the tasks' rows say of them; gives the number of runs."""
    chance = random.Random(seed)  # noqa: S311  # invents a history, keeps no secret
    pour_rows(kind for past in pasts for kind in _kinds(past, now, chance))
    told = [past.task for past in pasts if past.slots]
    update_rows(told, ("slots_fired", "last_run_at", "last_run_status", "last_run_id"))
    return sum(len(past.slots) for past in pasts)


def _kinds(past: Past, now: datetime, chance: random.Random) -> Iterator[Kind]:
    """Invent one task's runs, the oldest first, some at a time: a kind for each way to end."""
    task, slots = past.task, past.slots[::-1]
    task.slots_fired = len(slots)
    for start in range(0, len(slots), _AT_ONCE):
        rows = [_row(past, slot, now, chance) for slot in slots[start : start + _AT_ONCE]]
        for status in sorted({row["status"] for row in rows}):
            these = [row for row in rows if row["status"] == status]
            names = [name for name in these[0] if name != "status"]
            yield Kind(_like(task, status, now), {name: [row[name] for row in these] for name in names})
        _summarise(task, rows)


def _like(task: ScheduledTask, status: Status, now: datetime) -> TaskRun:
    """Give what the task's runs that ended so have in common."""
    like = build_run(task, trigger=Trigger.SCHEDULE, actor=ACTOR, status=status, now=now)
    like.version = 1 if status == Status.SKIPPED else 3
    like.claim_no = int(status != Status.SKIPPED)
    if status == Status.FAILED:  # as one that is not tried again: it has one attempt to tell of
        like.failures, like.max_retries = 1, 0
    return like


def _row(past: Past, slot: datetime, now: datetime, chance: random.Random) -> dict[str, Any]:
    """Invent one run of a slot: its columns that differ from run to run."""
    begun = slot + timedelta(milliseconds=chance.expovariate(1 / 180) + 20)
    seconds = past.plan.seconds * chance.lognormvariate(0, 0.45)
    ended = min(begun + timedelta(seconds=seconds), now)
    status, reason = _outcome(past.plan, chance)
    row: dict[str, Any] = dict.fromkeys(("error", "error_type", "dismissed_by", "worker"), "")
    row |= {"id": _id(slot, chance), "slot": slot, "scheduled_for": slot, "status": status, "reason": reason}
    row |= {"queued_at": slot, "created_at": slot, "finished_at": ended, "started_at": begun, "dismissed_at": None}
    if status == Status.SKIPPED:
        return row | {"started_at": None, "queued_at": None, "finished_at": begun}
    row["worker"] = chance.choice(WORKERS)
    if status == Status.FAILED:
        kind, message = past.plan.error
        row |= {"error_type": kind, "error": f"{kind}: {message}"}
        if ended < now - _LOOKED_AT:
            row |= {"dismissed_at": min(ended + timedelta(hours=2), now), "dismissed_by": "user:admin"}
    return row


def _outcome(plan: Plan, chance: random.Random) -> tuple[Status, str]:
    draw = chance.randrange(1000)
    if draw < plan.failing:
        return Status.FAILED, Reason.HANDLER_ERROR.value
    if draw >= 1000 - _SKIPPED:
        return Status.SKIPPED, Reason.OVERLAP.value
    if draw >= 1000 - _SKIPPED - _CANCELLED:
        return Status.CANCELLED, Reason.USER.value
    return Status.SUCCEEDED, ""


def _id(at: datetime, chance: random.Random) -> uuid.UUID:
    """Give an id as it would have been made then."""
    return uuid.UUID(int=first_id_at(at).int | chance.getrandbits(62))


def _summarise(task: ScheduledTask, rows: Sequence[dict[str, Any]]) -> None:
    """Let the task say what its last run says."""
    last = next((row for row in reversed(rows) if row["status"] != Status.SKIPPED), None)
    if last is not None:
        task.last_run_at, task.last_run_status, task.last_run_id = last["started_at"], last["status"], last["id"]


def tell(runs: Iterable[TaskRun]) -> None:
    """Write the events of these runs, and the failed attempts."""
    events: list[RunEvent] = []
    attempts: list[RunAttempt] = []
    for run in runs:
        events += _events(run)
        if run.status == Status.FAILED:
            attempts.append(_attempt(run))
    for rows in (events, attempts):
        if rows:
            insert_rows(rows)


def _events(run: Any) -> Iterator[RunEvent]:
    end = {"target": run.status, "reason": run.reason, "error": run.error, "at": run.finished_at}
    if run.started_at is None:
        yield RunEvent(run_id=run.id, version=1, actor=ACTOR, **end)
        return
    by, claim = f"worker:{run.worker}", run.claim_no
    yield RunEvent(run_id=run.id, version=1, target="queued", reason="due", actor=ACTOR, at=run.queued_at)
    yield RunEvent(
        run_id=run.id, version=2, source="queued", target="running", actor=by, claim_no=claim, at=run.started_at
    )
    yield RunEvent(run_id=run.id, version=3, source="running", actor=by, claim_no=claim, **end)


def _attempt(run: Any) -> RunAttempt:
    return RunAttempt(
        run_id=run.id,
        claim_no=run.claim_no,
        number=run.attempt,
        outcome=run.reason,
        error_type=run.error_type,
        error=run.error,
        traceback=f"{_TRACE}{run.error}\n",
        worker=run.worker,
        started_at=run.started_at,
        finished_at=run.finished_at,
    )
