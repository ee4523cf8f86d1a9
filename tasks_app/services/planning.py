"""When a task runs next, and the run row that a slot or a person's wish becomes. Writes nothing."""

import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings

from tasks_app import recurrence
from tasks_app.handlers import registry
from tasks_app.models import Overlap, ScheduledTask, TaskRun
from tasks_app.models.clock import db_now
from tasks_app.retry import RetryPolicy, policy_from_json
from tasks_app.states import FINAL, Reason, Status, Trigger

_DEFAULT_TIMEOUT_SECONDS = 3600


def recurrence_of(task: ScheduledTask) -> recurrence.Recurrence | None:
    """Give the task's schedule as a recurrence; None for a manual task. Raises ValueError when it cannot be read."""
    if task.schedule is None:
        return None
    return recurrence.build(task.schedule, task.timezone)


def slot_after(task: ScheduledTask, after: datetime) -> datetime | None:
    """Give the task's first slot after `after`, within its window; None when there is none left."""
    rule = recurrence_of(task)
    if rule is None or (task.max_runs is not None and task.slots_fired >= task.max_runs):
        return None
    if task.starts_at is not None:
        after = max(after, task.starts_at - timedelta(microseconds=1))
    slot = rule.next_after(after)
    if slot is None or (task.ends_at is not None and slot > task.ends_at):
        return None
    return slot


def due_at(task: ScheduledTask, slot: datetime) -> datetime:
    """Shift a slot by the task's spread, the same for all its slots, and by its jitter, the same for this slot."""
    if task.spread_seconds:
        slot += timedelta(seconds=_hashed(f"{task.id}") % task.spread_seconds)
    if task.jitter_seconds:
        slot += timedelta(milliseconds=_hashed(f"{task.id}:{slot.timestamp()}") % (task.jitter_seconds * 1000))
    return slot


def _hashed(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big")


def plan_after(task: ScheduledTask, after: datetime) -> None:
    """Set `next_slot` and `next_due_at` on the object to the first slot after `after`; nothing is saved."""
    task.next_slot = slot_after(task, after)
    task.next_due_at = due_at(task, task.next_slot) if task.next_slot else None


def upcoming(task: ScheduledTask, after: datetime, count: int) -> list[datetime]:
    """Give the next `count` slots after `after`, within the window and what is left of `max_runs`."""
    left = count if task.max_runs is None else min(count, max(0, task.max_runs - task.slots_fired))
    slots: list[datetime] = []
    while len(slots) < left and (slot := slot_after(task, slots[-1] if slots else after)):
        slots.append(slot)
    return slots


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
