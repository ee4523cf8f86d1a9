"""Who else may do something with a task than its owner, and what all users of a task type are held to."""

from typing import ClassVar

from django.conf import settings
from django.contrib.auth.models import Group
from django.db import models
from django.db.models import Q

from tasks_app.models.task import ScheduledTask


class TaskShare(models.Model):
    """A task that its owner shares with one user or with one group; each level includes the one before."""

    class Level(models.TextChoices):
        """What those it is shared with may do."""

        VIEW = "view", "See it and its runs"
        RUN = "run", "Also run it, and stop or retry its runs"
        MANAGE = "manage", "Also change, pause and cancel it"

    id = models.BigAutoField(primary_key=True)
    task = models.ForeignKey(ScheduledTask, on_delete=models.CASCADE, related_name="shares", db_index=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.CASCADE, related_name="shared_tasks"
    )
    group = models.ForeignKey(Group, null=True, blank=True, on_delete=models.CASCADE, related_name="shared_tasks")
    level = models.CharField(max_length=10, choices=Level.choices, default=Level.VIEW)
    created_by = models.CharField(max_length=200, default="")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(user=None, group__isnull=False) | Q(user__isnull=False, group=None),
                name="task_share_one_receiver",
            ),
            models.UniqueConstraint(fields=["task", "user"], condition=Q(group=None), name="task_share_user"),
            models.UniqueConstraint(fields=["task", "group"], condition=Q(user=None), name="task_share_group"),
        ]

    def __str__(self) -> str:
        return f"{self.task_id} with {self.receiver}"

    @property
    def receiver(self) -> str:
        """The user's or the group's name."""
        if self.user is not None:
            return self.user.get_username()
        return self.group.name if self.group is not None else ""


class TypeRule(models.Model):
    """What an administrator has laid down for one task type.

    `is_restricted`: only those who hold the permission `tasks_app.schedule_<type>` may use it. `locked`: values of
    payload fields by dotted path, the same for everybody: nobody else sets them, and a run is given them.
    """

    type = models.CharField(primary_key=True, max_length=100)
    is_restricted = models.BooleanField(default=False)
    locked = models.JSONField(default=dict, blank=True)
    updated_by = models.CharField(max_length=200, blank=True, default="")
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = "rule of a task type"
        verbose_name_plural = "rules of task types"

    def __str__(self) -> str:
        return self.type
