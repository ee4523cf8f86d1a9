"""With whom a task is shared: for those who manage it."""

import uuid

from pydantic import Field

from tasks_app.api.call import Call
from tasks_app.api.endpoint import Endpoint, operation
from tasks_app.api.paging import Page, by_number
from tasks_app.api.parameters import PageQuery, Word
from tasks_app.api.shape import Instant, Out, Shape
from tasks_app.models import TaskShare
from tasks_app.selectors.access import Deed
from tasks_app.selectors.shares import shares_of
from tasks_app.selectors.tasks import task_get
from tasks_app.services.sharing import share_remove, share_set


class ShareIn(Shape):
    """With whom, and what they may do: either a user or a group."""

    user: str | None = Field(None, description="A user name.")
    group: str | None = Field(None, description="The name of a group.")
    level: str = Field(description="view: see it and its runs; run: also run it; manage: also change it.")


class ShareQuery(Shape):
    """Whose share: either a user's or a group's."""

    user: Word = Field("", description="A user name.")
    group: Word = Field("", description="The name of a group.")


class Share(Out):
    """A task that is shared with one user or one group."""

    user: str | None
    group: str | None
    level: str
    created_by: str
    created_at: Instant


class SharePage(Page[Share]):
    """Shares, people first."""


class TaskShares(Endpoint):
    """With whom a task is shared."""

    @operation("task_share_list")
    def get(self, call: Call, query: PageQuery, task_id: uuid.UUID) -> SharePage:
        """List with whom the task is shared."""
        task = task_get(call.user, task_id, Deed.MANAGE)
        return SharePage(**by_number(call, shares_of(task), query, _share))

    @operation("task_share_set")
    def put(self, call: Call, body: ShareIn, task_id: uuid.UUID) -> Share:
        """Share the task with a user or a group, or change what they may do with it."""
        task = task_get(call.user, task_id, Deed.MANAGE)
        done = share_set(task=task, user=body.user or "", group=body.group or "", level=body.level, actor=call.actor)
        return _share(done)

    @operation("task_share_remove", status=204)
    def delete(self, call: Call, query: ShareQuery, task_id: uuid.UUID) -> None:
        """Take a share back."""
        task = task_get(call.user, task_id, Deed.MANAGE)
        share_remove(task=task, user=query.user, group=query.group, actor=call.actor)


def _share(share: TaskShare) -> Share:
    return Share(
        user=share.user.get_username() if share.user else None,
        group=share.group.name if share.group else None,
        level=share.level,
        created_by=share.created_by,
        created_at=share.created_at,
    )
