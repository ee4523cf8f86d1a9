"""What the search box above the list of tasks understands, and the rows that match. The grammar: `search_text`."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from functools import partial, reduce
from operator import or_
from typing import Any

from django.contrib.auth.models import User
from django.db import connection
from django.db.models import F, Func, Q, QuerySet, TextField
from django.utils import timezone

from tasks_app.handlers import registry
from tasks_app.models import ScheduledTask
from tasks_app.selectors import search_moments
from tasks_app.selectors.access import Person, shared_task_ids
from tasks_app.selectors.any_of import any_of
from tasks_app.selectors.calendars import visible_calendars
from tasks_app.selectors.matching import has_tag, owner_condition, type_says, with_tag_text
from tasks_app.selectors.queue_names import queue_names
from tasks_app.selectors.search_text import Choice, Choices, Qualifier, Search, Term
from tasks_app.selectors.task_walk import newest_tasks
from tasks_app.states import Status

MOST = 200
_LISTS_READ = 1_000
LATE = timedelta(seconds=10)
"""Due for longer than this, and a task is overdue: the engine looks every second."""

_STATES = (
    Choice("active", "planned, or run by hand"),
    Choice("paused", "nothing is planned"),
    Choice("failed", "the last run failed"),
    Choice("completed", "no slot is left"),
    Choice("cancelled", "ended for good"),
)
_LAST = (
    Choice("succeeded"),
    Choice("failed"),
    Choice("cancelled"),
    Choice("skipped"),
    Choice("never", "no run has ended yet"),
)
_KINDS = (Choice("recurring"), Choice("once", "one-time"), Choice("manual", "by hand"))
_SHARED = (Choice("me", "others share it with you"), Choice("others", "you share it with others"))
_DUE = (
    Choice("overdue", "should have begun by now"),
    Choice("<1h", "within the hour"),
    Choice("today"),
    Choice("tomorrow"),
    Choice("none", "nothing is planned"),
)


def task_qualifiers(user: Person) -> list[Qualifier]:
    """What this person's tasks can be narrowed by; their values are read only when they are asked for.

    Tags, types and owners go with the last of their tasks; who asks for one then finds no task, not all of them.
    """
    return [
        Qualifier(name="status", says="State of the task", choices=partial(Choices, _STATES)),
        Qualifier(name="last", says="How the last run ended", choices=partial(Choices, _LAST)),
        Qualifier(name="due", says="When it runs next", choices=partial(Choices, _DUE), reads=_is_due, takes=_TAKES),
        Qualifier(name="tag", says="A tag", choices=partial(tag_choices, user), reads=bool),
        Qualifier(name="type", says="What it does", choices=partial(_types, user), reads=bool),
        Qualifier(name="owner", says="Whose it is", choices=partial(owner_choices, user), reads=bool),
        Qualifier(name="queue", says="Where its runs wait", choices=_queues),
        Qualifier(name="kind", says="How it is planned", choices=partial(Choices, _KINDS)),
        Qualifier(name="calendar", says="Days off that it keeps", choices=partial(_calendars, user)),
        Qualifier(name="shared", says="Shared tasks", choices=partial(Choices, _SHARED)),
        Qualifier(name="name", says="Text in the name alone", reads=bool, takes="any text"),
    ]


def narrowed(user: Person, rows: QuerySet[ScheduledTask], search: Search, *, now: datetime) -> QuerySet[ScheduledTask]:
    """Keep the rows that match everything which the search has understood."""
    for word in search.words:
        found = says(word.text)
        rows = rows.exclude(found) if word.is_not else rows.filter(found)
    if any(term.name == "tag" for term in search.terms):
        rows = with_tag_text(rows)
    for term in search.terms:
        found = reduce(or_, (_condition(user, term, value, now) for value in term.values))
        rows = rows.exclude(found) if term.is_not else rows.filter(found)
    return rows


def says(words: str) -> Q:
    """The condition for tasks that say these words: in the type, the name or the description."""
    return type_says(words) | Q(name__icontains=words) | (~Q(description="") & Q(description__icontains=words))


def _condition(user: Person, term: Term, value: str, now: datetime) -> Q:
    special = _SPECIAL.get(term.name)
    return special(user, value, now) if special else Q(**{_COLUMNS[term.name]: value})


def _of_status(user: Person, value: str, now: datetime) -> Q:
    return Q(last_run_status=Status.FAILED) if value == "failed" else Q(status=value)


def _of_due(user: Person, value: str, now: datetime) -> Q:
    if value == "none":
        return Q(next_due_at=None)
    if value == "overdue":
        return Q(next_due_at__lt=now - LATE)
    found = search_moments.between(value, now=now, zone=timezone.get_current_timezone())
    limits: dict[str, Any] = {"next_due_at__isnull": False}
    if found is not None and found.start is not None:
        limits["next_due_at__gte"] = found.start
    if found is not None and found.end is not None:
        limits["next_due_at__lt"] = found.end
    return Q(**limits)


def _of_shared(user: Person, value: str, now: datetime) -> Q:
    if value == "me":
        return any_of("id", shared_task_ids(user)) & ~Q(owner_id=user.pk)
    mine = ScheduledTask.objects.filter(owner_id=user.pk, shares__isnull=False).order_by()
    return Q(id__in=mine.values("id"))


_COLUMNS = {"type": "type", "queue": "queue", "kind": "kind", "name": "name__icontains"}
_SPECIAL: dict[str, Callable[[Person, str, datetime], Q]] = {
    "status": _of_status,
    "last": lambda user, value, now: Q(last_run_status="" if value == "never" else value),
    "due": _of_due,
    "tag": lambda user, value, now: has_tag(value),
    "owner": lambda user, value, now: owner_condition(user, value),
    "calendar": lambda user, value, now: Q(calendar=None) if value == "none" else Q(calendar__name=value),
    "shared": _of_shared,
}
_TAKES = search_moments.TAKES


def _is_due(value: str) -> bool:
    return search_moments.is_moment(value)


# -- the values that there are, for this person


def _listed(values: Iterable[str], *first: Choice, is_whole: bool = True) -> Choices:
    names = sorted(set(values), key=str.casefold)
    return Choices([*first, *(Choice(name) for name in names[:MOST])], is_whole=is_whole and len(names) <= MOST)


def tag_choices(user: Person) -> Choices:
    """The tags of the newest tasks that this person may see."""
    rows, is_all = newest_tasks(user)
    tagged = rows.exclude(tags=[])
    lists = list(tagged.values_list("tags", flat=True).distinct()[:_LISTS_READ])
    is_whole = len(lists) < _LISTS_READ
    if not is_whole and connection.vendor == "postgresql":
        one = Func(F("tags"), function="jsonb_array_elements_text", output_field=TextField())
        names = tagged.annotate(_tag=one).values_list("_tag", flat=True).distinct()
        return _listed(names[: MOST + 1], is_whole=is_all)
    return _listed((tag for tags in lists for tag in tags), is_whole=is_whole and is_all)


def _types(user: Person) -> Choices:
    rows, is_all = newest_tasks(user)
    used = set(rows.values_list("type", flat=True).distinct()[:MOST])
    titles = {one.name: one.title for one in registry.all()}
    names = sorted({*used, *titles}, key=lambda name: (name not in used, name))
    return Choices([Choice(name, titles.get(name, "not known any more")) for name in names], is_whole=is_all)


def owner_choices(user: Person) -> Choices:
    """The owners of the newest tasks that this person may see."""
    rows, is_all = newest_tasks(user)
    names = User.objects.filter(pk__in=rows.values("owner_id")).order_by("username").values_list("username", flat=True)
    return _listed(names[: MOST + 1], Choice("me", "your own"), is_whole=is_all)


def _queues() -> Choices:
    return Choices([Choice(name) for name in queue_names()])


def _calendars(user: Person) -> Choices:
    names = visible_calendars(user).values_list("name", flat=True)[: MOST + 1]
    return _listed(names, Choice("none", "runs on every day"))
