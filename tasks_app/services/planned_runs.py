"""How many runs start in each minute of the next week, where that takes long to work out: upkeep does it beforehand."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from tasks_app.models import PlannedRuns, db_now
from tasks_app.models.rollup import EVERYBODY
from tasks_app.selectors.access import Person
from tasks_app.selectors.planned import PlannedFilters, planned_counts, planned_rows_of, planned_runs
from tasks_app.services.load import MINUTE, Load, load_within
from tasks_app.services.starts import Window, starts_of

MANY = 1000
"""Tasks with something planned from which on it is worked out beforehand: a tenth of a second."""
EVERY = timedelta(minutes=5)
AHEAD = timedelta(days=7)
_MORE = timedelta(minutes=30)


class PlannedMinutes(NamedTuple):
    """How many runs start in each minute from a second on; `made_at` is when that was worked out, if not just now."""

    start: int
    runs: Sequence[int]
    made_at: datetime | None = None


def planned_keep(actor: str) -> int:
    """Work out anew, every five minutes, what the owners of many tasks have planned; gives the number of owners."""
    now = db_now()
    if PlannedRuns.objects.filter(owner_id=EVERYBODY, made_at__gt=now - EVERY).exists():
        return 0
    counts = planned_counts()
    owners = [owner for owner, count in counts.items() if count >= MANY]
    owners += [EVERYBODY] if sum(counts.values()) >= MANY else []
    PlannedRuns.objects.exclude(owner_id__in=owners).delete()
    for owner in owners:
        _keep(owner, now, _minutes_of(owner, now))
    if EVERYBODY not in owners:  # says when somebody has looked
        _keep(EVERYBODY, now, [])
    return len(owners)


def minutes_planned(user: Person, filters: PlannedFilters, now: datetime) -> PlannedMinutes:
    """Give how many runs start in this minute and in each other of a week.

    Of all tasks of somebody who has many, or sees everybody's, this is what upkeep has found within the last minutes.
    """
    window = _window(now)
    kept = planned_runs(user, now) if filters == PlannedFilters() else None
    if kept is not None:
        began = int(kept.start.timestamp())
        start = max(window.start, began)  # the clock of who asks may be behind that of the database
        return PlannedMinutes(
            start, kept.minutes[(start - began) // MINUTE : (window.end - began) // MINUTE], kept.made_at
        )
    return PlannedMinutes(window.start, load_within(user, window, filters, [window.start, window.end]).runs)


def _window(now: datetime, more: timedelta = timedelta()) -> Window:
    start = now.replace(second=0, microsecond=0)
    return Window.of(start, start + AHEAD + more)


def _minutes_of(owner_id: int, now: datetime) -> list[int]:
    window = _window(now, _MORE)
    rows = planned_rows_of(owner_id, until=datetime.fromtimestamp(window.end, UTC))
    return Load(starts_of(rows, window), [window.start, window.end]).runs


def _keep(owner_id: int, now: datetime, minutes: list[int]) -> None:
    start = now.replace(second=0, microsecond=0)
    fresh = {"made_at": now, "start": start, "minutes": minutes}
    PlannedRuns.objects.update_or_create(owner_id=owner_id, defaults=fresh)
