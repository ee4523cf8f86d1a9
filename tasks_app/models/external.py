"""What tasks need of other services: credentials, and the records that were fetched from them."""

from typing import ClassVar

from django.conf import settings
from django.db import models

from tasks_app.models.ids import new_id
from tasks_app.models.task import ScheduledTask


class Credential(models.Model):
    """A secret that tasks use by name. `sealed` is encrypted JSON, opened by `services.credentials` alone.

    `hosts` are the host names that it may be sent to; `details` is what is no secret (user name, header, token URL).
    `sealed_token` keeps a fetched OAuth2 access token until `token_until`.
    """

    class Kind(models.TextChoices):
        """How the secret goes into a request."""

        BEARER = "bearer", "Bearer token"
        BASIC = "basic", "User name and password"
        HEADER = "header", "Header"
        OAUTH2 = "oauth2", "OAuth2 client credentials"
        SIGNING = "signing", "Signing key (HMAC)"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="credentials", db_index=False
    )
    name = models.CharField(max_length=100)
    kind = models.CharField(max_length=10, choices=Kind.choices)
    hosts = models.JSONField(default=list)
    details = models.JSONField(default=dict)
    sealed = models.TextField()
    sealed_token = models.TextField(blank=True, default="")
    token_until = models.DateTimeField(null=True, blank=True)
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    last_used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["owner", "name"], name="credential_name")]

    def __str__(self) -> str:
        return self.name


class SyncedCollection(models.Model):
    """The records that one person keeps of one service's list.

    `sync_token` is the right to write to it, taken by one attempt of the run `sync_run_id` at a time. `validators` are
    what the service said of the version of each page (url, ETag, Last-Modified) in the last complete fetch, which was
    made as `source`, a digest of the payload, asks for.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="collections", db_index=False
    )
    name = models.CharField(max_length=100)
    task = models.ForeignKey(ScheduledTask, null=True, on_delete=models.SET_NULL, related_name="+")
    url = models.CharField(max_length=2000, blank=True, default="")
    source = models.CharField(max_length=64, blank=True, default="")
    validators = models.JSONField(default=list)
    record_count = models.PositiveIntegerField(default=0)
    sync_run_id = models.UUIDField(null=True)
    sync_token = models.UUIDField(null=True)
    synced_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["owner", "name"], name="collection_name")]

    def __str__(self) -> str:
        return self.name


class SyncedRecord(models.Model):
    """One record of a collection as it was last seen. `digest` is of its canonical JSON; `gone_at`: it disappeared.

    Nothing is written for a record that is seen unchanged, so that a sync which changes little costs little.
    """

    id = models.BigAutoField(primary_key=True)
    collection = models.ForeignKey(SyncedCollection, on_delete=models.CASCADE, related_name="records", db_index=False)
    key = models.CharField(max_length=200)
    data = models.JSONField()
    digest = models.CharField(max_length=64)
    first_seen_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    gone_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["collection", "key"], name="record_key")]
        indexes: ClassVar = [
            models.Index(fields=["collection", "key"], name="record_present", condition=models.Q(gone_at=None))
        ]

    def __str__(self) -> str:
        return self.key


class SyncedChange(models.Model):
    """What a sync found different about a record; `before` and `after` hold only the fields that differ.

    Both are empty for a record that is new or gone: the record itself holds its data.
    """

    class Kind(models.TextChoices):
        """What happened to the record."""

        NEW = "new", "New"
        CHANGED = "changed", "Changed"
        GONE = "gone", "Gone"
        BACK = "back", "Back"

    id = models.BigAutoField(primary_key=True)
    collection = models.ForeignKey(SyncedCollection, on_delete=models.CASCADE, related_name="changes", db_index=False)
    record = models.ForeignKey(SyncedRecord, on_delete=models.CASCADE, related_name="changes")
    run_id = models.UUIDField()
    kind = models.CharField(max_length=10, choices=Kind.choices)
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)
    at = models.DateTimeField()

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["collection", "-id"], name="change_of_collection"),
            models.Index(fields=["run_id", "-id"], name="change_of_run"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.record_id}"
