"""The commands that administrators allow `shell_command` to run."""

from typing import ClassVar

from django.db import models


class AllowedCommand(models.Model):
    """A program with its fixed first arguments. `arguments` is a regular expression that each further one must match.

    Empty: it takes none. `uses_shell`: `command` is one line for `/bin/sh -c`, and arguments become $1, $2 and so on.
    """

    name = models.CharField(primary_key=True, max_length=100)
    description = models.CharField(max_length=300, blank=True, default="")
    command = models.JSONField(default=list)
    arguments = models.CharField(max_length=300, blank=True, default="")
    most_arguments = models.PositiveSmallIntegerField(default=20)
    uses_shell = models.BooleanField(default=False)
    directory = models.CharField(max_length=500, blank=True, default="")
    environment = models.JSONField(default=dict, blank=True)
    is_enabled = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering: ClassVar = ["name"]
        # There is nothing to give: whoever writes a command runs it as the worker, which is for superusers.
        default_permissions: ClassVar = ()

    def __str__(self) -> str:
        return self.name
