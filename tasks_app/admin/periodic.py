"""PeriodicTask rows of django-celery-beat: mirrors, which follow their task, and plain ones, an admin's own."""

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin import SimpleListFilter, display
from django.contrib.admin.actions import delete_selected
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.safestring import SafeString
from django_celery_beat.admin import PeriodicTaskAdmin as StockAdmin
from django_celery_beat.models import PeriodicTask
from kombu.exceptions import KombuError
from redis.exceptions import RedisError

from tasks_app.admin.audited import note_sendings, note_switches
from tasks_app.admin.base import Admin
from tasks_app.admin.deeds import actor_of
from tasks_app.admin.mirror_words import mirror_help, mirror_words
from tasks_app.admin.periodic_form import MirrorForm, PlainForm, celery_task_names
from tasks_app.admin.shown import EMPTY, change_link, instant
from tasks_app.errors import CarillonError
from tasks_app.models import ScheduledTask
from tasks_app.recurrence.cutting import whole_sentence
from tasks_app.services.tasks import task_pause, task_resume, task_run_now

_AWAY = (KombuError, RedisError, OSError)
SCHEDULES = ("interval", "crontab", "solar", "clocked")
MIRRORED: tuple[Any, ...] = (
    "task_link",
    "enabled",
    "description",
    "name",
    "task",
    *SCHEDULES,
    "one_off",
    instant("start_time", "starts"),
    instant("expires"),
    "args",
    "kwargs",
    "queue",
    instant("last_run_at", "last run"),
    "total_run_count",
)


class MirrorFilter(SimpleListFilter):
    """Whether a row mirrors a task."""

    title = "kind"
    parameter_name = "mirror"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The two kinds."""
        return [("no", "Plain rows"), ("yes", "Mirrors of tasks")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Keep one kind."""
        if self.value() not in ("yes", "no"):
            return queryset
        return queryset.filter(scheduled_task__isnull=self.value() == "no")


admin.site.unregister(PeriodicTask)


@admin.register(PeriodicTask)
class PeriodicTaskAdmin(StockAdmin, Admin):  # type: ignore[misc]  # django-celery-beat is untyped
    """Plain rows as in stock; a mirror is read, switched on and off, and leads to its task."""

    form = PlainForm
    date_hierarchy = None
    change_form_template = None
    list_display = ("shown_name", "task_link", "task", "schedule_text", "enabled", instant("last_run_at", "last run"))
    list_filter = ("enabled", MirrorFilter, "one_off")
    list_select_related = ("interval", "crontab", "solar", "clocked", "scheduled_task")
    ordering = ("-id",)
    sortable_by = ()
    search_fields = ("name", "description", "task")
    autocomplete_fields = SCHEDULES
    actions = ("enable_tasks", "disable_tasks", "toggle_tasks", "run_tasks")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """With the task of each mirror."""
        rows: QuerySet[Any] = super().get_queryset(request).select_related("scheduled_task")
        return rows

    def changeform_view(
        self, request: HttpRequest, object_id: Any = None, form_url: str = "", extra_context: Any = None
    ) -> Any:
        """Pass the stock view by: it words every crontab there is, for a script that unfold's page does not have."""
        context = {**(extra_context or {}), "show_save_and_add_another": object_id is None}
        return super(StockAdmin, self).changeform_view(request, object_id, form_url, context)

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        """A mirror has a form of its own, which says at each field who writes it."""
        if (task := task_of(obj)) is not None:
            kwargs |= {"form": MirrorForm, "help_texts": mirror_help(task)}
        return super().get_form(request, obj, change, **kwargs)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """A mirror shows everything and leads to its task."""
        task = task_of(obj)
        if task is None:
            return super().get_fieldsets(request, obj)
        return [(None, {"fields": MIRRORED, "description": mirror_words(task)})]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Only a mirror's switch is to be moved."""
        if task_of(obj) is None:
            return super().get_readonly_fields(request, obj)
        return [name for name in MIRRORED if name != "enabled"]

    def get_autocomplete_fields(self, request: HttpRequest) -> Any:
        """Look schedules up: there may be as many as tasks."""
        return self.autocomplete_fields

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A mirror goes with its task."""
        return task_of(obj) is None and bool(super().has_delete_permission(request, obj))

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Switch a mirror through its task; save a plain row as stock does, so that beat learns of it."""
        task = task_of(obj)
        if task is None:
            super().save_model(request, obj, form, change)
        elif "enabled" in form.changed_data:
            switch(request, task, is_on=form.cleaned_data["enabled"])

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> Any:
        """Say where a mirror is deleted."""
        task = task_of(self.get_object(request, object_id))
        if task is not None:
            return self.refuse(request, _delete_the_task(task), self.address("change", object_id))
        return super().delete_view(request, object_id, extra_context)

    def get_actions(self, request: HttpRequest) -> Any:
        """Keep mirrors out of the deletion of a selection."""
        actions = super().get_actions(request)
        if "delete_selected" in actions:
            actions["delete_selected"] = (_delete_plain, "delete_selected", "Delete selected periodic tasks")
        return actions

    @admin.action(description="Enable selected periodic tasks", permissions=["change"])
    def enable_tasks(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        """Resume the tasks of mirrors, enable plain rows."""
        self._switch(request, queryset, lambda row: True, super().enable_tasks)

    @admin.action(description="Disable selected periodic tasks", permissions=["change"])
    def disable_tasks(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        """Pause the tasks of mirrors, disable plain rows."""
        self._switch(request, queryset, lambda row: False, super().disable_tasks)

    @admin.action(description="Toggle selected periodic tasks", permissions=["change"])
    def toggle_tasks(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        """Pause what is active, resume what is paused."""
        self._switch(request, queryset, lambda row: not row.enabled, super().toggle_tasks)

    @admin.action(description="Run selected periodic tasks now", permissions=["change"])
    def run_tasks(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        """Queue a run of a mirror's task, send a plain row's Celery task."""
        mirrors, plain = split(queryset)
        for row in mirrors:
            self._tell(request, row, partial(_run_now, request))
        if not plain:
            return
        try:
            with transaction.atomic():
                if known(plain):
                    note_sendings(plain)
                super().run_tasks(request, queryset.filter(pk__in=[row.pk for row in plain]))
        except _AWAY as error:
            self.message_user(request, f"The broker could not be reached: {error}", messages.ERROR)

    @display(description="name")
    def shown_name(self, row: Any) -> str:
        """A mirror's name is that of its task."""
        task = task_of(row)
        return row.name if task is None else task.name

    @display(description="task", empty_value=EMPTY)
    def task_link(self, row: Any) -> SafeString | None:
        """The task that the row mirrors."""
        return change_link(task_of(row))

    @display(description="schedule")
    def schedule_text(self, row: Any) -> str:
        """A mirror's schedule exactly as its task has it."""
        task = task_of(row)
        if task is None:
            return str(row.scheduler)
        return whole_sentence(task.schedule_text, task.schedule, task.timezone)

    def _switch(
        self,
        request: HttpRequest,
        queryset: QuerySet[Any],
        wanted: Callable[[Any], bool],
        stock: Callable[[HttpRequest, QuerySet[Any]], None],
    ) -> None:
        mirrors, plain = split(queryset)
        for row in mirrors:
            self._tell(request, row, partial(switch, request, is_on=wanted(row)))
        if plain:
            with transaction.atomic():
                note_switches(plain, wanted)
                stock(request, queryset.filter(pk__in=[row.pk for row in plain]))

    def _tell(self, request: HttpRequest, row: Any, deed: Callable[[ScheduledTask], str]) -> None:
        try:
            self.message_user(request, f"{row.scheduled_task.name}: {deed(row.scheduled_task)}", messages.SUCCESS)
        except CarillonError as refusal:
            self.message_user(request, f"{row.scheduled_task.name}: {refusal.message}", messages.WARNING)


def task_of(row: Any) -> ScheduledTask | None:
    """The task that a row mirrors, if it mirrors one."""
    return None if row is None else getattr(row, "scheduled_task", None)


def split(rows: Iterable[Any]) -> tuple[list[Any], list[Any]]:
    """Tell mirrors from plain rows."""
    found = list(rows)
    return [row for row in found if task_of(row)], [row for row in found if not task_of(row)]


def known(plain: Iterable[Any]) -> bool:
    """Say whether Celery knows the tasks of all these rows; of none is anything sent where it does not."""
    return {row.task for row in plain} <= set(celery_task_names())


def switch(request: HttpRequest, task: ScheduledTask, *, is_on: bool) -> str:
    """Resume or pause the task of a mirror."""
    if is_on:
        return f"resumed; the task is {task_resume(task=task, actor=actor_of(request)).status}."
    task_pause(task=task, actor=actor_of(request), note=f"Disabled in the admin by {request.user.get_username()}")
    return "paused."


def _run_now(request: HttpRequest, task: ScheduledTask) -> str:
    return f"queued as run {task_run_now(task=task, actor=actor_of(request)).pk}."


def _delete_the_task(task: ScheduledTask) -> str:
    return f"This row mirrors the task “{task.name}”; delete the task, and the row goes with it."


def _delete_plain(model_admin: PeriodicTaskAdmin, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse | None:
    mirrors, _ = split(queryset)
    for row in mirrors:
        model_admin.message_user(request, _delete_the_task(row.scheduled_task), messages.ERROR)
    if mirrors:
        return None
    answer: HttpResponse | None = delete_selected(model_admin, request, queryset)
    return answer
