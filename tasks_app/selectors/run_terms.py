"""What the search box above runs understands, and the condition that comes of it."""

import json
import uuid
from collections.abc import Callable, Iterable
from datetime import datetime, tzinfo

from django.db import connection
from django.db.models import Exists, OuterRef, Q

from tasks_app.handlers import registry
from tasks_app.models import ScheduledTask
from tasks_app.models.ids import first_id_at
from tasks_app.selectors.access import Person
from tasks_app.selectors.matching import owner_condition, type_says
from tasks_app.selectors.operations import workers
from tasks_app.selectors.search_moments import TAKES, between, is_moment
from tasks_app.selectors.search_text import Choice, Choices, Qualifier, Search, Term, Word
from tasks_app.selectors.task_list import queue_names
from tasks_app.states import GIVEN_REASONS, STARTERS, Status

NEEDS = "needs"
NO_ERROR_TYPE = "-"
"""Stands for runs whose error has no class on record."""
_WORKERS = 50


def qualifiers() -> list[Qualifier]:
    """Give what can be written before a colon."""
    return [
        Qualifier(name="status", says="The state", choices=_states),
        Qualifier(name="type", says="The task type", choices=_types),
        Qualifier(name="reason", says="Why it stands there", choices=lambda: _words(GIVEN_REASONS)),
        Qualifier(name="error", says="The class of the error", choices=lambda: Choices(is_whole=False)),
        Qualifier(name="owner", says="Whose it is", choices=lambda: Choices(is_whole=False)),
        Qualifier(name="queue", says="The queue", choices=lambda: _words(queue_names(), is_whole=False)),
        Qualifier(name="worker", says="Who ran it", choices=lambda: _words(worker_names(), is_whole=False)),
        Qualifier(name="trigger", says="What started it", choices=lambda: _words(STARTERS)),
        Qualifier(name="tag", says="A tag", choices=lambda: Choices(is_whole=False)),
        Qualifier(name="after", says="Made after", reads=is_moment, takes=TAKES),
        Qualifier(name="before", says="Made before", reads=is_moment, takes=TAKES),
    ]


def worker_names() -> list[str]:
    """The workers that have reported lately, the latest first."""
    return [worker.name for worker in workers()[:_WORKERS]]


def tag_condition(tag: str) -> Q:
    """Runs that carry the tag; on SQLite the rows need `_tags`, the stored text (`matching.with_tag` says why)."""
    return Q(tags__contains=[tag]) if connection.vendor == "postgresql" else Q(_tags__contains=json.dumps(tag))


def names_tag(search: Search) -> bool:
    """Say whether the search asks for tags."""
    return any(term.name == "tag" for term in search.terms)


def condition(user: Person, search: Search, *, now: datetime, zone: tzinfo) -> Q:
    """Give the condition of a search by this person; an open end of time counts from `now`."""
    wanted = Q()
    for word in search.words:
        wanted &= _signed(mentions(word.text), word)
    for term in search.terms:
        wanted &= _signed(_any_of(user, term, now, zone), term)
    return wanted


def mentions(words: str) -> Q:
    """Runs that say these words: in the type, the error or the name of the task; or the run with this id.

    To fold the letters of a text is what costs: of a known type nobody does, of an error only where there is one, and a
    name is looked at once and not for each run of its task. PostgreSQL looks through the tasks, or where there are more
    of them than runs to be searched, at the task of each of these.
    """
    wanted = as_id(words)
    if wanted is not None:
        return Q(id=wanted)
    named = Exists(ScheduledTask.objects.filter(id=OuterRef("task_id"), name__icontains=words))
    return type_says(words) | (~Q(error="") & Q(error__icontains=words)) | Q(named)


def as_id(words: str) -> uuid.UUID | None:
    """Give the id that the words are, if they are one."""
    try:
        return uuid.UUID(words)
    except ValueError:
        return None


def _signed(wanted: Q, part: Word | Term) -> Q:
    return ~wanted if part.is_not else wanted


def _any_of(user: Person, term: Term, now: datetime, zone: tzinfo) -> Q:
    read: Callable[[str], Q] = {
        "status": _status,
        "error": lambda value: Q(error_type="" if value == NO_ERROR_TYPE else value),
        "owner": lambda value: owner_condition(user, value),
        "tag": tag_condition,
        "after": lambda value: Q(id__gte=first_id_at(_edge(value, now, zone))),
        "before": lambda value: Q(id__lt=first_id_at(_edge(value, now, zone))),
    }.get(term.name, lambda value: Q(**{term.name: value}))
    wanted = Q()
    for value in term.values:
        wanted |= read(value)
    return wanted


def _status(value: str) -> Q:
    return Q(status=Status.FAILED, dismissed_at=None) if value == NEEDS else Q(status=value)


def _edge(value: str, now: datetime, zone: tzinfo) -> datetime:
    """The instant that `after:` and `before:` name: so long ago, or when the day begins."""
    found = between(value, now=now, zone=zone, is_ahead=False)
    return (found.start or found.end or now) if found else now


def _states() -> Choices:
    return Choices([Choice(NEEDS, "failed and not dismissed"), *(Choice(one.value) for one in Status)])


def _types() -> Choices:
    return Choices([Choice(one.name, one.title) for one in registry.all()], is_whole=False)


def _words(names: Iterable[str], *, is_whole: bool = True) -> Choices:
    return Choices([Choice(str(name)) for name in names], is_whole=is_whole)
