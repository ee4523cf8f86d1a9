"""TaskRun: one execution record. Together the rows are the history."""

from datetime import datetime
from typing import ClassVar

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import F, Q

from tasks_app.models.batch import Batch
from tasks_app.models.ids import new_id
from tasks_app.models.task import OnExhausted, ScheduledTask
from tasks_app.states import FINAL, OPEN, Status, Trigger

_FINAL = sorted(status.value for status in FINAL)
_OPEN = sorted(status.value for status in OPEN)


class TaskRun(models.Model):
    """One execution of a handler: of a slot, of run-now, of an API call.

    Only `services/lifecycle.py` writes `status`. `claim_no` rises at every claim and is the only fence of a worker's
    writes. The policies are copied from task and type when the run is made, so that a claim needs no join; `is_serial`
    says that no two runs of the task may run side by side. A skipped range of slots is one row: `scheduled_for` is its
    first slot, `range_to` its last, `range_count` how many (null until upkeep has counted them).
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    task = models.ForeignKey(
        ScheduledTask, null=True, blank=True, on_delete=models.PROTECT, related_name="runs", db_index=False
    )
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="task_runs",
        db_index=False,
    )
    type = models.CharField(max_length=100)
    payload = models.JSONField(default=dict, blank=True, encoder=DjangoJSONEncoder)
    tags = models.JSONField(default=list, blank=True)
    key = models.CharField(max_length=200, null=True, blank=True)  # noqa: DJ001  # null: any number without a key
    trigger = models.CharField(max_length=12, choices=[(trigger.value, trigger.value) for trigger in Trigger])
    actor = models.CharField(max_length=200, blank=True, default="")

    status = models.CharField(max_length=10, choices=[(status.value, status.value) for status in Status])
    reason = models.CharField(max_length=20, blank=True, default="")
    version = models.PositiveIntegerField(default=1)
    slot = models.DateTimeField(null=True, blank=True)
    scheduled_for = models.DateTimeField(null=True, blank=True)
    due_at = models.DateTimeField(null=True, blank=True)
    queued_at = models.DateTimeField(null=True, blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    range_to = models.DateTimeField(null=True, blank=True)
    range_count = models.PositiveIntegerField(null=True, blank=True)

    queue = models.CharField(max_length=100, default="default")
    priority = models.PositiveSmallIntegerField(default=5)
    max_retries = models.PositiveSmallIntegerField(default=3)
    retry = models.JSONField(null=True, blank=True)
    soft_timeout_seconds = models.PositiveIntegerField(null=True, blank=True)
    timeout_seconds = models.PositiveIntegerField(null=True, blank=True)
    on_exhausted = models.CharField(max_length=20, choices=OnExhausted.choices, default=OnExhausted.KEEP)
    is_serial = models.BooleanField(default=False)

    claim_no = models.PositiveIntegerField(default=0)
    failures = models.PositiveSmallIntegerField(default=0)
    crashes = models.PositiveSmallIntegerField(default=0)
    worker = models.CharField(max_length=200, blank=True, default="")
    lease_until = models.DateTimeField(null=True, blank=True)
    cancel_requested_at = models.DateTimeField(null=True, blank=True)
    cancel_requested_by = models.CharField(max_length=200, blank=True, default="")

    progress = models.JSONField(null=True, blank=True)
    progress_seq = models.PositiveIntegerField(default=0)
    log_lines = models.PositiveIntegerField(default=0)
    result = models.JSONField(null=True, blank=True)
    error = models.CharField(max_length=1000, blank=True, default="")
    # What was raised, by its class. A default of the database too: a worker of the version before writes rows as well.
    error_type = models.CharField(max_length=200, blank=True, default="", db_default="")

    rerun_of = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.SET_NULL, related_name="reruns", db_index=False
    )
    root_run_id = models.UUIDField(null=True, blank=True)
    parent = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.SET_NULL, related_name="children", db_index=False
    )
    batch = models.ForeignKey(
        Batch, null=True, blank=True, on_delete=models.SET_NULL, related_name="runs", db_index=False
    )
    dismissed_at = models.DateTimeField(null=True, blank=True)
    dismissed_by = models.CharField(max_length=200, blank=True, default="")
    dismiss_note = models.CharField(max_length=500, blank=True, default="")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = "run"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["task", "slot"], condition=Q(slot__isnull=False), name="run_one_per_slot"),
            models.UniqueConstraint(fields=["key"], condition=Q(key__isnull=False), name="run_one_per_key"),
            models.UniqueConstraint(
                fields=["batch", "scheduled_for"],
                condition=Q(trigger=Trigger.BACKFILL.value),
                name="run_one_per_backfilled_slot",
            ),
            models.UniqueConstraint(
                fields=["task"], condition=Q(status=Status.RUNNING.value, is_serial=True), name="run_serial_one_running"
            ),
            models.CheckConstraint(
                condition=Q(status__in=[status.value for status in Status]), name="run_status_known"
            ),
            models.CheckConstraint(
                condition=Q(status__in=_FINAL, finished_at__isnull=False)
                | (~Q(status__in=_FINAL) & Q(finished_at__isnull=True)),
                name="run_finished_iff_final",
            ),
            models.CheckConstraint(
                condition=Q(status=Status.RUNNING.value, lease_until__isnull=False)
                | (~Q(status=Status.RUNNING.value) & Q(lease_until__isnull=True)),
                name="run_lease_iff_running",
            ),
            models.CheckConstraint(
                condition=~Q(status=Status.SCHEDULED.value) | Q(due_at__isnull=False), name="run_scheduled_has_due"
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                "queue", F("priority").desc(), "id", condition=Q(status=Status.QUEUED.value), name="run_eligible"
            ),
            models.Index(fields=["due_at"], condition=Q(status=Status.SCHEDULED.value), name="run_due"),
            models.Index(fields=["lease_until"], condition=Q(status=Status.RUNNING.value), name="run_lease"),
            models.Index(
                fields=["task"], condition=Q(status=Status.RUNNING.value, task__isnull=False), name="run_running"
            ),
            models.Index(fields=["owner", "-id"], name="run_owner"),
            models.Index(fields=["task", "-id"], condition=Q(task__isnull=False), name="run_task"),
            models.Index(fields=["task"], condition=Q(status__in=_OPEN, task__isnull=False), name="run_open"),
            models.Index(fields=["id"], condition=Q(range_to__isnull=False, range_count=None), name="run_uncounted"),
            models.Index(fields=["rerun_of"], condition=Q(rerun_of__isnull=False), name="run_reruns"),
            models.Index(fields=["parent"], condition=Q(parent__isnull=False), name="run_children"),
            models.Index(fields=["batch", "status", "id"], condition=Q(batch__isnull=False), name="run_batch"),
            models.Index(fields=["root_run_id"], condition=Q(root_run_id__isnull=False), name="run_root"),
            models.Index(fields=["status", "-id"], name="run_status"),
            models.Index(fields=["type", "-id"], name="run_type"),
            models.Index(fields=["finished_at"], condition=Q(finished_at__isnull=False), name="run_finished"),
            models.Index(
                fields=["type", "error_type", "reason"],
                condition=Q(status=Status.FAILED.value, dismissed_at__isnull=True),
                name="run_failed_groups",
            ),
            models.Index(
                fields=["owner", "-id"],
                condition=Q(status=Status.FAILED.value, dismissed_at__isnull=True),
                name="run_needs_person",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.id}"

    @property
    def attempt(self) -> int:
        """The attempt that runs, would run next, or was the last: 1 is the first."""
        return self.failures + self.crashes + (self.status != Status.FAILED)

    @property
    def max_attempts(self) -> int:
        """How many attempts the retry policy allows."""
        return self.max_retries + 1

    @property
    def is_final(self) -> bool:
        """Nothing can change the run any more."""
        return self.status in FINAL

    @property
    def duration_ms(self) -> int | None:
        """Run time of the last attempt in milliseconds; null while it has none."""
        return between_ms(self.started_at, self.finished_at)

    @property
    def can_cancel(self) -> bool:
        """A run that has not ended, and that nobody has asked to stop yet."""
        return not self.is_final and self.cancel_requested_at is None

    @property
    def can_retry(self) -> bool:
        """A run that has ended can be run again, as a new run; a range of skipped slots can't."""
        return self.is_final and self.range_to is None

    @property
    def needs_person(self) -> bool:
        """Failed for good and not yet dismissed."""
        return self.status == Status.FAILED and self.dismissed_at is None


def between_ms(start: datetime | None, end: datetime | None) -> int | None:
    """Give the time between two instants in milliseconds; None without both."""
    if start is None or end is None:
        return None
    return max(0, round((end - start).total_seconds() * 1000))
