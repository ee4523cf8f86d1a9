"""A new password, and signing out everywhere: what was signed in before is so no more."""

from django.contrib.auth import SESSION_KEY
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import AbstractBaseUser, User
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from tasks_app.errors import Conflict
from tasks_app.models import Profile, TokenSignIn
from tasks_app.services import audit
from tasks_app.services.account_mail import News, account_news
from tasks_app.services.sign_in import account_forget


@transaction.atomic
def sign_ins_end(*, user: AbstractBaseUser) -> None:
    """End every sign-in by tokens: the epoch that they carry is over."""
    Profile.objects.get_or_create(user_id=user.pk)
    Profile.objects.filter(user_id=user.pk).update(token_epoch=F("token_epoch") + 1)
    TokenSignIn.objects.filter(user_id=user.pk, revoked_at=None).update(revoked_at=timezone.now())


def sessions_end(*, user: AbstractBaseUser) -> None:
    """End every session of this person in a browser.

    Rows do not say whose they are, so each is opened. That is for what is rare: a new password ends them by itself.
    """
    store = SessionStore()
    for session in Session.objects.filter(expire_date__gt=timezone.now()).iterator():
        if store.decode(session.session_data).get(SESSION_KEY) == str(user.pk):
            session.delete()


def password_change(*, user: AbstractBaseUser, password: str | None) -> None:
    """Set a new password, or take it away (None), and tell the person. Raises Conflict.

    What was signed in with the old one ends: tokens here, and sessions by themselves, each bound to the
    stored hash. Wrong tries are forgotten. Who had none, as somebody invited, has had nothing changed and gets no mail.
    """
    is_first = not user.has_usable_password()
    with transaction.atomic():
        _replace(user, password)
        sign_ins_end(user=user)
        audit.note("password.change", user, owner_id=user.pk)
        if not is_first:
            account_news(user=user, what=News.PASSWORD)
    account_forget(user=user)


@transaction.atomic
def sign_out_everywhere(*, user: AbstractBaseUser, password: str) -> None:
    """End all sessions and sign-ins by tokens. `password` is their own, already proved. Raises Conflict.

    Django binds each session to the stored hash of the password; hashed anew with another salt it is another one.
    """
    _replace(user, password)
    sign_ins_end(user=user)
    audit.note("sign_in.end_all", user, owner_id=user.pk)


def _replace(user: AbstractBaseUser, password: str | None) -> None:
    """Store a hash in place of the one that was read, and of no later one: a link works once, an old password ends."""
    before = user.password
    user.password = make_password(password)
    if not User.objects.filter(pk=user.pk, password=before).update(password=user.password):
        user.password = before
        raise Conflict("The password has been changed meanwhile, by you or by somebody else.")
