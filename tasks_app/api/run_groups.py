"""Failures by what went wrong, as the page of groups shows them."""

from pydantic import Field

from tasks_app.api.call import Call
from tasks_app.api.endpoint import Endpoint, operation
from tasks_app.api.paging import Page
from tasks_app.api.run_shapes import Run, run_out
from tasks_app.api.shape import Instant, Out
from tasks_app.selectors.run_groups import CAP, RunGroup, run_groups
from tasks_app.selectors.run_terms import NO_ERROR_TYPE


class Group(Out):
    """Failures that are alike and that nobody has dismissed."""

    type: str
    error_type: str | None
    reason: str | None
    count: int = Field(description=f"Counted to {CAP} at most.")
    count_is_exact: bool
    first_at: Instant = Field(description="When the oldest of these runs was made.")
    last_at: Instant
    latest: Run | None = Field(description="The newest of them.")
    can_act: bool = Field(description="Some of them are the caller's to retry and dismiss.")
    filters: dict[str, str | bool] = Field(description="What narrows `GET /api/runs`, or a sweep, to these.")


class GroupPage(Page[Group]):
    """Groups, the one that failed last first."""

    since: Instant | None = Field(description="Only the failures since then were looked at; null: all were.")


class RunGroupList(Endpoint):
    """What went wrong, in groups."""

    @operation("run_groups")
    def get(self, call: Call) -> GroupPage:
        """Group the failures that nobody has dismissed by type, class of the error and reason: the latest 100 groups,
        of the newest 50,000 failures."""
        found = run_groups(call.user)
        return GroupPage(
            results=[_group(one) for one in found.groups],
            next=None,
            previous=None,
            count=len(found.groups),
            count_is_exact=not found.is_cut,
            since=found.since,
        )


def _group(one: RunGroup) -> Group:
    kind = {"type": one.type, "error_type": one.error_type or NO_ERROR_TYPE}
    return Group(
        type=one.type,
        error_type=one.error_type or None,
        reason=one.reason or None,
        count=min(one.count, CAP),
        count_is_exact=not one.is_capped,
        first_at=one.first_at,
        last_at=one.last_at,
        latest=run_out(one.latest) if one.latest else None,
        can_act=one.is_open,
        filters={"needs_person": True, **kind, **({"reason": one.reason} if one.reason else {})},
    )
