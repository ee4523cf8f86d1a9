"""Users and groups. Only a superuser makes superusers; who owns something is deactivated, not deleted."""

from collections.abc import Iterable
from typing import Any, cast

from django.contrib import admin, messages
from django.contrib.admin import display
from django.contrib.admin.utils import unquote
from django.contrib.auth.admin import GroupAdmin as StockGroupAdmin
from django.contrib.auth.admin import UserAdmin as StockUserAdmin
from django.contrib.auth.models import Group, User
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest
from django.shortcuts import redirect
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from tasks_app.admin.base import Admin
from tasks_app.admin.deeds import Deed, DeedAdmin, Outcome
from tasks_app.admin.shown import EMPTY, instant
from tasks_app.errors import CarillonError, Forbidden
from tasks_app.models import ScheduledTask, StoredFile, TaskRun
from tasks_app.selectors.people_list import may_give, may_touch, role_of
from tasks_app.selectors.second_factor import has_second_factor
from tasks_app.services.passwords import password_change
from tasks_app.services.people import address_news
from tasks_app.services.people_admin import person_disable, person_enable
from tasks_app.services.second_factor import factor_remove

for _model in (User, Group):
    admin.site.unregister(_model)


def _remove_factor(user: User, actor: str) -> Outcome:
    was_on = factor_remove(user=user)
    return Outcome("has no second factor any more." if was_on else "had no second factor.")


REMOVE_FACTOR = Deed(
    name="remove_second_factor",
    right="manage_people",
    title="Remove the second factor",
    question="From now on the password alone signs this person in. Make sure that it is they who ask.",
    icon="phonelink_erase",
    perform=_remove_factor,
    is_offered=has_second_factor,
    is_grave=True,
)


class PasswordForm(AdminPasswordChangeForm):  # type: ignore[misc]  # unfold is untyped
    """Django's own; the service ends what was signed in, and tells the person."""

    def save(self, commit: bool = True) -> User:
        """Set the password, or take it away."""
        is_kept = self.cleaned_data["set_usable_password"]
        password_change(user=self.user, password=self.cleaned_data["password1"] if is_kept else None)
        return cast(User, self.user)


@admin.register(User)
class UserAdmin(StockUserAdmin, DeedAdmin):  # type: ignore[misc, type-arg]  # narrower paginator; not generic at run time
    """The people. Staff see the admin and everybody's tasks."""

    deeds = (REMOVE_FACTOR,)
    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = PasswordForm
    list_display: Any = ("username", "email", "role", "is_active", "is_staff", instant("last_login", "last signed in"))
    list_filter = ("is_active", "is_staff", "groups")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """With the roles that the list names."""
        rows: QuerySet[Any] = super().get_queryset(request)
        return rows.prefetch_related("groups")

    @display(description="role", empty_value=EMPTY)
    def role(self, user: User) -> str | None:
        """The highest one."""
        return "Superuser" if user.is_superuser else role_of(user) or None

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Rights beyond one's own are not to be given, nor the address to which somebody's new password is mailed."""
        fields = super().get_readonly_fields(request, obj)
        if obj is not None and (_is_own(request, obj) or (not _is_super(request) and obj.has_usable_password())):
            fields = (*fields, "email")
        return fields if _is_super(request) else (*fields, "is_superuser", "user_permissions")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Who may do more than oneself is left alone."""
        return self._may_touch(request, obj) and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Tasks and runs need their owner; and a history of a million rows is not read to find that out."""
        may = self._may_touch(request, obj) and super().has_delete_permission(request, obj)
        return may and (obj is None or not _owns_something(obj))

    def get_actions(self, request: HttpRequest) -> Any:
        """People are deleted one by one."""
        actions = super().get_actions(request)
        actions.pop("delete_selected", None)
        return actions

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> Any:
        """A password is for superusers to set: whoever sets it can be that person. One's own takes the old one."""
        user = self.get_object(request, unquote(id))
        if user is not None and _is_own(request, user):
            return redirect("password")
        if not _is_super(request):
            raise PermissionDenied
        try:
            return super().user_change_password(request, id, form_url)
        except CarillonError as refusal:
            return self.refuse(request, refusal.message, request.get_full_path())

    def carry_out(self, request: HttpRequest, deed: Deed, rows: Iterable[Any], *, note: str = "") -> None:
        """Leave who may do more to others, and oneself to the settings, which ask for password and code."""
        chosen = list(rows)
        within = [user for user in chosen if self._may_touch(request, user) and not _is_own(request, user)]
        if len(within) < len(chosen):
            message = "Who may do more than you is for others to change, and your own account for you, under Settings."
            self.message_user(request, message, messages.ERROR)
        super().carry_out(request, deed, within, note=note)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Take “active” away, or give it back, as the page of the person does: tasks pause, sessions end."""
        if change and "is_active" in form.changed_data:
            switch = person_enable if obj.is_active else person_disable
            switch(by=_who(request), person=User.objects.get(pk=obj.pk))
        if change and "email" in form.changed_data:
            address_news(user=obj, before=form.initial["email"])
        super().save_model(request, obj, form, change)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Nobody gives by a group what they have not; raised inside the transaction, so nothing is kept."""
        before = set(form.instance.groups.all())
        super().save_related(request, form, formsets, change)
        if not may_give(_who(request), [group for group in form.instance.groups.all() if group not in before]):
            raise Forbidden("One of these groups may do more than you; somebody who may as much can give it.")

    @staticmethod
    def _may_touch(request: HttpRequest, obj: Any) -> bool:
        return obj is None or may_touch(_who(request), obj)


@admin.register(Group)
class GroupAdmin(StockGroupAdmin, Admin):  # type: ignore[misc]  # its paginator is narrower
    """Named sets of rights: Viewer, Operator, Admin. What they hold is for superusers to say."""

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Else a group of one's own would be given what one has not."""
        fields = super().get_readonly_fields(request, obj)
        return fields if _is_super(request) else (*fields, "permissions")


def _is_super(request: HttpRequest) -> bool:
    return bool(getattr(request.user, "is_superuser", False))


def _is_own(request: HttpRequest, user: Any) -> bool:
    return bool(user.pk == request.user.pk)


def _who(request: HttpRequest) -> User:
    """The one at the desk; the admin lets in nobody who has not signed in."""
    return cast(User, request.user)


def _owns_something(user: Any) -> bool:
    return any(model.objects.filter(owner_id=user.pk).exists() for model in (ScheduledTask, TaskRun, StoredFile))
