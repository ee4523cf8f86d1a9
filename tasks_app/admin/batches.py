"""Batches: backfills, to be looked at. What can be done with one is done on its page."""

from typing import Any

from django.contrib import admin
from django.contrib.admin import display
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.safestring import SafeString

from tasks_app.admin.base import ReadOnlyAdmin
from tasks_app.admin.filters import CreatedFilter
from tasks_app.admin.shown import EMPTY, as_json, change_link, instant, label, link
from tasks_app.models import Batch
from tasks_app.selectors.batches import batch_status, tally

_TONES = {"running": "info", "completed": "success", "cancelled": "default"}


@admin.register(Batch)
class BatchAdmin(ReadOnlyAdmin):
    """The batches of everybody, newest first; read-only."""

    list_display = (
        "short_id",
        "state",
        "kind",
        "task_link",
        "owner_link",
        "total",
        instant("created_at", "started"),
        instant("finished_at", "ended"),
    )
    list_display_links = ("short_id",)
    list_filter = (CreatedFilter,)
    fields = readonly_fields = (
        "id",
        *list_display[1:5],
        "page",
        "actor",
        as_json("parameters"),
        "max_concurrency",
        "total",
        "progress",
        "runs",
        *list_display[6:],
        instant("cancelled_at", "cancelled"),
        "cancelled_by",
        "version",
    )
    ordering = ("-id",)
    sortable_by = ()
    search_fields = ("id",)
    search_help_text = "The id of a batch or of a task"
    exact_fields = ("id", "task_id")
    finds_only_ids = True

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """With what a page names."""
        rows: QuerySet[Any] = super().get_queryset(request)
        return rows.select_related("task", "owner")

    @display(description="batch")
    def short_id(self, batch: Batch) -> str:
        """The end of the id, which is the random part."""
        return f"…{str(batch.pk)[-8:]}"

    @label("state", _TONES)
    def state(self, batch: Batch) -> str:
        """Where it stands."""
        return batch_status(batch)

    @display(description="task", empty_value=EMPTY)
    def task_link(self, batch: Batch) -> SafeString | None:
        """Whose slots it runs."""
        return change_link(batch.task)

    @display(description="owner", empty_value=EMPTY)
    def owner_link(self, batch: Batch) -> SafeString | None:
        """Whose it is."""
        return change_link(batch.owner)

    @display(description="progress")
    def progress(self, batch: Batch) -> str:
        """How far it is."""
        found = tally(batch)
        states = ", ".join(f"{count} {status}" for status, count in found.counts.items() if count)
        return f"{found.done} of {found.total} done" + (f": {states}" if states else "")

    @display(description="page")
    def page(self, batch: Batch) -> SafeString:
        """Where it is shown live."""
        return link(reverse("batch-detail", args=[batch.pk]), "the batch's page, live")

    @display(description="runs")
    def runs(self, batch: Batch) -> SafeString:
        """Where its runs are listed."""
        return link(f"{reverse('run-list')}?batch={batch.pk}", "the list of its runs")
