"""Encryption of stored secrets with FIELD_KEYS: the first key seals, every key opens, so that keys can be rotated."""

from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings

from tasks_app.errors import CarillonError

_LOST = "A stored secret cannot be read: the key that encrypted it is not among FIELD_KEYS."


class Unsealable(CarillonError):
    """None of the keys opens it: FIELD_KEYS has lost the key that sealed it."""

    code = "unsealable"

    def __init__(self, message: str = "", **more: Any) -> None:
        super().__init__(message or _LOST, **more)


def seal(text: str) -> str:
    """Encrypt and authenticate a text."""
    return _keys().encrypt(text.encode()).decode("ascii")


def unseal(sealed: str) -> str:
    """Decrypt; raise `Unsealable` for what was sealed with a key that is not here any more, or has been changed."""
    try:
        return _keys().decrypt(sealed.encode("ascii")).decode()
    except (InvalidToken, UnicodeError):
        raise Unsealable from None


def reseal(sealed: str) -> str:
    """Seal again with the first key, without giving the text away."""
    try:
        return _keys().rotate(sealed.encode("ascii")).decode("ascii")
    except InvalidToken:
        raise Unsealable from None


def _keys() -> MultiFernet:
    return MultiFernet([Fernet(key) for key in settings.FIELD_KEYS])
