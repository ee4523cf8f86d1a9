"""The calendar of runs: a month, its days coloured by how the runs ended, and what is planned for the next days."""

from collections import Counter
from datetime import date, datetime, time, timedelta
from urllib.parse import urlencode

from django.contrib.auth.models import User
from django.http import HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from tasks_app.models import ScheduledTask
from tasks_app.selectors.planned import PlannedFilters
from tasks_app.selectors.rollups import Ended, day_span, per_day
from tasks_app.services.load import MINUTE
from tasks_app.services.planned_runs import AHEAD, PlannedMinutes, minutes_planned
from tasks_app.web import heat_map, query, retention
from tasks_app.web.look import local, written
from tasks_app.web.objects import task_or_none
from tasks_app.web.page import Request, page, render

KEPT_DAYS = 400
QUARTER = 15 * MINUTE


@require_safe
@page
def run_calendar(request: Request) -> HttpResponse:
    """Show one month; without one, this."""
    now = timezone.now()
    today = timezone.localtime(now).date()
    first = _month(query.text(request.GET, "month"), today)
    task = task_or_none(request, query.identifier(request.GET, "task"))
    _, following = heat_map.month_of(first.year, first.month)
    counts = _counts(request.user, task, first, today)
    planned = _planned(request.user, task, now) if first <= (today + AHEAD) and following > today else None
    ahead = _by_day(planned) if planned else {}
    queries = {day: _query(day, one, task, now) for day, one in counts.items() if first <= day < following}
    month = heat_map.draw(first, counts, ahead, today, queries)
    is_kept = (today - first).days < KEPT_DAYS
    context = {
        "month": month,
        "task": task,
        "is_now": first == today.replace(day=1),
        "can_go_on": first < (today + AHEAD).replace(day=1),
        "planned_at": planned.made_at if planned else None,
        "zone": timezone.get_current_timezone_name(),
        "is_kept": is_kept,
        "is_new": is_kept and not ahead and not _has_any(counts) and not _has_any(_all_kept(request.user, task, today)),
        "runs_are_kept_for": retention.kept_for(),
    }
    return render(request, "pages/run-calendar.html", context)


def _month(text: str, today: date) -> date:
    """Read "2026-11" leniently: what has no meaning counts as this month."""
    try:
        first = datetime.strptime(text, "%Y-%m").date()
    except ValueError:
        return today.replace(day=1)
    return first if heat_map.FIRST_YEAR <= first.year <= heat_map.LAST_YEAR else today.replace(day=1)


def _counts(user: User, task: ScheduledTask | None, first: date, today: date) -> dict[date, Ended]:
    """How the runs of each day until today ended, as far back as figures are kept."""
    days = (today - first).days + 1
    if not 0 < days <= KEPT_DAYS:
        return {}
    found = per_day(user, days, timezone.get_current_timezone(), task=task.pk if task else None)
    return {timezone.localtime(one.start).date(): one for one in found}


def _all_kept(user: User, task: ScheduledTask | None, today: date) -> dict[date, Ended]:
    return _counts(user, task, today - timedelta(days=KEPT_DAYS - 1), today)


def _has_any(counts: dict[date, Ended]) -> bool:
    return any(any(one[1:]) for one in counts.values())


def _query(day: date, count: Ended, task: ScheduledTask | None, now: datetime) -> str:
    """What narrows the list to the runs that ended on a day, as its figures count them; "" where none can be left."""
    start, end = day_span(day, timezone.get_current_timezone(), now)
    if not retention.may_be_left(count, end, now):
        return ""
    return urlencode({"ended_from": _address(start), "ended_to": _address(end)} | ({"task": task.pk} if task else {}))


def _address(at: datetime) -> str:
    """A day where the reader's begins at that instant."""
    start = timezone.localtime(at)
    return f"{start:%Y-%m-%d}" if start.time() == time.min else written(at)


def _planned(user: User, task: ScheduledTask | None, now: datetime) -> PlannedMinutes:
    return minutes_planned(user, PlannedFilters(task=task.pk if task else None), now)


def _by_day(planned: PlannedMinutes) -> dict[date, int]:
    """How many runs start on each of the next days, in the reader's zone; zones begin their days at quarter hours."""
    quarters: Counter[int] = Counter()
    for place, count in enumerate(planned.runs):
        if count:
            quarters[(planned.start + place * MINUTE) // QUARTER] += count
    found: Counter[date] = Counter()
    for quarter, count in quarters.items():
        found[local(quarter * QUARTER).date()] += count
    return dict(found)
