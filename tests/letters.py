"""Mails to people about their account, which leave by threads of their own."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from threading import Barrier
from typing import Any

from django.core import mail

from tasks_app.services import account_mail

Committing = Callable[..., AbstractContextManager[Any]]
WAIT_SECONDS = 20


def all_sent() -> list[mail.EmailMessage]:
    """Give the mails once the sender has nothing more to do: both of its threads meet when all before is done."""
    both = Barrier(2, timeout=WAIT_SECONDS)
    for met in [account_mail._SENDER.submit(both.wait) for _ in range(2)]:
        met.result(WAIT_SECONDS)
    return list(mail.outbox)
