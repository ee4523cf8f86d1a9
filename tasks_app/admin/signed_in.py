"""What people chose, their second factors, and the sign-ins of programs. No secret is shown, or even read."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from tasks_app.admin.base import SeenWith
from tasks_app.admin.shown import instant, label
from tasks_app.models import Profile, RecoveryCode, SecondFactor, TokenSignIn

_FACTOR_TONES = {"in use": "success", "not confirmed": "warning"}
_CODE_TONES = {"good": "success", "used": "default"}
_SIGN_IN_TONES = {"signed in": "success", "expired": "warning", "ended": "default"}


class _OfPerson(SeenWith):
    """Rows of one person each, for those who manage people."""

    needs = "manage_people"
    columns: tuple[str, ...] = ()
    ordering: tuple[str, ...] = ("-user_id",)
    sortable_by = ()
    search_fields = ("user__username",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Profile]:
        """With nothing but what is shown."""
        rows: QuerySet[Profile] = super().get_queryset(request)
        return rows.select_related("user").only("user__id", "user__username", *self.columns)


@admin.register(Profile)
class ProfileAdmin(_OfPerson):
    """What people have chosen for themselves."""

    columns = ("timezone", "theme")
    list_display = ("user", "timezone", "theme")
    fields = readonly_fields = list_display


@admin.register(SecondFactor)
class SecondFactorAdmin(_OfPerson):
    """Authenticator apps; one is taken away on the page of its person."""

    columns = ("created_at", "confirmed_at")
    list_display = ("user", "state", instant("created_at", "created"), instant("confirmed_at", "confirmed"))
    fields = readonly_fields = list_display

    @label("state", _FACTOR_TONES)
    def state(self, factor: SecondFactor) -> str:
        """It counts from the moment it was confirmed."""
        return "in use" if factor.confirmed_at is not None else "not confirmed"


@admin.register(RecoveryCode)
class RecoveryCodeAdmin(_OfPerson):
    """Which codes have been used; not even their digests are shown."""

    columns = ("id", "used_at")
    list_display = ("id", "user", "state", instant("used_at", "used"))
    fields = readonly_fields = list_display
    ordering = ("-id",)

    @label("state", _CODE_TONES)
    def state(self, code: RecoveryCode) -> str:
        """Each is good once."""
        return "good" if code.used_at is None else "used"


@admin.register(TokenSignIn)
class TokenSignInAdmin(_OfPerson):
    """Sign-ins that go on by tokens; people end theirs in their settings."""

    columns = ("id", "address", "created_at", "last_used_at", "expires_at", "revoked_at")
    list_display = (
        "user",
        "state",
        "address",
        instant("created_at", "signed in"),
        instant("last_used_at", "last used"),
        instant("expires_at", "expires"),
    )
    fields = readonly_fields = (*list_display, instant("revoked_at", "ended"))
    ordering = ("-id",)

    @label("state", _SIGN_IN_TONES)
    def state(self, one: TokenSignIn) -> str:
        """Whether it still goes on."""
        if one.revoked_at is not None:
            return "ended"
        return "expired" if one.expires_at <= timezone.now() else "signed in"
