"""How fast a cleaning goes: transactions that nobody notices, with room for others in between."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection, transaction
from django.db.models import Model, QuerySet

PAGE_ROWS = 500
_GOAL_SECONDS = 0.05
_LARGEST = 200
_LONGEST_REST_SECONDS = 0.1


class Pace:
    """How many rows one transaction takes, kept to what it does in about 50 ms."""

    def __init__(self, size: int = 50) -> None:
        self.size = size

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Hold one transaction, and learn from how long it took.

        SQLite has one writer at a time, and those who wait for it only look now and then: they are left as much time
        as was taken.
        """
        started = time.monotonic()
        with transaction.atomic():
            yield
        took = time.monotonic() - started
        if took > _GOAL_SECONDS:
            self.size = max(1, self.size // 2)
        elif took < _GOAL_SECONDS / 4:
            self.size = min(_LARGEST, self.size * 2)
        if connection.vendor == "sqlite":
            time.sleep(min(took, _LONGEST_REST_SECONDS))

    def slices(self, ids: list[Any]) -> Iterator[list[Any]]:
        """Cut a page into pieces of the size that is right at that moment."""
        at = 0
        while at < len(ids):
            piece = ids[at : at + self.size]
            at += len(piece)
            yield piece


def pages(rows: QuerySet[Any], key: str = "id") -> Iterator[list[Any]]:
    """Give the keys of the rows in order, a page at a time, each found by the last key of the one before."""
    rows = rows.order_by(key)
    after: Any = None
    while True:
        rest = rows if after is None else rows.filter(**{f"{key}__gt": after})
        page = list(rest.values_list(key, flat=True)[:PAGE_ROWS])
        if page:
            yield page
        if len(page) < PAGE_ROWS:
            return
        after = page[-1]


def delete_pages(
    model: type[Model], found: Iterator[list[Any]], pace: Pace, *, dry_run: bool, **still: Any
) -> Iterator[int]:
    """Delete rows by their keys, those for which `still` holds at that moment; gives the number of each batch."""
    rows = model._default_manager.filter(**still)
    for page in found:
        if dry_run:
            yield len(page)
            continue
        for piece in pace.slices(page):
            with pace.turn():
                count = rows.filter(pk__in=piece).delete()[1].get(model._meta.label, 0)
            yield count
