"""A way back in for those who forgot their password: a link by mail that ends with the hour, and with its use."""

import logging
from concurrent.futures import ThreadPoolExecutor

from django.conf import settings
from django.contrib.auth.forms import PasswordResetForm
from django.contrib.auth.models import User
from django.contrib.auth.tokens import default_token_generator
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode

from tasks_app.services.limiter import Limit
from tasks_app.services.sign_in import account_key, address_key

logger = logging.getLogger(__name__)

HOUR = 3600
_FOR_ONE = Limit("reset-mail", 3, HOUR, fails_closed=True)
_FROM_ONE = Limit("reset-from", 20, HOUR, fails_closed=True)
# The answer must not take longer where there is somebody to write to.
_SENDER = ThreadPoolExecutor(2, thread_name_prefix="reset-mail")


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
        _SENDER.submit(_send, user)


def _send(user: User) -> None:
    try:
        _message(user).send()
    except Exception:
        logger.exception("The link for a new password could not be mailed to user %s", user.pk)


def _message(user: User) -> EmailMultiAlternatives:
    """Write the mail; its link begins with BASE_URL, whatever host the request named."""
    context = {
        "user": user,
        "site_name": settings.SITE_NAME,
        "base_url": settings.BASE_URL.rstrip("/"),
        "uid": urlsafe_base64_encode(force_bytes(user.pk)),
        "token": default_token_generator.make_token(user),
    }
    text = render_to_string("mail/new_password.txt", context)
    message = EmailMultiAlternatives(f"A new password for {settings.SITE_NAME}", text, None, [user.email])
    message.attach_alternative(render_to_string("mail/new_password.html", context), "text/html")
    return message
