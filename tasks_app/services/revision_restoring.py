"""Putting a task back to a version: an edit like any other, which is checked as one and makes a version of its own."""

from typing import Any

from django.contrib.auth.models import User
from django.db import transaction

from tasks_app.errors import Forbidden
from tasks_app.models import ScheduledTask, TaskRevision
from tasks_app.selectors.access import Deed, require, shows_payload
from tasks_app.services import audit
from tasks_app.services.borrowing import check_calendar
from tasks_app.services.payloads import meant_payload
from tasks_app.services.revisions import task_as_it_was
from tasks_app.services.sealed_payloads import opened_payload
from tasks_app.services.tasks import spec_of, task_update


@transaction.atomic
def task_restore(
    *, user: User, task: ScheduledTask, revision: TaskRevision, actor: str, expected_version: int | None = None
) -> ScheduledTask:
    """Make the task say again what a version says. Whether it is paused stays as it is, and so does its owner.

    Raises as `task_update` does: Invalid names the fields that are not accepted any more. Forbidden where the version
    has a payload that this user may not see.
    """
    require(user, Deed.MANAGE, task)
    was = task_as_it_was(task, revision)
    changes = vars(spec_of(was)).copy()
    del changes["enabled"]
    check_calendar(user, task, changes["calendar"])
    changes["payload"] = _payload(user, task, was)
    done = task_update(task=task, changes=changes, actor=actor, expected_version=expected_version)
    if done.version != task.version:
        audit.note("task.restore", done, actor=actor, after={"version": revision.version})
    return done


def _payload(user: User, task: ScheduledTask, was: ScheduledTask) -> dict[str, Any]:
    """Give what is to be its payload; as in any edit, nobody but its owner puts a credential to another use."""
    stored: dict[str, Any] = was.payload
    if was.type == task.type and was.payload == task.payload:
        return stored
    if was.payload and not shows_payload(user, was):
        raise Forbidden("The payload of this version is hidden from you, so you cannot bring it back.")
    return meant_payload(user, task, opened_payload(was, is_for_edit=True), type_name=was.type)
