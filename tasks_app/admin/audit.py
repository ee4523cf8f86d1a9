"""The audit log in the admin: to be read, by those who may see it; its page in the settings has filters and export."""

from typing import Any

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest

from tasks_app.admin.base import ReadOnlyAdmin
from tasks_app.admin.shown import as_json, instant
from tasks_app.models import AuditEntry
from tasks_app.selectors.audit import sees_audit


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnlyAdmin):
    """Entries, the newest first."""

    list_display = (instant("at"), "actor", "action", "object_type", "object_name", "outcome", "address")
    fields = readonly_fields = (
        *list_display,
        "object_id",
        as_json("before"),
        as_json("after"),
        "note",
        "request_id",
        "position",
        "digest",
    )
    list_filter = ("outcome",)
    ordering = ("-id",)
    sortable_by = ()
    search_fields = ("id",)
    search_help_text = "The id of an entry"
    exact_fields = ("id",)
    finds_only_ids = True

    def has_module_permission(self, request: HttpRequest) -> bool:
        """The log is for those who may see all of it."""
        return sees_audit(request.user)

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> Any:
        """As above."""
        return sees_audit(request.user)
