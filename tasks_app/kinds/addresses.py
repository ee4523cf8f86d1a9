"""E-mail addresses in payloads: one bare address each, and who may be written to from here."""

import unicodedata
from collections.abc import Mapping, Sequence
from email.utils import parseaddr
from typing import Annotated, Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import EmailValidator
from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from tasks_app.errors import FieldError, Invalid

MAX_RECIPIENTS = 50
OUTSIDE = "tasks_app.mail_outside"
_LOCAL_PART_LIMIT = 64
_MOST_FAULTS = 50
_is_email = EmailValidator(allowlist=[])


def is_address(value: str) -> bool:
    """Say whether this is one bare address: no display name, no list, no address literal, nothing unprintable."""
    try:
        _is_email(value)
    except ValidationError:
        return False
    local, _, domain = value.rpartition("@")
    # Signs that can't be seen, or that pass for a dot, have no place in a name of a host.
    is_plain = all(sign in ".-" or unicodedata.category(sign)[0] in "LMN" for sign in domain)
    return is_plain and len(local) <= _LOCAL_PART_LIMIT


def canonical(address: str) -> str:
    """Give the form in which two spellings of one mailbox are the same."""
    local, _, domain = address.rpartition("@")
    return f"{local.casefold()}@{_domain(domain)}"


def _domain(name: str) -> str:
    name = name.casefold().rstrip(".")
    try:
        return name if name.isascii() else name.encode("idna").decode()
    except UnicodeError:
        return name


def _checked_address(value: str) -> str:
    if not is_address(value):
        raise PydanticCustomError("email", "Must be one e-mail address, like ada@example.com")
    return value


def _checked_recipients(values: list[str]) -> list[str]:
    if len({canonical(value) for value in values}) < len(values):
        raise PydanticCustomError("duplicate", "Each address may stand here once")
    return values


EmailAddress = Annotated[
    str, AfterValidator(_checked_address), Field(max_length=254, json_schema_extra={"format": "email"})
]
Recipients = Annotated[list[EmailAddress], AfterValidator(_checked_recipients), Field(max_length=MAX_RECIPIENTS)]


def check_recipients(owner: Any, addresses: Sequence[str], path: str) -> None:
    """Raise `Invalid` at each address in the list at `path` that `owner` may not write to; None is the platform."""
    check_addresses(owner, {f"{path}.{index}": address for index, address in enumerate(addresses)})


def check_addresses(owner: Any, addresses: Mapping[str, str]) -> None:
    """As `check_recipients`, for addresses by their paths."""
    fields: dict[str, list[FieldError]] = {}
    may_mail_outside = owner is None or (owner.is_active and owner.has_perm(OUTSIDE))
    for path, address in addresses.items():
        fault = why_not_to(address, may_mail_outside=may_mail_outside)
        if fault is not None and len(fields) < _MOST_FAULTS:
            fields[path] = [fault]
    if fields:
        raise Invalid("Not everybody may be written to; see the fields.", fields=fields)


def why_not_to(address: str, *, may_mail_outside: bool) -> FieldError | None:
    """Say why nobody may be written to at this address, or None."""
    if canonical(address) == canonical(parseaddr(settings.DEFAULT_FROM_EMAIL)[1]):
        return FieldError("own_sender", "This is the platform's own sender; it would be writing to itself.")
    domain = canonical(address).rpartition("@")[2]
    if may_mail_outside or domain in {_domain(own) for own in settings.MAIL_DOMAINS}:
        return None
    own = ", ".join(settings.MAIL_DOMAINS)
    return FieldError(
        "outside",
        f"You may write to {own} only, not to {domain}; an administrator can let you write to other domains.",
    )
