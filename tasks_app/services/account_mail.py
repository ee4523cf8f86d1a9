"""Mails to people about their own account, sent beside the request: by its time nobody learns that there was one."""

import logging
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from enum import StrEnum
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.core.mail import EmailMultiAlternatives
from django.db import transaction
from django.template.loader import render_to_string
from django.utils import timezone

from tasks_app import caller

logger = logging.getLogger(__name__)

_SENDER = ThreadPoolExecutor(2, thread_name_prefix="account-mail")


class News(StrEnum):
    """What a person is told of at once, because somebody else may have done it."""

    PASSWORD = "Your password was changed"  # noqa: S105  # a sentence
    FACTOR_ON = "Your second factor was turned on"
    FACTOR_OFF = "Your second factor was turned off"
    CODES = "Your recovery codes were replaced"
    ADDRESS = "The mail address of your account was changed"


def account_news(*, user: AbstractBaseUser, what: News, address: str = "") -> None:
    """Mail it once it holds, to the person's address or to this one; to nobody where there is none."""
    to = address or str(getattr(user, "email", ""))
    if not to:
        return
    asked = caller.asked()
    by = asked.who if asked else caller.Who()
    context = {
        "name": user.get_username(),
        "what": str(what),
        "at": timezone.now(),
        "by": by.actor.partition(":")[2] if by.user_id not in (None, user.pk) else "",
        "place": asked.address if asked else "",
    }
    subject = f"{settings.SITE_NAME}: {what[0].lower()}{what[1:]}"
    transaction.on_commit(lambda: mail_soon(user.pk, lambda: letter("account_news", subject, to, context)))


def mail_soon(user_id: int, write: Callable[[], EmailMultiAlternatives]) -> None:
    """Write a mail and send it, in a thread of its own."""
    _SENDER.submit(_send, user_id, write)


def letter(template: str, subject: str, to: str, context: Mapping[str, Any]) -> EmailMultiAlternatives:
    """Write a mail; its links begin with BASE_URL, whatever host the request named."""
    full = {"site_name": settings.SITE_NAME, "base_url": settings.BASE_URL.rstrip("/"), **context}
    message = EmailMultiAlternatives(subject, render_to_string(f"mail/{template}.txt", full), None, [to])
    message.attach_alternative(render_to_string(f"mail/{template}.html", full), "text/html")
    return message


def _send(user_id: int, write: Callable[[], EmailMultiAlternatives]) -> None:
    try:
        write().send()
    except Exception:
        logger.exception("A mail about their account could not be sent to user %s", user_id)
