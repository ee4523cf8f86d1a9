"""ScheduledTask: what a user owns."""

from typing import Any, ClassVar

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower

from tasks_app.models.calendar import Calendar
from tasks_app.models.ids import new_id
from tasks_app.states import TaskKind, TaskStatus


class Overlap(models.TextChoices):
    """What to do with a slot while an earlier run of the task has not ended."""

    SKIP = "skip", "Skip the new run"
    QUEUE_ONE = "queue_one", "Let one wait"
    QUEUE_ALL = "queue_all", "Let all wait"
    CANCEL_RUNNING = "cancel_running", "Cancel the running one"
    ALLOW = "allow", "Run side by side"


class OnExhausted(models.TextChoices):
    """What to do when a run has failed and no retry is left."""

    KEEP = "keep", "Keep it for a person"
    DISMISS = "dismiss", "Dismiss it"
    PAUSE_TASK = "pause_task", "Pause the task"


class CalendarPolicy(models.TextChoices):
    """What to do with a slot on a day off of the task's calendar."""

    SKIP = "skip", "Leave it out"
    PREVIOUS = "previous", "Run on the working day before"
    NEXT = "next", "Run on the next working day"


class ScheduledTask(models.Model):
    """A named piece of work with its payload, schedule and policies.

    `next_slot` is the next instant of the pure schedule; `next_due_at` the moment it is really due (calendar shift,
    spread and jitter). Both are null when nothing is planned. Null in `max_retries`, `timeout_seconds` and the like
    means "as the type says"; 0 seconds means "no limit", explicitly.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="scheduled_tasks")
    key = models.CharField(max_length=200, null=True, blank=True)  # noqa: DJ001  # null keeps (owner, key) unique without ''
    name = models.CharField(max_length=200)
    description = models.TextField(blank=True, default="")
    tags = models.JSONField(default=list, blank=True)
    type = models.CharField(max_length=100)
    payload = models.JSONField(default=dict, blank=True, encoder=DjangoJSONEncoder)

    kind = models.CharField(max_length=10, choices=[(kind.value, kind.value) for kind in TaskKind])
    schedule = models.JSONField(null=True, blank=True)
    cron_expression = models.CharField(max_length=120, null=True, blank=True)  # noqa: DJ001  # null: no cron says it
    schedule_text = models.CharField(max_length=300, blank=True, default="")
    timezone = models.CharField(max_length=64, default="UTC")
    starts_at = models.DateTimeField(null=True, blank=True)
    ends_at = models.DateTimeField(null=True, blank=True)
    max_runs = models.PositiveIntegerField(null=True, blank=True)
    jitter_seconds = models.PositiveIntegerField(default=0)
    spread_seconds = models.PositiveIntegerField(default=0)
    calendar = models.ForeignKey(Calendar, null=True, blank=True, on_delete=models.SET_NULL, related_name="tasks")
    calendar_policy = models.CharField(max_length=10, choices=CalendarPolicy.choices, default=CalendarPolicy.SKIP)

    queue = models.CharField(max_length=100, default="default")
    priority = models.PositiveSmallIntegerField(default=5)
    max_retries = models.PositiveSmallIntegerField(null=True, blank=True)
    retry = models.JSONField(null=True, blank=True)
    soft_timeout_seconds = models.PositiveIntegerField(null=True, blank=True)
    timeout_seconds = models.PositiveIntegerField(null=True, blank=True)
    overlap = models.CharField(max_length=20, choices=Overlap.choices, default=Overlap.SKIP)
    misfire = models.JSONField(default=dict, blank=True)
    on_exhausted = models.CharField(max_length=20, choices=OnExhausted.choices, default=OnExhausted.KEEP)
    pause_after_failures = models.PositiveSmallIntegerField(null=True, blank=True)
    notify_on_failure = models.BooleanField(default=True)

    status = models.CharField(max_length=10, choices=[(status.value, status.value) for status in TaskStatus])
    pause_note = models.CharField(max_length=500, blank=True, default="")
    paused_at = models.DateTimeField(null=True, blank=True)
    next_slot = models.DateTimeField(null=True, blank=True)
    next_due_at = models.DateTimeField(null=True, blank=True)
    slots_fired = models.PositiveIntegerField(default=0)
    failures_in_row = models.PositiveIntegerField(default=0)
    last_run_at = models.DateTimeField(null=True, blank=True)
    last_run_status = models.CharField(max_length=10, blank=True, default="")
    last_run_id = models.UUIDField(null=True, blank=True)
    periodic_task = models.OneToOneField(
        "django_celery_beat.PeriodicTask",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="scheduled_task",
    )

    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    deleted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = "task"
        permissions: ClassVar = [
            ("view_all", "Can see everybody's tasks and runs"),
            ("run_all", "Can run everybody's tasks, retry and dismiss their runs"),
            ("cancel_all", "Can stop everybody's runs"),
            ("manage_all", "Can change everybody's tasks, calendars and templates"),
            ("manage_queues", "Can pause queues, and see workers and the platform's state"),
            ("see_payloads", "Can read what sensitive tasks of others are given"),
            ("see_audit", "Can read the audit log"),
            ("manage_people", "Can invite and disable people, and give them roles"),
            ("reach_private_networks", "Can let tasks reach private networks"),
            ("mail_outside", "Can mail addresses outside the platform's own domains"),
            ("run_shell_command", "Can run the allowed commands on the workers"),
            ("run_celery_task", "Can run the offered Celery tasks"),
            ("back_up_database", "Can back up the platform's database"),
            ("clean_up_platform", "Can clean up what belongs to everybody"),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["owner", "key"], condition=Q(deleted_at=None), name="task_key_unique"),
            models.CheckConstraint(
                condition=Q(status__in=[status.value for status in TaskStatus]), name="task_status_known"
            ),
            models.CheckConstraint(
                condition=Q(next_due_at=None) | Q(status=TaskStatus.ACTIVE.value), name="task_due_only_active"
            ),
            models.CheckConstraint(condition=Q(priority__lte=9), name="task_priority_range"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["next_due_at"], condition=Q(next_due_at__isnull=False), name="task_due"),
            models.Index(fields=["owner", "-id"], condition=Q(deleted_at=None), name="task_owner"),
            models.Index(Lower("name"), "id", condition=Q(deleted_at=None), name="task_name_folded"),
            models.Index(
                fields=["-paused_at", "-id"],
                condition=Q(deleted_at=None, status=TaskStatus.PAUSED.value),
                name="task_paused",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_deleted(self) -> bool:
        """A deleted task stays as a tombstone, because its history stays."""
        return self.deleted_at is not None

    @property
    def misfire_policy(self) -> dict[str, Any]:
        """The misfire policy with its defaults filled in."""
        return {"policy": "latest", "grace_seconds": 60, "window_seconds": None, "max": 10, **self.misfire}
