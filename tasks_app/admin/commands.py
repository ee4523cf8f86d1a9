"""The commands that `shell_command` may run. They run on the workers, so only superusers see and change them."""

from typing import Any, ClassVar

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.contrib.admin import display
from django.db.models import Model
from django.forms.fields import InvalidJSONInput
from django.http import HttpRequest
from unfold.widgets import UnfoldAdminTextareaWidget

from tasks_app.admin.base import Admin
from tasks_app.admin.shown import instant, label
from tasks_app.errors import Invalid
from tasks_app.models import AllowedCommand
from tasks_app.services.commands import command_check

_TONES = {"allowed": "success", "switched off": "warning"}
_OFF = "No command runs on this platform: ALLOW_SHELL_COMMANDS is 0."


class _JsonText(forms.JSONField):
    """JSON that is shown again as it was typed."""

    def to_python(self, value: Any) -> Any:
        """Read it, however deep it is."""
        try:
            return super().to_python(value)
        except RecursionError:
            raise forms.ValidationError(self.error_messages["invalid"], code="invalid", params={"value": ""}) from None

    def bound_data(self, data: Any, initial: Any) -> Any:
        """Keep the text: read and written anew it may not even be text."""
        return InvalidJSONInput(data or "")


class CommandForm(forms.ModelForm):  # type: ignore[type-arg]  # not generic at run time
    """Checks a command as each run will, so that faults are shown at their fields."""

    class Meta:
        model = AllowedCommand
        fields: ClassVar = [
            "name",
            "is_enabled",
            "description",
            "command",
            "uses_shell",
            "arguments",
            "most_arguments",
            "directory",
            "environment",
        ]
        labels: ClassVar = {"is_enabled": "Allowed", "arguments": "Further arguments", "most_arguments": "At most"}
        help_texts: ClassVar = {
            "name": "What people choose, like 'rebuild-index'.",
            "is_enabled": "Off: people keep their tasks, but the command does not run.",
            "command": 'A JSON list: the program, then its fixed arguments, like ["rsync", "--archive", "/srv/shop"].',
            "uses_shell": 'The command is one line for /bin/sh -c, like ["tar -c \\"$1\\" | gzip"]. Always quote "$1".',
            "arguments": "A regular expression that each further argument must match as a whole. Empty: it takes none."
            " An option needs its dash spelled out: --since=\\d{4}-\\d\\d-\\d\\d.",
            "most_arguments": "How many further arguments there may be.",
            "directory": "Where it runs. Empty: a fresh directory, removed afterwards.",
            "environment": 'Variables as a JSON object, like {"LEVEL": "full"}. Superusers can read them.',
        }
        field_classes: ClassVar = {"command": _JsonText, "environment": _JsonText}
        widgets: ClassVar = {
            "command": UnfoldAdminTextareaWidget(attrs={"rows": 3, "spellcheck": "false"}),
            "environment": UnfoldAdminTextareaWidget(attrs={"rows": 3, "spellcheck": "false"}),
        }

    def clean(self) -> dict[str, Any]:
        """Check the fields as the command that they make."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if self.errors:
            return cleaned
        given = {name: cleaned[name] for name in self.Meta.fields if name in cleaned}
        given["environment"] = given.get("environment") or {}
        try:
            command_check(AllowedCommand(**{"name": self.instance.name, **given}))
        except Invalid as error:
            for path, faults in error.fields.items():
                self.add_error(path if path in self.fields else None, [fault.message for fault in faults])
        return {**cleaned, "environment": given["environment"]}


@admin.register(AllowedCommand)
class AllowedCommandAdmin(Admin):
    """What may run. A command keeps its name, because tasks hold it."""

    form = CommandForm
    fields = tuple(CommandForm.Meta.fields)
    list_display = ("name", "state", "line", "runs_in", "arguments", instant("updated_at", "changed"))
    list_filter = ("is_enabled", "uses_shell")
    search_fields = ("name", "description")
    ordering = ("name",)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """A command is named once."""
        return ("name",) if obj else ()

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """Say so where none of them runs anyway."""
        if request.method == "GET" and not settings.ALLOW_SHELL_COMMANDS:
            self.message_user(request, _OFF, messages.WARNING)
        return super().changelist_view(request, extra_context)

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Whoever writes a command runs it as the worker."""
        return _is_super(request)

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Commands may hold secrets in their variables."""
        return _is_super(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """As above."""
        return _is_super(request)

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """As above."""
        return _is_super(request)

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """As above; runs of tasks that name it fail then, and say so."""
        return _is_super(request)

    @label("state", _TONES)
    def state(self, command: AllowedCommand) -> str:
        """Whether it may run."""
        return "allowed" if command.is_enabled else "switched off"

    @display(description="runs")
    def runs_in(self, command: AllowedCommand) -> str:
        """How it is started."""
        return "in a shell" if command.uses_shell else "directly"

    @display(description="command")
    def line(self, command: AllowedCommand) -> str:
        """Its words."""
        return " ".join(map(str, command.command))[:100]


def _is_super(request: HttpRequest) -> bool:
    user = request.user
    return bool(user.is_active and getattr(user, "is_superuser", False))
