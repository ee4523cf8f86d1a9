"""django-celery-results: results of Celery tasks other than runs, to be read. A run's result stands on the run."""

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest
from django_celery_results.admin import GroupResultAdmin as StockGroupAdmin
from django_celery_results.admin import TaskResultAdmin as StockResultAdmin
from django_celery_results.models import GroupResult, TaskResult

from tasks_app.admin.base import Admin
from tasks_app.admin.shown import instant

for _model in (TaskResult, GroupResult):
    admin.site.unregister(_model)


class _ResultAdmin(Admin):
    """Read, and deleted where somebody wants to; Celery's clean-up deletes what is old."""

    date_hierarchy = None
    ordering = ("-id",)
    sortable_by = ()

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Workers write results."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nobody edits a result."""
        return False


@admin.register(TaskResult)
class TaskResultAdmin(_ResultAdmin, StockResultAdmin):  # type: ignore[misc]  # django-celery-results is untyped
    """Results of single tasks."""

    list_display: Any = ("task_id", "task_name", "status", "worker", instant("date_done", "done"))
    list_filter: ClassVar[Any] = ("status", "date_done")
    search_fields: ClassVar[Any] = ("=task_id", "=task_name")
    search_help_text = "A task id or a task name, exactly"


@admin.register(GroupResult)
class GroupResultAdmin(_ResultAdmin, StockGroupAdmin):  # type: ignore[misc]  # django-celery-results is untyped
    """Results of groups."""

    list_display: Any = ("group_id", instant("date_done", "done"))
    list_filter: ClassVar[Any] = ("date_done",)
    search_fields: ClassVar[Any] = ("=group_id",)
    search_help_text = "A group id, exactly"

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """All of it."""
        return [field.name for field in self.opts.local_fields]
