"""django-celery-beat's schedules. One that a task's mirror uses is the platform's: neither edited nor deleted here."""

from typing import Any

from django.contrib import admin
from django.contrib.admin import display
from django.http import HttpRequest
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django_celery_beat.models import ClockedSchedule, CrontabSchedule, IntervalSchedule, PeriodicTask, SolarSchedule

from tasks_app.admin.base import Admin
from tasks_app.admin.shown import EMPTY, change_link

SHOWN = 20


class ScheduleAdmin(Admin):
    """What the four kinds share. Deleting a schedule deletes its periodic tasks, so that is done one by one."""

    ordering = ("-id",)
    sortable_by = ()
    actions = None

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """What follows from the rest."""
        return ("used_by",)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Not where a task depends on it."""
        return not _is_mirrored(obj) and bool(super().has_change_permission(request, obj))

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Not where a task depends on it."""
        return not _is_mirrored(obj) and bool(super().has_delete_permission(request, obj))

    @display(description="used by", empty_value=EMPTY)
    def used_by(self, schedule: Any) -> SafeString | None:
        """The first periodic tasks that use it."""
        if schedule is None or schedule.pk is None:
            return None
        rows = schedule.periodictask_set.select_related("scheduled_task").order_by("id")[: SHOWN + 1]
        links = [change_link(row, _name(row)) or "" for row in rows[:SHOWN]]
        more = ["…"] if len(rows) > SHOWN else []
        return format_html_join(", ", "{}", ((words,) for words in [*links, *more])) or None


def _is_mirrored(schedule: Any) -> bool:
    if schedule is None or schedule.pk is None:
        return False
    return bool(schedule.periodictask_set.filter(scheduled_task__isnull=False).exists())


def _name(row: PeriodicTask) -> str:
    task = getattr(row, "scheduled_task", None)
    return str(row.name if task is None else task.name)


for _model in (ClockedSchedule, CrontabSchedule, IntervalSchedule, SolarSchedule):
    admin.site.unregister(_model)


@admin.register(CrontabSchedule)
class CrontabAdmin(ScheduleAdmin):
    """Crontab lines with their zones."""

    list_display = ("__str__", "human_readable")
    fields = ("minute", "hour", "day_of_month", "month_of_year", "day_of_week", "timezone", "used_by")
    search_fields = ("minute", "hour", "day_of_month", "month_of_year", "day_of_week")


@admin.register(IntervalSchedule)
class IntervalAdmin(ScheduleAdmin):
    """Fixed intervals."""

    fields = ("every", "period", "used_by")
    search_fields = ("every", "period")


@admin.register(ClockedSchedule)
class ClockedAdmin(ScheduleAdmin):
    """Single instants."""

    fields = ("clocked_time", "used_by")
    search_fields = ("clocked_time",)


@admin.register(SolarSchedule)
class SolarAdmin(ScheduleAdmin):
    """Events of the sun at a place."""

    fields = ("event", "latitude", "longitude", "used_by")
    search_fields = ("event",)
