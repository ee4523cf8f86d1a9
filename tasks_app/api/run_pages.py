"""Pages of runs: bounded as on the pages for people, and saying how far they have looked."""

from tasks_app.api.call import Call
from tasks_app.api.paging import Cursor, by_cursor, link
from tasks_app.api.parameters import CursorQuery
from tasks_app.api.run_shapes import RunPage, run_out
from tasks_app.models import TaskRun
from tasks_app.models.ids import made_at
from tasks_app.selectors.run_list import RunFilters
from tasks_app.selectors.run_walk import Found, run_find

_ORDER = ("-id",)


def runs_by_cursor(call: Call, filters: RunFilters, query: CursorQuery) -> RunPage:
    """Read one page. One that is not full because the search has stopped short leads on to where it stopped."""
    cursor = Cursor.read(query.cursor, _ORDER, TaskRun) if query.cursor else None
    top = run_find(call.user, filters)
    found = top if cursor is None or top.floor is None else _from(call, filters, cursor)
    page = by_cursor(call, found.rows.select_related("task", "owner"), query, run_out, counted=top.rows)
    page["count_is_exact"] = page["count_is_exact"] and top.floor is None
    floor = found.floor if page["next"] is None else None
    ceiling = found.ceiling if page["previous"] is None else None
    if floor is not None:
        page["next"] = link(call, cursor=Cursor((floor,)).written(_ORDER))
    if ceiling is not None:
        page["previous"] = link(call, cursor=Cursor((ceiling,), is_backwards=True).written(_ORDER))
    return RunPage(**page, is_complete=not (floor or ceiling), searched_to=made_at(floor) if floor else None)


def _from(call: Call, filters: RunFilters, cursor: Cursor) -> Found:
    [at] = cursor.values
    if cursor.is_backwards:
        return run_find(call.user, filters, after=at)
    return run_find(call.user, filters, before=at)
