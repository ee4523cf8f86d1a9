"""Lists to which no index leads: they look at so many of the newest rows, say how far back that was, and go on."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from django.db.models import Model, QuerySet

from tasks_app.models.ids import made_at

WALK, READ = 50_000, 20_000
"""Of so many rows a column is looked at, and of so many the words."""
Row = TypeVar("Row", bound=Model)


@dataclass(frozen=True)
class Found(Generic[Row]):
    """Rows that match, newest first; `floor` is where the search has stopped short of the oldest.

    `ceiling` is where one that goes back to newer rows has stopped short of the newest.
    """

    rows: QuerySet[Row]
    floor: uuid.UUID | None = None
    walk: int = WALK
    ceiling: uuid.UUID | None = None

    @property
    def since(self) -> datetime | None:
        """When the oldest row was made that was looked at."""
        return None if self.floor is None else made_at(self.floor)


def nth_older(scope: QuerySet[Row], most: int) -> uuid.UUID | None:
    """Give the id of the oldest among the newest `most` rows; None where these are all."""
    return _edge(scope.order_by("-id"), most)


def nth_newer(scope: QuerySet[Row], most: int) -> uuid.UUID | None:
    """Give the id of the newest among the oldest `most` rows; None where these are all."""
    return _edge(scope.order_by("id"), most)


def _edge(rows: QuerySet[Row], most: int) -> uuid.UUID | None:
    found = list(rows.values_list("id", flat=True)[most - 1 : most + 1])
    return found[0] if len(found) > 1 else None
