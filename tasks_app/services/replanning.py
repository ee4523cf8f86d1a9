"""What an edit of a calendar does to the tasks that keep it: what has come due is settled by the old days, then all are
planned anew by the new ones."""

from datetime import datetime
from typing import NamedTuple

from tasks_app import beat_sync
from tasks_app.errors import Invalid
from tasks_app.models import Calendar, ScheduledTask
from tasks_app.selectors.access import Person, can_see
from tasks_app.selectors.calendars import living_tasks_using
from tasks_app.services import due_slots, firing, overtaken, planning, task_calendars
from tasks_app.states import TaskStatus


class Settled(NamedTuple):
    """A task whose slots up to an instant have their rows."""

    task: ScheduledTask
    until: datetime
    plan: overtaken.Before
    """What was planned by the old days."""
    actor: str


def settle_tasks(calendar: Calendar, *, actor: str) -> list[Settled]:
    """Lock the tasks, and give each slot that has come by the calendar as it was its run or its skipped row."""
    tasks = living_tasks_using(calendar).select_for_update(of=("self",)).select_related("owner", "calendar")
    return [_settled(task, actor=actor) for task in tasks.order_by("id")]


def replan_tasks(calendar: Calendar, settled: list[Settled], *, by: Person) -> None:
    """Plan the tasks by the calendar as it is now; raises Invalid when one of them would never run again."""
    renamed: list[ScheduledTask] = []
    for one in settled:
        task = one.task
        seen = (task.schedule_text, task.status)
        task.calendar = calendar
        _plan_anew(one, by)
        renamed += [task] if (task.schedule_text, task.status) != seen else []
    fields = ["next_slot", "next_due_at", "slots_fired", "schedule_text", "status", "version"]
    ScheduledTask.objects.bulk_update([one.task for one in settled], fields, batch_size=100)
    for task in renamed:
        beat_sync.mirror(task)


def _settled(task: ScheduledTask, *, actor: str) -> Settled:
    until = due_slots.settle(task, actor=actor)
    return Settled(task, until, overtaken.plan_before(task), actor)


def _plan_anew(one: Settled, by: Person) -> None:
    task = one.task
    try:
        rule = planning.recurrence_of(task)
        task.schedule_text = task_calendars.stored_sentence(rule, task.calendar, task.calendar_policy)
        if rule is not None and task.status in (TaskStatus.ACTIVE, TaskStatus.PAUSED):
            _plan_from(one, by)
    except ValueError:  # its own schedule is broken: firing will pause it and say so
        return
    task.version += 1


def _plan_from(one: Settled, by: Person) -> None:
    task, pending = one.task, one.task.next_slot
    are_some = overtaken.settle_overtaken(task, one.plan, until=one.until, actor=f"edit:{one.actor}")
    planning.plan_after(task, one.until)
    if task.next_slot is None and pending is not None and not are_some:
        name = f"“{task.name}”" if can_see(by, task.owner_id) else "A task of somebody else"
        raise Invalid.at("days", "never", f"{name} would never run again: all that it plans would fall on days off.")
    if task.status == TaskStatus.PAUSED:
        task.next_due_at = None  # next_slot is the first one that the pause takes
    else:
        firing.complete_if_spent(task)
