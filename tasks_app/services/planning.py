"""When a task runs next, and the run row that a slot or a person's wish becomes. Writes nothing."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from django.conf import settings

from tasks_app import recurrence
from tasks_app.handlers import registry
from tasks_app.models import Overlap, ScheduledTask, TaskRun
from tasks_app.models.clock import db_now
from tasks_app.recurrence.plan import Plan, Planned
from tasks_app.retry import RetryPolicy, policy_from_json
from tasks_app.selectors.calendar_days import days_of
from tasks_app.states import FINAL, Reason, Status, Trigger

_DEFAULT_TIMEOUT_SECONDS = 3600
_INSTANT = timedelta(microseconds=1)
_SECOND = 1_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Coming(NamedTuple):
    """A planned run: the moment at which it starts, and the slot that it stands for where a calendar has moved that."""

    at: datetime
    instead_of: datetime | None = None


def recurrence_of(task: ScheduledTask) -> recurrence.Recurrence | None:
    """Give the task's schedule as a recurrence; None for a manual task. Raises ValueError when it cannot be read."""
    if task.schedule is None:
        return None
    return recurrence.build(task.schedule, task.timezone)


def plan_of(task: ScheduledTask) -> Plan | None:
    """Give the task's schedule as its calendar lets it happen; None for a manual task. Raises ValueError likewise."""
    rule = recurrence_of(task)
    if rule is None:
        return None
    off = days_of(task.calendar) if task.calendar is not None else None
    return Plan(rule, off, task.calendar_policy)


def next_planned(task: ScheduledTask, at: datetime, slot: datetime | None = None) -> Planned | None:
    """Give the first plan after (at, slot), within the task's window; None when there is none left.

    Without a slot it is the first that happens strictly after the instant. The window bounds the instants, not the
    slots.
    """
    plan = plan_of(task)
    if plan is None or (task.max_runs is not None and task.slots_fired >= task.max_runs):
        return None
    return next_of(task, plan, at, slot)


def next_of(task: ScheduledTask, plan: Plan, at: datetime, slot: datetime | None = None) -> Planned | None:
    """Give the same by the task's plan, for those who look for many; how often it has run does not count."""
    if task.starts_at is not None and at < task.starts_at:
        at, slot = task.starts_at - _INSTANT, None
    planned = plan.after(at, slot)
    if planned is None or (task.ends_at is not None and planned.at > task.ends_at):
        return None
    return planned


def slot_after(task: ScheduledTask, after: datetime) -> datetime | None:
    """Give the slot of the first plan after an instant; None when there is none left."""
    planned = next_planned(task, after)
    return planned.slot if planned else None


def placed(task: ScheduledTask, slot: datetime) -> Planned:
    """Give a slot with the instant that the calendar gives it; its own where the calendar leaves it out by now."""
    plan = plan_of(task) if task.calendar_id is not None else None
    return (plan and plan.place(slot)) or Planned(slot, slot)


def latest(task: ScheduledTask, slots: Sequence[datetime]) -> datetime:
    """Give the slot that comes last in the order of plans."""
    return max(placed(task, slot) for slot in slots).slot


def due_at(task: ScheduledTask, slot: datetime) -> datetime:
    """Say when a slot is due: where the calendar puts it, and later by the task's spread and its jitter.

    The spread is the same for all slots of the task, the jitter for this slot wherever it is computed.
    """
    due = placed(task, slot).at + spread_of(task)
    if task.jitter_seconds:
        due += timedelta(milliseconds=_hashed(f"{task.id}:{slot.timestamp()}") % (task.jitter_seconds * 1000))
    return due


def spread_of(task: ScheduledTask) -> timedelta:
    """Give the time by which all slots of the task start later: whole seconds, hashed from its id."""
    return timedelta(seconds=_hashed(f"{task.id}") % task.spread_seconds if task.spread_seconds else 0)


def _hashed(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big")


class Mark(NamedTuple):
    """A planned slot as `seconds_due` wants it: what is hashed of it, and its instant in microseconds since 1970."""

    text: bytes
    at: int

    @classmethod
    def of(cls, slot: datetime, at: datetime) -> "Mark":
        """Mark a slot that its calendar puts at an instant."""
        return cls(str(slot.timestamp()).encode(), (at - _EPOCH) // _INSTANT)

    @classmethod
    def at_slot(cls, slot: int) -> "Mark":
        """Mark a slot that happens at its own instant, in microseconds."""
        return cls(str(slot / _SECOND).encode(), slot)


def seconds_due(task: ScheduledTask, marks: Sequence[Mark]) -> list[int]:
    """Give what `due_at` says of each slot of a task with jitter, in seconds since 1970; in no order."""
    head, reach = f"{task.id}:".encode(), task.jitter_seconds * 1000
    spread, blake2b, number = spread_of(task) // _INSTANT, hashlib.blake2b, int.from_bytes
    return [
        (at + spread + number(blake2b(head + text, digest_size=8).digest(), "big") % reach * 1000) // _SECOND
        for text, at in marks
    ]


def plan_after(task: ScheduledTask, after: datetime) -> None:
    """Set `next_slot` and `next_due_at` on the object to the first plan after `after`; nothing is saved."""
    _plan(task, next_planned(task, after))


def plan_past(task: ScheduledTask, slot: datetime, *, now: datetime | None = None) -> None:
    """Set them to the plan that follows a slot which has been dealt with; nothing is saved.

    Jitter may put slots before those that come earlier. None of them is late for that: each is due when the one before
    it was, or, with `now`, when that one was fired, as far as its own jitter reaches.
    """
    last, was_due_at = placed(task, slot), task.next_due_at
    _plan(task, next_planned(task, last.at, last.slot))
    if task.next_slot is None or not task.jitter_seconds:
        return
    due = due_at(task, task.next_slot)
    turns = [due, was_due_at or due]
    if now is not None:
        reach = placed(task, task.next_slot).at + spread_of(task) + timedelta(seconds=task.jitter_seconds)
        turns.append(min(now, reach))
    task.next_due_at = max(turns)


def _plan(task: ScheduledTask, planned: Planned | None) -> None:
    task.next_slot = planned.slot if planned else None
    task.next_due_at = due_at(task, planned.slot) if planned else None


def planned_instants(task: ScheduledTask, count: int) -> list[datetime]:
    """Give the next `count` instants at which the stored task is due; none while nothing is planned for it."""
    return [coming.at for coming in planned_runs(task, count)]


def planned_runs(task: ScheduledTask, count: int) -> list[Coming]:
    """Give the same with the slots that moved runs stand for."""
    if task.next_slot is None or task.next_due_at is None:
        return []
    here, left = placed(task, task.next_slot), _left(task, count)
    first = Coming(task.next_due_at, instead_of(here))
    return [first, *upcoming(task, here.at, left - 1)][:left]


def upcoming(task: ScheduledTask, after: datetime, count: int) -> list[Coming]:
    """Give the next `count` runs of slots that happen after `after`.

    They lie within the window and what is left of `max_runs`; an instant that several slots share comes once.
    """
    left = _left(task, count)
    found: list[Coming] = []
    while len(found) < left and (planned := next_planned(task, after)):
        found.append(Coming(due_at(task, planned.slot), instead_of(planned)))
        after = planned.at
    return found


def instead_of(planned: Planned) -> datetime | None:
    """Give the slot that a moved run stands for; None for one that happens at its own instant."""
    return planned.slot if planned.slot != planned.at else None


def _left(task: ScheduledTask, count: int) -> int:
    return count if task.max_runs is None else min(count, max(0, task.max_runs - task.slots_fired))


def build_run(  # noqa: PLR0913  # what a run is of, all by keyword
    task: ScheduledTask,
    *,
    trigger: Trigger,
    actor: str,
    now: datetime | None = None,
    status: Status = Status.QUEUED,
    reason: Reason = Reason.DUE,
    payload: dict[str, Any] | None = None,
    slot: datetime | None = None,
    scheduled_for: datetime | None = None,
) -> TaskRun:
    """Make the unsaved run of a task, with the policies that hold for it now copied from task and type."""
    now = now or db_now()
    return TaskRun(
        task=task,
        owner_id=task.owner_id,
        type=task.type,
        payload=task.payload if payload is None else payload,
        tags=task.tags,
        trigger=trigger,
        actor=actor[:200],
        status=status,
        reason=reason,
        slot=slot,
        scheduled_for=scheduled_for or slot,
        queued_at=now if status == Status.QUEUED else None,
        finished_at=now if status in FINAL else None,
        queue=task.queue,
        priority=task.priority,
        on_exhausted=task.on_exhausted,
        is_serial=task.overlap != Overlap.ALLOW,
        **policies(
            task.type,
            payload=task.payload if payload is None else payload,
            max_retries=task.max_retries,
            retry=task.retry,
            soft_timeout_seconds=task.soft_timeout_seconds,
            timeout_seconds=task.timeout_seconds,
        ),
    )


def policies(  # noqa: PLR0913  # all but the name are keywords
    type_name: str,
    *,
    payload: Mapping[str, Any] | None = None,
    max_retries: int | None = None,
    retry: dict[str, Any] | None = None,
    soft_timeout_seconds: int | None = None,
    timeout_seconds: int | None = None,
) -> dict[str, Any]:
    """Give the run fields for retries and time limits: what is asked for, else what the type declares.

    A limit of 0 seconds asks for none, and is stored as null.
    """
    policy, hard, soft = _type_defaults(type_name, payload or {})
    often = policy.retries_or(settings.RETRY_MAX)
    if retry is not None:
        often = policy_from_json(retry).retries_or(often)
    return {
        "max_retries": often if max_retries is None else max_retries,
        "retry": policy.to_json() if retry is None else retry,
        "timeout_seconds": (hard if timeout_seconds is None else timeout_seconds) or None,
        "soft_timeout_seconds": (soft if soft_timeout_seconds is None else soft_timeout_seconds) or None,
    }


def _type_defaults(type_name: str, payload: Mapping[str, Any]) -> tuple[RetryPolicy, int | None, int | None]:
    try:
        spec = registry.get(type_name)
    except KeyError:  # the run will end failed / unknown_type, visibly
        return RetryPolicy(), _DEFAULT_TIMEOUT_SECONDS, None
    retry = spec.retry_for(payload) if spec.retry_for else spec.retry
    return retry, spec.timeout_seconds, spec.soft_timeout_seconds
