"""What runs next, how much of it at once, and moving tasks off a crowded minute."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

from django.utils import timezone
from pydantic import Field

from tasks_app.api.call import Call
from tasks_app.api.endpoint import Endpoint, operation
from tasks_app.api.paging import Page
from tasks_app.api.parameters import Identifier, Moment, Word, one_of, whole
from tasks_app.api.shape import Instant, Out, Shape
from tasks_app.errors import Invalid, NotFound
from tasks_app.selectors.access import Deed, require
from tasks_app.selectors.planned import PlannedFilters, tasks_shown
from tasks_app.services.load import Part, hours_of, minutes_of
from tasks_app.services.planned_runs import load_within
from tasks_app.services.spreading import MOST, Spread, tasks_spread
from tasks_app.services.starts import Window
from tasks_app.services.upcoming import upcoming_slots

_DAY = timedelta(days=1)
_LONGEST = {"minute": _DAY, "hour": 7 * _DAY}


class PlannedQuery(Shape):
    """Which tasks count."""

    type: Word = ""
    queue: Word = ""
    tag: Word = ""
    owner: Word = Field("", description="A user name.")
    task: Identifier | None = None

    def filters(self) -> PlannedFilters:
        """Give the same for the selector."""
        return PlannedFilters(type=self.type, queue=self.queue, tag=self.tag, owner=self.owner, task=self.task)


class UpcomingQuery(PlannedQuery):
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
    due_at: Instant = Field(description="The slot, shifted by the task's calendar, spread and jitter.")
    instead_of: Instant | None = Field(description="The slot, where a calendar has moved it to another day.")


class UpcomingPage(Page[UpcomingSlot]):
    """Slots, the soonest first; more of them by a greater `limit`."""


class UpcomingList(Endpoint):
    """The next slots of all tasks."""

    @operation("upcoming")
    def get(self, call: Call, query: UpcomingQuery) -> UpcomingPage:
        """List the next slots of all tasks that the caller may see, until an instant, or the next N."""
        found = upcoming_slots(call.user, until=query.until, limit=query.limit + 1, filters=query.filters())
        slots = [
            UpcomingSlot(
                task=str(one.task.id),
                task_name=one.task.name,
                type=one.task.type,
                queue=one.task.queue,
                owner=one.task.owner.get_username(),
                slot=one.slot,
                due_at=one.due_at,
                instead_of=one.instead_of,
            )
            for one in found[: query.limit]
        ]
        is_all = len(found) <= query.limit
        return UpcomingPage(results=slots, next=None, previous=None, count=len(slots), count_is_exact=is_all)


class LoadQuery(PlannedQuery):
    """From `from` (now, if left out or past) to before `until` (a day later): at most a day per minute, 7 per hour."""

    from_: Moment | None = Field(None, alias="from")
    until: Moment | None = None
    per: Annotated[str, *one_of("minute", "hour")] = "hour"

    def window(self) -> Window:
        """Give the window in full minutes."""
        now = timezone.now()
        start = max(self.from_ or now, now)
        until = self.until or start + _DAY
        if until <= start:
            raise Invalid.at("until", "out_of_range", "Must be after from, and not past.")
        if until - start > _LONGEST[self.per]:
            days = _LONGEST[self.per].days
            raise Invalid.at("until", "out_of_range", f"Must be at most {days * 24} hours after from, per {self.per}.")
        return Window.of(start, until)


class LoadPart(Out):
    """A minute or an hour in which something starts."""

    at: Instant = Field(description="The beginning of the minute or, in UTC, of the hour.")
    count: int = Field(description="How many runs start.")
    tasks: int = Field(description="How many tasks have runs among them.")


class LoadPage(Page[LoadPart]):
    """Minutes or hours in order; those in which nothing starts are left out."""

    from_: Instant = Field(alias="from")
    until: Instant
    per: str
    total: int = Field(description="How many runs start in all.")
    is_complete: bool = Field(description="False when there was too much to count: then there are more than told.")


class UpcomingLoad(Endpoint):
    """How many runs start when."""

    @operation("upcoming_load")
    def get(self, call: Call, query: LoadQuery) -> LoadPage:
        """Count the slots to come of all tasks that the caller may see, by minute or by hour."""
        window, size = query.window(), 60 if query.per == "minute" else 3600
        edges = minutes_of(window) if query.per == "minute" else hours_of(window)
        load = load_within(call.user, window, query.filters(), edges)
        parts = [_part(part, size) for part in load.parts if part.runs]
        return LoadPage(
            results=parts,
            next=None,
            previous=None,
            count=len(parts),
            count_is_exact=True,
            from_=datetime.fromtimestamp(window.start, UTC),
            until=datetime.fromtimestamp(window.end, UTC),
            per=query.per,
            total=load.total,
            is_complete=load.is_complete,
        )


def _part(part: Part, size: int) -> LoadPart:
    at = datetime.fromtimestamp(part.start // size * size, UTC)
    return LoadPart(at=at, count=part.runs, tasks=part.tasks)


class SpreadIn(Shape):
    """Which tasks to spread, and over how many seconds; 0 puts them back on time."""

    tasks: Annotated[list[Identifier], Field(min_length=1, max_length=MOST)]
    spread_seconds: int = Field(description="0 to 86,400.")


class SpreadTask(Out):
    """A task after it was spread, and before."""

    task: str
    task_name: str
    spread_seconds: int
    spread_seconds_before: int
    next_run_at: Instant | None
    next_run_at_before: Instant | None
    error: str | None = Field(description="Why it was left as it was.")


class SpreadPage(Page[SpreadTask]):
    """The tasks in the order in which they were named."""


class UpcomingSpread(Endpoint):
    """Move tasks off a crowded minute."""

    @operation("upcoming_spread")
    def post(self, call: Call, body: SpreadIn) -> SpreadPage:
        """Let each task start later by a time of its own, within so many seconds. Schedules stay as they are.

        Each task is changed by itself. 404, and nothing is changed, where the caller may not see one of them; 409 when
        all of them refuse.
        """
        ids = list(dict.fromkeys(body.tasks))
        tasks = tasks_shown(call.user, ids)
        if missing := [task_id for task_id in ids if task_id not in tasks]:
            raise NotFound(f"There is no such task: {missing[0]}.")
        for task in tasks.values():
            require(call.user, Deed.MANAGE, task)
        done = tasks_spread(wanted=[(tasks[one], body.spread_seconds) for one in ids], actor=call.actor)
        refusals = [one.refusal for one in done if one.refusal is not None]
        if len(refusals) == len(done):
            raise refusals[0]
        results = [_spread(one) for one in done]
        return SpreadPage(results=results, next=None, previous=None, count=len(results), count_is_exact=True)


def _spread(one: Spread) -> SpreadTask:
    return SpreadTask(
        task=str(one.task.id),
        task_name=one.task.name,
        spread_seconds=one.task.spread_seconds,
        spread_seconds_before=one.before_seconds,
        next_run_at=one.task.next_due_at,
        next_run_at_before=one.before_due_at,
        error=one.refusal.message if one.refusal else None,
    )
