"""Calendars: whose they are, what is off, and the tasks that keep them. They are edited on their pages."""

from django.contrib import admin
from django.contrib.admin import display
from django.urls import reverse
from django.utils.safestring import SafeString

from tasks_app.admin.base import ReadOnlyAdmin
from tasks_app.admin.shown import as_json, instant, link
from tasks_app.models import Calendar
from tasks_app.selectors.calendar_days import stored_days, stored_weekend


@admin.register(Calendar)
class CalendarAdmin(ReadOnlyAdmin):
    """An edit plans tasks anew, and what it does is seen on the calendar's own page."""

    list_display = (
        "name",
        "owner",
        "country",
        "subdivision",
        "weekend_shown",
        "day_count",
        "is_shared",
        instant("updated_at", "changed"),
    )
    fields = readonly_fields = (
        *list_display,
        "pages",
        "description",
        as_json("days"),
        "version",
        instant("created_at", "created"),
    )
    list_select_related = ("owner",)
    list_filter = ("is_shared",)
    ordering = ("-id",)
    sortable_by = ()
    search_fields = ("name", "owner__username")

    @display(description="weekend")
    def weekend_shown(self, calendar: Calendar) -> str:
        """The weekdays that are off."""
        return ", ".join(stored_weekend(calendar))

    @display(description="days")
    def day_count(self, calendar: Calendar) -> int:
        """How many single days there are."""
        return len(stored_days(calendar))

    @display(description="pages")
    def pages(self, calendar: Calendar) -> SafeString:
        """Where it is edited, and the tasks that keep it."""
        tasks = f"{reverse('admin:tasks_app_scheduledtask_changelist')}?calendar__id__exact={calendar.pk}"
        page = reverse("calendar-edit", args=[calendar.pk])
        return SafeString(f"{link(page, 'the year, and editing')} · {link(tasks, 'its tasks')}")
