"""Rows that stand for many skipped slots: how many they are, and which of them have got a row of their own.

Counting is arithmetic: of one rule a year takes no longer than an hour; of a union of many it takes up to a third of a
second a year, and holds no lock meanwhile.
"""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction

from tasks_app.models import ScheduledTask, TaskRun
from tasks_app.recurrence.spans import Span, count_in, joined, slots_in, without
from tasks_app.services import lifecycle, missed
from tasks_app.services.skipped import Range, fields_of, has_slot, read_range, skipped_run
from tasks_app.states import Reason


def expand(run: TaskRun, *, actor: str) -> int:
    """Count a skipped range; a missed one of up to `missed.ROWS` slots becomes a row each, a pause stays one row.

    Gives the number of slots.
    """
    task, what = run.task, read_range(run) if run.task else None
    if task is None or what is None:
        TaskRun.objects.filter(id=run.id).update(range_count=0)  # it has no schedule any more
        return 0
    total = count_in(*what)
    with transaction.atomic():
        known = set(own_rows(task, what))
        count = total - len(known)
        uncounted = TaskRun.objects.filter(id=run.id, range_count=None, range_to__isnull=False)
        if count <= 0:
            uncounted.delete()
        elif run.reason == Reason.PAUSED or count > missed.ROWS:
            uncounted.update(**fields_of(what, known, count))
        else:
            slots = [slot for slot in slots_in(*what) if slot not in known]
            if uncounted.update(slot=slots[0], scheduled_for=slots[0], range_to=None, result=None):
                now = run.finished_at or slots[0]
                rows = [skipped_run(task, slot, now=now, actor=actor) for slot in slots[1:]]
                lifecycle.create(rows, actor=actor)
    return count


def take_out(run: TaskRun, task: ScheduledTask, what: Range, gone: list[Span], count: int) -> None:
    """Let a range stand no more for some spans of it, with so many of its slots; one that stands for none goes."""
    left = Range(what.rule, without(what.spans, gone))
    total = count_in(*left)
    known = own_rows(task, left)
    if total <= len(known):
        run.delete()
        return
    # Rows of its slots may have been cleaned away since it was counted.
    counted = None if run.range_count is None else max(1, run.range_count - count)
    TaskRun.objects.filter(id=run.id).update(**fields_of(left, known, counted))


def own_rows(task: ScheduledTask, what: Range) -> list[datetime]:
    """Give the slots of a range that have rows of their own."""
    return [slot for slot in _slots_with_rows(task, what.spans) if has_slot(what.rule, slot)]


def _slots_with_rows(task: ScheduledTask, spans: Iterable[Span]) -> list[datetime]:
    found: list[datetime] = []
    for first, last in joined(spans):
        rows = TaskRun.objects.filter(task=task, slot__range=(first, last))
        found += [slot for slot in rows.values_list("slot", flat=True) if slot]
    return found
