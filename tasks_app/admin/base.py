"""What all our admins share: lists that stay fast, refusals that become messages, and rows that nobody edits."""

import uuid
from functools import partial
from typing import Any, ClassVar

from django import forms
from django.contrib import messages
from django.contrib.admin import display
from django.contrib.admin.widgets import AutocompleteMixin
from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.core.paginator import Paginator
from django.db.models import Field, Model, QuerySet
from django.db.models.constants import LOOKUP_SEP
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.safestring import SafeString
from unfold.admin import ModelAdmin

from tasks_app.admin.audited import note_deletion, note_form
from tasks_app.admin.drawn_once import draw_once, tick_of
from tasks_app.errors import CarillonError
from tasks_app.services.validation import fault_in

COUNTED = 5_000
SEARCHED = 20_000
PER_PAGE = 30
_IDS = range(2**63)
# What Django's own filters ask of a column. Others would read it letter by letter, shown or not, and match at any cost.
_ASKED_OF_A_COLUMN = frozenset({"", "exact", "isnull", "gte", "lt", "id__exact"})


draw_once()


class CappedPaginator(Paginator):  # type: ignore[type-arg]  # not a generic at run time
    """Counts to 5,000 and no further; what lies deeper is found by filters."""

    template_name = "admin/capped-pagination.html"

    @cached_property
    def count(self) -> int:
        """How many rows there are, 5,000 at most."""
        return min(self._counted, COUNTED)

    @property
    def is_capped(self) -> bool:
        """There are more rows than were counted."""
        return self._counted > COUNTED

    @cached_property
    def _counted(self) -> int:
        rows = self.object_list
        if isinstance(rows, QuerySet):
            return rows.order_by()[: COUNTED + 1].count()
        return len(rows)


class Admin(ModelAdmin):  # type: ignore[misc]  # unfold is untyped
    """An admin for tables of any size, whose changes a service may refuse."""

    paginator = CappedPaginator
    show_full_result_count = False
    list_per_page = PER_PAGE
    list_max_show_all = PER_PAGE
    list_disable_select_all = True
    exact_fields: ClassVar[tuple[str, ...]] = ()
    finds_only_ids: ClassVar[bool] = False
    saves_by_service: ClassVar[bool] = False
    linked_by: ClassVar[tuple[str, ...]] = ()
    """The columns by which pages link to this list, beside those of `list_filter`."""

    def formfield_for_dbfield(self, db_field: "Field[Any, Any]", request: HttpRequest, **kwargs: Any) -> Any:
        """Let no text in that pages and exports cannot show, and draw a choice again that is none."""
        found = super().formfield_for_dbfield(db_field, request, **kwargs)
        if isinstance(found, forms.CharField):
            found.validators.append(_without_controls)
        if isinstance(found, forms.ModelChoiceField):
            widget: Any = getattr(found.widget, "widget", found.widget)
            if isinstance(widget, AutocompleteMixin):
                widget.optgroups = partial(_groups_of_ids, widget.optgroups, found)  # type: ignore[method-assign]  # of this one
        return found

    @display(description="selected")
    def action_checkbox(self, obj: Model) -> SafeString:
        """The box by which a row is chosen."""
        return tick_of(obj.pk)

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        """Let a list be narrowed by what it offers, and by nothing else; Django takes any lookup of any column."""
        column, _, asked = lookup.partition(LOOKUP_SEP)
        offered = {getattr(one, "parameter_name", one) for one in (*self.list_filter, *self.linked_by)}
        is_offered = column in offered and asked in _ASKED_OF_A_COLUMN
        # Where there is no such column, Django goes back to the whole list.
        return (is_offered or not self._has_column(column)) and bool(super().lookup_allowed(lookup, value, request))

    def _has_column(self, name: str) -> bool:
        try:
            self.opts.get_field(name)
        except FieldDoesNotExist:
            return name == "pk"
        return True

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Find a row by an id where one is given: `exact_fields` are the columns that hold ids, each with an index."""
        wanted = _as_id(search_term) if self.exact_fields else None
        if wanted is None and search_term and self.finds_only_ids:
            self.message_user(request, "Only an id can be searched for here.", messages.WARNING)
            return queryset.none(), False
        if wanted is None:
            rows = self._newest(request, queryset) if search_term and self._looks_into_texts(request) else queryset
            found: tuple[QuerySet[Any], bool] = super().get_search_results(request, rows, search_term)
            return found
        # One column after the other: an OR over two indexes makes SQLite read the whole table.
        found_by = (queryset.filter(**{name: wanted}) for name in self.exact_fields)
        return next((rows for rows in found_by if rows.exists()), queryset.none()), False

    def _looks_into_texts(self, request: HttpRequest) -> bool:
        """A column that must be equal has its index."""
        return not all(name.startswith("=") for name in self.get_search_fields(request))

    def _newest(self, request: HttpRequest, rows: QuerySet[Any]) -> QuerySet[Any]:
        """Leave as many rows, the newest, as can be searched at once, and say so where there are more."""
        keys = self.model._default_manager.order_by("-pk").values_list("pk", flat=True)
        edge = list(keys[SEARCHED - 1 : SEARCHED + 1])
        if len(edge) < 2:  # noqa: PLR2004  # the last that is searched, and one that is not
            return rows
        if request.resolver_match is None or request.resolver_match.url_name != "autocomplete":
            self.message_user(request, f"Only the newest {SEARCHED:,} rows were searched.", messages.WARNING)
        return rows.filter(pk__gte=edge[0])

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        """Show or save one row; nothing is saved of what a service refuses."""
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except CarillonError as refusal:
            return self.refuse(request, refusal.message, request.get_full_path())

    def construct_change_message(self, request: HttpRequest, form: Any, formsets: Any, add: bool = False) -> Any:
        """Django asks for this when all is saved, in the same transaction: the audit log is told of it as well."""
        if not self.saves_by_service:
            note_form(form, is_new=add)
        return super().construct_change_message(request, form, formsets, add)

    def log_deletions(self, request: HttpRequest, queryset: Any) -> Any:
        """Django asks for this before it deletes."""
        if not self.saves_by_service:
            note_deletion(queryset)
        return super().log_deletions(request, queryset)

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None) -> Any:
        """Delete one row, unless a service refuses."""
        try:
            return super().delete_view(request, object_id, extra_context)
        except CarillonError as refusal:
            return self.refuse(request, refusal.message, self.address("change", object_id))

    def refuse(self, request: HttpRequest, message: str, back: str) -> HttpResponse:
        """Say why not, and go back."""
        self.message_user(request, message, messages.ERROR)
        return redirect(back)

    def address(self, view: str, *args: Any) -> str:
        """The address of one of this admin's views."""
        return reverse(f"{self.admin_site.name}:{self.opts.app_label}_{self.opts.model_name}_{view}", args=args)


class ReadOnlyAdmin(Admin):
    """Rows that only the platform writes: never added, changed or deleted here."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody adds such a row."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nobody edits such a row."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nobody deletes such a row."""
        return False


class SeenWith(ReadOnlyAdmin):
    """Rows without permissions of their own: seen by those who may see, in the admin, what they are about."""

    needs = ""

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Whoever may see those."""
        return self.has_view_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """As above."""
        return bool(request.user.has_perm(f"tasks_app.{self.needs}"))


def _without_controls(text: object) -> None:
    fault = fault_in(text) if isinstance(text, str) else None
    if fault is not None:
        raise ValidationError(fault)


def _groups_of_ids(optgroups: Any, field: Any, name: str, value: list[str], attrs: Any = None) -> Any:
    """Draw what was chosen; Django would look for what is no id at all, and fail."""

    def is_id(text: object) -> bool:
        try:
            found = field.queryset.model._meta.pk.to_python(text)
        except ValidationError:
            return False
        return not isinstance(found, int) or found in _IDS

    return optgroups(name, [one for one in value if is_id(one)], attrs)


def _as_id(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text.strip())
    except ValueError:
        return None
