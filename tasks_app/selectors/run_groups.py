"""Failed runs that nobody has dismissed, by what went wrong: of which type, with which error, for which reason."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Max, Min, TextField
from django.db.models.functions import Cast

from tasks_app.models import TaskRun
from tasks_app.models.ids import made_at
from tasks_app.selectors.access import Deed, Person, open_runs
from tasks_app.selectors.run_list import RunFilters, run_search
from tasks_app.selectors.run_terms import NO_ERROR_TYPE
from tasks_app.selectors.walk import WALK

CAP = 10_000
SHOWN = 100


@dataclass(frozen=True)
class RunGroup:
    """Failures that are alike. `count` is taken to 10,001 at most; `latest` is the newest of them, of so many tasks.

    `is_open`: some of them may be run again and dismissed by whoever looks.
    """

    type: str
    error_type: str
    reason: str
    count: int
    first_at: datetime
    last_at: datetime
    latest: TaskRun | None
    is_open: bool
    task_count: int = 0

    @property
    def is_capped(self) -> bool:
        """There are more than are counted."""
        return self.count > CAP

    @property
    def narrowed(self) -> dict[str, str]:
        """The filters that leave exactly these."""
        kind = {"type": self.type, "error_type": self.error_type or NO_ERROR_TYPE}
        return {"status": "needs", **kind, **({"reason": self.reason} if self.reason else {})}


@dataclass(frozen=True)
class RunGroups:
    """The groups, the one that failed last first; `since` is set where only the failures since then were looked at."""

    groups: list[RunGroup]
    since: datetime | None
    is_cut: bool


NEEDING = RunFilters(needs=True)


def run_groups(user: Person, filters: RunFilters = NEEDING) -> RunGroups:
    """Group the failures that the user may see and nobody has dismissed: the newest 50,000 of those that failed.

    With filters, which ask for these as well, those of them that match.
    """
    failed = run_search(user, NEEDING)
    oldest = failed.values_list("id", flat=True)[WALK - 1 : WALK].first()
    if oldest is not None:
        failed = failed.filter(id__gte=oldest)
    if filters.asked != NEEDING.asked:
        failed = failed.filter(id__in=run_search(user, filters).order_by().values("id"))
    rows = failed.order_by().select_related(None).values("type", "error_type", "reason")
    # As text, because PostgreSQL has no greatest UUID; the order is the same.
    key = Cast("id", TextField())
    mine = Count("id", filter=open_runs(user, Deed.RUN))
    counts = {"count": Count("id"), "mine": mine, "tasks": Count("task", distinct=True)}
    told = rows.annotate(**counts, first=Min(key), last=Max(key)).order_by("-last")[: SHOWN + 1]
    kept = [{**row, "first": uuid.UUID(row["first"]), "last": uuid.UUID(row["last"])} for row in told]
    latest = TaskRun.objects.select_related("task", "owner").in_bulk([row["last"] for row in kept[:SHOWN]])
    since = None if oldest is None else made_at(oldest)
    return RunGroups([_group(row, latest) for row in kept[:SHOWN]], since, len(kept) > SHOWN)


def _group(row: dict[str, Any], latest: dict[uuid.UUID, TaskRun]) -> RunGroup:
    return RunGroup(
        type=row["type"],
        error_type=row["error_type"],
        reason=row["reason"],
        count=min(row["count"], CAP + 1),
        first_at=made_at(row["first"]),
        last_at=made_at(row["last"]),
        latest=latest.get(row["last"]),
        is_open=row["mine"] > 0,
        task_count=row["tasks"],
    )
