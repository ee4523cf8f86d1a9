"""The link by which somebody chooses a password, and mailing it."""

import logging
import smtplib

from django.conf import settings
from django.contrib.auth.models import User
from django.core import signing
from django.core.mail import EmailMessage
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode

from tasks_app.errors import Forbidden
from tasks_app.selectors.people_list import manages_people, may_touch
from tasks_app.services import audit

logger = logging.getLogger(__name__)
DAYS = 3
_DAY_SECONDS = 86_400
_SALT = "carillon.invitation"
# Short, and with no sign in it at which a mail program would end the link.
_signer = signing.TimestampSigner(salt=_SALT, sep=".")


class InvitationTokens:
    """Tokens that a first password uses up. They hold longer than those for a forgotten one, which end in an hour."""

    def make_token(self, user: User) -> str:
        """Give the token of a link."""
        return _signer.sign(self._state(user))

    def check_token(self, user: User | None, token: str | None) -> bool:
        """Say whether the link is still good."""
        if user is None or not token or user.has_usable_password():
            return False
        try:
            state = _signer.unsign(token, max_age=DAYS * _DAY_SECONDS)
        except signing.BadSignature:
            return False
        return constant_time_compare(state, self._state(user))

    def _state(self, user: User) -> str:
        """What changes when the link is used, or would go to somebody else."""
        return salted_hmac(_SALT, f"{user.pk}:{user.password}:{user.email}", algorithm="sha256").hexdigest()[:32]


invitation_tokens = InvitationTokens()


def invitation_of(*, by: User, person: User) -> tuple[str, str]:
    """Give the id and the token of a link that is good once and for some days, for somebody who has no password yet.

    Who has one keeps it: an administrator must not be able to become somebody else by a link.
    """
    if not (manages_people(by) and may_touch(by, person)) or not person.is_active:
        raise Forbidden("You may not invite this person.")
    if person.has_usable_password():
        raise Forbidden("This person has chosen a password already.")
    audit.note("user.link", person, actor=f"user:{by.get_username()}", user_id=by.pk)
    return urlsafe_base64_encode(force_bytes(person.pk)), invitation_tokens.make_token(person)


def invitation_mail(*, by: User, person: User, link: str) -> bool:
    """Mail the link, outside of any transaction; False where the mail server does not take it."""
    text = (
        f"Hello {person.get_username()},\n\n{by.get_username()} invites you to {settings.SITE_NAME}. Choose a password"
        f" here:\n\n{link}\n\nThe link is good once, and for {DAYS} days. Your user name is {person.get_username()}.\n"
    )
    try:
        subject = f"Your invitation to {settings.SITE_NAME}"
        EmailMessage(subject, text, None, [person.email]).send()
    except (OSError, smtplib.SMTPException) as error:
        logger.warning("an invitation could not be mailed: %s", error)
        return False
    return True
