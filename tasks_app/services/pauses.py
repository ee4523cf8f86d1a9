"""The slots that a pause takes: one row in the history for all of them, however often the task is edited meanwhile."""

from collections.abc import Iterable
from datetime import datetime

from django.db.models import Q

from tasks_app.models import ScheduledTask, TaskRun
from tasks_app.models.ids import first_id_at
from tasks_app.recurrence.plan import Plan
from tasks_app.recurrence.spans import Span, are_same, joined
from tasks_app.services import lifecycle, planning, ranges
from tasks_app.services.skipped import Range, fields_of, has_slot, read_range, skipped_range
from tasks_app.states import Reason, Status, Trigger


def take(task: ScheduledTask, spans: Iterable[Span], *, now: datetime, actor: str) -> None:
    """Let slots that came in a pause stand in the history, in the row that the pause has already where it has one."""
    new = list(spans)
    made = skipped_range(task, new, now=now, actor=actor, reason=Reason.PAUSED)
    plan = planning.plan_of(task)
    if not made or plan is None:
        return
    earlier = [(run, found) for run in _rows_of_pause(task) if (found := _stretch(run, plan, now))]
    for run in [_put_together(task, plan, earlier, new)] if earlier else lifecycle.create(made, actor=actor):
        if run.range_to is not None:
            ranges.expand(run, actor=actor)


def _rows_of_pause(task: ScheduledTask) -> Iterable[TaskRun]:
    if task.paused_at is None:
        return []
    rows = TaskRun.objects.filter(
        Q(slot__isnull=False) | Q(range_to__isnull=False),
        task=task,
        trigger=Trigger.SCHEDULE,
        status=Status.SKIPPED,
        reason=Reason.PAUSED,
        id__gte=first_id_at(task.paused_at),
        finished_at__gte=task.paused_at,
    )
    return rows.order_by("id")


def _stretch(run: TaskRun, plan: Plan, now: datetime) -> list[Span] | None:
    """Give what a row of the pause stands for; None where it is of another schedule, or lies ahead by now."""
    if run.range_to is not None:
        what = read_range(run)
        return what.spans if what and are_same(what.rule, plan.rule) else None
    place = plan.place(run.slot) if run.slot and has_slot(plan.rule, run.slot) else None
    return [Span(place.slot, place.slot)] if place and place.at <= now else None


def _put_together(
    task: ScheduledTask, plan: Plan, earlier: list[tuple[TaskRun, list[Span]]], new: list[Span]
) -> TaskRun:
    spans = joined([*new, *(span for _, found in earlier for span in found)])
    kept = next((run for run, _ in earlier if run.range_to is not None), earlier[0][0])
    TaskRun.objects.filter(id__in=[run.id for run, _ in earlier if run.id != kept.id]).delete()
    for name, value in fields_of(Range(plan.rule, spans), (), None).items():
        setattr(kept, name, value)
    kept.task = task
    kept.save(update_fields=["slot", "scheduled_for", "range_to", "range_count", "result"])
    return kept
