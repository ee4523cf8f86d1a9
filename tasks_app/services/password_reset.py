"""A way back in for those who forgot their password: a link by mail that ends with the hour, and with its use."""

from functools import partial

from django.conf import settings
from django.contrib.auth.forms import PasswordResetForm
from django.contrib.auth.models import User
from django.contrib.auth.tokens import default_token_generator
from django.core.mail import EmailMultiAlternatives
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode

from tasks_app.services.account_mail import letter, mail_soon
from tasks_app.services.limiter import Limit
from tasks_app.services.sign_in import account_key, address_key

HOUR = 3600
_FOR_ONE = Limit("reset-mail", 3, HOUR, fails_closed=True)
_FROM_ONE = Limit("reset-from", 20, HOUR, fails_closed=True)


def reset_ask(*, email: str, address: str) -> None:
    """Mail a link to everybody with this address. The caller is told nothing of whether there is one.

    Raises TooMany for a network address that asks too often, and LimiterAway; too many mails for one person are left
    out in silence.
    """
    _FROM_ONE.take(
        address_key(address), "Too many links were asked for from your network address. Try again in some minutes."
    )
    if _FOR_ONE.wait(account_key(email)):
        return
    for user in PasswordResetForm().get_users(email):
        mail_soon(user.pk, partial(_message, user))


def _message(user: User) -> EmailMultiAlternatives:
    context = {
        "user": user,
        "uid": urlsafe_base64_encode(force_bytes(user.pk)),
        "token": default_token_generator.make_token(user),
    }
    return letter("new_password", f"A new password for {settings.SITE_NAME}", user.email, context)
