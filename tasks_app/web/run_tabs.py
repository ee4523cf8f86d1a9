"""The tabs above the list of runs with how many are in each state, and whether newer ones have come that match."""

from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q
from django.utils import timezone

from tasks_app.models import TaskRun
from tasks_app.models.ids import first_id_at, made_at
from tasks_app.selectors.effects import COUNTED
from tasks_app.selectors.run_counts import counts_within, ended_counts, open_counts
from tasks_app.selectors.run_list import RunFilters
from tasks_app.selectors.run_walk import run_find
from tasks_app.web import query
from tasks_app.web.page import Request
from tasks_app.web.run_filters import all_filters_of
from tasks_app.web.words import briefly

_TABS = (
    ("", "All"),
    ("needs", "Need you"),
    ("running", "Running"),
    ("queued", "Queued"),
    ("scheduled", "Scheduled"),
    ("waiting", "Waiting"),
    ("succeeded", "Succeeded"),
    ("failed", "Failed"),
    ("cancelled", "Cancelled"),
    ("skipped", "Skipped"),
)
_NEWER, _DRAWN, _SHOWN = "newer", "drawn", "shown"
_BACK, _LONGEST = timedelta(hours=1), timedelta(days=1)
"""How far back runs are looked at that may have come into the state of a list since it was drawn."""


def tabs(request: Request) -> dict[str, Any]:
    """Count each state among what else narrows the list, as far back as that is quickly done."""
    other, chosen = _narrowed_otherwise(request), request.GET.get("status", "")
    if other.is_any:
        counts, is_cut = counts_within(request.user, other)
        shown = {name: _count(count, is_cut=is_cut) for name, count in counts.items()}
    else:
        ended, is_cut = ended_counts(request.user)
        shown = {name: _count(count) for name, count in open_counts(request.user).items()}
        shown |= {name: _count(count, is_cut=is_cut) for name, count in ended.items()}
    found = [
        {"value": value, "label": label, "count": shown.get(value, ""), "is_here": value == chosen}
        for value, label in _TABS
    ]
    return {"tabs": found, "is_cut": is_cut}


def newer_hint(request: Request, shown: list[TaskRun]) -> dict[str, Any]:
    """Where a narrowed list asks whether newer runs match; what is narrowed to a state alone needs not ask."""
    if not _narrowed_otherwise(request).is_any:
        return {}
    asked, now = request.GET.copy(), timezone.now()
    earliest = first_id_at(now - _BACK)
    asked[_NEWER] = str(shown[0].pk if shown else earliest)
    if asked.get("status"):
        asked[_DRAWN] = str(first_id_at(now))
        asked[_SHOWN] = ",".join(run.pk.hex for run in shown if run.pk > earliest)
    return {"newer_path": f"{request.path}?{asked.urlencode()}"}


def newer(request: Request) -> dict[str, Any]:
    """Count the runs that match and are newer than the list, or have come into its state since."""
    since, moved_since = query.identifier(request.GET, _NEWER), _drawn_at(request)
    asked = request.GET.copy()
    for name in (_NEWER, _DRAWN, _SHOWN):
        asked.pop(name, None)
    context = {"newer_path": request.get_full_path(), "list_path": f"{request.path}?{asked.urlencode()}"}
    if since is None:
        return context
    after, is_newer = since, Q(id__gt=since)
    if moved_since is not None:
        after = min(since, first_id_at(moved_since - _BACK))
        is_newer |= Q(finished_at__gt=moved_since) | Q(started_at__gt=moved_since) | Q(queued_at__gt=moved_since)
    rows = run_find(request.user, all_filters_of(asked), after=after).rows.filter(is_newer, id__gt=after)
    rows = rows.exclude(id__in=query.identifiers(request.GET, _SHOWN))
    return {**context, "newer": rows.order_by()[:COUNTED].count()}


def _drawn_at(request: Request) -> datetime | None:
    """When a list of one state was drawn; after a day too many may have come and gone."""
    drawn, now = query.identifier(request.GET, _DRAWN), timezone.now()
    if drawn is None or drawn > first_id_at(now):
        return None
    return max(made_at(drawn), now - _LONGEST)


def _narrowed_otherwise(request: Request) -> RunFilters:
    """What narrows the list besides the tab."""
    asked = request.GET.copy()
    asked.pop("status", None)
    return all_filters_of(asked)


def _count(number: int, *, is_cut: bool = False) -> str:
    """Say a count that was taken up to COUNTED, or within the newest runs alone."""
    if number >= COUNTED or not number:
        return briefly(number) if number else ""
    return f"{number:,}{'+' if is_cut else ''}"
