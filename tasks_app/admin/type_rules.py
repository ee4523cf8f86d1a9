"""Rules of task types: who may use one, and which payload fields have a fixed value."""

from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.contrib.admin import display
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextareaWidget

from tasks_app.admin.base import Admin
from tasks_app.admin.deeds import actor_of
from tasks_app.admin.shown import instant
from tasks_app.errors import Invalid
from tasks_app.handlers import registry
from tasks_app.handlers.locks import masked_locks
from tasks_app.models import TypeRule
from tasks_app.services.type_rules import type_rule_check, type_rule_delete, type_rule_save


def _types() -> list[tuple[str, str]]:
    return [(spec.name, f"{spec.title} ({spec.name})") for spec in registry.all() if not spec.internal]


def _shown(rule: TypeRule) -> dict[str, Any]:
    try:
        return masked_locks(registry.get(rule.type).payload, rule.locked)
    except KeyError:
        return masked_locks(None, rule.locked)


class TypeRuleForm(forms.ModelForm):  # type: ignore[type-arg]  # not generic at run time
    """Checks a rule against the schema of its type, so that faults are shown at their fields."""

    type = forms.ChoiceField(choices=_types, widget=UnfoldAdminSelectWidget)

    class Meta:
        model = TypeRule
        fields: ClassVar = ["type", "is_restricted", "locked"]
        labels: ClassVar = {"is_restricted": "Only with permission", "locked": "Fixed fields"}
        help_texts: ClassVar = {
            "is_restricted": "Only those use it who hold its permission, “Can use the task type …”.",
            "locked": 'A JSON object: dotted paths of payload fields, each with its value, like {"timeout_seconds": 10,'
            ' "headers.X-Team": "shop"}. Nobody else sets them. A mask keeps the secret that is stored.',
        }
        widgets: ClassVar = {"locked": UnfoldAdminTextareaWidget(attrs={"rows": 6, "spellcheck": "false"})}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            self.initial["locked"] = _shown(self.instance)

    def clean(self) -> dict[str, Any]:
        """Check the fields as the rule that they make."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if self.errors:
            return cleaned
        name = self.instance.pk or cleaned["type"]
        try:
            cleaned["locked"] = type_rule_check(type=name, locked=cleaned.get("locked") or {})
        except Invalid as error:
            for path, faults in error.fields.items():
                place, _, inner = path.partition(".")
                words = [f"{inner}: {fault.message}" if inner else fault.message for fault in faults]
                self.add_error(place if place in self.fields else None, words)
        return cleaned


@admin.register(TypeRule)
class TypeRuleAdmin(Admin):
    """One rule for a type. Fixed secrets are masked here as everywhere."""

    form = TypeRuleForm
    fields = ("type", "is_restricted", "locked")
    list_display = ("type", "is_restricted", "fixed", "updated_by", instant("updated_at", "changed"))
    ordering = ("type",)
    search_fields = ("type",)
    saves_by_service = True

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Those who only look see the fixed values masked, too."""
        may_edit = self.has_change_permission(request, obj) if obj else self.has_add_permission(request)
        return self.fields if may_edit else ("type", "is_restricted", "masked")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """A rule stays with its type."""
        return ("type", "masked") if obj else ()

    def save_model(self, request: HttpRequest, obj: TypeRule, form: Any, change: bool) -> None:
        """Save through the service."""
        saved = type_rule_save(
            type=obj.type, is_restricted=obj.is_restricted, locked=obj.locked, actor=actor_of(request)
        )
        obj.updated_at, obj.updated_by = saved.updated_at, saved.updated_by

    def delete_model(self, request: HttpRequest, obj: TypeRule) -> None:
        """Delete through the service."""
        type_rule_delete(rule=obj, actor=actor_of(request))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[TypeRule]) -> None:
        """Delete each through the service."""
        for rule in queryset:
            type_rule_delete(rule=rule, actor=actor_of(request))

    @display(description="fixed fields")
    def fixed(self, rule: TypeRule) -> str:
        """Which fields are fixed."""
        return ", ".join(rule.locked) or "–"

    @display(description="fixed fields")
    def masked(self, rule: TypeRule) -> str:
        """The fixed values, secrets masked."""
        return ", ".join(f"{path} = {value}" for path, value in _shown(rule).items()) or "–"
