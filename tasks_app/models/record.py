"""What a run leaves behind: events, failed attempts, log chunks and side effects."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from tasks_app.models.run import TaskRun


class RunEvent(models.Model):
    """One transition of a run, append-only, written in the transaction of the transition.

    A `fenced` row (a write refused because the claim was lost) and a `settled` one (a person said what came of a side
    effect) have no version, because the run did not change.
    """

    id = models.BigAutoField(primary_key=True)
    run = models.ForeignKey(TaskRun, on_delete=models.CASCADE, related_name="events", db_index=False)
    version = models.PositiveIntegerField(null=True)
    source = models.CharField(max_length=10, blank=True, default="")
    target = models.CharField(max_length=10)
    reason = models.CharField(max_length=20, blank=True, default="")
    actor = models.CharField(max_length=200)
    claim_no = models.PositiveIntegerField(default=0)
    error = models.CharField(max_length=1000, blank=True, default="")
    at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["run", "version"], name="event_one_per_version")]

    def __str__(self) -> str:
        return f"{self.source or 'new'} → {self.target}"


class RunAttempt(models.Model):
    """An attempt that did not succeed: what was raised, where and when."""

    id = models.BigAutoField(primary_key=True)
    run = models.ForeignKey(TaskRun, on_delete=models.CASCADE, related_name="attempts", db_index=False)
    claim_no = models.PositiveIntegerField()
    number = models.PositiveIntegerField()
    outcome = models.CharField(max_length=20)
    error_type = models.CharField(max_length=200, blank=True, default="")
    error = models.TextField(blank=True, default="")
    traceback = models.TextField(blank=True, default="")
    worker = models.CharField(max_length=200, blank=True, default="")
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["run", "claim_no"], name="attempt_one_per_claim")]

    def __str__(self) -> str:
        return f"attempt {self.number}: {self.outcome}"


class RunLog(models.Model):
    """A chunk of log lines, each `[at, level, message]`; `first_line` is the number of the first, from 1."""

    id = models.BigAutoField(primary_key=True)
    run = models.ForeignKey(TaskRun, on_delete=models.CASCADE, related_name="log_chunks", db_index=False)
    first_line = models.PositiveIntegerField()
    line_count = models.PositiveIntegerField()
    claim_no = models.PositiveIntegerField(default=0)
    lines = models.JSONField()

    class Meta:
        indexes: ClassVar = [models.Index(fields=["run", "first_line"], name="log_run_line")]

    def __str__(self) -> str:
        return f"lines {self.first_line}–{self.first_line + self.line_count - 1}"


class Effect(models.Model):
    """A side effect of a root run: `intent` before, `done` after; `unknown` when nobody knows.

    `settled_by` is the person who has said whether it happened, "" where the handler did.
    """

    class State(models.TextChoices):
        """How much is known about the effect."""

        INTENT = "intent", "begun"
        DONE = "done", "done"
        NOT_DONE = "not_done", "not done"
        UNKNOWN = "unknown", "unknown"

    id = models.BigAutoField(primary_key=True)
    root_run_id = models.UUIDField()
    key = models.CharField(max_length=300)
    state = models.CharField(max_length=10, choices=State.choices)
    is_idempotent = models.BooleanField(default=False)
    run_id = models.UUIDField()
    claim_no = models.PositiveIntegerField()
    result = models.JSONField(null=True)
    begun_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True)
    # Defaults of the database too: a worker of the version before writes rows while a new one comes up.
    settled_by = models.CharField(max_length=200, blank=True, default="", db_default="")
    settle_note = models.CharField(max_length=500, blank=True, default="", db_default="")

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["root_run_id", "key"], name="effect_once")]
        indexes: ClassVar = [
            models.Index(fields=["id"], condition=Q(state="unknown"), name="effect_unknown"),
        ]

    def __str__(self) -> str:
        return f"{self.key}: {self.state}"

    @property
    def is_open(self) -> bool:
        """It was begun, and nobody has said yet how it ended."""
        return self.state in (self.State.INTENT, self.State.UNKNOWN)
