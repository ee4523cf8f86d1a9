"""Credentials, by their owners: nobody sees, names or uses anybody else's, staff included."""

import uuid
from collections.abc import Sequence

from django.db.models import QuerySet

from tasks_app.errors import NotFound
from tasks_app.models import Credential
from tasks_app.selectors.access import Person


def credentials_of(user: Person) -> QuerySet[Credential]:
    """The user's own credentials, by name."""
    return Credential.objects.filter(owner_id=user.pk or 0).order_by("name", "id")


def credential_get(user: Person, credential_id: uuid.UUID) -> Credential:
    """Give one of the user's own; raise NotFound."""
    found = credentials_of(user).filter(id=credential_id).first()
    if found is None:
        raise NotFound("There is no such credential.")
    return found


def credential_named(owner_id: int | None, name: str) -> Credential | None:
    """Give the owner's credential of this name."""
    return Credential.objects.filter(owner_id=owner_id or 0, name=name).first()


def credential_names(user: Person, kinds: Sequence[str]) -> list[str]:
    """The names of the user's credentials of these kinds."""
    return list(credentials_of(user).filter(kind__in=kinds).values_list("name", flat=True))
