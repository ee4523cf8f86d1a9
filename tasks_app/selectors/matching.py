"""Conditions that several lists share."""

import json
from typing import TypeVar

from django.db import connection
from django.db.models import Model, QuerySet, TextField
from django.db.models.functions import Cast

M = TypeVar("M", bound=Model)


def with_tag(rows: QuerySet[M], tag: str) -> QuerySet[M]:
    """Keep the rows that carry the tag; SQLite cannot look into JSON lists, so there the stored text is searched."""
    if connection.vendor == "postgresql":
        return rows.filter(tags__contains=[tag])
    with_text: QuerySet[M] = rows.annotate(_tags=Cast("tags", TextField()))  # type: ignore[assignment]  # the same rows
    return with_text.filter(_tags__contains=json.dumps(tag))
