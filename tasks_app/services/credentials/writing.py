"""Making, changing and deleting credentials. Each is one transaction; the secret goes in and never comes out."""

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import IntegrityError, transaction

from tasks_app.errors import Conflict, FieldError, Invalid, Stale
from tasks_app.handlers.masking import MASK
from tasks_app.models import Credential
from tasks_app.selectors.access import owner_reaches_private, reaches_private
from tasks_app.services import audit
from tasks_app.services.audit_values import secret_of, values_of
from tasks_app.services.credentials.checks import checked_details, checked_hosts, checked_secret
from tasks_app.services.credentials.hosts import is_within
from tasks_app.services.credentials.uses import uses_of
from tasks_app.services.credentials.vault import put_away
from tasks_app.services.validation import Problems, check_choice, check_line

logger = logging.getLogger(__name__)
MOST = 200
_LONGEST_NAME = 100
_SHOWN = ("name", "kind", "hosts", "details")
_CHANGEABLE = frozenset({"name", "hosts", "details", "secret"})


@transaction.atomic
def credential_create(  # noqa: PLR0913  # what a credential is made of
    *,
    owner: AbstractBaseUser,
    name: str,
    kind: str,
    hosts: Sequence[str],
    secret: str,
    actor: str,
    details: Mapping[str, Any] | None = None,
) -> Credential:
    """Make one. Raises Invalid with every field's faults, Conflict when the owner has one of this name."""
    problems, allow_private = Problems(), reaches_private(owner)
    check_choice(problems, "kind", kind, Credential.Kind.values)
    credential = Credential(
        owner_id=owner.pk,
        name=check_line(problems, "name", name, most=_LONGEST_NAME),
        kind=kind,
        hosts=checked_hosts(problems, hosts, allow_private=allow_private),
    )
    if kind in Credential.Kind.values:
        given = {} if details is None else details
        credential.details = checked_details(problems, kind, given, allow_private=allow_private)
    plain = checked_secret(problems, kind, secret)
    _refuse(problems)
    if Credential.objects.filter(owner_id=owner.pk).count() >= MOST:
        raise Conflict(f"You have {MOST} credentials; delete one that nothing uses any more.")
    credential.sealed = put_away(credential, plain)
    try:
        with transaction.atomic():
            credential.save(force_insert=True)
    except IntegrityError as error:
        raise _taken(credential, error) from error
    logger.info("credential %s of kind %s made by %s", credential.pk, kind, actor)
    audit.note("credential.create", credential, actor=actor, after=values_of(credential, _SHOWN))
    return credential


@transaction.atomic
def credential_update(
    *, credential: Credential, changes: Mapping[str, Any], actor: str, expected_version: int | None = None
) -> Credential:
    """Change `name`, `hosts`, `details` or `secret`; what is left out stays, and so does its kind.

    Where the secret would go to a place that it was not given for, it must be given again: otherwise whoever borrows a
    session could have it sent to themselves. Raises Stale when `expected_version` is not the credential's.
    """
    unknown = set(changes) - _CHANGEABLE
    if unknown:
        raise TypeError(f"a credential has no {sorted(unknown)} to change")
    credential = Credential.objects.select_for_update(of=("self",)).get(pk=credential.pk)
    if expected_version is not None and credential.version != expected_version:
        raise Stale("The credential has changed since you read it; read it again and repeat your edit.")
    fields, secret = _checked_changes(credential, changes)
    if secret is None and all(getattr(credential, name) == value for name, value in fields.items()):
        return credential
    if fields["name"] != credential.name:
        _check_unused(credential, "renamed")
    before = {**values_of(credential, _SHOWN), "secret": MASK}
    for name, value in fields.items():
        setattr(credential, name, value)
    if secret is not None:
        credential.sealed = put_away(credential, secret)
    credential.sealed_token, credential.token_until = "", None
    credential.version += 1
    try:
        with transaction.atomic():
            credential.save(force_update=True)
    except IntegrityError as error:
        raise _taken(credential, error) from error
    logger.info("credential %s changed by %s", credential.pk, actor)
    after = {**values_of(credential, _SHOWN), "secret": MASK, **secret_of(secret is not None)}
    audit.note("credential.update", credential, actor=actor, before=before, after=after)
    return credential


@transaction.atomic
def credential_delete(*, credential: Credential, actor: str, expected_version: int | None = None) -> None:
    """Delete it for good. Raises Conflict while an active or paused task names it."""
    credential = Credential.objects.select_for_update(of=("self",)).get(pk=credential.pk)
    if expected_version is not None and credential.version != expected_version:
        raise Stale("The credential has changed since you read it; read it again before you delete it.")
    _check_unused(credential, "deleted")
    audit.note("credential.delete", credential, actor=actor, before=values_of(credential, _SHOWN))
    Credential.objects.filter(pk=credential.pk).delete()
    logger.info("credential %s deleted by %s", credential.pk, actor)


def _checked_changes(credential: Credential, changes: Mapping[str, Any]) -> tuple[dict[str, Any], str | None]:
    problems, allow_private = Problems(), owner_reaches_private(credential.owner_id)
    secret = checked_secret(problems, credential.kind, changes["secret"]) if "secret" in changes else None
    name = check_line(problems, "name", changes.get("name", credential.name), most=_LONGEST_NAME)
    hosts: list[str] = credential.hosts
    if "hosts" in changes:
        hosts = checked_hosts(problems, changes["hosts"], allow_private=allow_private)
    details: dict[str, str] = credential.details
    if "details" in changes:
        details = checked_details(problems, credential.kind, changes["details"], allow_private=allow_private)
    is_elsewhere = not is_within(hosts, credential.hosts)
    is_elsewhere |= details.get("token_url") != credential.details.get("token_url")
    if secret is None and is_elsewhere and not problems:
        message = "Give the secret again: with this change it would go to a place that it was not given for."
        problems.add("secret", "required", message)
    _refuse(problems)
    return {"name": name, "hosts": hosts, "details": details}, secret


def _refuse(problems: Problems) -> None:
    if problems:
        raise Invalid("The credential was not accepted; see the fields.", fields=problems.fields)


def _check_unused(credential: Credential, done: str) -> None:
    count = uses_of(credential)
    if count:
        tasks = "1 task uses" if count == 1 else f"{count} tasks use"
        raise Conflict(f"It can't be {done}: {tasks} it by this name.", code="in_use")


def _taken(credential: Credential, error: IntegrityError) -> Exception:
    others = Credential.objects.filter(owner_id=credential.owner_id, name=credential.name).exclude(pk=credential.pk)
    if not others.exists():
        return error
    message = "You have a credential of this name already."
    return Conflict(message, code="name_taken", fields={"name": [FieldError("taken", message)]})
