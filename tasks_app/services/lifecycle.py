"""The only writer of a run's status: one function per arrow, all through one guarded move.

A worker's write is guarded by its `claim_no`, anybody else's by the row's version. No row updated is an answer
("somebody else won"), given as None, not an error. Each move writes its RunEvent in the same transaction and announces
after commit.
"""

import dataclasses
import uuid
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F, Q, QuerySet

from tasks_app.events import RunChanged, announce_on_commit, tell_failure
from tasks_app.models import RunEvent, TaskRun, db_now
from tasks_app.models.rows import insert_rows
from tasks_app.services.move_sql import RUNS, assigned, holding, insert_events, move_one
from tasks_app.states import FINAL, Reason, Status, can_move

_UNCLAIMED = (Status.WAITING, Status.SCHEDULED, Status.QUEUED)


@dataclasses.dataclass(frozen=True)
class Told:
    """Why a run failed: the sentence, and the class of what was raised, where something was."""

    error: str
    error_type: str = ""


@dataclasses.dataclass(frozen=True)
class Claim:
    """A worker's right to write about a run: void as soon as the run's `claim_no` has moved on."""

    run_id: uuid.UUID
    claim_no: int
    worker: str

    @property
    def guard(self) -> dict[str, Any]:
        """The conditions that every write of this worker carries."""
        return {"id": self.run_id, "status": Status.RUNNING, "claim_no": self.claim_no}


def create(runs: Sequence[TaskRun], *, actor: str) -> list[TaskRun]:
    """Insert new runs with their first events; a slot that has its run already is passed over and not returned.

    Each run carries its first status (`queued`, `waiting`, `scheduled` or `skipped`) and its instants.
    """
    if not runs:
        return []
    now = db_now()
    with transaction.atomic():
        made = insert_rows(runs, ignore_conflicts=True)
        new = [run for run in runs if run.id in made]
        insert_events([run.id for run in new], source="", actor=actor, at=now)
        if new:
            announce_on_commit(*[_change(run, source="", at=now) for run in new])
    return new


def queue(run: TaskRun, *, reason: Reason, actor: str) -> TaskRun | None:
    """Make a delayed run, one that waited for its retry, or one whose turn has come, eligible."""
    now = db_now()
    return _move(_as_read(run), Status.QUEUED, reason=reason, actor=actor, now=now, queued_at=now, due_at=None)


def claim(run: TaskRun, *, worker: str, lease_until: datetime, now: datetime) -> TaskRun | None:
    """Give the run to a worker: raises `claim_no`, which voids every earlier claim."""
    changes: dict[str, Any] = {
        "claim_no": run.claim_no + 1,
        "worker": worker,
        "lease_until": lease_until,
        "started_at": now,
        "progress": None,
        "progress_seq": 0,
        "error": "",
    }
    return _move(_as_read(run), Status.RUNNING, reason=Reason.NONE, actor=f"worker:{worker}", now=now, **changes)


def succeed(held: Claim, *, result: Any) -> TaskRun | None:
    """End the run well."""
    return _end(held, Status.SUCCEEDED, Reason.NONE, result=result)


def fail(held: Claim, *, reason: Reason, told: Told, failures: int, crashes: int) -> TaskRun | None:
    """End the run badly, for good; `failures` and `crashes` are the new counts."""
    why = {"error": told.error[:1000], "error_type": told.error_type[:200]}
    with transaction.atomic():
        run = _end(held, Status.FAILED, reason, **why, failures=failures, crashes=crashes)
        if run is not None:
            tell_failure(str(run.id))
    return run


def skip(held: Claim, *, error: str) -> TaskRun | None:
    """End the run because its handler found nothing to do."""
    return _end(held, Status.SKIPPED, Reason.CONDITION, error=error[:1000])


def stop(held: Claim, *, reason: Reason, actor: str) -> TaskRun | None:
    """End a running run that was asked to stop and has stopped."""
    return _end(held, Status.CANCELLED, reason, actor=actor)


def retry_later(held: Claim, *, due_at: datetime, error: str, failures: int) -> TaskRun | None:
    """Put the run back to wait for its next attempt."""
    changes = {"due_at": due_at, "error": error[:1000], "failures": failures, "lease_until": None}
    return _move(held.guard, Status.SCHEDULED, reason=Reason.RETRY, actor=_who(held), now=db_now(), **changes)


def hand_back(held: Claim, *, actor: str) -> TaskRun | None:
    """Give the run back unfinished, at no cost in attempts (deployment)."""
    return _requeue(held, Reason.HANDED_BACK, actor=actor)


def rescue(held: Claim, *, actor: str, crashes: int, error: str) -> TaskRun | None:
    """Give the run back after its worker was lost; `crashes` is the new count."""
    return _requeue(held, Reason.RESCUED, actor=actor, crashes=crashes, error=error[:1000])


def cancel(run: TaskRun, *, reason: Reason, actor: str) -> TaskRun | None:
    """End a run that has not been claimed."""
    if run.status == Status.RUNNING:
        return None
    now = db_now()
    changes = {"finished_at": now, "due_at": None, "started_at": None}  # an earlier attempt did not last until now
    return _move(_as_read(run), Status.CANCELLED, reason=reason, actor=actor, now=now, **changes)


def cancel_all(rows: QuerySet[TaskRun], *, reason: Reason, actor: str) -> list[TaskRun]:
    """End those of the runs that have not been claimed, in a few statements; they stay locked in between."""
    now = db_now()
    with transaction.atomic():
        runs = list(rows.filter(status__in=_UNCLAIMED).select_for_update(of=("self",)))
        if not runs:
            return []
        sources = {run.id: run.status for run in runs}
        changes: dict[str, Any] = {"status": Status.CANCELLED.value, "reason": reason.value, "finished_at": now}
        changes |= {"due_at": None, "started_at": None}
        TaskRun.objects.filter(id__in=sources).update(version=F("version") + 1, **changes)
        for run in runs:
            for name, value in {**changes, "version": run.version + 1}.items():
                setattr(run, name, value)
            _announce(run, source=sources[run.id], at=now)
        RunEvent.objects.bulk_create([_event(run, source=sources[run.id], actor=actor, at=now) for run in runs])
    return runs


def note_start(held: Claim, *, started_at: datetime) -> TaskRun | None:
    """Note when a run of a group began that takes long, and tell of its claim, of which nobody has heard: no arrow.

    From then on a crash is its own.
    """
    with transaction.atomic():
        if not TaskRun.objects.filter(**held.guard).update(started_at=started_at):
            return None
        run = TaskRun.objects.get(id=held.run_id)
        _announce(run, source=Status.QUEUED, at=started_at)
    return run


def ask_to_stop(run: TaskRun, *, actor: str) -> TaskRun | None:
    """Note that a running run shall stop: a field, not an arrow. Its worker reads it within about a second."""
    now = db_now()
    with transaction.atomic():
        asked = TaskRun.objects.filter(id=run.id, status=Status.RUNNING, version=run.version, cancel_requested_at=None)
        changes = {"cancel_requested_at": now, "cancel_requested_by": actor[:200], "version": run.version + 1}
        if not asked.update(**changes):
            return None
        for name, value in changes.items():
            setattr(run, name, value)
        _announce(run, source=run.status, at=now)
    return run


def record_fenced(held: Claim, *, wanted: str) -> None:
    """Write down that a worker's write was refused because its claim was void; nothing else changes."""
    if not TaskRun.objects.filter(id=held.run_id).exists():
        return
    RunEvent.objects.create(
        run_id=held.run_id,
        version=None,
        source="",
        target="fenced",
        reason="",
        actor=_who(held),
        claim_no=held.claim_no,
        error=f"refused: {wanted}"[:1000],
        at=db_now(),
    )


def moved_before(held: Claim, *targets: Status) -> TaskRun | None:
    """Give the run as it stands when this claim's worker has moved it there already, and had no answer to its commit.

    None when it has not: a rescue is no worker's own move, though it may end the run in its name.
    """
    own = RunEvent.objects.filter(run_id=held.run_id, claim_no=held.claim_no, source=Status.RUNNING)
    by_worker = Q(actor=_who(held)[:200]) | Q(target=Status.CANCELLED)  # which tells who had asked for it
    own = own.filter(by_worker, target__in=targets).exclude(reason__in=(Reason.WORKER_LOST, Reason.RESCUED))
    return TaskRun.objects.filter(id=held.run_id).first() if own.exists() else None


def _end(held: Claim, status: Status, reason: Reason, *, actor: str | None = None, **changes: Any) -> TaskRun | None:
    now = db_now()
    changes |= {"finished_at": now, "lease_until": None}
    return _move(held.guard, status, reason=reason, actor=actor or _who(held), now=now, **changes)


def _requeue(held: Claim, reason: Reason, *, actor: str, **changes: Any) -> TaskRun | None:
    now = db_now()
    changes |= {"queued_at": now, "lease_until": None, "worker": ""}
    return _move(held.guard, Status.QUEUED, reason=reason, actor=actor, now=now, **changes)


def _who(held: Claim) -> str:
    return f"worker:{held.worker}"


def _as_read(run: TaskRun) -> dict[str, Any]:
    return {"id": run.id, "status": run.status, "version": run.version}


def _move(
    guard: dict[str, Any], target: Status, *, reason: Reason, actor: str, now: datetime, **changes: Any
) -> TaskRun | None:
    """Check the arrow, update the row under the guard and write the event: or change nothing and answer None."""
    source = Status(guard["status"])
    if not can_move(source, target):
        return None
    assignments, values = assigned({**changes, "status": target.value, "reason": reason.value})
    conditions, guarded = holding(guard)
    update = f"UPDATE {RUNS} SET {assignments} WHERE {conditions}"  # noqa: S608  # our own names only
    with transaction.atomic():
        run = move_one(update, [*values, *guarded], source=source.value, actor=actor, at=now)
        if run is not None:
            _announce(run, source=source.value, at=now)
    return run


def _event(run: TaskRun, *, source: str, actor: str, at: datetime) -> RunEvent:
    return RunEvent(
        run_id=run.id,
        version=run.version,
        source=source,
        target=run.status,
        reason=run.reason,
        actor=actor[:200],
        claim_no=run.claim_no,
        error=run.error if run.status in (Status.FAILED, Status.SCHEDULED, Status.SKIPPED) else "",
        at=at,
    )


def announce_moves(moved: Iterable[tuple[TaskRun, datetime]], *, source: str) -> None:
    """Tell of a move that many runs have made, each at its instant, when it is committed."""
    announce_on_commit(*[_change(run, source=source, at=at) for run, at in moved])


def _announce(run: TaskRun, *, source: str, at: datetime) -> None:
    announce_on_commit(_change(run, source=source, at=at))


def _change(run: TaskRun, *, source: str, at: datetime) -> RunChanged:
    return RunChanged(
        run_id=str(run.id),
        task_id=str(run.task_id) if run.task_id else None,
        owner_id=run.owner_id,
        type=run.type,
        source=source,
        status=run.status,
        reason=run.reason,
        version=run.version,
        message=run.error if run.status in FINAL else "",
        at=at,
        seq=run.progress_seq,
        progress=run.progress,
    )
