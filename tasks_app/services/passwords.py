"""A new password, and signing out everywhere: what was signed in before is so no more."""

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from tasks_app.models import Profile, TokenSignIn
from tasks_app.services import audit
from tasks_app.services.sign_in import account_forget


@transaction.atomic
def sign_ins_end(*, user: AbstractBaseUser) -> None:
    """End every sign-in by tokens: the epoch that they carry is over."""
    Profile.objects.get_or_create(user_id=user.pk)
    Profile.objects.filter(user_id=user.pk).update(token_epoch=F("token_epoch") + 1)
    TokenSignIn.objects.filter(user_id=user.pk, revoked_at=None).update(revoked_at=timezone.now())


def password_changed(*, user: AbstractBaseUser) -> None:
    """End what was signed in with the old password (sessions end by themselves), and forget wrong tries."""
    sign_ins_end(user=user)
    account_forget(user=user)
    audit.note("password.change", user, owner_id=user.pk)


@transaction.atomic
def sign_out_everywhere(*, user: AbstractBaseUser, password: str) -> None:
    """End all sessions and sign-ins by tokens. `password` is their own, already proved.

    Django binds each session to the stored hash of the password; hashed anew with another salt it is another one.
    """
    user.set_password(password)
    user.save(update_fields=["password"])
    sign_ins_end(user=user)
    audit.note("sign_in.end_all", user, owner_id=user.pk)
