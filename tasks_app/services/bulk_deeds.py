"""What an action on many tasks does to each: the same services as one by one, so the same checks and audit entries."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.contrib.auth.models import User

from tasks_app.errors import CarillonError, Invalid
from tasks_app.models import ScheduledTask
from tasks_app.selectors.access import Deed
from tasks_app.services import switching, tasks
from tasks_app.services.switching import Pen
from tasks_app.services.validation import Problems, check_line, checked_note
from tasks_app.states import TaskStatus


class Verb(StrEnum):
    """What can be done to many tasks at once."""

    PAUSE = "pause"
    RESUME = "resume"
    RUN = "run"
    TAG = "tag"
    UNTAG = "untag"
    DELETE = "delete"
    UNDELETE = "undelete"


ASKABLE = tuple(verb for verb in Verb if verb is not Verb.UNDELETE)
"""What can be asked for; the last is only the way back."""


@dataclass(frozen=True, kw_only=True)
class Order:
    """What is to be done: with the note of a pause, or the tag that is added or taken away."""

    verb: Verb
    note: str = ""
    tag: str = ""

    @property
    def needs_tag(self) -> bool:
        """It means nothing without a tag."""
        return self.verb in (Verb.TAG, Verb.UNTAG)

    @property
    def deed(self) -> Deed:
        """What one must be allowed with each of the tasks."""
        return DEEDS[self.verb]


DEEDS = {
    Verb.PAUSE: Deed.CANCEL,
    Verb.RESUME: Deed.CANCEL,
    Verb.RUN: Deed.RUN,
    Verb.TAG: Deed.MANAGE,
    Verb.UNTAG: Deed.MANAGE,
    Verb.DELETE: Deed.MANAGE,
    Verb.UNDELETE: Deed.MANAGE,
}
STATES = {
    Verb.PAUSE: (TaskStatus.ACTIVE,),
    Verb.RESUME: (TaskStatus.PAUSED,),
    Verb.RUN: (TaskStatus.ACTIVE, TaskStatus.PAUSED, TaskStatus.COMPLETED),
    Verb.TAG: (TaskStatus.ACTIVE, TaskStatus.PAUSED, TaskStatus.COMPLETED),
    Verb.UNTAG: (TaskStatus.ACTIVE, TaskStatus.PAUSED, TaskStatus.COMPLETED),
    Verb.DELETE: tuple(TaskStatus),
    Verb.UNDELETE: tuple(TaskStatus),
}
"""In which states of a task there is something to do."""
REVERSE = {
    Verb.PAUSE: Verb.RESUME,
    Verb.RESUME: Verb.PAUSE,
    Verb.TAG: Verb.UNTAG,
    Verb.UNTAG: Verb.TAG,
    Verb.DELETE: Verb.UNDELETE,
}


def checked(order: Order) -> Order:
    """Check the note and the tag; raises Invalid at their field."""
    problems = Problems()
    tag = check_line(problems, "tag", order.tag, most=50) if order.needs_tag else ""
    if problems:
        fault = problems.fields["tag"][0].message
        raise Invalid(f"The tag was not accepted: {fault}", fields=problems.fields)
    return Order(verb=order.verb, note=checked_note(order.note) if order.verb is Verb.PAUSE else "", tag=tag)


def is_done_already(order: Order, task: ScheduledTask) -> bool:
    """Say whether the task is as it shall be, so that nothing has to be done."""
    if order.verb is Verb.PAUSE:
        return task.status == TaskStatus.PAUSED
    if order.verb is Verb.RESUME:
        return task.status == TaskStatus.ACTIVE
    if order.needs_tag:
        return (order.tag in task.tags) == (order.verb is Verb.TAG)
    return False


def remembered(order: Order, task: ScheduledTask) -> dict[str, Any]:
    """Give what the way back must know of a task as it is now."""
    match order.verb:
        case Verb.RESUME:
            return {"note": task.pause_note}
        case Verb.DELETE:
            return {"status": task.status, "calendar": str(task.calendar_id) if task.calendar_id else None}
        case _:
            return {}


def perform(order: Order, task: ScheduledTask, pen: Pen, *, actor: str, was: dict[str, Any]) -> ScheduledTask:
    """Do it to one locked task and give it as it is then; raises what the service raises. `was`: on the way back."""
    match order.verb:
        case Verb.PAUSE:
            switching.pause(pen, task, actor=actor, note=was.get("note") or order.note)
        case Verb.RESUME:
            switching.resume(pen, task, actor=actor)
        case Verb.RUN:
            tasks.task_run_now(task=task, actor=actor)
        case Verb.DELETE:
            switching.delete(pen, task, actor=actor)
        case Verb.UNDELETE:
            return tasks.task_undelete(task=task, actor=actor, **was)
        case _:
            kept = [tag for tag in task.tags if tag != order.tag]
            switching.retag(pen, task, [*kept, order.tag] if order.verb is Verb.TAG else kept, actor=actor)
    return task


def lacks(order: Order, task: ScheduledTask, was: dict[str, Any]) -> str:
    """Say why a task that came back is paused, though it was not before."""
    came_back_off = order.verb is Verb.UNDELETE and task.status == TaskStatus.PAUSED
    return task.pause_note if came_back_off and was.get("status") != TaskStatus.PAUSED else ""


def actor_of(user: User) -> str:
    """The name under which the platform notes what is done."""
    return f"user:{user.get_username()}"


def reason_of(error: CarillonError) -> str:
    """Say why one task was left as it is: the first field's fault where there is one."""
    faults = [fault.message for found in error.fields.values() for fault in found]
    return faults[0] if faults else error.message
