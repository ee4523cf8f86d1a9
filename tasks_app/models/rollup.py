"""Figures that upkeep keeps about ended runs, so that nobody has to count the history."""

import uuid
from typing import ClassVar

from django.db import models

from tasks_app.models.task import ScheduledTask

BOUNDS_MS = (
    1,
    2,
    5,
    10,
    25,
    50,
    100,
    250,
    500,
    1000,
    2500,
    5000,
    10_000,
    30_000,
    60_000,
    300_000,
    1_800_000,
    7_200_000,
)
"""Upper bounds of the classes of run time, in milliseconds; the last class, without a bound, follows them."""

NO_TASK = uuid.UUID(int=0)
NO_OWNER = 0
EVERYBODY = -1
"""The owner of the rows that hold the runs of all owners."""
_HAS_NO_TASK = models.Q(task_id=NO_TASK)


class RunRollup(models.Model):
    """How the runs that ended within one minute, hour or day fared; `ever` is the sum since the beginning.

    An hour and a day tell owners, tasks and types apart, `ever` types only. A minute and the totals of hours and days
    hold the tasks of an owner together, and those of `EVERYBODY` as well, so that reading them costs the same with any
    number of tasks and people. What is not told apart is `NO_TASK` or `NO_OWNER`, as is what a run does not have. There
    are no foreign keys: figures outlive what they are about. Times are those of the last attempt of runs that succeeded
    or failed; `classes` counts them by `BOUNDS_MS`.
    """

    class Grain(models.TextChoices):
        """How long a row's span is."""

        MINUTE = "minute", "minute"
        HOUR = "hour", "hour"
        DAY = "day", "day"
        HOUR_TOTAL = "hours", "hour, tasks together"
        DAY_TOTAL = "days", "day, tasks together"
        EVER = "ever", "ever"

    id = models.BigAutoField(primary_key=True)
    grain = models.CharField(max_length=6, choices=Grain.choices)
    start = models.DateTimeField()
    owner_id = models.BigIntegerField(default=NO_OWNER)
    task_id = models.UUIDField(default=NO_TASK)
    type = models.CharField(max_length=100)
    succeeded = models.PositiveBigIntegerField(default=0)
    failed = models.PositiveBigIntegerField(default=0)
    cancelled = models.PositiveBigIntegerField(default=0)
    skipped = models.PositiveBigIntegerField(default=0)
    retries = models.PositiveBigIntegerField(default=0)
    total_ms = models.PositiveBigIntegerField(default=0)
    longest_ms = models.PositiveBigIntegerField(default=0)
    classes = models.JSONField(default=list)

    class Meta:
        default_permissions: ClassVar = ()
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["grain", "start", "owner_id", "task_id", "type"], name="rollup_one_per_span"
            )
        ]
        indexes: ClassVar = [
            models.Index(fields=["task_id", "grain", "start"], condition=~_HAS_NO_TASK, name="rollup_task"),
            models.Index(fields=["owner_id", "grain", "start"], condition=_HAS_NO_TASK, name="rollup_owner"),
        ]

    def __str__(self) -> str:
        return f"{self.grain} {self.start:%Y-%m-%d %H:%M} {self.type}"


class RollupMark(models.Model):
    """How far the figures reach: runs that ended before `counted_to` are in them.

    Hours that ended before `checked_to` have been counted a second time, from the runs themselves. Whoever counts holds
    this row locked.
    """

    name = models.CharField(primary_key=True, max_length=20)
    counted_to = models.DateTimeField()
    checked_to = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.name}: {self.counted_to:%Y-%m-%d %H:%M:%S}"


class PlannedRuns(models.Model):
    """What starts in each minute of the next days, of an owner with thousands of tasks or of `EVERYBODY`.

    Upkeep works it out now and then, because it takes a second for ten thousand tasks. `minutes` holds a `week`, which
    is how many runs start in each of its minutes, and a `day`, which is what the page of upcoming runs tells, with what
    tells whether a task was edited since. The week is empty for `EVERYBODY` where there are few tasks: then whoever
    asks works it out, and is told what is so now.
    """

    owner_id = models.BigIntegerField(primary_key=True)
    made_at = models.DateTimeField()
    start = models.DateTimeField()
    minutes = models.JSONField(default=list)

    class Meta:
        default_permissions: ClassVar = ()

    def __str__(self) -> str:
        return f"{self.owner_id}: {self.start:%Y-%m-%d %H:%M}"


class TaskCount(models.Model):
    """How many tasks are in one status, those deleted left out: upkeep counts them, so that a metric need not."""

    status = models.CharField(primary_key=True, max_length=10)
    tasks = models.PositiveBigIntegerField()
    counted_at = models.DateTimeField()

    class Meta:
        default_permissions: ClassVar = ()

    def __str__(self) -> str:
        return f"{self.status}: {self.tasks}"


class TaskRevision(models.Model):
    """What a task was from one version on: what people choose about it, as it stands in its row (secrets sealed)."""

    id = models.BigAutoField(primary_key=True)
    task = models.ForeignKey(ScheduledTask, on_delete=models.CASCADE, related_name="revisions", db_index=False)
    version = models.PositiveIntegerField()
    actor = models.CharField(max_length=200)
    at = models.DateTimeField()
    values = models.JSONField()

    class Meta:
        default_permissions: ClassVar = ()
        constraints: ClassVar = [models.UniqueConstraint(fields=["task", "version"], name="revision_one_per_version")]

    def __str__(self) -> str:
        return f"version {self.version} of {self.task_id}"
