"""How many runs are in each state, as far as that is cheap to tell."""

from collections import Counter
from typing import Any

from django.contrib.auth.models import User
from django.db.models import IntegerField, QuerySet, Subquery

from tasks_app.models import TaskRun
from tasks_app.selectors.access import Person, visible_runs
from tasks_app.selectors.effects import COUNTED
from tasks_app.selectors.grouped import grouped
from tasks_app.selectors.run_list import RunFilters, run_search
from tasks_app.selectors.run_terms import NEEDS
from tasks_app.selectors.run_walk import NEAR, has_words, is_led, run_find
from tasks_app.states import FINAL, OPEN, Status

RECENT = 10_000
_WHEN = {"created_from", "created_to", "ended_from", "ended_to"}


class CappedCount(Subquery):
    """How many rows there are, counted to COUNTED at most."""

    template = "(SELECT COUNT(*) FROM (%(subquery)s) counted)"
    output_field = IntegerField()

    def __init__(self, rows: QuerySet[Any]) -> None:
        super().__init__(rows.order_by().values("id")[:COUNTED])


def runs_that_failed(user: Person) -> QuerySet[TaskRun]:
    """Runs that failed for good and that nobody has dismissed."""
    return visible_runs(user).filter(status=Status.FAILED, dismissed_at=None).order_by()


def open_counts(user: Person) -> dict[str, int]:
    """How many runs are in each state that is not final, and how many need a person, each to COUNTED at most."""
    rows = visible_runs(user)
    counts = {status.value: CappedCount(rows.filter(status=status)) for status in sorted(OPEN)}
    counts[NEEDS] = CappedCount(runs_that_failed(user))
    return dict(zip(counts, User.objects.filter(pk=user.pk or 0).values_list(*counts.values()).get(), strict=True))


def ended_counts(user: Person) -> tuple[dict[str, int], bool]:
    """How the newest runs that have ended did, and whether there are older ones that were not counted."""
    newest = visible_runs(user).order_by("-id").values("status")[:RECENT]
    counts = dict(grouped(newest, "status", by="1"))
    return {one.value: counts.get(one.value, 0) for one in FINAL}, sum(counts.values()) == RECENT


def counts_within(user: Person, filters: RunFilters) -> tuple[dict[str, int], bool]:
    """The same of every state among the newest runs that match.

    When runs ended leads near to them, because few take long: among as many as a list of them reads. Where nothing
    leads to them the newest 10,000 runs are looked at, and 2,000 for words.
    """
    if is_led(user, filters):
        rows, is_cut = run_search(user, filters), False
    else:
        near = run_find(user, filters, most=_reach(filters))
        rows, is_cut = near.rows, near.floor is not None
    counts = Counter[str]()
    newest = rows.values("status", "dismissed_at")[:RECENT]
    for status, is_open, count in grouped(newest, "status, dismissed_at IS NULL", by="1, 2"):
        counts[status] += count
        if is_open and status == Status.FAILED:
            counts[NEEDS] = count
    return dict(counts), is_cut or sum(counts.values()) - counts[NEEDS] == RECENT


def _reach(filters: RunFilters) -> int:
    """Of how many runs a list is counted, at which nothing says whether they match; 0: of as many as it reads."""
    if set(filters.asked) <= {"task", *_WHEN}:
        return 0
    return NEAR if has_words(filters) else RECENT
