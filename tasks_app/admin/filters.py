"""Filters of lists that may hold a million rows: each is served by an index, or looks at the newest rows only."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django.contrib.admin import SimpleListFilter
from django.contrib.admin.views.main import ChangeList
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from tasks_app.handlers import registry
from tasks_app.models.ids import first_id_at
from tasks_app.selectors.audit import ACTIONS
from tasks_app.states import FINAL, Status

_AGES = {"hour": timedelta(hours=1), "day": timedelta(days=1), "week": timedelta(days=7), "month": timedelta(days=30)}
_AGE_WORDS = {"hour": "Past hour", "day": "Past 24 hours", "week": "Past 7 days", "month": "Past 30 days"}


class CreatedFilter(SimpleListFilter):
    """By age. Ids sort by time of creation, so the primary key serves it."""

    title = "created"
    parameter_name = "created"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The ages on offer."""
        return list(_AGE_WORDS.items())

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Keep what is young enough."""
        age = _AGES.get(self.value() or "")
        return queryset if age is None else queryset.filter(id__gte=first_id_at(timezone.now() - age))


class NeedsPersonFilter(SimpleListFilter):
    """Failed for good, and nobody has dismissed it."""

    title = "what needs a person"
    parameter_name = "needs"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """One choice."""
        return [("person", "Needs a person")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Keep what waits for somebody."""
        if self.value() != "person":
            return queryset
        return queryset.filter(status=Status.FAILED, dismissed_at=None)


class TypeFilter(SimpleListFilter):
    """By task type; the types are those that the code knows, so that no query is needed to offer them."""

    title = "type"
    parameter_name = "type"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Every known type."""
        return [(spec.name, spec.title or spec.name) for spec in registry.all()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Keep one type."""
        return queryset.filter(type=self.value()) if self.value() else queryset


class LastRunFilter(SimpleListFilter):
    """By how a task's last run ended."""

    title = "last run"
    parameter_name = "last_run"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The ways in which a run ends."""
        return [(status, status.capitalize()) for status in sorted(FINAL)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Keep the tasks whose last run ended so."""
        return queryset.filter(last_run_status=self.value()) if self.value() else queryset


class DeletedFilter(SimpleListFilter):
    """Deleted tasks stay as tombstones, out of sight unless asked for."""

    title = "deleted"
    parameter_name = "deleted"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """What may be shown instead."""
        return [("yes", "Deleted ones only"), ("all", "All")]

    def choices(self, changelist: ChangeList) -> Iterator[Any]:
        """Call the default what it is."""
        for number, choice in enumerate(super().choices(changelist)):
            yield choice if number else {**choice, "display": "Not deleted"}

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Leave tombstones out, or keep nothing else."""
        if self.value() == "all":
            return queryset
        return queryset.filter(deleted_at__isnull=self.value() != "yes")


class ActionFilter(SimpleListFilter):
    """By what was done, in the words of the audit log; an index serves it."""

    title = "what was done"
    parameter_name = "action"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Everything that can stand in the log."""
        return [(action, f"{words[0].upper()}{words[1:]}") for action, words in ACTIONS.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Keep one action."""
        return queryset.filter(action=self.value()) if self.value() else queryset
