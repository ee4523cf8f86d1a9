"""Payload fields that name something of the owner's, and the finding of what they name.

Names are unique per owner, and a name is looked up among the things of the run's owner only.
"""

from typing import Annotated, Any

from pydantic import Field

from tasks_app.errors import Invalid, Permanent
from tasks_app.models import Credential
from tasks_app.selectors.credentials import credential_named
from tasks_app.services.credentials import AUTHORISING, SIGNING, CredentialRefused, check_target

__all__ = ["AUTHORISING", "SIGNING", "CredentialName", "SigningKeyName", "check_credential", "credential_for"]
_LONGEST = 100
CredentialName = Annotated[
    str, Field(min_length=1, max_length=_LONGEST, json_schema_extra={"x-choices": "credentials"})
]
SigningKeyName = Annotated[
    str, Field(min_length=1, max_length=_LONGEST, json_schema_extra={"x-choices": "signing-keys"})
]


def credential_for(owner_id: int | None, name: str) -> Credential:
    """Give the credential for a run; raise Permanent when it has gone."""
    found = credential_named(owner_id, name)
    if found is None:
        raise Permanent(f"There is no credential “{name[:_LONGEST]}” any more; make it again, or edit the task.")
    return found


def check_credential(owner: Any, name: str, path: str, *, kinds: tuple[str, ...] = AUTHORISING, url: str = "") -> None:
    """Raise Invalid at `path` unless the owner has such a credential, and, where given, it may go to `url`."""
    found = credential_named(getattr(owner, "pk", None), name)
    if found is None:
        raise Invalid.at(path, "unknown", "There is no such credential; make one under Settings, Credentials.")
    if found.kind not in kinds:
        wanted = "a signing key" if kinds == SIGNING else "a credential that authorises requests"
        raise Invalid.at(path, "wrong_kind", f"This is not {wanted}.")
    if url:
        try:
            check_target(found, url)
        except CredentialRefused as error:
            raise Invalid.at(path, "host_not_allowed", str(error)) from None
