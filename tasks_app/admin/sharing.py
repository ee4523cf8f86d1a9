"""With whom tasks are shared. It is their owners who share them, on the pages of the tasks."""

from django.contrib import admin
from django.contrib.admin import display
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString

from tasks_app.admin.base import ReadOnlyAdmin
from tasks_app.admin.shown import change_link, instant
from tasks_app.models import TaskShare


@admin.register(TaskShare)
class TaskShareAdmin(ReadOnlyAdmin):
    """Who else may do what with which task."""

    list_display = ("receiver", "level", "task_link", "created_by", instant("created_at", "shared"))
    fields = readonly_fields = list_display
    list_filter = ("level",)
    ordering = ("-id",)
    sortable_by = ()
    search_fields = ("task__name", "user__username", "group__name")

    def get_queryset(self, request: HttpRequest) -> QuerySet[TaskShare]:
        """With the names alone of what is shared with whom."""
        rows: QuerySet[TaskShare] = super().get_queryset(request)
        names = ("task__name", "user__username", "group__name")
        return rows.select_related("task", "user", "group").only("level", "created_by", "created_at", *names)

    @display(description="task")
    def task_link(self, share: TaskShare) -> SafeString | None:
        """Which task."""
        return change_link(share.task)
