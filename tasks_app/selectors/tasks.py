"""Reading one task."""

import uuid

from tasks_app.errors import NotFound
from tasks_app.models import ScheduledTask
from tasks_app.selectors.access import Deed, Person, deleted_tasks, may, require, visible_tasks


def task_get(user: Person, task_id: uuid.UUID | str, deed: Deed = Deed.VIEW) -> ScheduledTask:
    """Give a task with which the user may do this; raises NotFound where they may not see it, else Forbidden."""
    task = visible_tasks(user).select_related("owner").filter(id=task_id).first()
    if task is None:
        raise NotFound("There is no such task.")
    require(user, deed, task)
    return task


def task_deleted(user: Person, task_id: uuid.UUID, deed: Deed) -> ScheduledTask | None:
    """Give the tombstone of a task with which the user might do this if it were there, or None."""
    task = deleted_tasks(user).select_related("owner").filter(id=task_id).first()
    return task if task is not None and may(user, deed, task) else None


def task_by_key(user: Person, key: str) -> ScheduledTask | None:
    """Give the user's own task with this key, or None."""
    return visible_tasks(user).select_related("owner").filter(owner_id=user.pk, key=key).first()
