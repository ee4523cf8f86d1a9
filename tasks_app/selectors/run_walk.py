"""How far back a list of runs looks: to the end where an index leads there, otherwise over so many of the newest runs.

Who asks for a worker that has run nothing for a year would else have the database read the whole history.
"""

import uuid

from django.db.models import QuerySet

from tasks_app.models import TaskRun
from tasks_app.models.ids import first_id_at
from tasks_app.selectors.access import Person, sees_all, visible_runs
from tasks_app.selectors.run_list import RunFilters, run_search
from tasks_app.selectors.run_terms import as_id
from tasks_app.selectors.walk import READ, WALK, Found, nth_newer, nth_older
from tasks_app.states import Status

NEAR = 2_000
_LED = {"task", "batch", "status", "type", "needs"}
_FREE = {"created_from", "created_to", "no_waiting"}


def run_find(
    user: Person,
    filters: RunFilters,
    *,
    before: uuid.UUID | None = None,
    after: uuid.UUID | None = None,
    most: int = 0,
) -> Found[TaskRun]:
    """The runs that the user may see and that match, among the newest `most` to which an index leads.

    Those are 50,000 if nothing else is said, and 20,000 where words are looked for: among the runs made earlier than
    `before`, or back among those made later than `after`.
    """
    most = most or _reach(filters)
    rows = run_search(user, filters)
    if is_led(user, filters):
        return Found(rows)
    scope = _scope(user, filters)
    if after is not None:
        return _found_back(rows, scope.filter(id__gt=after), most)
    if filters.top is not None:
        scope = scope.filter(id__lt=filters.top)
    if before is not None:
        scope = scope.filter(id__lt=before)
    floor = nth_older(scope, most)
    if floor is None or (filters.created_from is not None and floor < first_id_at(filters.created_from)):
        return Found(rows)
    return Found(rows.filter(id__gte=floor), floor, most)


def runs_near(user: Person, filters: RunFilters, *, before: uuid.UUID | None = None) -> Found[TaskRun]:
    """The same among the newest 2,000: where these fill a page, the way to the 50,000th need not be gone."""
    return run_find(user, filters, before=before, most=min(NEAR, _reach(filters)))


def _reach(filters: RunFilters) -> int:
    return READ if has_words(filters) else WALK


def _found_back(rows: QuerySet[TaskRun], newer: QuerySet[TaskRun], most: int) -> Found[TaskRun]:
    ceiling = nth_newer(newer, most)
    return Found(rows) if ceiling is None else Found(rows.filter(id__lte=ceiling), walk=most, ceiling=ceiling)


def is_led(user: Person, filters: RunFilters) -> bool:
    """Say whether one index leads to what is asked for, so that nothing else is read on the way."""
    asked = set(filters.asked) - _FREE
    if filters.batch is not None or filters.ids or not asked:
        return True
    if _is_one_id(filters) or {"needs", "type", "error_type", "reason"} == asked:
        return True
    if len(asked) > 1:
        return False
    # The index of an owner's runs does not know their state or type; that of what needs a person does.
    return "task" in asked or "needs" in asked or (sees_all(user) and asked < _LED)


def _scope(user: Person, filters: RunFilters) -> QuerySet[TaskRun]:
    """The narrowest set that an index gives by id."""
    rows = visible_runs(user)
    if filters.task is not None:
        return rows.filter(task_id=filters.task)
    if not sees_all(user):
        return rows.filter(status=Status.FAILED, dismissed_at=None) if filters.needs else rows
    if filters.needs or filters.status:
        return rows.filter(status=filters.status or Status.FAILED)
    return rows.filter(type=filters.type) if filters.type else rows


def has_words(filters: RunFilters) -> bool:
    """Say whether words are looked for, which takes longer than a column does."""
    return bool(filters.search or (filters.read is not None and filters.read.words))


def _is_one_id(filters: RunFilters) -> bool:
    words = [filters.search] if filters.read is None else [word.text for word in filters.read.words if not word.is_not]
    return any(as_id(word) is not None for word in words)
