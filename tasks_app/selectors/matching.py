"""Conditions that several lists share."""

import json
from typing import TypeVar

from django.db import connection
from django.db.models import Model, Q, QuerySet, TextField
from django.db.models.functions import Cast

from tasks_app.handlers import registry
from tasks_app.selectors.access import Person

M = TypeVar("M", bound=Model)


def type_says(words: str) -> Q:
    """The condition for a type whose name has these words in it; of known types the database compares whole names."""
    known = sorted(one.name for one in registry.all())
    found = [name for name in known if words.lower() in name.lower()]
    return Q(type__in=found) | (~Q(type__in=known) & Q(type__icontains=words))


def owner_condition(user: Person, name: str) -> Q:
    """The condition for what belongs to somebody; "me" is whoever asks."""
    return Q(owner_id=user.pk) if name == "me" else Q(owner__username=name)


def with_tag(rows: QuerySet[M], tag: str) -> QuerySet[M]:
    """Keep the rows that carry the tag; SQLite cannot look into JSON lists, so there the stored text is searched."""
    return with_tag_text(rows).filter(has_tag(tag))


def has_tag(tag: str) -> Q:
    """The condition for carrying the tag, of rows that `with_tag_text` has prepared."""
    return Q(tags__contains=[tag]) if connection.vendor == "postgresql" else Q(_tags__contains=json.dumps(tag))


def with_tag_text(rows: QuerySet[M]) -> QuerySet[M]:
    """Give the rows such that `has_tag` can look into their tags."""
    if connection.vendor == "postgresql":
        return rows
    with_text: QuerySet[M] = rows.annotate(_tags=Cast("tags", TextField()))  # type: ignore[assignment]  # the same rows
    return with_text
