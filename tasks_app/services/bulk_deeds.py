"""What an action on many tasks does to each: the same services as one by one, so the same checks and audit entries."""

from dataclasses import dataclass
from enum import StrEnum

from django.contrib.auth.models import User

from tasks_app.errors import CarillonError, Invalid
from tasks_app.models import ScheduledTask
from tasks_app.selectors.access import Deed
from tasks_app.services import tasks
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
}
STATES = {
    Verb.PAUSE: (TaskStatus.ACTIVE,),
    Verb.RESUME: (TaskStatus.PAUSED,),
    Verb.RUN: (TaskStatus.ACTIVE, TaskStatus.PAUSED, TaskStatus.COMPLETED),
    Verb.TAG: (TaskStatus.ACTIVE, TaskStatus.PAUSED, TaskStatus.COMPLETED),
    Verb.UNTAG: (TaskStatus.ACTIVE, TaskStatus.PAUSED, TaskStatus.COMPLETED),
    Verb.DELETE: tuple(TaskStatus),
}
"""In which states of a task there is something to do."""
REVERSE = {Verb.PAUSE: Verb.RESUME, Verb.RESUME: Verb.PAUSE, Verb.TAG: Verb.UNTAG, Verb.UNTAG: Verb.TAG}


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


def perform(order: Order, task: ScheduledTask, *, actor: str, note: str = "") -> int:
    """Do it to one task and give its version then; raises what the service raises. `note` replaces the order's."""
    match order.verb:
        case Verb.PAUSE:
            return tasks.task_pause(task=task, actor=actor, note=note or order.note).version
        case Verb.RESUME:
            return tasks.task_resume(task=task, actor=actor).version
        case Verb.RUN:
            tasks.task_run_now(task=task, actor=actor)
            return task.version
        case Verb.DELETE:
            tasks.task_delete(task=task, actor=actor)
            return task.version
        case _:
            kept = [tag for tag in task.tags if tag != order.tag]
            tags = [*kept, order.tag] if order.verb is Verb.TAG else kept
            return tasks.task_update(task=task, changes={"tags": tags}, actor=actor).version


def actor_of(user: User) -> str:
    """The name under which the platform notes what is done."""
    return f"user:{user.get_username()}"


def reason_of(error: CarillonError) -> str:
    """Say why one task was left as it is: the first field's fault where there is one."""
    faults = [fault.message for found in error.fields.values() for fault in found]
    return faults[0] if faults else error.message
