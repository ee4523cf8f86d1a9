"""The versions of a task: what it was, and putting it back."""

import uuid
from typing import Annotated, Any

from pydantic import Field

from tasks_app.api.call import Call
from tasks_app.api.endpoint import Endpoint, operation
from tasks_app.api.paging import Page, by_number
from tasks_app.api.parameters import PageQuery
from tasks_app.api.shape import Instant, Out, Shape
from tasks_app.api.task_shapes import Task, task_out
from tasks_app.selectors.access import Deed
from tasks_app.selectors.revisions import revision_get
from tasks_app.selectors.tasks import task_get
from tasks_app.services.audit_values import sized
from tasks_app.services.revision_restoring import task_restore
from tasks_app.services.revisions import Told, revision_story

_CHANGED = "Secrets are masked; a payload that the caller may not see is only named."


class RestoreIn(Shape):
    """To what the task is put back."""

    version: Annotated[int, Field(ge=1)] = Field(description="One of those that the list of revisions has.")


class Revision(Out):
    """One version of a task."""

    version: int
    actor: str | None = Field(description="Who made it; null: the task was like this before versions were kept.")
    at: Instant
    before: dict[str, Any] = Field(description=f"What it changed, as it was in the version before. {_CHANGED}")
    after: dict[str, Any] = Field(description="The same fields as they are in this version.")


class RevisionPage(Page[Revision]):
    """Versions, the newest first; the newest 50 are kept."""


class TaskRevisions(Endpoint):
    """The versions of a task."""

    @operation("task_revision_list")
    def get(self, call: Call, query: PageQuery, task_id: uuid.UUID) -> RevisionPage:
        """List the versions of a task that are kept, with what each has changed."""
        task = task_get(call.user, task_id, Deed.MANAGE)
        return RevisionPage(**by_number(call, revision_story(call.user, task), query, _out))


class TaskRestore(Endpoint):
    """Putting a task back."""

    @operation("task_restore", if_match=True)
    def post(self, call: Call, body: RestoreIn, task_id: uuid.UUID) -> Task:
        """Make the task say again what a version says. It is an edit, checked as one, and makes a new version; whether
        the task is paused stays as it is."""
        task = task_get(call.user, task_id, Deed.MANAGE)
        done = task_restore(
            user=call.user,
            task=task,
            revision=revision_get(task, body.version),
            actor=call.actor,
            expected_version=call.if_match,
        )
        return task_out(call, done)


def _out(told: Told) -> Revision:
    row = told.revision
    return Revision(
        version=row.version, actor=row.actor or None, at=row.at, before=sized(told.before), after=sized(told.after)
    )
