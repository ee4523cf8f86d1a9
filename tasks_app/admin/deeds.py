"""What staff can do with rows: as an action on a selection in the list, and behind a question on the row's page.

Each row is told of by name: what was done, or why not. A service's refusal is a message, never an error page.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import action as unfold_action
from unfold.enums import ActionVariant
from unfold.widgets import UnfoldAdminTextInputWidget

from tasks_app.admin.base import Admin
from tasks_app.admin.shown import change_link
from tasks_app.errors import CarillonError
from tasks_app.models import TaskRun
from tasks_app.selectors.access import has_right

AT_ONCE = 1_000
NOTE_MOST = 500


@dataclass(frozen=True)
class Outcome:
    """What happened to a row, in a sentence, and the run that came of it."""

    sentence: str
    run: TaskRun | None = None


def _always(_: Any) -> bool:
    return True


@dataclass(frozen=True, kw_only=True)
class Deed:
    """Something to do with a row, by those who hold `right`, a permission of `tasks_app`.

    `perform` takes the row and the actor; its button is hidden unless offered. With `noted` the button asks why, too,
    and gives what was typed; a selection is not asked, as its rows may have different reasons.
    """

    name: str
    right: str
    title: str
    question: str
    icon: str
    perform: Callable[[Any, str], Outcome]
    noted: Callable[[Any, str, str], Outcome] | None = None
    is_offered: Callable[[Any], bool] = _always
    is_grave: bool = False


class NoteForm(forms.Form):
    """A word about why, which may be left out; with the mark by which unfold knows that a dialog was answered."""

    _form_submitted = forms.BooleanField(initial=True, widget=forms.HiddenInput)
    note = forms.CharField(
        label="Why",
        required=False,
        max_length=NOTE_MOST,
        help_text="Optional, for those who find it so.",
        widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "off"}),
    )

    def __init__(self, data: Any = None, **_: Any) -> None:
        """Take no notice of the request and the row, which unfold gives the form of a dialog."""
        super().__init__(data)


class DeedAdmin(Admin):
    """An admin with deeds: those who hold its right may do one, even where the form is read-only."""

    deeds: ClassVar[tuple[Deed, ...]] = ()

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Give each deed its action in the list and its button on the page."""
        super().__init_subclass__(**kwargs)
        cls.actions = [list_action(deed) for deed in cls.deeds]
        cls.actions_detail = [_on_page(deed) for deed in cls.deeds]
        for deed in cls.deeds:
            setattr(cls, _on_page(deed), page_action(deed))
            setattr(cls, f"has_do_{deed.name}_permission", _permit(deed))

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[Any]:
        """Offer on a page only what makes sense there."""
        offered = super().get_actions_detail(request, object_id)
        row = self.get_object(request, unquote(str(object_id))) if offered else None
        idle = {_on_page(deed) for deed in self.deeds if row is None or not deed.is_offered(row)}
        return [action for action in offered if action.method.original_function_name not in idle]

    def carry_out(self, request: HttpRequest, deed: Deed, rows: Iterable[Any], *, note: str = "") -> None:
        """Do the deed row by row and tell, grouped by what happened."""
        actor = actor_of(request)
        told: dict[tuple[int, str | SafeString], list[str]] = {}
        for row in rows:
            try:
                outcome = deed.noted(row, actor, note) if deed.noted and note else deed.perform(row, actor)
            except CarillonError as refusal:
                told.setdefault((messages.WARNING, refusal.message), []).append(str(row))
                continue
            told.setdefault((messages.SUCCESS, _with_link(outcome)), []).append(str(row))
            self.log_change(request, row, outcome.sentence)
        for (level, sentence), names in told.items():
            self.message_user(request, format_html("{}: {}", ", ".join(names), sentence), level)


def actor_of(request: HttpRequest) -> str:
    """Who acts, in the words of the history."""
    return f"user:{request.user.get_username()}"


def list_action(deed: Deed) -> Callable[[DeedAdmin, HttpRequest, QuerySet[Any]], None]:
    """Make the action on a selection."""

    @admin.action(description=f"{deed.title}: selected %(verbose_name_plural)s", permissions=[f"do_{deed.name}"])
    def perform(model_admin: DeedAdmin, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        rows = list(queryset[: AT_ONCE + 1])
        model_admin.carry_out(request, deed, rows[:AT_ONCE])
        if len(rows) > AT_ONCE:
            model_admin.message_user(request, f"Only the first {AT_ONCE:,} rows were taken.", messages.WARNING)

    perform.__name__ = deed.name
    return perform


def _permit(deed: Deed) -> Callable[..., bool]:
    def has_permission(_: DeedAdmin, request: HttpRequest, __: Any = None) -> bool:
        return has_right(request.user, deed.right)

    return has_permission


def page_action(deed: Deed) -> Any:
    """Make the button on a row's page: GET asks, POST does."""

    def perform(model_admin: DeedAdmin, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        row = model_admin.get_object(request, unquote(object_id))
        if row is None:
            raise Http404
        model_admin.carry_out(request, deed, [row], note=form.cleaned_data.get("note", ""))
        page = model_admin.address("change", object_id)
        if request.headers.get("HX-Request"):
            return HttpResponse(headers={"HX-Redirect": page})
        return redirect(page)

    perform.__name__ = _on_page(deed)
    return unfold_action(
        permissions=[f"do_{deed.name}"],
        description=deed.title,
        url_path=deed.name.replace("_", "-"),
        icon=deed.icon,
        variant=ActionVariant.DANGER if deed.is_grave else ActionVariant.DEFAULT,
        dialog={
            "title": deed.title,
            "description": deed.question,
            "form_class": NoteForm if deed.noted else None,
            "form_submit_text": f"Yes, {deed.title.lower()}",
        },
    )(perform)


def _on_page(deed: Deed) -> str:
    return f"{deed.name}_here"


def _with_link(outcome: Outcome) -> str | SafeString:
    if outcome.run is None:
        return outcome.sentence
    return format_html("{} {}", outcome.sentence, change_link(outcome.run, f"Run {outcome.run.id}") or "")
