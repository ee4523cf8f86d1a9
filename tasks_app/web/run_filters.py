"""The filters of runs in the address: words, a text of the search grammar, a range of times in the reader's zone."""

import uuid
from dataclasses import replace
from datetime import datetime, time, timedelta
from typing import Any

from django.http import QueryDict
from django.utils import timezone

from tasks_app.handlers import registry
from tasks_app.selectors.run_list import RunFilters
from tasks_app.selectors.run_terms import NEEDS, qualifiers
from tasks_app.selectors.search_moments import between
from tasks_app.selectors.search_text import Fault, Search, Term, read
from tasks_app.selectors.task_list import queue_names
from tasks_app.states import GIVEN_REASONS, STARTERS, Status
from tasks_app.web import query, words
from tasks_app.web.forms.field import Choice

SPANS = {"1h": ("Last hour", 1), "24h": ("Last 24 hours", 24), "7d": ("Last 7 days", 168)}
NAMES = (
    *("status", "reason", "type", "queue", "worker", "tag", "trigger", "search", "error_type"),
    *("task", "batch", "latest", "within", "from", "to", "ended_from", "ended_to"),
)
"""Everything in the address that narrows the list."""
_WORDS = ("status", "reason", "type", "queue", "worker", "tag", "trigger", "error_type")
_TIMES = {"from": "From", "to": "To", "ended_from": "Ended from", "ended_to": "Ended before"}


def filters_of(data: QueryDict, *, task: uuid.UUID | None, now: datetime | None = None) -> RunFilters:
    """Read the filters; the state `needs` stands for failed and not dismissed. Spans count back from `now`."""
    now = now or timezone.now()
    found = RunFilters(task=task, now=now, zone=timezone.get_current_timezone(), **query.texts(data, _WORDS))
    text = query.text(data, "search")
    if text:
        found = _with_search(found, read(text, qualifiers()), now)
    found = _with_times(found, data, now)
    return replace(found, status="", needs=True) if found.status == NEEDS else found


def all_filters_of(data: QueryDict, *, now: datetime | None = None) -> RunFilters:
    """As `filters_of`, with the task and batch that the address names, and when the runs are to have ended."""
    found = filters_of(data, task=query.identifier(data, "task"), now=now)
    return replace(
        found,
        batch=query.identifier(data, "batch"),
        latest=data.get("latest") == "1",
        ended_from=query.moment(data, "ended_from"),
        ended_to=query.moment(data, "ended_to"),
    )


def faults_of(data: QueryDict, filters: RunFilters) -> list[Fault]:
    """What was not understood: of the search, and times that are none, by the names that they have in the address."""
    of_search = filters.read.faults if filters.read else ()
    return [*of_search, *query.faults_of_times(data, _TIMES)]


def kept(data: QueryDict) -> str:
    """Give the filters alone as an address has them."""
    narrowed = QueryDict(mutable=True)
    narrowed.update({name: value for name in NAMES if (value := data.get(name, "").strip())})
    return narrowed.urlencode()


def state_choices(data: QueryDict) -> list[Choice]:
    """The states as choices of a filter."""
    chosen = data.get("status", "")
    return [Choice("", "Any state", not chosen), *(Choice(one.value, one.value, one == chosen) for one in Status)]


def selects(data: QueryDict) -> list[query.Select]:
    """The filters that have a list of choices."""
    types = [(one.name, one.title) for one in registry.all()]
    reasons = [(one.value, words.REASONS.get(one.value) or one.value) for one in GIVEN_REASONS]
    triggers = [(one.value, words.TRIGGERS[one.value]) for one in STARTERS]
    return [
        query.select(data, "type", "Any type", types),
        query.select(data, "reason", "Any reason", reasons),
        query.select(data, "queue", "Any queue", [(name, name) for name in queue_names()]),
        query.select(data, "trigger", "Started any way", triggers),
        query.select(data, "within", "Any time", [(name, said) for name, (said, _) in SPANS.items()]),
    ]


def _with_search(found: RunFilters, search: Search, now: datetime) -> RunFilters:
    """What names one state, one type or a time is a filter like any other: so an index leads to it."""
    taken: dict[str, Any] = {}
    left = [term for term in search.terms if not _take(term, found, taken, now)]
    return replace(found, read=replace(search, terms=tuple(left)), **taken)


def _take(term: Term, found: RunFilters, taken: dict[str, Any], now: datetime) -> bool:
    name = {"after": "created_from", "before": "created_to"}.get(term.name, term.name)
    if term.is_not or len(term.values) > 1 or name in taken or getattr(found, name, True):
        return False
    if name in ("created_from", "created_to"):
        span = between(term.values[0], now=now, zone=found.zone, is_ahead=False)
        taken[name] = (span.start or span.end) if span else None
    elif name in ("status", "type"):
        taken[name] = term.values[0]
    return name in taken


def _with_times(found: RunFilters, data: QueryDict, now: datetime) -> RunFilters:
    span = SPANS.get(data.get("within", ""))
    start = now - timedelta(hours=span[1]) if span else None
    starts = [one for one in (start, query.moment(data, "from"), found.created_from) if one]
    ends = [one for one in (query.moment(data, "to"), found.created_to) if one]
    return replace(found, created_from=max(starts, default=None), created_to=min(ends, default=None))


def range_shown(data: QueryDict) -> list[query.End]:
    """The ranges as their fields show them."""
    return [query.end_as_moment(data, name, label) for name, label in _TIMES.items()]


def ended_said(filters: RunFilters) -> str:
    """Say when the runs are to have ended: a day, or from when to when; nothing where that narrows nothing."""
    start, end = (timezone.localtime(at) if at else None for at in (filters.ended_from, filters.ended_to))
    now = timezone.localtime(filters.now)
    if start and end and start.time() == end.time() == time.min and end.date() - start.date() == timedelta(days=1):
        return f"ended on {words.day(start, beside=now)}"
    said = [f"{word} {words.day(at, beside=now)} {at:%H:%M}" for word, at in (("from", start), ("before", end)) if at]
    return f"ended {' and '.join(said)}" if said else ""
