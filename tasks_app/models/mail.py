"""What people mail: templates, and how many mails each person's tasks have sent today."""

from typing import ClassVar

from django.conf import settings
from django.db import models

from tasks_app.models.ids import new_id


class EmailTemplate(models.Model):
    """A mail with named placeholders, `{name}`. `is_shared`: everybody may use it, only its owner and staff edit it."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="email_templates", db_index=False
    )
    name = models.CharField(max_length=100)
    subject = models.CharField(max_length=200)
    text = models.TextField()
    html = models.TextField(blank=True, default="")
    is_shared = models.BooleanField(default=False)
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["owner", "name"], name="template_name"),
            models.UniqueConstraint(fields=["name"], condition=models.Q(is_shared=True), name="template_shared_name"),
        ]

    def __str__(self) -> str:
        return self.name


class MailCount(models.Model):
    """How many mails a person's tasks sent on a day (UTC): what the daily cap is counted in."""

    id = models.BigAutoField(primary_key=True)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", db_index=False)
    day = models.DateField()
    count = models.PositiveIntegerField(default=0)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["user", "day"], name="mail_count_day")]

    def __str__(self) -> str:
        return f"{self.day}: {self.count}"
