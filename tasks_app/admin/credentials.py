"""Credentials: staff see that there are some, of which kind and for which hosts; their owners alone use them."""

from typing import Any

from django.contrib import admin
from django.contrib.admin import display
from django.db.models import QuerySet
from django.http import HttpRequest

from tasks_app.admin.base import ReadOnlyAdmin
from tasks_app.admin.shown import instant
from tasks_app.models import Credential


@admin.register(Credential)
class CredentialAdmin(ReadOnlyAdmin):
    """Neither the secrets nor what goes with them is shown, or even read."""

    list_display = (
        "name",
        "owner",
        "kind",
        "hosts_shown",
        instant("created_at", "created"),
        instant("last_used_at", "last used"),
    )
    fields = readonly_fields = (*list_display, instant("updated_at", "changed"), "version")
    list_select_related = ("owner",)
    list_filter = ("kind",)
    ordering = ("-id",)
    sortable_by = ()
    search_fields = ("name", "owner__username")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Without the columns that hold secrets."""
        rows: QuerySet[Any] = super().get_queryset(request)
        return rows.defer("sealed", "sealed_token", "details")

    @display(description="hosts")
    def hosts_shown(self, credential: Credential) -> str:
        """Where it may be sent."""
        return ", ".join(credential.hosts)
