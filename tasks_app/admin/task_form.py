"""The part of a task that is edited in the admin; payload and schedule have their form on the pages."""

import dataclasses
from typing import Any, ClassVar

from django import forms
from unfold.widgets import UnfoldAdminSelectWidget

from tasks_app.errors import Invalid
from tasks_app.models import Queue, ScheduledTask
from tasks_app.services.specs import task_fields
from tasks_app.services.tasks import spec_of

EDITABLE = (
    "name",
    "description",
    "queue",
    "priority",
    "max_retries",
    "soft_timeout_seconds",
    "timeout_seconds",
    "overlap",
    "on_exhausted",
    "pause_after_failures",
    "notify_on_failure",
)


class TaskForm(forms.ModelForm):  # type: ignore[type-arg]  # not generic at run time
    """Checks an edit as the service will, so that faults are shown at their fields."""

    queue = forms.ChoiceField(widget=UnfoldAdminSelectWidget)
    seen_version = forms.IntegerField(widget=forms.HiddenInput, required=False, label="")

    class Meta:
        model = ScheduledTask
        fields: ClassVar = list(EDITABLE)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        names = list(Queue.objects.values_list("name", flat=True))
        if self.instance.queue not in names:
            names.append(self.instance.queue)
        if "queue" in self.fields:
            self.fields["queue"].choices = [(name, name) for name in names]  # type: ignore[attr-defined]  # a ChoiceField
            self.fields["seen_version"].initial = self.instance.version

    @property
    def changes(self) -> dict[str, Any]:
        """What was really changed, for `task_update`."""
        return {name: self.cleaned_data[name] for name in self.changed_data if name in EDITABLE}

    def clean(self) -> dict[str, Any]:
        """Find the service's faults before anything is written."""
        data = super().clean() or self.cleaned_data
        if self.errors:
            return data
        try:
            task_fields(
                dataclasses.replace(spec_of(self.instance), **self.changes),
                owner=self.instance.owner,
                current=self.instance,
            )
        except Invalid as refusal:
            for path, faults in refusal.fields.items():
                field = path if path in self.fields else None
                self.add_error(field, [fault.message if field else f"{path}: {fault.message}" for fault in faults])
        return data
