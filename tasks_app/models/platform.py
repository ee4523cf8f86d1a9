"""The platform's own rows: queues, workers, beats, leases."""

from datetime import timedelta
from typing import ClassVar

from django.db import models

ALIVE = timedelta(seconds=15)
"""A worker or beat that has not reported for longer is taken for gone."""

GROUP_MOST = 50
"""So many short runs a child claims together at most."""


class Queue(models.Model):
    """Where runs wait. Lower `rank` is served first; a `background` queue never takes a worker's last free child."""

    name = models.CharField(primary_key=True, max_length=100)
    rank = models.PositiveSmallIntegerField(default=10)
    is_background = models.BooleanField(default=False)
    paused_at = models.DateTimeField(null=True, blank=True)
    paused_by = models.CharField(max_length=200, blank=True, default="")
    pause_note = models.CharField(max_length=500, blank=True, default="", db_default="")
    description = models.CharField(max_length=300, blank=True, default="")

    class Meta:
        ordering: ClassVar = ["rank", "name"]

    def __str__(self) -> str:
        return self.name


class Worker(models.Model):
    """A Celery worker process group, as it last reported itself, and what people ask of it.

    `load` is the machine's load average over a minute. A quiet worker ends what it has and takes nothing more.
    """

    class Wish(models.TextChoices):
        """What an operator asks of a worker."""

        NONE = "", "take work"
        QUIET = "quiet", "take nothing more"
        STOP = "stop", "stop in good order"

    name = models.CharField(primary_key=True, max_length=200)
    hostname = models.CharField(max_length=200)
    pid = models.PositiveIntegerField()
    queues = models.JSONField(default=list)
    concurrency = models.PositiveSmallIntegerField(default=1)
    running = models.PositiveSmallIntegerField(default=0)
    version = models.CharField(max_length=40, blank=True, default="")
    started_at = models.DateTimeField()
    heartbeat_at = models.DateTimeField(db_index=True)
    last_claim_at = models.DateTimeField(null=True, blank=True)
    last_upkeep_at = models.DateTimeField(null=True, blank=True)
    stopped_at = models.DateTimeField(null=True, blank=True)
    load = models.FloatField(null=True, blank=True)
    # Defaults of the database too: a worker of the version before reports itself while a new one comes up.
    is_quiet = models.BooleanField(default=False, db_default=False)
    wish = models.CharField(max_length=10, choices=Wish.choices, blank=True, default="", db_default="")
    wished_at = models.DateTimeField(null=True, blank=True)
    wished_by = models.CharField(max_length=200, blank=True, default="", db_default="")

    def __str__(self) -> str:
        return self.name


class Beat(models.Model):
    """A beat process and its last tick."""

    name = models.CharField(primary_key=True, max_length=200)
    started_at = models.DateTimeField()
    last_tick_at = models.DateTimeField(db_index=True)
    stopped_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.name


class Lease(models.Model):
    """A named right that one process holds until `expires_at`, on the database's clock."""

    name = models.CharField(primary_key=True, max_length=100)
    holder = models.CharField(max_length=200)
    expires_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.name}: {self.holder}"
