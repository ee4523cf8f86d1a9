"""The platform's own rows: queues, workers, beats, leases, remembered answers."""

import re
from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.contrib.admin import display
from django.db.models import Model, QuerySet
from django.http import HttpRequest

from tasks_app.admin.base import ReadOnlyAdmin
from tasks_app.admin.deeds import Deed, DeedAdmin, Outcome
from tasks_app.admin.shown import instant, label
from tasks_app.models import Beat, IdempotencyKey, Lease, Queue, Worker, db_now
from tasks_app.models.platform import ALIVE
from tasks_app.selectors.operations import worker_state
from tasks_app.services.queues import queue_pause, queue_resume

_NAME = re.compile(r"[A-Za-z0-9_.-]+")
_QUEUE_TONES = {"open": "success", "paused": "warning"}
_ALIVE_TONES = {"alive": "success", "stopped": "default", "silent": "danger"}
_LEASE_TONES = {"held": "success", "free": "default"}
_WORKER_TONES = {**_ALIVE_TONES, "quiet": "warning", "stopping": "info", "gone": "danger"}


def _pause(queue: Queue, actor: str, note: str = "") -> Outcome:
    if queue.paused_at is not None:
        return Outcome("was paused already.")
    queue_pause(queue=queue, actor=actor, note=note or None)
    return Outcome("paused.")


def _resume(queue: Queue, actor: str) -> Outcome:
    if queue.paused_at is None:
        return Outcome("was not paused.")
    queue_resume(queue=queue, actor=actor)
    return Outcome("resumed.")


PAUSE = Deed(
    name="pause",
    right="manage_queues",
    title="Pause",
    question="The queue's runs wait until it is resumed. Those that run go on.",
    icon="pause",
    perform=_pause,
    noted=_pause,
    is_offered=lambda queue: queue.paused_at is None,
)
RESUME = Deed(
    name="resume",
    right="manage_queues",
    title="Resume",
    question="The queue's runs go on.",
    icon="resume",
    perform=_resume,
    is_offered=lambda queue: queue.paused_at is not None,
)


class QueueForm(forms.ModelForm):  # type: ignore[type-arg]  # not generic at run time
    """A queue's name goes into Redis and onto command lines."""

    class Meta:
        model = Queue
        fields: ClassVar = ["name", "rank", "is_background", "description"]
        help_texts: ClassVar = {
            "name": "Letters, digits, '_', '.' and '-'. A worker must serve it: WORKER_QUEUES.",
            "rank": "Lower is served first.",
            "is_background": "Never takes a worker's last free child.",
        }

    def clean_name(self) -> str:
        """Refuse what WORKER_QUEUES would refuse."""
        name: str = self.cleaned_data["name"]
        if not _NAME.fullmatch(name):
            raise forms.ValidationError("Letters, digits, '_', '.' and '-' only.")
        return name


@admin.register(Queue)
class QueueAdmin(DeedAdmin):
    """Where runs wait. A queue keeps its name and is never deleted, because tasks and runs hold it."""

    form = QueueForm
    deeds = (PAUSE, RESUME)
    fields = (
        *("name", "rank", "is_background", "description", "state"),
        instant("paused_at", "paused"),
        *("paused_by", "pause_note"),
    )
    list_display = (
        "name",
        "state",
        "rank",
        "is_background",
        "description",
        instant("paused_at", "paused"),
        "paused_by",
        "pause_note",
    )
    ordering = ("rank", "name")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """A queue is paused by an action, and named once."""
        return ("state", self.fields[5], "paused_by", "pause_note", *(("name",) if obj else ()))

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Tasks and runs hold the name."""
        return False

    @label("state", _QUEUE_TONES)
    def state(self, queue: Queue) -> str:
        """Whether runs are taken from it."""
        return "open" if queue.paused_at is None else "paused"


class _ReportingAdmin(ReadOnlyAdmin):
    """Processes that report themselves by writing their row."""

    reports = ""

    @label("state", _ALIVE_TONES)
    def state(self, row: Any) -> str:
        """Alive, stopped as it said, or silent."""
        if row.stopped_at is not None:
            return "stopped"
        return "alive" if getattr(row, self.reports) >= db_now() - ALIVE else "silent"


@admin.register(Worker)
class WorkerAdmin(_ReportingAdmin):
    """Celery workers, as they last reported themselves."""

    reports = "heartbeat_at"
    list_display = (
        "name",
        "state",
        "queue_names",
        "running_of",
        "version",
        instant("started_at", "started"),
        instant("heartbeat_at", "last heard of"),
        instant("last_claim_at", "last run taken"),
    )
    fields = readonly_fields = (*list_display, "hostname", "pid", instant("stopped_at", "stopped"))
    ordering = ("-heartbeat_at",)
    search_fields = ("name",)

    @label("state", _WORKER_TONES)
    def state(self, row: Worker) -> str:
        """As the platform's own page says it."""
        return str(worker_state(row, db_now()))

    @display(description="queues")
    def queue_names(self, worker: Worker) -> str:
        """What it serves."""
        return ", ".join(worker.queues)

    @display(description="running")
    def running_of(self, worker: Worker) -> str:
        """How many of its children are busy."""
        return f"{worker.running} of {worker.concurrency}"


@admin.register(Beat)
class BeatAdmin(_ReportingAdmin):
    """Beat processes and their last ticks."""

    reports = "last_tick_at"
    list_display = ("name", "state", instant("started_at", "started"), instant("last_tick_at", "last tick"))
    fields = readonly_fields = (*list_display, instant("stopped_at", "stopped"))
    ordering = ("-last_tick_at",)


@admin.register(Lease)
class LeaseAdmin(ReadOnlyAdmin):
    """Which process holds which right, such as that of the one upkeep."""

    list_display = ("name", "state", "holder", instant("expires_at", "expires"))
    fields = readonly_fields = list_display
    ordering = ("name",)

    @label("state", _LEASE_TONES)
    def state(self, lease: Lease) -> str:
        """Held, or free to be taken."""
        return "held" if lease.expires_at > db_now() else "free"


@admin.register(IdempotencyKey)
class IdempotencyKeyAdmin(ReadOnlyAdmin):
    """That something was asked for with a key; an answer may hold a secret, and is not even read."""

    list_display = ("key", "method", "path", "principal", "status_code", instant("created_at", "sent"))
    fields = readonly_fields = list_display
    ordering = ("-id",)
    sortable_by = ()
    search_fields = ("key", "path")

    def get_queryset(self, request: HttpRequest) -> QuerySet[IdempotencyKey]:
        """Without the answers, which may be long as well."""
        rows: QuerySet[IdempotencyKey] = super().get_queryset(request)
        return rows.defer("response", "headers", "body_digest")
