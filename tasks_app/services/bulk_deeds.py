"""What an action on many tasks does to each: the same services as one by one, so the same checks and audit entries."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Self

from django.contrib.auth.models import User

from tasks_app.errors import CarillonError, Invalid
from tasks_app.models import ScheduledTask
from tasks_app.selectors.access import Deed
from tasks_app.services import switching, tasks
from tasks_app.services.specs import MOST_TAGS, check_tag
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
    """What is to be done: with the note of a pause, or the tags that are added or taken away."""

    verb: Verb
    note: str = ""
    tags: Sequence[str] = ()

    @classmethod
    def read(cls, stored: Mapping[str, Any]) -> Self:
        """Read one that was taken down; those of an earlier release have one tag."""
        tags = stored["tags"] if "tags" in stored else [stored["tag"]]
        return cls(verb=Verb(stored["verb"]), note=stored["note"], tags=tags)

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
    """Check the note and the tags; raises Invalid at their field."""
    tags = _checked_tags(order) if order.needs_tag else []
    return Order(verb=order.verb, note=checked_note(order.note) if order.verb is Verb.PAUSE else "", tags=tags)


def _checked_tags(order: Order) -> list[str]:
    """What is taken away may hold a comma: it may be from before that was refused."""
    problems, tags = Problems(), order.tags or [""]
    if len(tags) > MOST_TAGS:
        problems.add("tag", "too_many", f"At most {MOST_TAGS} tags.")
    if order.verb is Verb.TAG:
        kept = [check_tag(problems, "tag", tag) for tag in tags[:MOST_TAGS]]
    else:
        kept = [check_line(problems, "tag", tag, most=50) for tag in tags[:MOST_TAGS]]
    if problems:
        fault = problems.fields["tag"][0].message
        raise Invalid(f"The tag was not accepted: {fault}", fields=problems.fields)
    return list(dict.fromkeys(kept))


def is_done_already(order: Order, task: ScheduledTask) -> bool:
    """Say whether the task is as it shall be, so that nothing has to be done."""
    if order.verb is Verb.PAUSE:
        return task.status == TaskStatus.PAUSED
    if order.verb is Verb.RESUME:
        return task.status == TaskStatus.ACTIVE
    if order.needs_tag:
        return not _changing(order, task)
    return False


def remembered(order: Order, task: ScheduledTask) -> dict[str, Any]:
    """Give what the way back must know of a task as it is now."""
    match order.verb:
        case Verb.RESUME:
            return {"note": task.pause_note}
        case Verb.DELETE:
            return {"status": task.status, "calendar": str(task.calendar_id) if task.calendar_id else None}
        case Verb.TAG | Verb.UNTAG:
            return {"tags": _changing(order, task)}
        case _:
            return {}


def _changing(order: Order, task: ScheduledTask) -> list[str]:
    """Which of the tags are to be added that it does not have, or to be taken away that it has."""
    return [tag for tag in order.tags if (tag in task.tags) != (order.verb is Verb.TAG)]


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
            _retag(order, task, pen, actor=actor, had=was.get("tags", ()))
    return task


def _retag(order: Order, task: ScheduledTask, pen: Pen, *, actor: str, had: Sequence[str]) -> None:
    """Add or take away the tags; on the way back `had`, those with which that was done."""
    tags = had or _changing(order, task)
    kept = [tag for tag in task.tags if tag not in tags]
    switching.retag(pen, task, [*kept, *tags] if order.verb is Verb.TAG else kept, actor=actor, had=had)


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
