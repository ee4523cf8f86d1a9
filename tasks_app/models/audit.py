"""The audit log: who changed or read what, when and from where. Rows are added, never changed."""

from typing import Any, ClassVar, NoReturn

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models

from tasks_app.models.ids import new_id


class AppendOnly(TypeError):
    """Entries of the audit log are neither changed nor deleted."""


class AuditEntries(models.QuerySet["AuditEntry"]):
    """Entries, to be read and added. Sealing and retention, which are upkeep's, go past this."""

    def update(self, **values: Any) -> NoReturn:
        """Refuse."""
        raise AppendOnly("entries of the audit log are not changed")

    def delete(self) -> NoReturn:
        """Refuse."""
        raise AppendOnly("entries of the audit log are not deleted")


class AuditEntry(models.Model):
    """One change, one sensitive read, or one refusal.

    `actor` is who did it (`user:alice`, `key:alice/ci`, `command:bootstrap`), `user_id` their id at the time. `before`
    and `after` hold the fields that differ, secrets masked. Upkeep seals entries some seconds after they were
    written: `position` numbers them without a gap, and `digest` is made of the entry and the digest before it, so that
    one who changes or takes out an entry would have to make every later digest anew, for which a key is needed.
    """

    class Outcome(models.TextChoices):
        """What came of it."""

        DONE = "done", "Done"
        REFUSED = "refused", "Refused"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    at = models.DateTimeField()
    actor = models.CharField(max_length=200)
    user_id = models.BigIntegerField(null=True)
    address = models.CharField(max_length=45, blank=True, default="")
    request_id = models.CharField(max_length=100, blank=True, default="")
    action = models.CharField(max_length=60)
    outcome = models.CharField(max_length=10, choices=Outcome.choices, default=Outcome.DONE)
    object_type = models.CharField(max_length=40, blank=True, default="")
    object_id = models.CharField(max_length=100, blank=True, default="")
    object_name = models.CharField(max_length=200, blank=True, default="")
    owner_id = models.BigIntegerField(null=True)
    before = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    after = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    note = models.CharField(max_length=500, blank=True, default="")
    position = models.BigIntegerField(null=True, unique=True)
    digest = models.CharField(max_length=64, blank=True, default="")

    objects = AuditEntries.as_manager()

    class Meta:
        verbose_name_plural = "audit entries"
        default_permissions: ClassVar = ()
        indexes: ClassVar = [
            models.Index(fields=["id"], condition=models.Q(position=None), name="audit_unsealed"),
            models.Index(fields=["object_type", "object_id", "-id"], name="audit_object"),
            models.Index(fields=["user_id", "-id"], name="audit_user"),
            models.Index(fields=["action", "-id"], name="audit_action"),
            models.Index(fields=["owner_id", "-id"], name="audit_owner"),
        ]

    def __str__(self) -> str:
        return f"{self.actor} {self.action} {self.object_name}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Add it; an entry that is there already stays as it is."""
        if not self._state.adding:
            raise AppendOnly("entries of the audit log are not changed")
        super().save(*args, **{**kwargs, "force_insert": True})

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Refuse."""
        raise AppendOnly("entries of the audit log are not deleted")
