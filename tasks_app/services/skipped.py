"""Rows for slots that do not run: one for a slot, or one for many, which says by itself which slots it stands for.

A range stands for the slots of its schedule within its spans that have no row of their own. Where a calendar puts them
does not matter, so no later edit changes which they are.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple

from tasks_app import recurrence
from tasks_app.models import ScheduledTask, TaskRun
from tasks_app.recurrence import Recurrence
from tasks_app.recurrence.plan_counting import spans_between
from tasks_app.recurrence.spans import Span, count_in, joined, slots_in
from tasks_app.services import planning
from tasks_app.states import Reason, Status, Trigger


class Range(NamedTuple):
    """What a row stands for."""

    rule: Recurrence
    spans: list[Span]


def skipped_run(
    task: ScheduledTask, slot: datetime, *, now: datetime, actor: str, reason: Reason = Reason.MISSED
) -> TaskRun:
    """Make the row of one skipped slot."""
    return planning.build_run(
        task, trigger=Trigger.SCHEDULE, actor=actor, now=now, status=Status.SKIPPED, reason=reason, slot=slot
    )


def skipped_range(
    task: ScheduledTask, spans: Iterable[Span], *, now: datetime, actor: str, reason: Reason = Reason.MISSED
) -> list[TaskRun]:
    """Make the row that stands for all slots of some spans, not counted yet; none where there is no slot."""
    rule, spans = planning.recurrence_of(task), joined(spans)
    first = next(slots_in(rule, spans), None) if rule else None
    if rule is None or first is None:
        return []
    run = skipped_run(task, first, now=now, actor=actor, reason=reason)
    for name, value in fields_of(Range(rule, spans), frozenset(), None).items():
        setattr(run, name, value)
    return [run]


def between(task: ScheduledTask, first: datetime, last: datetime) -> list[Span]:
    """Give the slots of a task that happen from one to another."""
    plan = planning.plan_of(task)
    return list(spans_between(plan, planning.placed(task, first), planning.placed(task, last))) if plan else []


def fields_of(what: Range, taken: Iterable[datetime], count: int | None) -> dict[str, Any]:
    """Give the fields of a row that stands for so many slots, of which none is taken."""
    known = frozenset(taken)
    first = next(slot for slot in slots_in(*what) if slot not in known)
    last = next(slot for slot in slots_in(*what, backwards=True) if slot not in known)
    if first == last:
        return {"slot": first, "scheduled_for": first, "range_to": None, "range_count": None, "result": None}
    said: dict[str, Any] = {"schedule": dict(what.rule.schedule), "timezone": what.rule.timezone}
    if len(what.spans) > 1:  # a single one is as long as the row
        said["spans"] = [[instant.isoformat() for instant in span] for span in what.spans]
    return {"slot": None, "scheduled_for": first, "range_to": last, "range_count": count, "result": said}


def read_range(run: TaskRun) -> Range | None:
    """Say what a row of many slots stands for. Raises ValueError when its schedule cannot be read."""
    assert run.scheduled_for is not None
    assert run.range_to is not None
    said = run.result or _said_by(run.task)
    if said is None:
        return None
    rule = recurrence.build(said["schedule"], said["timezone"])
    return Range(rule, read_spans(run.scheduled_for, run.range_to, said))


def read_spans(first: datetime, last: datetime, said: Any) -> list[Span]:
    """Give the spans of a row from its first slot to its last, and what its result says."""
    spans = said.get("spans") if isinstance(said, dict) else None
    return [Span(*map(datetime.fromisoformat, span)) for span in spans] if spans else [Span(first, last)]


def has_slot(rule: Recurrence, slot: datetime) -> bool:
    """Tell whether an instant is a slot of a schedule."""
    return count_in(rule, [Span(slot, slot)]) > 0


def _said_by(task: ScheduledTask | None) -> dict[str, Any] | None:
    return {"schedule": task.schedule, "timezone": task.timezone} if task and task.schedule else None
