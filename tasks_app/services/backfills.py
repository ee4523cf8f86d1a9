"""Backfill: run past slots of a task, for the first time or again, as one batch with a limit of its own."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from django.db import transaction

from tasks_app import dispatch
from tasks_app.errors import Conflict, Invalid
from tasks_app.models import Batch, Overlap, ScheduledTask, TaskRun, db_now
from tasks_app.recurrence.moments import to_text
from tasks_app.recurrence.zones import load_zone
from tasks_app.services import audit, lifecycle, planning, quotas
from tasks_app.services.backfill_slots import Plan, Reprocess, Slot, instants, look
from tasks_app.services.validation import Problems, check_choice, check_range
from tasks_app.states import Reason, Status, TaskStatus, Trigger

MOST_RUNS = 1000
MOST_SLOTS = 20_000
MOST_AT_ONCE = 100
OVERLAPS = (Overlap.QUEUE_ALL.value, Overlap.ALLOW.value)
_CLOCKS_APART = timedelta(seconds=30)
"""A caller's "now" may be a little ahead of ours."""


@dataclass(frozen=True, kw_only=True)
class BackfillSpec:
    """What is asked for: the slots from `start` to `end`, both included. No `overlap`: as the task says."""

    start: datetime
    end: datetime
    reprocess: str = Reprocess.NONE.value
    overlap: str | None = None
    max_concurrency: int = 1


def backfill_preview(*, task: ScheduledTask, spec: BackfillSpec) -> Plan:
    """Say what a backfill would run, and store nothing. Raises Invalid with every fault, Conflict where it can't be."""
    _check_task(task)
    _check(task, spec)
    try:
        found = list(islice(instants(task, spec.start, min(spec.end, db_now())), MOST_SLOTS + 1))
        slots = look(task, found)
    except ValueError as error:
        raise Conflict(f"The schedule cannot be read ({error}); give the task another one.") from error
    chosen = [slot for slot in slots if slot.is_wanted(spec.reprocess)]
    if len(chosen) > MOST_RUNS:
        raise _too_many(task, f"would run more than {MOST_RUNS:,} slots", chosen[MOST_RUNS - 1])
    if len(slots) > MOST_SLOTS:
        raise _too_many(task, f"has more than {MOST_SLOTS:,} slots", slots[MOST_SLOTS - 1])
    return Plan(slots, chosen)


def backfill_create(*, task: ScheduledTask, spec: BackfillSpec, actor: str) -> Batch:
    """Make the runs, oldest first: the first `max_concurrency` are queued, the others wait for their turn.

    The task's window and its `max_runs` stand aside; its pause does not matter, and its end is the end of the backfill.
    """
    plan = backfill_preview(task=task, spec=spec)
    with transaction.atomic():
        task = ScheduledTask.objects.select_for_update(of=("self",)).get(id=task.id)
        _check_task(task)
        now = look(task, [slot.at for slot in plan.chosen])  # somebody may have been faster
        chosen = [slot for slot in now if slot.is_wanted(spec.reprocess)]
        if not chosen:
            raise Conflict(_nothing(plan), code="nothing_to_run")
        quotas.take_start(owner_id=task.owner_id, actor=actor, runs=len(chosen))
        batch = Batch.objects.create(
            owner_id=task.owner_id,
            task=task,
            kind=Batch.Kind.BACKFILL,
            parameters=_parameters(task, spec),
            total=len(chosen),
            max_concurrency=spec.max_concurrency,
            actor=actor[:200],
        )
        lifecycle.create(_runs(batch, task, chosen), actor=actor)
        dispatch.wake_on_commit(task.queue, min(len(chosen), spec.max_concurrency))
        told = {"batch": str(batch.id), "runs": batch.total, **batch.parameters}
        audit.note("task.backfill", task, actor=actor, after=told)
    return batch


def overlap_of(task: ScheduledTask, overlap: str | None) -> str:
    """Give the overlap that holds for the runs of a backfill."""
    return overlap or (Overlap.ALLOW.value if task.overlap == Overlap.ALLOW else Overlap.QUEUE_ALL.value)


def _check_task(task: ScheduledTask) -> None:
    if task.is_deleted or task.status == TaskStatus.CANCELLED:
        raise Conflict("A cancelled task cannot be run; duplicate it instead.")
    if task.schedule is None:
        raise Conflict("The task has no schedule: it runs by hand only, so there is no slot that it could have missed.")


def _check(task: ScheduledTask, spec: BackfillSpec) -> None:
    problems = Problems()
    for name, moment in (("from", spec.start), ("to", spec.end)):
        if moment.tzinfo is None:
            raise Invalid.at(name, "type", "Must say its time zone.")
    if spec.end > db_now() + _CLOCKS_APART:
        problems.add("to", "in_future", "Must not lie in the future: what is to come is the schedule's.")
    if spec.start > spec.end:
        problems.add("to", "out_of_range", "Must not be before from.")
    check_choice(problems, "reprocess", spec.reprocess, [word.value for word in Reprocess])
    if spec.overlap is not None:
        check_choice(problems, "overlap", spec.overlap, list(OVERLAPS))
    check_range(problems, "max_concurrency", spec.max_concurrency, 1, MOST_AT_ONCE)
    if not problems and spec.max_concurrency > 1 and overlap_of(task, spec.overlap) == Overlap.QUEUE_ALL:
        message = "Must be 1 where runs of the task wait for each other; more than one at once needs overlap “allow”."
        problems.add("max_concurrency", "conflict", message)
    if problems:
        raise Invalid("The backfill was not accepted; see the fields.", fields=problems.fields)


def _too_many(task: ScheduledTask, what: str, last: Slot) -> Invalid:
    until = last.at.astimezone(load_zone(task.timezone)).isoformat()
    return Invalid.at("to", "too_many", f"The range {what}; give {until} or earlier, and go on from there afterwards.")


def _nothing(plan: Plan) -> str:
    if not plan.slots:
        return "The schedule has no slot in this range."
    has = ", ".join(f"{count} {word}" for word, count in sorted(plan.counts.items()))
    return f"Nothing is to be run in this range; its slots: {has}."


def _parameters(task: ScheduledTask, spec: BackfillSpec) -> dict[str, Any]:
    return {
        "from": to_text(spec.start),
        "to": to_text(spec.end),
        "reprocess": str(spec.reprocess),
        "overlap": overlap_of(task, spec.overlap),
    }


def _runs(batch: Batch, task: ScheduledTask, slots: list[Slot]) -> list[TaskRun]:
    is_from_scratch = batch.parameters["reprocess"] == Reprocess.ALL
    now, runs = db_now(), []
    for number, slot in enumerate(slots):
        is_first = number < batch.max_concurrency
        run = planning.build_run(
            task,
            trigger=Trigger.BACKFILL,
            actor=batch.actor,
            now=now,
            status=Status.QUEUED if is_first else Status.WAITING,
            reason=Reason.DUE if is_first else Reason.NONE,
            scheduled_for=slot.at,
        )
        run.batch, run.rerun_of_id = batch, slot.run_id
        # A root of its own is a start from scratch; otherwise what the earlier run has confirmed does not happen again.
        run.root_run_id = None if is_from_scratch else slot.root_id
        run.priority = max(0, task.priority - 1)
        run.is_serial = batch.parameters["overlap"] == Overlap.QUEUE_ALL
        runs.append(run)
    return runs
