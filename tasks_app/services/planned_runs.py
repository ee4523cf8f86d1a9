"""What starts in each minute of the next days, where that takes long to work out: upkeep does it beforehand."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from django.db import transaction

from tasks_app.models import PlannedRuns, db_now
from tasks_app.models.rollup import EVERYBODY
from tasks_app.selectors import kept_plans
from tasks_app.selectors.access import Person
from tasks_app.selectors.brief import Brief, scope_of
from tasks_app.selectors.planned import PlannedFilters, planned_counts, planned_rows_of
from tasks_app.selectors.planned import planned_state as state_of
from tasks_app.services import kept_day
from tasks_app.services.load import MINUTE, PLACES, Counts, Load
from tasks_app.services.starts import STEPS, Starts, Window, starts_of, starts_within

MANY = 1000
"""Tasks with something planned from which on it is worked out beforehand: a tenth of a second."""
EVERY = timedelta(minutes=5)
AGAIN = timedelta(seconds=30)
"""A day is worked out anew so long after it was, where a task has been edited."""
AHEAD = timedelta(days=7)
_MORE = timedelta(minutes=30)
# Nobody waits for upkeep: it counts three times as much as who asks.
_MORE_WORK = 3
# So many tasks that are due and have not started are looked at for when they come again: beat is never far behind.
_LATE = 30
_EVERYTHING = PlannedFilters()
_BRIEF: "Brief[Load]" = Brief(seconds=60, most=20)
_WEEKS: "Brief[PlannedMinutes]" = Brief(seconds=EVERY.total_seconds(), most=20)


class PlannedMinutes(NamedTuple):
    """How many runs start in each minute from a second on; `made_at` is when that was worked out, if not just now."""

    start: int
    runs: Sequence[int]
    made_at: datetime | None = None


# -- beforehand


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
        _keep(owner, now, week=_minutes_of(owner, now))
    if EVERYBODY not in owners:  # says when somebody has looked
        _keep(EVERYBODY, now, week=[])
    return len(owners)


def day_keep(actor: str) -> int:
    """Work out anew the day of one owner of many tasks, where it is old or a task was edited; gives how many."""
    now = db_now()
    for owner_id, made_at in kept_plans.kept_days():
        if _is_to_be_made(owner_id, made_at, now):
            _keep(owner_id, now, day=_day_of(owner_id, now))
            return 1
    return 0


def _is_to_be_made(owner_id: int, made_at: datetime | None, now: datetime) -> bool:
    if made_at is None or not now - EVERY < made_at <= now:
        return True
    return now - AGAIN > made_at and not _stands(owner_id, kept_plans.kept_day(owner_id) or {}, now)


def _day_of(owner_id: int, now: datetime) -> dict[str, Any]:
    """Work out what is kept of a day; what it stands for is read first, so that an edit meanwhile is noticed."""
    start = now.replace(second=0, microsecond=0)
    until = start + timedelta(seconds=kept_day.DAY + kept_day.MORE)
    once = kept_plans.once_due(owner_id, start, start + timedelta(minutes=kept_day.LATER + 1))
    known = {
        "made_at": now.timestamp(),
        "state": kept_plans.plan_state(owner_id, start),
        "once": [[due.timestamp(), version] for due, version in once],
    }
    rows = planned_rows_of(owner_id, until=until)
    starts = starts_of(rows, Window.of(start, until), steps=STEPS * _MORE_WORK)
    found = kept_day.day_written(starts, places=PLACES * _MORE_WORK)
    return {**known, **(found or {"start": None}), "owners": kept_plans.owners_of(owner_id)}


def _minutes_of(owner_id: int, now: datetime) -> list[int]:
    window = _window(now, _MORE)
    rows = planned_rows_of(owner_id, until=datetime.fromtimestamp(window.end, UTC))
    return Load(starts_of(rows, window), [window.start, window.end]).runs


def _keep(owner_id: int, now: datetime, **what: Any) -> None:
    """Write one part, and keep the other as another worker may have written it in this moment."""
    week = {"made_at": now, "start": now.replace(second=0, microsecond=0)} if "week" in what else {}
    with transaction.atomic():
        kept = PlannedRuns.objects.select_for_update().filter(owner_id=owner_id).first()
        if kept is None and not week:  # the owner has few tasks by now
            return
        known = kept.minutes if kept and isinstance(kept.minutes, dict) else {}
        PlannedRuns.objects.update_or_create(owner_id=owner_id, defaults={"minutes": {**known, **what}, **week})


# -- for who asks


def load_within(user: Person, window: Window, filters: PlannedFilters, edges: Sequence[int], *, most: int = 0) -> Load:
    """Count what starts within a window of all tasks that the user may see and that match.

    The next day of all tasks of somebody who has many, or sees everybody's, is what upkeep has found, unless somebody
    has edited, made or deleted one of them since. What took long is kept for a minute, likewise.
    """
    if filters == _EVERYTHING and (kept := _kept_load(user, window, edges, most)) is not None:
        return kept
    return _asked_load(user, window, filters, edges, most)


def _asked_load(user: Person, window: Window, filters: PlannedFilters, edges: Sequence[int], most: int) -> Load:
    key = (scope_of(user), window, filters, tuple(edges), most, state_of(user, filters))
    return _BRIEF.get(key, lambda: Load(starts_within(user, window, filters), edges, most=most))


def counts_within(user: Person, window: Window, edges: Sequence[int]) -> Counts:
    """Count what starts within a day of all tasks that the user may see, to be told in passing.

    Of somebody who has many it is what upkeep has found, which learns of an edit within a minute.
    """
    owner = kept_plans.kept_owner(user)
    day = None if owner is None else kept_plans.kept_counts(owner)
    kept = None if day is None else kept_day.counts_of(day, window)
    return kept or _asked_load(user, window, _EVERYTHING, edges, most=0).counts()


def _kept_load(user: Person, window: Window, edges: Sequence[int], most: int) -> Load | None:
    owner = kept_plans.kept_owner(user)
    if owner is None or most > kept_day.ENTRIES or window.end - window.start not in kept_day.LENGTHS:
        return None
    day = kept_plans.kept_day(owner)
    if day is None or day["start"] is None or not kept_day.tells(day, window, edges):
        return None
    if not _stands(owner, day, datetime.fromtimestamp(window.start, UTC)):
        return None
    return kept_day.KeptLoad(day, window, edges, _soonest(owner, window) if most else Starts(window), most=most)


def _stands(owner_id: int, day: dict[str, Any], now: datetime) -> bool:
    """Say whether no task was edited, made or deleted since; those that were to run once meanwhile are gone by now."""
    since = now.replace(second=0, microsecond=0)
    gone = [version for due, version in day["once"] if due < since.timestamp()]
    count, versions, *rest = day["state"]
    return kept_plans.plan_state(owner_id, since) == [count - len(gone), versions - sum(gone), *rest]


def _soonest(owner_id: int, window: Window) -> Starts:
    """Find what starts of the tasks that come next, and of some that are late and so may come again as soon."""
    begin = datetime.fromtimestamp(window.start, UTC)
    late = planned_rows_of(owner_id, until=begin, most=_LATE)
    coming = planned_rows_of(owner_id, since=begin, most=kept_day.ROWS)
    return starts_of([*late, *(row for row in coming if row not in late)], window)


def minutes_planned(user: Person, filters: PlannedFilters, now: datetime) -> PlannedMinutes:
    """Give how many runs start in this minute and in each other of a week.

    Of all tasks of somebody who has many, or sees everybody's, this is what upkeep has found within the last minutes.
    What took long for others, as for those with whom many tasks are shared, is kept as long, or until one is edited.
    """
    kept = kept_plans.kept_week(user, now) if filters == _EVERYTHING else None
    if kept is not None:
        return _from(PlannedMinutes(int(kept.start.timestamp()), kept.minutes, kept.made_at), now)
    key = (scope_of(user), filters, state_of(user, filters))
    found = _WEEKS.get(key, lambda: _worked_out(user, filters, now))
    return _from(found if found.made_at != now else found._replace(made_at=None), now)


def _worked_out(user: Person, filters: PlannedFilters, now: datetime) -> PlannedMinutes:
    """Find what starts in each minute of a week and some more, so that it tells of a whole week for a while."""
    window = _window(now, _MORE)
    return PlannedMinutes(
        window.start, Load(starts_within(user, window, filters), [window.start, window.end]).runs, now
    )


def _from(found: PlannedMinutes, now: datetime) -> PlannedMinutes:
    """Give the week that begins now."""
    window = _window(now)
    start = max(window.start, found.start)  # the clock of who asks may be behind that of the database
    first, last = (start - found.start) // MINUTE, (window.end - found.start) // MINUTE
    return PlannedMinutes(start, found.runs[first:last], found.made_at)


def _window(now: datetime, more: timedelta = timedelta()) -> Window:
    start = now.replace(second=0, microsecond=0)
    return Window.of(start, start + AHEAD + more)
