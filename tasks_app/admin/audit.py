"""The audit log in the admin: to be read, by those who may see it; its page in the settings has filters and export."""

from typing import Any
from urllib.parse import urlencode

from django.contrib import admin
from django.contrib.admin import display
from django.db.models import Model
from django.http import HttpRequest
from django.urls import reverse
from django.utils.safestring import SafeString

from tasks_app.admin.base import ReadOnlyAdmin
from tasks_app.admin.filters import ActionFilter, CreatedFilter
from tasks_app.admin.shown import as_json, instant, link
from tasks_app.models import AuditEntry
from tasks_app.selectors.audit import ACTIONS, sees_audit


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnlyAdmin):
    """Entries, the newest first."""

    list_display = (instant("at"), "actor", "what", "outcome", "address")
    fields = readonly_fields = (
        *list_display,
        "action",
        "object_type",
        "object_name",
        "object_id",
        "page",
        as_json("before"),
        as_json("after"),
        "note",
        "request_id",
        "position",
        "digest",
    )
    list_filter = ("outcome", CreatedFilter, ActionFilter)
    ordering = ("-id",)
    sortable_by = ()
    search_fields = ("id",)
    search_help_text = "The id of an entry"
    exact_fields = ("id",)
    finds_only_ids = True

    @display(description="what was done")
    def what(self, entry: AuditEntry) -> str:
        """The action in words, and with what."""
        words = ACTIONS.get(entry.action, entry.action)
        is_themselves = entry.object_type == "user" and entry.actor == f"user:{entry.object_name}"
        return words if is_themselves else f"{words} {entry.object_name}".rstrip()

    @display(description="page")
    def page(self, entry: AuditEntry) -> SafeString:
        """Where the log is told with names, links and filters."""
        about = {"object_type": entry.object_type, "object": entry.object_id} if entry.object_id else {}
        return link(f"{reverse('audit-log')}?{urlencode(about)}", "the audit log")

    def has_module_permission(self, request: HttpRequest) -> bool:
        """The log is for those who may see all of it."""
        return sees_audit(request.user)

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> Any:
        """As above."""
        return sees_audit(request.user)
