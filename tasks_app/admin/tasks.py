"""Tasks: seen whole, edited in part, run, paused, resumed, cancelled and deleted through the services."""

from collections.abc import Sequence
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin import display
from django.contrib.admin.actions import delete_selected
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.safestring import SafeString

from tasks_app.admin.deeds import Deed, DeedAdmin, Outcome, actor_of
from tasks_app.admin.filters import DeletedFilter, LastRunFilter, TypeFilter
from tasks_app.admin.payloads import hidden_payload, masked_payload, payload_for
from tasks_app.admin.shown import EMPTY, TASK_TONES, as_json, change_link, instant, label, link
from tasks_app.admin.task_form import TaskForm
from tasks_app.models import ScheduledTask
from tasks_app.selectors.access import manages_all
from tasks_app.services.tasks import task_cancel, task_delete, task_pause, task_resume, task_run_now, task_update
from tasks_app.states import TaskStatus


def _run_now(task: ScheduledTask, actor: str) -> Outcome:
    return Outcome("queued.", task_run_now(task=task, actor=actor))


def _pause(task: ScheduledTask, actor: str, note: str = "") -> Outcome:
    if task.status == TaskStatus.PAUSED:
        return Outcome("was paused already.")
    task_pause(task=task, actor=actor, note=note or f"Paused in the admin by {actor.removeprefix('user:')}")
    return Outcome("paused.")


def _resume(task: ScheduledTask, actor: str) -> Outcome:
    if task.status == TaskStatus.ACTIVE:
        return Outcome("was active already.")
    is_active = task_resume(task=task, actor=actor).status == TaskStatus.ACTIVE
    return Outcome("resumed." if is_active else "resumed; nothing is left to run, so it is completed.")


def _cancel(task: ScheduledTask, actor: str) -> Outcome:
    task_cancel(task=task, actor=actor)
    return Outcome("cancelled for good.")


def _delete(task: ScheduledTask, actor: str) -> Outcome:
    task_delete(task=task, actor=actor)
    return Outcome("deleted; its history stays.")


RUN_NOW = Deed(
    name="run_now",
    right="run_all",
    title="Run now",
    question="One run is queued at once, beside the schedule.",
    icon="play_arrow",
    perform=_run_now,
    is_offered=lambda task: not task.is_deleted and task.status != TaskStatus.CANCELLED,
)
PAUSE = Deed(
    name="pause",
    right="cancel_all",
    title="Pause",
    question="Nothing is planned until the task is resumed. Runs that exist already go on.",
    icon="pause",
    perform=_pause,
    noted=_pause,
    is_offered=lambda task: task.status == TaskStatus.ACTIVE,
)
RESUME = Deed(
    name="resume",
    right="cancel_all",
    title="Resume",
    question="The task is planned again from now on. What fell into the pause does not run.",
    icon="resume",
    perform=_resume,
    is_offered=lambda task: task.status == TaskStatus.PAUSED,
)
CANCEL = Deed(
    name="cancel",
    right="cancel_all",
    title="Cancel",
    question="The task ends for good. Its runs that wait are cancelled, those that run are asked to stop.",
    icon="cancel",
    perform=_cancel,
    is_offered=lambda task: task.status in (TaskStatus.ACTIVE, TaskStatus.PAUSED),
    is_grave=True,
)
DELETE = Deed(name="delete", right="manage_all", title="Delete", question="", icon="delete", perform=_delete)


@admin.register(ScheduledTask)
class TaskAdmin(DeedAdmin):
    """The tasks of everybody."""

    form = TaskForm
    deeds = (RUN_NOW, PAUSE, RESUME, CANCEL)
    list_display = ("name", "owner", "type", "state", "schedule_text", instant("next_due_at", "next run"), "last_run")
    list_select_related = ("owner",)
    list_filter = ("status", "kind", TypeFilter, LastRunFilter, DeletedFilter)
    linked_by = ("calendar",)
    ordering = ("-id",)
    sortable_by = ("name",)
    search_fields = ("name", "description")
    search_help_text = "A part of the name, or a task's id"
    exact_fields = ("id",)
    show_facets = admin.ShowFacets.NEVER
    saves_by_service = True

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Show a sensitive payload to its owner alone."""
        payload = payload_for(request.user, obj)
        return [
            (None, {"fields": WHAT}),
            ("When", {"fields": WHEN}),
            ("How", {"fields": HOW}),
            ("When it goes wrong", {"fields": WRONG}),
            ("Payload", {"fields": (payload,)}),
            ("So far", {"fields": SO_FAR}),
        ]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """All but the few that `TaskForm` edits."""
        return (*READ_ONLY, masked_payload, hidden_payload)

    def get_actions(self, request: HttpRequest) -> Any:
        """Delete row by row, and tell of each."""
        actions = super().get_actions(request)
        if "delete_selected" in actions:
            actions["delete_selected"] = (
                _delete_selected,
                "delete_selected",
                "Delete: selected tasks",
            )
        return actions

    def changeform_view(
        self, request: HttpRequest, object_id: Any = None, form_url: str = "", extra_context: Any = None
    ) -> Any:
        """Offer no "add another": that is another page."""
        context = {**(extra_context or {}), "show_save_and_add_another": False}
        return super().changeform_view(request, object_id, form_url, context)

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponseBase:
        """Tasks are made on the page that knows their types and schedules."""
        return redirect(reverse("task-new"))

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """A task that is cancelled or deleted is only to be seen."""
        is_over = isinstance(obj, ScheduledTask) and (obj.is_deleted or obj.status == TaskStatus.CANCELLED)
        return not is_over and manages_all(request.user) and bool(super().has_change_permission(request, obj))

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """A task can be deleted once."""
        is_gone = isinstance(obj, ScheduledTask) and obj.is_deleted
        return not is_gone and manages_all(request.user) and bool(super().has_delete_permission(request, obj))

    def get_deleted_objects(self, objs: Sequence[Any] | QuerySet[Any], request: HttpRequest) -> Any:
        """Only the tasks themselves: their runs stay, so nobody counts a million of them."""
        return [str(task) for task in objs], {self.opts.verbose_name_plural: len(objs)}, set(), []

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Edit through the service."""
        seen = form.cleaned_data.get("seen_version")
        if form.changes:
            task_update(task=obj, changes=form.changes, actor=actor_of(request), expected_version=seen)

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        """Leave a tombstone."""
        task_delete(task=obj, actor=actor_of(request))

    @label("status", TASK_TONES)
    def state(self, task: ScheduledTask) -> str:
        """The status, or that the task is deleted."""
        return "deleted" if task.is_deleted else task.status

    @display(description="owner")
    def owner_link(self, task: ScheduledTask) -> SafeString | None:
        """Whose the task is."""
        return change_link(task.owner)

    @display(description="last run", empty_value=EMPTY)
    def last_run(self, task: ScheduledTask) -> SafeString | None:
        """How the last run ended, with its page."""
        if task.last_run_id is None:
            return None
        return link(reverse("admin:tasks_app_taskrun_change", args=[task.last_run_id]), task.last_run_status or "run")

    @display(description="pages")
    def pages(self, task: ScheduledTask) -> SafeString:
        """Where the rest is edited, and the history."""
        runs = f"{reverse('admin:tasks_app_taskrun_changelist')}?task__id__exact={task.pk}"
        parts = [link(runs, "its runs")]
        if not task.is_deleted:
            edit, page = reverse("task-edit", args=[task.pk]), reverse("task-detail", args=[task.pk])
            parts = [link(page, "the task's page"), link(edit, "edit payload and schedule"), *parts]
        return SafeString(" · ".join(parts))

    @display(description="periodic task", empty_value=EMPTY)
    def mirror(self, task: ScheduledTask) -> SafeString | None:
        """The row that mirrors the task in django-celery-beat."""
        return change_link(task.periodic_task)


WHAT = ("name", "state", "pages", "owner_link", "type", "key", "description", "tags", "seen_version")
RETRY, MISFIRE = as_json("retry"), as_json("misfire")
HOW = ("queue", "priority", "max_retries", RETRY, "soft_timeout_seconds", "timeout_seconds")
WRONG = ("overlap", MISFIRE, "on_exhausted", "pause_after_failures", "notify_on_failure")
WHEN: tuple[Any, ...] = (
    "schedule_text",
    "cron_expression",
    as_json("schedule"),
    "timezone",
    instant("starts_at", "starts"),
    instant("ends_at", "ends"),
    "max_runs",
    "calendar",
    "calendar_policy",
    "jitter_seconds",
    "spread_seconds",
    instant("next_due_at", "next run"),
    "mirror",
)
SO_FAR: tuple[Any, ...] = (
    "slots_fired",
    "last_run",
    instant("last_run_at", "last run at"),
    "failures_in_row",
    instant("paused_at", "paused"),
    "pause_note",
    "version",
    instant("created_at", "created"),
    instant("updated_at", "updated"),
    instant("deleted_at", "deleted"),
)
READ_ONLY = ("state", "pages", "owner_link", "type", "key", "tags", RETRY, MISFIRE, *WHEN, *SO_FAR)


def _delete_selected(model_admin: TaskAdmin, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse | None:
    if not request.POST.get("post"):
        answer: HttpResponse | None = delete_selected(model_admin, request, queryset)
        return answer
    if not model_admin.has_delete_permission(request):
        model_admin.message_user(request, "You may not delete tasks.", messages.ERROR)
        return None
    model_admin.carry_out(request, DELETE, list(queryset))
    return None
