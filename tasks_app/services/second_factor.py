"""The authenticator app (TOTP, RFC 6238: SHA-1, six digits, 30 s) and the recovery codes that stand in for it."""

import base64
import hashlib
import hmac
import secrets
from datetime import timedelta

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from tasks_app.errors import Conflict, FieldError, Invalid
from tasks_app.models import RecoveryCode, SecondFactor
from tasks_app.selectors.second_factor import has_second_factor
from tasks_app.services import audit
from tasks_app.services.account_mail import News, account_news
from tasks_app.services.sealing import Unsealable, seal, unseal

STEP_SECONDS, DIGITS = 30, 6
SECRET_BYTES = 20
WAITS = timedelta(minutes=30)
CODES, CODE_LENGTH, CODE_GROUP = 10, 16, 4
# Letters and digits that nobody confuses on paper (Crockford's).
ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
UNREADABLE = (
    "Codes of the app cannot be checked: the key that sealed your second factor is not among the platform's FIELD_KEYS"
    " any more. A recovery code still counts, and so does the help of an administrator."
)
_READ_AS = str.maketrans({"o": "0", "i": "1", "l": "1", "-": None, " ": None})


def factor_begin(*, user: AbstractBaseUser) -> str:
    """Give the secret that waits for its confirmation, in base32; made when there is none of the last half hour.

    One that no key opens any more is made anew, because nothing hangs on it yet.

    Raises Conflict when it is on.
    """
    if has_second_factor(user):
        raise Conflict("Your second factor is on already.")
    secret = base64.b32encode(secrets.token_bytes(SECRET_BYTES)).decode()
    fresh = {"sealed": seal(secret), "created_at": timezone.now()}
    SecondFactor.objects.filter(_too_old(), user_id=user.pk).update(**fresh)
    factor, _ = SecondFactor.objects.get_or_create(user_id=user.pk, defaults=fresh)
    if is_readable(factor):
        return unseal(factor.sealed)
    SecondFactor.objects.filter(user_id=user.pk, confirmed_at=None).update(**fresh)
    return secret


def is_readable(factor: SecondFactor) -> bool:
    """Say whether one of FIELD_KEYS opens the secret, so that codes of the app can be checked."""
    try:
        unseal(factor.sealed)
    except Unsealable:
        return False
    return True


def _too_old() -> Q:
    """A secret that waited so long may have been begun by somebody else, who knows it."""
    return Q(confirmed_at=None, created_at__lt=timezone.now() - WAITS)


def factor_uri(*, user: AbstractBaseUser, secret: str) -> str:
    """Give what the QR code says to the app."""
    return _totp(secret).get_provisioning_uri(user.get_username(), settings.SITE_NAME)


@transaction.atomic
def factor_confirm(*, user: AbstractBaseUser, code: str) -> list[str]:
    """Turn it on with a code of the app, and give the recovery codes. Raises Invalid for a wrong code."""
    factor = SecondFactor.objects.select_for_update().exclude(_too_old()).filter(user_id=user.pk).first()
    if factor is None or factor.confirmed_at is not None:
        raise Conflict("There is nothing to confirm. Look at the page again.")
    step = _step_of(_secret_of(factor), code)
    if step is None:
        raise Invalid.at("code", "invalid_code", "This is not the code that the app shows now. Is its clock right?")
    SecondFactor.objects.filter(user_id=user.pk, confirmed_at=None).update(
        confirmed_at=timezone.now(), last_step=step, sealed=factor.sealed
    )
    audit.note("second_factor.on", user, owner_id=user.pk)
    account_news(user=user, what=News.FACTOR_ON)
    return _codes_make(user)


@transaction.atomic
def factor_remove(*, user: AbstractBaseUser) -> bool:
    """Take the second factor and its recovery codes away; says whether it was on."""
    RecoveryCode.objects.filter(user_id=user.pk).delete()
    was_on = has_second_factor(user)
    SecondFactor.objects.filter(user_id=user.pk).delete()
    if was_on:
        audit.note("second_factor.off", user, owner_id=user.pk)
        account_news(user=user, what=News.FACTOR_OFF)
    return was_on


@transaction.atomic
def recovery_codes_make(*, user: AbstractBaseUser) -> list[str]:
    """Make ten new recovery codes, which are never seen again; older ones are worthless from now on."""
    account_news(user=user, what=News.CODES)
    return _codes_make(user)


def _codes_make(user: AbstractBaseUser) -> list[str]:
    codes = ["".join(secrets.choice(ALPHABET) for _ in range(CODE_LENGTH)) for _ in range(CODES)]
    RecoveryCode.objects.filter(user_id=user.pk).delete()
    RecoveryCode.objects.bulk_create(RecoveryCode(user_id=user.pk, digest=_digest(user, code)) for code in codes)
    audit.note("recovery_codes.make", user, owner_id=user.pk)
    return ["-".join(code[at : at + CODE_GROUP] for at in range(0, CODE_LENGTH, CODE_GROUP)) for code in codes]


def code_use(*, user: AbstractBaseUser, code: str) -> bool:
    """Say whether this code of the app, or recovery code, is right, and use it up: each counts once.

    Raises Unsealable for a code of the app when no key opens its secret any more.
    """
    factor = SecondFactor.objects.filter(user_id=user.pk).exclude(confirmed_at=None).first()
    if factor is None:
        return False
    if is_of_the_app(code):
        step = _step_of(_secret_of(factor), code)
        unused = SecondFactor.objects.filter(user_id=user.pk, sealed=factor.sealed, last_step__lt=step or 0)
        return step is not None and unused.update(last_step=step) == 1
    fresh = RecoveryCode.objects.filter(user_id=user.pk, digest=_digest(user, code), used_at=None)
    return fresh.update(used_at=timezone.now()) == 1


def _secret_of(factor: SecondFactor) -> str:
    try:
        return unseal(factor.sealed)
    except Unsealable:
        raise Unsealable(UNREADABLE, fields={"code": [FieldError(Unsealable.code, UNREADABLE)]}) from None


def code_at(secret: str, step: int) -> str:
    """Give the code of a 30 s step."""
    return _totp(secret).generate(step * STEP_SECONDS).decode()


def _step_of(secret: str, code: str) -> int | None:
    """Find the step whose code this is: the one now, or its neighbours, because clocks differ."""
    if not is_of_the_app(code):
        return None
    digits = "".join(code.split())
    now = int(timezone.now().timestamp()) // STEP_SECONDS
    right = [step for step in (now - 1, now, now + 1) if hmac.compare_digest(code_at(secret, step), digits)]
    return max(right, default=None)


def is_of_the_app(code: str) -> bool:
    """Say whether this has the form of the app's codes; recovery codes are longer, and need no key to be checked."""
    digits = "".join(code.split())
    return len(digits) == DIGITS and digits.isascii() and digits.isdigit()


def _totp(secret: str) -> TOTP:
    return TOTP(base64.b32decode(secret), DIGITS, SHA1(), STEP_SECONDS)  # noqa: S303  # what every app speaks


def _digest(user: AbstractBaseUser, code: str) -> str:
    """They are random and long, so one round of SHA-256 is enough; the person's id makes equal ones differ."""
    return hashlib.sha256(f"{user.pk}:{code.lower().translate(_READ_AS)}".encode()).hexdigest()
