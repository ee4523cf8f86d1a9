"""The filters of a task's history."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from tasks_app.models import ScheduledTask
from tasks_app.selectors.run_list import RunFilters
from tasks_app.states import STARTERS
from tasks_app.web import query, words
from tasks_app.web.page import Request
from tasks_app.web.run_filters import filters_of, state_choices

_REASONS = (
    *("handler_error", "timeout", "worker_lost", "invalid_payload", "effect_unknown"),
    *("overlap", "missed", "paused", "limit", "duplicate", "condition"),
)
_DAY = timedelta(days=1)
_NONE_YET = "none_yet"
_ENDS = {"from": "From the day", "to": "To the day"}


def history_filters(request: Request, task: ScheduledTask) -> RunFilters:
    """Read them: the state, why, how it was started, and the days on which it was made, in the reader's zone."""
    start, end = query.day(request.GET, "from"), query.day(request.GET, "to")
    return replace(
        filters_of(request.GET, task=task.id),
        no_waiting=True,
        created_from=start,
        created_to=end + _DAY if end else None,
    )


def history_selects(request: Request) -> list[query.Select]:
    """Give the filters that are a choice."""
    reasons = [(name, words.REASONS[name]) for name in _REASONS]
    triggers = [(one.value, words.TRIGGERS[one.value]) for one in STARTERS]
    return [
        query.Select("status", "State", state_choices(request.GET)),
        query.select(request.GET, "reason", "Any reason", reasons),
        query.select(request.GET, "trigger", "Started any way", triggers),
    ]


def history_days(request: Request) -> list[query.End]:
    """Give the ends of the range of days."""
    return [query.end_as_day(request.GET, name, label) for name, label in _ENDS.items()]


def filters_shown(request: Request, *, is_of_use: bool) -> dict[str, Any]:
    """Leave them out while there is nothing to filter.

    Where there was nothing when the page was opened they come with the next look at it: nothing moves under the reader.
    """
    was_empty = _NONE_YET in request.GET if request.headers.get("HX-Request") else not is_of_use
    asked = request.GET.copy()
    asked.pop(_NONE_YET, None)
    if was_empty:
        asked[_NONE_YET] = "1"
    return {"shows_filters": not was_empty, "live_path": f"{request.path}?{asked.urlencode()}" if asked else None}
