"""Batches: many runs that one wish has made."""

from typing import ClassVar

from django.conf import settings
from django.db import models

from tasks_app.models.ids import new_id
from tasks_app.models.task import ScheduledTask


class Batch(models.Model):
    """The runs that a backfill made for the past slots of a task.

    `total` is how many runs it made. Of these at most `max_concurrency` are under way at a time; the others wait.
    `parameters` is what was asked for. `finished_at` is set when none of its runs is open any more.
    """

    class Kind(models.TextChoices):
        """What made it."""

        BACKFILL = "backfill", "Backfill"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="batches", db_index=False
    )
    task = models.ForeignKey(ScheduledTask, null=True, on_delete=models.PROTECT, related_name="batches", db_index=False)
    kind = models.CharField(max_length=10, choices=Kind.choices)
    parameters = models.JSONField(default=dict)
    total = models.PositiveIntegerField()
    max_concurrency = models.PositiveSmallIntegerField()
    actor = models.CharField(max_length=200, blank=True, default="")
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField(auto_now_add=True)
    cancelled_at = models.DateTimeField(null=True, blank=True)
    cancelled_by = models.CharField(max_length=200, blank=True, default="")
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "batches"
        indexes: ClassVar = [
            models.Index(fields=["owner", "-id"], name="batch_owner"),
            models.Index(fields=["task", "-id"], name="batch_task"),
            models.Index(fields=["id"], condition=models.Q(finished_at=None), name="batch_open"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"
