"""What the list of tasks is asked for, read from an address or from a form: words and qualifiers, filters, order."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.http import QueryDict
from django.urls import reverse

from tasks_app.models import ScheduledTask
from tasks_app.selectors.search_tasks import task_qualifiers
from tasks_app.selectors.search_text import LONGEST, Search, parts, read
from tasks_app.selectors.task_list import ORDERS, Matching, TaskFilters, task_find
from tasks_app.web import query

FIELDS = ("status", "kind", "type", "queue", "tag", "last_run_status", "shared")
_NAMED = {"last_run_status": "last run", "kind": "schedule"}
_DROPPED = 4


@dataclass(frozen=True)
class Without:
    """One thing that was asked for, and the list without it."""

    said: str
    href: str
    count: int


@dataclass(frozen=True)
class Asked:
    """What somebody wants to see. `text` is what stands in the box; with `before`, of tasks made before that one."""

    user: User
    text: str
    filters: TaskFilters
    ordering: str = "name"
    before: uuid.UUID | None = None

    @classmethod
    def of(cls, user: User, data: QueryDict) -> "Asked":
        """Read it leniently: what is unknown is left out, and of the text it is said."""
        text = (data.get("q") or data.get("search") or "").replace("\0", "").strip()[:LONGEST]
        ordering = data.get("ordering", "name")
        filters = TaskFilters(**query.texts(data, FIELDS))
        ordering = ordering if ordering in ORDERS else "name"
        return cls(user, text, filters, ordering, query.identifier(data, "before"))

    @cached_property
    def search(self) -> Search:
        """The text, read."""
        return read(self.text, task_qualifiers(self.user))

    @property
    def is_any(self) -> bool:
        """The list is, or was meant to be, narrowed."""
        return bool(self.text or any(getattr(self.filters, name) for name in FIELDS))

    @cached_property
    def found(self) -> Matching:
        """The tasks that match, and how far back was looked."""
        return task_find(self.user, self.filters, ordering=self.ordering, search=self.search, before=self.before)

    def rows(self) -> QuerySet[ScheduledTask]:
        """The tasks that match, in order."""
        return self.found.rows

    def newest(self) -> str:
        """The address of the same among the tasks that were made last."""
        return replace(self, before=None).href()

    def older(self) -> str:
        """The address of the same among the tasks made before those that were looked at; "" where there are none."""
        return replace(self, before=self.found.floor).href() if self.found.floor else ""

    def pairs(self) -> list[tuple[str, str]]:
        """The same as fields of a form or parts of an address."""
        given = [("q", self.text), *((name, getattr(self.filters, name)) for name in FIELDS)]
        ordering = [] if self.ordering == "name" else [("ordering", self.ordering)]
        older = [] if self.before is None else [("before", str(self.before))]
        return [(name, value) for name, value in given if value] + ordering + older

    def href(self) -> str:
        """The address of the list that shows it."""
        pairs = self.pairs()
        return reverse("task-list") + (f"?{urlencode(pairs)}" if pairs else "")

    def with_text(self, text: str) -> "Asked":
        """The same with another text in the box."""
        return replace(self, text=text, before=None)

    def each_dropped(self, *, most: int) -> list[Without]:
        """What there would be without each thing that was asked for, where that is anything."""
        found = []
        for said, fewer in list(self._fewer())[:_DROPPED]:
            count = fewer.rows().order_by()[:most].count()
            if count:
                found.append(Without(said, fewer.href(), count))
        return found

    def _fewer(self) -> Iterator[tuple[str, "Asked"]]:
        for said, rest in parts(self.text):
            yield said, self.with_text(rest)
        for name in FIELDS:
            if value := getattr(self.filters, name):
                emptied: dict[str, Any] = {name: ""}
                yield (
                    f"{_NAMED.get(name, name)} {value}",
                    replace(self, filters=replace(self.filters, **emptied), before=None),
                )
