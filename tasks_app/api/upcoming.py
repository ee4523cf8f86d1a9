"""What runs next."""

from typing import Annotated

from pydantic import Field

from tasks_app.api.call import Call
from tasks_app.api.endpoint import Endpoint, operation
from tasks_app.api.paging import Page
from tasks_app.api.parameters import Moment, whole
from tasks_app.api.shape import Instant, Out, Shape
from tasks_app.services.upcoming import upcoming_slots


class UpcomingQuery(Shape):
    """How far to look."""

    until: Moment | None = None
    limit: Annotated[int, *whole(1, 200)] = 50


class UpcomingSlot(Out):
    """A planned instant of a task."""

    task: str
    task_name: str
    type: str
    queue: str
    owner: str
    slot: Instant
    due_at: Instant = Field(description="The slot, shifted by the task's jitter.")


class UpcomingPage(Page[UpcomingSlot]):
    """Slots, the soonest first; more of them by a greater `limit`."""


class UpcomingList(Endpoint):
    """The next slots of all tasks."""

    @operation("upcoming")
    def get(self, call: Call, query: UpcomingQuery) -> UpcomingPage:
        """List the next slots of all tasks that the caller may see, until an instant, or the next N."""
        found = upcoming_slots(call.user, until=query.until, limit=query.limit + 1)
        slots = [
            UpcomingSlot(
                task=str(one.task.id),
                task_name=one.task.name,
                type=one.task.type,
                queue=one.task.queue,
                owner=one.task.owner.get_username(),
                slot=one.slot,
                due_at=one.due_at,
            )
            for one in found[: query.limit]
        ]
        is_all = len(found) <= query.limit
        return UpcomingPage(results=slots, next=None, previous=None, count=len(slots), count_is_exact=is_all)
