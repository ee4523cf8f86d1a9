"""The caller's credentials: secrets go in and never come out."""

import uuid
from typing import Any

from pydantic import ConfigDict, Field, SecretStr

from tasks_app.api.call import Call
from tasks_app.api.endpoint import Endpoint, operation
from tasks_app.api.paging import Page, by_number
from tasks_app.api.parameters import PageQuery
from tasks_app.api.shape import Instant, Out, Shape
from tasks_app.models import Credential as Row
from tasks_app.selectors.credentials import credential_get, credentials_of
from tasks_app.services.credentials import credential_create, credential_delete, credential_update

_HOSTS = "Where it may be sent: names, each with a port where it is not the usual one; *.example.com is one label more."
_DETAILS = (
    "By kind: basic: username; header: header; oauth2: token_url, client_id, and perhaps scope, client_auth "
    "(header or body)."
)
_SECRET = "Token, password, header value, client secret or key. Kept encrypted; in no answer."  # noqa: S105  # a label, not a secret
_EXAMPLE: dict[str, Any] = {"name": "crm", "kind": "bearer", "hosts": ["api.example.com"], "secret": "a token"}


class CredentialIn(Shape):
    """A credential to be made."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    name: str = Field(description="Tasks name it by this; unique among yours.")
    kind: str = Field(description="bearer, basic, header, oauth2 (client credentials) or signing (HMAC).")
    hosts: list[str] = Field(description=_HOSTS)
    details: dict[str, str] = Field(default_factory=dict, description=_DETAILS)
    secret: SecretStr = Field(description=_SECRET)


class CredentialChanges(Shape):
    """What to change; what is left out stays. Its kind stays for good."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"secret": "a newer token"}]})

    name: str = Field("", description="While tasks name it, it can't be renamed.")
    hosts: list[str] = Field(default_factory=list, description=f"{_HOSTS} A new one needs the secret again.")
    details: dict[str, str] = Field(default_factory=dict, description=f"{_DETAILS} A new token_url needs the secret.")
    secret: SecretStr = Field(SecretStr(""), description=_SECRET)


class Credential(Out):
    """A credential, without its secret."""

    id: str
    name: str
    kind: str
    hosts: list[str]
    details: dict[str, str]
    version: int
    created_at: Instant
    updated_at: Instant
    last_used_at: Instant | None

    def headers(self) -> dict[str, str]:
        """Give its address, and its version for If-Match."""
        return {"Location": f"/api/credentials/{self.id}", "ETag": f'"{self.version}"'}


class CredentialPage(Page[Credential]):
    """Credentials, by name."""


class CredentialList(Endpoint):
    """The caller's credentials."""

    @operation("credential_list")
    def get(self, call: Call, query: PageQuery) -> CredentialPage:
        """List your credentials."""
        return CredentialPage(**by_number(call, credentials_of(call.user), query, _out))

    @operation("credential_create", status=201)
    def post(self, call: Call, body: CredentialIn) -> Credential:
        """Make a credential. Its secret is never shown again, also not to you."""
        return _out(credential_create(owner=call.user, actor=call.actor, **_given(body)))


class CredentialObject(Endpoint):
    """One of the caller's credentials."""

    @operation("credential_get")
    def get(self, call: Call, credential_id: uuid.UUID) -> Credential:
        """Give one of your credentials."""
        return _out(credential_get(call.user, credential_id))

    @operation("credential_update", if_match=True)
    def patch(self, call: Call, body: CredentialChanges, credential_id: uuid.UUID) -> Credential:
        """Change what is given. Without a secret, the stored one stays."""
        row = credential_get(call.user, credential_id)
        done = credential_update(credential=row, changes=_given(body), actor=call.actor, expected_version=call.if_match)
        return _out(done)

    @operation("credential_delete", status=204, if_match=True)
    def delete(self, call: Call, credential_id: uuid.UUID) -> None:
        """Delete one of your credentials for good. 409 while an active or paused task names it."""
        row = credential_get(call.user, credential_id)
        credential_delete(credential=row, actor=call.actor, expected_version=call.if_match)


def _given(body: Shape) -> dict[str, Any]:
    fields = {name: getattr(body, name) for name in body.model_fields_set}
    if "secret" in fields:
        fields["secret"] = fields["secret"].get_secret_value()
    return fields


def _out(row: Row) -> Credential:
    same = ("name", "kind", "hosts", "details", "version", "created_at", "updated_at", "last_used_at")
    return Credential(id=str(row.id), **{name: getattr(row, name) for name in same})
