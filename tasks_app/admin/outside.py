"""What tasks send and fetch: mail templates, how much was mailed, the records of other services. Only seen here."""

from django.contrib import admin
from django.contrib.admin import display
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.safestring import SafeString

from tasks_app.admin.base import ReadOnlyAdmin
from tasks_app.admin.shown import change_link, instant, link
from tasks_app.models import EmailTemplate, MailCount, SyncedChange, SyncedCollection, SyncedRecord


@admin.register(EmailTemplate)
class EmailTemplateAdmin(ReadOnlyAdmin):
    """Templates are written on the pages, where they are previewed."""

    list_display = ("name", "owner", "subject", "is_shared", instant("updated_at", "changed"))
    fields = readonly_fields = (*list_display, "text", "html", "version", instant("created_at", "created"))
    list_select_related = ("owner",)
    list_filter = ("is_shared",)
    ordering = ("-id",)
    search_fields = ("name", "owner__username")


@admin.register(MailCount)
class MailCountAdmin(ReadOnlyAdmin):
    """How many mails each person's tasks have sent on a day, in UTC."""

    list_display = ("day", "user", "count")
    fields = readonly_fields = list_display
    list_select_related = ("user",)
    ordering = ("-id",)
    search_fields = ("user__username",)


@admin.register(SyncedCollection)
class SyncedCollectionAdmin(ReadOnlyAdmin):
    """What the records say is on the pages of their owner."""

    list_display = ("name", "owner", "record_count", instant("synced_at", "last fetched"))
    fields = readonly_fields = (*list_display, "url", "task", instant("created_at", "created"))
    list_select_related = ("owner",)
    ordering = ("-id",)
    search_fields = ("name", "owner__username")


@admin.register(SyncedRecord)
class SyncedRecordAdmin(ReadOnlyAdmin):
    """That a record is there, and since when; what it says is its owner's, and not even read."""

    list_display = (
        "key",
        "collection_link",
        instant("first_seen_at", "first seen"),
        instant("changed_at", "changed"),
        instant("gone_at", "gone"),
    )
    fields = readonly_fields = list_display
    ordering = ("-id",)
    sortable_by = ()
    search_fields = ("key",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[SyncedRecord]:
        """Without what it says."""
        rows: QuerySet[SyncedRecord] = super().get_queryset(request)
        columns = ("key", "first_seen_at", "changed_at", "gone_at", "collection__id", "collection__name")
        return rows.select_related("collection").only(*columns)

    @display(description="collection")
    def collection_link(self, row: SyncedRecord) -> SafeString | None:
        """Which collection."""
        return change_link(row.collection)


@admin.register(SyncedChange)
class SyncedChangeAdmin(ReadOnlyAdmin):
    """Which record a sync found to be different; what was and is there is its owner's, and not even read."""

    list_display = ("kind", "record_link", "collection_link", "run_link", instant("at"))
    fields = readonly_fields = list_display
    list_filter = ("kind",)
    ordering = ("-id",)
    sortable_by = ()
    search_fields = ("run_id",)
    search_help_text = "The id of a run or of a collection"
    exact_fields = ("run_id", "collection_id")
    finds_only_ids = True

    def get_queryset(self, request: HttpRequest) -> QuerySet[SyncedChange]:
        """Without what was and is there."""
        rows: QuerySet[SyncedChange] = super().get_queryset(request)
        columns = ("kind", "run_id", "at", "record__id", "record__key", "collection__id", "collection__name")
        return rows.select_related("record", "collection").only(*columns)

    @display(description="record")
    def record_link(self, row: SyncedChange) -> SafeString | None:
        """Which record."""
        return change_link(row.record)

    @display(description="collection")
    def collection_link(self, row: SyncedChange) -> SafeString | None:
        """Which collection."""
        return change_link(row.collection)

    @display(description="run")
    def run_link(self, row: SyncedChange) -> SafeString:
        """Which sync; its run may be gone by now."""
        return link(reverse("admin:tasks_app_taskrun_change", args=[row.run_id]), str(row.run_id))
