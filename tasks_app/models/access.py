"""API keys, profiles, stored files and remembered answers: what belongs to people rather than to runs."""

from typing import ClassVar

from django.conf import settings
from django.db import models

from tasks_app.models.ids import new_id
from tasks_app.models.run import TaskRun
from tasks_app.models.task import ScheduledTask


class ApiKey(models.Model):
    """A key for programs. Only its SHA-256 is kept; `prefix` lets people recognise it.

    `made_with` is the key that asked for this one, if one did: with it, this one is revoked.
    """

    class Scope(models.TextChoices):
        """What the key may do; each includes the one before."""

        READ = "read", "Read"
        RUN = "run", "Read and run"
        MANAGE = "manage", "Read, run and manage"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="api_keys")
    name = models.CharField(max_length=100)
    prefix = models.CharField(max_length=16)
    digest = models.CharField(max_length=64, unique=True)
    scope = models.CharField(max_length=10, choices=Scope.choices, default=Scope.MANAGE)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    made_with = models.ForeignKey(
        "self", null=True, blank=True, editable=False, on_delete=models.SET_NULL, related_name="made"
    )

    def __str__(self) -> str:
        return self.name


class Profile(models.Model):
    """What a person has chosen for themselves. `timezone` empty: as the browser says, else the platform's; `theme`
    empty: as the system says.

    `token_epoch` is raised by a new password and by signing out everywhere: what was signed in before is so no more.
    """

    class Theme(models.TextChoices):
        """How the pages look."""

        SYSTEM = "", "As the system says"
        LIGHT = "light", "Light"
        DARK = "dark", "Dark"

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, primary_key=True, on_delete=models.CASCADE, related_name="profile"
    )
    timezone = models.CharField(max_length=64, blank=True, default="")
    theme = models.CharField(max_length=5, choices=Theme.choices, blank=True, default="", db_default="")
    token_epoch = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return str(self.user)


class StoredFile(models.Model):
    """A file in the configured storage: left by a run, or uploaded by its owner."""

    class Purpose(models.TextChoices):
        """What the file is for."""

        REPORT = "report", "Report"
        BACKUP = "backup", "Backup"
        UPLOAD = "upload", "Upload"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="stored_files", db_index=False
    )
    run = models.ForeignKey(TaskRun, null=True, on_delete=models.SET_NULL, related_name="files")
    task = models.ForeignKey(ScheduledTask, null=True, on_delete=models.SET_NULL, related_name="files")
    purpose = models.CharField(max_length=10, choices=Purpose.choices, default=Purpose.REPORT)
    name = models.CharField(max_length=200)
    path = models.CharField(max_length=300, unique=True)
    content_type = models.CharField(max_length=100)
    size = models.PositiveBigIntegerField()
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["owner", "-id"], name="file_owner"),
            models.Index(fields=["expires_at"], name="file_expires"),
        ]

    def __str__(self) -> str:
        return self.name


class IdempotencyKey(models.Model):
    """The remembered answer to a POST that started work, for 24 hours per principal, method, path and key."""

    id = models.BigAutoField(primary_key=True)
    principal = models.CharField(max_length=200)
    method = models.CharField(max_length=10)
    path = models.CharField(max_length=300)
    key = models.CharField(max_length=200)
    body_digest = models.CharField(max_length=64)
    status_code = models.PositiveSmallIntegerField(null=True)
    response = models.JSONField(null=True)
    headers = models.JSONField(default=dict)
    created_at = models.DateTimeField(auto_now_add=True, db_index=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["principal", "method", "path", "key"], name="idempotency_key_unique")
        ]

    def __str__(self) -> str:
        return f"{self.method} {self.path} {self.key}"
