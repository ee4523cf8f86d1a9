"""Rows that stand for many skipped slots: how many they are, and which of them have got a row of their own.

Counting is arithmetic, so that it takes no longer for a year than for an hour: whoever changes a schedule does it with
the task locked, while the schedule is still the one that the slots belong to.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from tasks_app.models import ScheduledTask, TaskRun
from tasks_app.recurrence.counting import count_slots
from tasks_app.recurrence.plan import Plan, Planned
from tasks_app.recurrence.plan_counting import Span, spans_between
from tasks_app.services import lifecycle, missed, planning
from tasks_app.states import Reason

_INSTANT = timedelta(microseconds=1)


def expand(run: TaskRun, *, actor: str) -> int:
    """Count a skipped range; a missed one of up to `missed.ROWS` slots becomes a row each, a pause stays one row.

    Gives the number of slots.
    """
    task, plan = run.task, planning.plan_of(run.task) if run.task else None
    if task is None or plan is None or run.scheduled_for is None or run.range_to is None:
        TaskRun.objects.filter(id=run.id).update(range_count=0)  # it has no schedule any more
        return 0
    first, last = (planning.placed(task, slot) for slot in (run.scheduled_for, run.range_to))
    with transaction.atomic():
        spans = list(spans_between(plan, first, last))
        known = set(own_rows(task, plan, spans))
        count = count_in(plan, spans) - len(known)
        uncounted = TaskRun.objects.filter(id=run.id, range_count=None, range_to__isnull=False)
        if count <= 0:
            uncounted.delete()
        elif run.reason == Reason.PAUSED or count > missed.ROWS:
            uncounted.update(**narrowed(plan, (first, last), known, count))
        else:
            slots = missed.free(task, _listed(plan, first, last))
            if uncounted.update(slot=slots[0], scheduled_for=slots[0], range_to=None, result=None):
                now = run.finished_at or slots[0]
                rows = [missed.skipped_run(task, (slot, slot), now=now, actor=actor) for slot in slots[1:]]
                lifecycle.create(rows, actor=actor)
    return count


def narrowed(plan: Plan, ends: tuple[Planned, Planned], taken: set[datetime], count: int) -> dict[str, Any]:
    """Give the fields of a range that stands for so many slots: it neither begins nor ends with one that is taken."""
    first, last = _left(taken, ends[0], plan.after), _left(taken, ends[1], plan.before)
    if first == last:
        return {"slot": first, "scheduled_for": first, "range_to": None, "range_count": None, "result": None}
    return {"scheduled_for": first, "range_to": last, "range_count": count}


def _left(taken: set[datetime], end: Planned, find: Callable[[datetime, datetime], Planned | None]) -> datetime:
    here = end
    while here.slot in taken and (found := find(here.at, here.slot)) is not None:
        here = found
    return here.slot


def count_in(plan: Plan, spans: Iterable[Span]) -> int:
    """Count the slots of a plan in spans of its schedule."""
    return sum(count_slots(plan.rule, *span) for span in spans)


def own_rows(task: ScheduledTask, plan: Plan, spans: Iterable[Span]) -> list[datetime]:
    """Give the slots of the spans that have rows of their own."""
    found: list[datetime] = []
    for first, last in _joined(spans):
        rows = TaskRun.objects.filter(task=task, slot__range=(first, last))
        found += [slot for slot in rows.values_list("slot", flat=True) if slot and count_slots(plan.rule, slot, slot)]
    return found


def slots_in(plan: Plan, span: Span, *, backwards: bool = False) -> Iterator[datetime]:
    """Give the slots of a span of the schedule one by one."""
    find = plan.rule.previous_before if backwards else plan.rule.next_after
    slot = find(span.last + _INSTANT) if backwards else find(span.first - _INSTANT)
    while slot is not None and span.first <= slot <= span.last:
        yield slot
        slot = find(slot)


def _joined(spans: Iterable[Span]) -> list[Span]:
    """Put spans together that lie side by side, for fewer queries."""
    joined: list[Span] = []
    for span in sorted(span for span in spans if span.first <= span.last):
        if joined and span.first - joined[-1].last <= _INSTANT:
            joined[-1] = Span(joined[-1].first, span.last)
        else:
            joined.append(span)
    return joined


def _listed(plan: Plan, first: Planned, last: Planned) -> list[datetime]:
    slots: list[datetime] = []
    here: Planned | None = first
    while here is not None and here <= last:
        slots.append(here.slot)
        here = plan.after(here.at, here.slot)
    return slots
