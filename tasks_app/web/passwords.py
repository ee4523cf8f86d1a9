"""A new password: chosen by somebody who is signed in, or over a link that was mailed to who forgot theirs."""

from collections.abc import Sequence
from typing import Any, cast

from django import forms
from django.contrib import messages
from django.contrib.auth.forms import PasswordChangeForm, SetPasswordForm
from django.contrib.auth.models import User
from django.contrib.auth.password_validation import get_default_password_validators
from django.contrib.auth.views import PasswordChangeView, PasswordResetConfirmView
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse, reverse_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from tasks_app.errors import CarillonError, Conflict
from tasks_app.selectors.second_factor import has_second_factor
from tasks_app.services.password_reset import reset_ask
from tasks_app.services.passwords import password_change
from tasks_app.services.sign_in import code_check, proof_check
from tasks_app.web.alone import shared
from tasks_app.web.forms.field import Field
from tasks_app.web.page import Request, frame
from tasks_app.web.sign_in import address_of, refused

_LONGEST_EMAIL = 254
_NEW, _AGAIN = "new_password1", "new_password2"
_LABELS = {"old_password": "Your password now", _NEW: "A new one", _AGAIN: "The new one again"}


class PasswordForm(PasswordChangeForm):
    """Django's own; wrong tries are counted, and who has a second factor gives its code."""

    address = ""
    code = forms.CharField(required=False, max_length=64)

    def clean_old_password(self) -> str:
        """Prove the password."""
        password = str(self.cleaned_data["old_password"])
        try:
            proof_check(user=self.user, password=password, address=self.address)
        except CarillonError as refusal:
            raise ValidationError(refusal.message) from None
        return password

    def clean(self) -> dict[str, Any]:
        """Use the code up last, when all else is right."""
        typed: dict[str, Any] = super().clean() or self.cleaned_data
        if not self.errors and has_second_factor(self.user):
            try:
                code_check(user=self.user, code=typed.get("code", ""), address=self.address)
            except CarillonError as refusal:
                self.add_error("code", refusal.message)
        return typed

    def save(self, commit: bool = True) -> User:
        """Leave it to the service, which does all that follows from it too."""
        return _saved(self)


class ChosenPasswordForm(SetPasswordForm):  # type: ignore[type-arg]  # not generic at run time
    """Django's own, of somebody who has come by a link."""

    def save(self, commit: bool = True) -> User:
        """Leave it to the service, which does all that follows from it too."""
        return _saved(self)


class Password(PasswordChangeView):
    """Choose a new password; other browsers of this person, and their programs with tokens, are signed out by that."""

    form_class = PasswordForm
    template_name = "pages/password.html"
    success_url = reverse_lazy("settings")

    def get_form(self, form_class: Any = None) -> Any:
        """Tell the form where the request came from."""
        form: Any = super().get_form(form_class)
        form.address = address_of(self.request)
        return form

    def form_valid(self, form: Any) -> HttpResponse:
        """Say what has happened, and what follows."""
        try:
            response: HttpResponse = super().form_valid(form)
        except Conflict as refusal:
            form.add_error("old_password", refusal.message)
            return self.form_invalid(form)
        messages.success(self.request, "Your password is changed. Your other browsers must sign in again.")
        return response

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Give the fields as every form draws them; what was typed is not sent back."""
        context = super().get_context_data(**kwargs)
        fields = password_fields(context["form"], _LABELS)
        if has_second_factor(cast(User, self.request.user)):
            fields.append(code_field([str(error) for error in context["form"].errors.get("code", [])]))
        return {**context, **frame(cast(Request, self.request)), "fields": fields, "focus": first_fault(fields)}


@never_cache
@require_http_methods(["GET", "POST"])
def forgot(request: HttpRequest) -> HttpResponse:
    """Mail a link for a new password; the same is said whether somebody has this address or not."""
    email, error = request.POST.get("email", "").strip(), ""
    refusal: CarillonError | None = None
    if request.method == "POST":
        try:
            validate_email(email[: _LONGEST_EMAIL + 1])
            reset_ask(email=email, address=address_of(request))
        except ValidationError:
            error = "This is not an e-mail address."
        except CarillonError as found:
            refusal, error = found, found.message
        else:
            return redirect("forgot-sent")
    context = {**shared(request), "email": email, "error": error}
    response = TemplateResponse(request, "pages/forgot.html", context, status=400 if error else 200)
    return refused(response, refusal)


@never_cache
@require_safe
def forgot_sent(request: HttpRequest) -> HttpResponse:
    """Say what to look for."""
    return TemplateResponse(request, "pages/forgot-sent.html", shared(request))


class NewPassword(PasswordResetConfirmView):
    """What the mailed link opens. It signs nobody in: the sign-in, with its second factor, comes after."""

    form_class = ChosenPasswordForm
    template_name = "pages/new-password.html"
    success_url = reverse_lazy("sign-in")

    def form_valid(self, form: "SetPasswordForm[User]") -> HttpResponse:
        """Set it, unless the link has been used meanwhile."""
        try:
            response: HttpResponse = super().form_valid(form)
        except Conflict:
            return HttpResponseRedirect(reverse("new-password", kwargs=self.kwargs))
        messages.success(self.request, "Your new password is set. Sign in with it.")
        return response

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Give the fields as every form draws them."""
        context = super().get_context_data(**kwargs)
        labels = {name: _LABELS[name] for name in (_NEW, _AGAIN)}
        fields = password_fields(context["form"], labels) if context["form"] is not None else []
        return {**context, **shared(self.request), "fields": fields, "focus": first_fault(fields)}


def _saved(form: Any) -> User:
    user = cast(User, form.user)
    password_change(user=user, password=form.cleaned_data[_NEW])
    return user


def password_fields(form: Any, labels: dict[str, str]) -> list[Field]:
    """Draw the fields for passwords, empty; the first for a new one says what it must be, before anybody types."""
    errors = _errors_by_field(form)
    return [
        Field(
            path=name,
            label=label,
            kind="password",
            is_required=True,
            help=password_rules() if name == _NEW else "",
            attributes={"autocomplete": "current-password" if name == "old_password" else "new-password"},
            errors=errors.get(name, []),
        )
        for name, label in labels.items()
    ]


def password_rules() -> str:
    """Say what a new password must be; the validators of the settings are these."""
    least = next(one.min_length for one in get_default_password_validators() if hasattr(one, "min_length"))
    return f"At least {least} characters, none of the passwords that everybody uses, and not much like your name."


def first_fault(fields: Sequence[Field]) -> str:
    """Where to type again."""
    return next((field.path for field in fields if field.errors), "")


def _errors_by_field(form: Any) -> dict[str, list[str]]:
    """Django says at the second new password what is wrong with the first; there stays that the two differ."""
    found: dict[str, list[str]] = {}
    for name, errors in form.errors.as_data().items():
        for error in errors:
            is_of_first = name == _AGAIN and error.code not in ("password_mismatch", "required")
            found.setdefault(_NEW if is_of_first else name, []).extend(error.messages)
    return found


def code_field(errors: list[str], *, help: str = "Of your authenticator app, or a recovery code.") -> Field:
    """Draw the field for a code, empty."""
    return Field(
        path="code",
        label="Code",
        is_required=True,
        help=help,
        attributes={"autocomplete": "one-time-code", "maxlength": "64", "spellcheck": "false"},
        errors=errors,
    )
