"""People: who there is, inviting them, their roles; for those who hold the right to manage them."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib import messages as say
from django.contrib.auth.models import User
from django.contrib.auth.views import PasswordResetConfirmView
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import reverse, reverse_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tasks_app.errors import CarillonError, Conflict, Invalid
from tasks_app.selectors.people_list import (
    manages_people,
    may_touch,
    own_task_counts,
    people_found,
    person_get,
    receivers,
    role_of,
    roles_to_give,
)
from tasks_app.selectors.second_factor import has_second_factor
from tasks_app.services import people_admin
from tasks_app.services.hand_overs import hand_overs_recent
from tasks_app.services.invitations import invitation_mail, invitation_of, invitation_tokens
from tasks_app.states import TaskStatus
from tasks_app.web import query
from tasks_app.web.alone import shared
from tasks_app.web.forms.field import Choice, Errors, Field, messages
from tasks_app.web.objects import missing_or_refused
from tasks_app.web.page import Request, page, render
from tasks_app.web.passwords import ChosenPasswordForm, first_fault, password_fields
from tasks_app.web.words import plural

_START = {"username": "", "email": "", "role": ""}
_LISTED = 200


@require_http_methods(["GET", "POST"])
@page
def person_list(request: Request) -> HttpResponse:
    """List the people, and invite one more."""
    if not manages_people(request.user):
        raise Http404
    if request.method == "GET":
        return _draw_list(request, _START, {})
    typed = {name: request.POST.get(name, "") for name in _START}
    try:
        person = people_admin.person_invite(by=request.user, **typed)
    except Invalid as error:
        return _draw_list(request, typed, error.fields, status=400)
    except CarillonError as error:
        say.error(request, error.message)
        return redirect("person-list")
    return _invited(request, person)


@require_safe
@page
def person_detail(request: Request, person_id: int) -> HttpResponse:
    """Show one person, and what can be done about them."""
    return draw_person(request, person_of(request, person_id))


@require_POST
@page
def person_role(request: Request, person_id: int) -> HttpResponse:
    """Give a role, or take it."""
    person, role = person_of(request, person_id), request.POST.get("role", "")
    done = f"{person.username} has the role {role} now." if role else f"{person.username} has no role any more."
    return _do(request, person, lambda: people_admin.person_role_set(by=request.user, person=person, role=role), done)


@require_http_methods(["GET", "POST"])
@page
def person_disable(request: Request, person_id: int) -> HttpResponse:
    """Shut the person out, and pause their tasks, after asking here."""
    person = person_of(request, person_id)
    if request.method == "GET":
        return _ask_to_disable(request, person)
    done = f"{person.username} is disabled: signed out everywhere, and their tasks are paused."
    return _do(request, person, lambda: people_admin.person_disable(by=request.user, person=person), done)


def _ask_to_disable(request: Request, person: User) -> HttpResponse:
    try:
        people_admin.check_disable(by=request.user, person=person)
    except CarillonError as error:
        say.error(request, error.message)
        return redirect("person-detail", person_id=person.pk)
    count = own_task_counts(person).get(TaskStatus.ACTIVE, 0)
    tasks = f"{plural(count, 'active task')} of theirs {'is' if count == 1 else 'are'} paused until somebody resumes"
    context = {
        "title": f"Disable {person.username}?",
        "text": "They are signed out everywhere at once, and their API keys are refused. "
        + (f"{tasks} them; you can hand them over instead. " if count else "They have no active task. ")
        + "You can enable them again at any time.",
        "verb": f"Disable {person.username}",
        "back": reverse("person-detail", args=[person.pk]),
    }
    return render(request, "pages/confirm.html", context)


@require_POST
@page
def person_enable(request: Request, person_id: int) -> HttpResponse:
    """Let the person in again."""
    person = person_of(request, person_id)
    done = f"{person.username} may sign in again. Their tasks stay paused until somebody resumes them."
    return _do(request, person, lambda: people_admin.person_enable(by=request.user, person=person), done)


@require_POST
@page
def person_link(request: Request, person_id: int) -> HttpResponse:
    """Invite the person again, while they have not chosen a password."""
    person = person_of(request, person_id)
    with missing_or_refused():
        return _invited(request, person)


class Invitation(PasswordResetConfirmView):
    """Choose the first password by the link of an invitation; Django's own view, in our words."""

    form_class = ChosenPasswordForm
    template_name = "pages/invitation.html"
    success_url = reverse_lazy("sign-in")
    token_generator = invitation_tokens

    def get_user(self, uidb64: str) -> Any:
        """Nobody who was disabled comes in by an old link."""
        user = super().get_user(uidb64)
        return user if user is not None and user.is_active else None

    def form_valid(self, form: Any) -> HttpResponse:
        """Set it, unless the link has been used meanwhile, and go to sign in with it."""
        try:
            response: HttpResponse = super().form_valid(form)
        except Conflict:
            return HttpResponseRedirect(reverse("invitation", kwargs=self.kwargs))
        say.success(self.request, "Your password is set. Sign in with it.")
        return response

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Give the fields as every form draws them."""
        context = super().get_context_data(**kwargs)
        labels = {"new_password1": "A password", "new_password2": "The same again"}
        fields = password_fields(context["form"], labels) if context.get("form") is not None else []
        return {**context, **shared(self.request), "fields": fields, "focus": first_fault(fields)}


def person_of(request: Request, person_id: int) -> User:
    """Give the person that an address names, to those who manage people."""
    with missing_or_refused():
        return person_get(request.user, person_id)


def _do(request: Request, person: User, deed: Callable[[], Any], done: str) -> HttpResponse:
    try:
        deed()
    except CarillonError as error:
        say.error(request, error.message)
    else:
        say.success(request, done)
    return redirect("person-detail", person_id=person.pk)


def _invited(request: Request, person: User) -> HttpResponse:
    """Mail the link; where that fails it is shown, this once."""
    uid, token = invitation_of(by=request.user, person=person)
    link = settings.BASE_URL + reverse("invitation", args=[uid, token])
    if invitation_mail(by=request.user, person=person, link=link):
        say.success(request, f"{person.username} is invited: the link is on its way to {person.email}.")
        return redirect("person-detail", person_id=person.pk)
    return draw_person(request, person, link=link, status=201)


def _draw_list(request: Request, typed: dict[str, str], errors: Errors, *, status: int = 200) -> HttpResponse:
    fields = [
        Field(
            path="username",
            label="User name",
            value=typed["username"],
            is_required=True,
            attributes={"autocomplete": "off", "autocapitalize": "none"},
            errors=messages(errors, "username"),
        ),
        Field(
            path="email",
            label="E-mail",
            kind="email",
            value=typed["email"],
            is_required=True,
            help="Where the link goes by which they choose a password.",
            errors=messages(errors, "email"),
        ),
        _role_field(request.user, typed["role"], messages(errors, "role")),
    ]
    search = query.text(request.GET, "search")
    found, is_more = people_found(request.user, search, most=_LISTED)
    context = {
        "people": [{"person": person, "role": role_of(person)} for person in found],
        "search": search,
        "is_more": is_more,
        "listed": _LISTED,
        "fields": fields,
    }
    return render(request, "pages/person-list.html", context, status=status)


def draw_person(request: Request, person: User, *, status: int = 200, **more: Any) -> HttpResponse:
    """Draw the page of a person, with what has just come of something."""
    is_self = person.pk == request.user.pk
    context = {
        "person": person,
        "role": role_of(person),
        "is_self": is_self,
        "may_touch": may_touch(request.user, person) and not is_self,
        "role_field": _role_field(request.user, role_of(person), ()),
        "counts": own_task_counts(person),
        "receivers": receivers(request.user, person),
        "is_invited": not person.has_usable_password(),
        "has_factor": has_second_factor(person),
        "hand_overs": hand_overs_recent(by=request.user, giver=person),
        **more,
    }
    return render(request, "pages/person-detail.html", context, status=status)


def _role_field(user: User, chosen: str, errors: Any) -> Field:
    offered = [("", "None: sees and manages what is theirs"), *((role, _ROLES[role]) for role in roles_to_give(user))]
    choices = [Choice(value, label, value == chosen) for value, label in offered]
    return Field(path="role", label="Role", kind="enum", is_required=True, choices=choices, errors=errors)


_ROLES = {
    "Viewer": "Viewer: sees everything",
    "Operator": "Operator: also runs, stops and manages queues",
    "Admin": "Admin: also changes everything and manages people",
}
