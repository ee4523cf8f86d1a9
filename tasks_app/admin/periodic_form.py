"""Forms of PeriodicTask rows: a plain row is checked against what Celery knows, a mirror has one switch."""

from typing import Any, ClassVar

from celery import current_app
from django import forms
from django.conf import settings
from django_celery_beat.admin import PeriodicTaskForm
from django_celery_beat.models import PeriodicTask
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from tasks_app.services import strict_json
from tasks_app.services.validation import Problems, check_json

OURS = "carillon:"
"""What the names of mirrors begin with."""


def celery_task_names() -> list[str]:
    """Every task that the Celery app knows, its own included."""
    current_app.loader.import_default_modules()
    return sorted(current_app.tasks)


def _choices() -> list[tuple[str, str]]:
    return [("", "---------"), *((name, name) for name in celery_task_names() if not name.startswith("celery."))]


class PlainForm(PeriodicTaskForm):  # type: ignore[misc]  # django-celery-beat is untyped
    """A row that an admin wrote: its task must exist, its arguments must be what a task can be called with."""

    regtask = forms.ChoiceField(
        label="Task (registered)", required=False, choices=_choices, widget=UnfoldAdminSelectWidget
    )
    task = forms.CharField(
        label="Task (by name)",
        required=False,
        max_length=200,
        widget=UnfoldAdminTextInputWidget,
        help_text="Instead of choosing above. Only names that the Celery app knows are accepted.",
    )

    def clean_name(self) -> str:
        """Keep the names of mirrors free for them."""
        name: str = self.cleaned_data["name"]
        if name.startswith(OURS):
            raise forms.ValidationError(f"Names that begin with {OURS!r} belong to tasks.")
        return name

    def clean_args(self) -> str:
        """A JSON list."""
        return self._json("args", list, "[1, 2]")

    def clean_kwargs(self) -> str:
        """A JSON object."""
        return self._json("kwargs", dict, '{"name": "value"}')

    def clean_headers(self) -> str:
        """A JSON object, or nothing."""
        return self._json("headers", dict, '{"name": "value"}') if self.cleaned_data["headers"] else ""

    def clean(self) -> dict[str, Any]:
        """Accept only a task that a worker can find."""
        data: dict[str, Any] = self._clean_stock()
        name = data.get("task")
        if name and name not in celery_task_names():
            self.add_error("task", f"There is no Celery task named {name!r}.")
        return data

    def _clean_stock(self) -> dict[str, Any]:
        """Let the inherited form choose between its two fields; it expects both, even when one was refused."""
        self.cleaned_data.setdefault("task", "")
        data: dict[str, Any] | None = super().clean()
        return data or self.cleaned_data

    def _json(self, field: str, kind: type, example: str) -> str:
        text: str = self.cleaned_data[field]
        if len(text.encode("utf-8", "replace")) > settings.PAYLOAD_MAX_BYTES:
            raise forms.ValidationError(f"At most {settings.PAYLOAD_MAX_BYTES:,} bytes.")
        try:
            value = _read(text)
        except ValueError as error:
            raise forms.ValidationError(f"This is not JSON that can be sent: {error}") from None
        if not isinstance(value, kind):
            what = "list" if kind is list else "object"
            raise forms.ValidationError(f"Must be a JSON {what}, such as {example}.")
        return text


def _read(text: str) -> Any:
    """Read JSON that every message can carry and every page can show."""
    value = strict_json.read(text)
    problems = Problems()
    check_json(problems, "value", value, most_bytes=settings.PAYLOAD_MAX_BYTES)
    for path, faults in problems.fields.items():
        raise ValueError(f"{path}: {faults[0].message}")
    return value


class MirrorForm(forms.ModelForm):  # type: ignore[type-arg]  # not generic at run time
    """A row that mirrors a task: whether it is enabled is all that can be said here."""

    class Meta:
        model = PeriodicTask
        fields: ClassVar = ["enabled"]
