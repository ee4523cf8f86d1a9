"""What tasks send and fetch: mail templates, how much was mailed, the records of other services. Only seen here."""

from django.contrib import admin

from tasks_app.admin.base import ReadOnlyAdmin
from tasks_app.admin.shown import instant
from tasks_app.models import EmailTemplate, MailCount, SyncedCollection


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
    """The records themselves are on the pages of their owner, and may be many."""

    list_display = ("name", "owner", "record_count", instant("synced_at", "last fetched"))
    fields = readonly_fields = (*list_display, "url", "task", instant("created_at", "created"))
    list_select_related = ("owner",)
    ordering = ("-id",)
    search_fields = ("name", "owner__username")
