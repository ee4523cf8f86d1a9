"""What an edit of a calendar does to the tasks that keep it: what has come due is settled by the old days, then all are
planned anew by the new ones."""

from datetime import datetime
from typing import NamedTuple

from tasks_app import beat_sync
from tasks_app.errors import Invalid
from tasks_app.models import Calendar, ScheduledTask
from tasks_app.selectors.access import Person, can_see
from tasks_app.selectors.calendars import living_tasks_using
from tasks_app.services import due_slots, planning, task_calendars
from tasks_app.states import TaskStatus


class Settled(NamedTuple):
    """A task whose slots up to an instant have their rows."""

    task: ScheduledTask
    until: datetime


def settle_tasks(calendar: Calendar, *, actor: str) -> list[Settled]:
    """Lock the tasks, and give each slot that has come by the calendar as it was its run or its skipped row."""
    tasks = living_tasks_using(calendar).select_for_update(of=("self",)).select_related("owner", "calendar")
    return [_settled(task, actor=actor) for task in tasks.order_by("id")]


def replan_tasks(calendar: Calendar, settled: list[Settled], *, by: Person) -> None:
    """Plan the tasks by the calendar as it is now; raises Invalid when one of them would never run again."""
    renamed: list[ScheduledTask] = []
    for task, until in settled:
        text = task.schedule_text
        task.calendar = calendar
        _plan_anew(task, until, by)
        renamed += [task] if task.schedule_text != text else []
    fields = ["next_slot", "next_due_at", "schedule_text", "version"]
    ScheduledTask.objects.bulk_update([task for task, _ in settled], fields, batch_size=100)
    for task in renamed:
        beat_sync.mirror(task)


def _settled(task: ScheduledTask, *, actor: str) -> Settled:
    until = due_slots.settle(task, actor=actor)
    due_slots.count_ranges(task, actor=actor)
    return Settled(task, until)


def _plan_anew(task: ScheduledTask, until: datetime, by: Person) -> None:
    try:
        rule = planning.recurrence_of(task)
        task.schedule_text = task_calendars.sentence(rule, task.calendar, task.calendar_policy)[:300]
        if rule is not None and task.status in (TaskStatus.ACTIVE, TaskStatus.PAUSED):
            _plan_from(task, until, by)
    except ValueError:  # its own schedule is broken: firing will pause it and say so
        return
    task.version += 1


def _plan_from(task: ScheduledTask, until: datetime, by: Person) -> None:
    pending = task.next_slot
    if task.status == TaskStatus.ACTIVE:
        planning.plan_moved(task, until)
    else:  # the pause has taken what has come
        planning.plan_after(task, until)
    if task.next_slot is None and pending is not None:
        name = f"“{task.name}”" if can_see(by, task.owner_id) else "A task of somebody else"
        raise Invalid.at("days", "never", f"{name} would never run again: all that it plans would fall on days off.")
    if task.status == TaskStatus.PAUSED:
        task.next_due_at = None  # next_slot is the first one that the pause takes
