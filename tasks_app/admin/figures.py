"""What the platform writes down beside the history: figures of runs and tasks, what is planned, versions of tasks."""

from django.contrib import admin
from django.contrib.admin import display
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.safestring import SafeString

from tasks_app.admin.base import SeenWith
from tasks_app.admin.shown import EMPTY, as_json, change_link, instant, link
from tasks_app.models import PlannedRuns, RollupMark, RunRollup, TaskCount, TaskRevision
from tasks_app.models.rollup import EVERYBODY, NO_OWNER, NO_TASK


@admin.register(RunRollup)
class RunRollupAdmin(SeenWith):
    """How the runs of a minute, an hour or a day fared."""

    needs = "view_taskrun"
    list_display = ("grain", instant("start"), "type", "task", "owner", "succeeded", "failed", "mean")
    fields = readonly_fields = (
        *list_display,
        "cancelled",
        "skipped",
        "retries",
        "total_ms",
        "longest_ms",
        as_json("classes"),
    )
    list_filter = ("grain",)
    ordering = ("-id",)
    sortable_by = ()
    search_fields = ("task_id",)
    search_help_text = "The id of a task"
    exact_fields = ("task_id",)
    finds_only_ids = True

    @display(description="task")
    def task(self, row: RunRollup) -> str:
        """Which task, where the span tells them apart; it may be gone by now."""
        if row.task_id == NO_TASK:
            return EMPTY
        return link(reverse("admin:tasks_app_scheduledtask_change", args=[row.task_id]), str(row.task_id))

    @display(description="owner")
    def owner(self, row: RunRollup) -> str:
        """Whose runs, where the span tells them apart; the person may be gone by now."""
        return _owner(row.owner_id)

    @display(description="mean run time")
    def mean(self, row: RunRollup) -> str:
        """Of the last attempts of those that succeeded or failed."""
        ended = row.succeeded + row.failed
        return f"{row.total_ms / ended:,.0f} ms" if ended else EMPTY


@admin.register(RollupMark)
class RollupMarkAdmin(SeenWith):
    """How far the figures reach."""

    needs = "view_taskrun"
    list_display = ("name", instant("counted_to", "counted to"), instant("checked_to", "counted again to"))
    fields = readonly_fields = list_display
    ordering = ("name",)


@admin.register(TaskRevision)
class TaskRevisionAdmin(SeenWith):
    """The versions of tasks; what they say, and how they differ, stands on the task's own page."""

    needs = "view_scheduledtask"
    list_display = ("version", "task_name", "actor", instant("at"), "differences")
    fields = readonly_fields = list_display
    ordering = ("-id",)
    sortable_by = ()
    search_fields = ("task_id",)
    search_help_text = "The id of a task"
    exact_fields = ("task_id",)
    finds_only_ids = True

    def get_queryset(self, request: HttpRequest) -> QuerySet[TaskRevision]:
        """Without what the versions say: payloads may be sensitive, and each is wide."""
        rows: QuerySet[TaskRevision] = super().get_queryset(request)
        return rows.select_related("task").only("version", "actor", "at", "task__id", "task__name")

    @display(description="task")
    def task_name(self, row: TaskRevision) -> SafeString | None:
        """Which task."""
        return change_link(row.task, row.task.name)

    @display(description="what it says")
    def differences(self, row: TaskRevision) -> SafeString:
        """Where it stands beside the version before."""
        return link(reverse("task-version", args=[row.task_id, row.version]), "Differences")


@admin.register(PlannedRuns)
class PlannedRunsAdmin(SeenWith):
    """When the start of each minute of the next days was last worked out, and for whom."""

    needs = "view_taskrun"
    list_display = ("owner", instant("made_at", "worked out"), instant("start", "from"))
    fields = readonly_fields = list_display
    ordering = ("owner_id",)
    sortable_by = ()

    def get_queryset(self, request: HttpRequest) -> QuerySet[PlannedRuns]:
        """Without the minutes of a week, which are many."""
        rows: QuerySet[PlannedRuns] = super().get_queryset(request)
        return rows.defer("minutes")

    @display(description="owner")
    def owner(self, row: PlannedRuns) -> str:
        """Whose tasks; the person may be gone by now."""
        return _owner(row.owner_id)


@admin.register(TaskCount)
class TaskCountAdmin(SeenWith):
    """How many tasks were in which status when they were last counted."""

    needs = "view_scheduledtask"
    list_display = ("status", "tasks", instant("counted_at", "counted"))
    fields = readonly_fields = list_display
    ordering = ("status",)


def _owner(owner_id: int) -> str:
    known = {NO_OWNER: EMPTY, EVERYBODY: "everybody"}
    return known.get(owner_id, str(owner_id))
