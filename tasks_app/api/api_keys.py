"""The caller's API keys."""

import uuid

from pydantic import Field

from tasks_app.api.call import Call
from tasks_app.api.endpoint import Endpoint, operation
from tasks_app.api.instants import written_instant
from tasks_app.api.paging import Page, by_number
from tasks_app.api.parameters import PageQuery
from tasks_app.api.shape import Instant, Out, Shape
from tasks_app.errors import NotFound
from tasks_app.models import ApiKey
from tasks_app.selectors.api_keys import api_keys_of
from tasks_app.services.api_keys import api_key_create, api_key_revoke


class KeyIn(Shape):
    """A key to be made."""

    name: str
    scope: str = Field(description="read: look; run: also start, cancel and repeat; manage: everything.")
    expires_at: str | None = Field(None, description="RFC 3339; without an offset: UTC. Null: never.")


class Key(Out):
    """A key, without the secret."""

    id: str
    name: str
    prefix: str = Field(description="How the key begins.")
    scope: str
    created_at: Instant
    expires_at: Instant | None
    last_used_at: Instant | None
    revoked_at: Instant | None

    def headers(self) -> dict[str, str]:
        """Give its address."""
        return {"Location": f"/api/api-keys/{self.id}"}


class NewKey(Key):
    """A key that has just been made: `key` is shown this once."""

    key: str


class KeyPage(Page[Key]):
    """Keys, the newest first."""


class KeyList(Endpoint):
    """The caller's keys."""

    @operation("api_key_list")
    def get(self, call: Call, query: PageQuery) -> KeyPage:
        """List your keys."""
        return KeyPage(**by_number(call, api_keys_of(call.user), query, lambda key: Key(**_fields(key))))

    @operation("api_key_create", status=201)
    def post(self, call: Call, body: KeyIn) -> NewKey:
        """Make a key. Its text is in this answer and nowhere else."""
        at = body.expires_at and written_instant(body.expires_at, "UTC", "expires_at")
        key, plain = api_key_create(
            user=call.user, name=body.name, scope=body.scope, expires_at=at or None, by=call.key
        )
        return NewKey(**_fields(key), key=plain)


class KeyObject(Endpoint):
    """One of the caller's keys."""

    @operation("api_key_get")
    def get(self, call: Call, key_id: uuid.UUID) -> Key:
        """Give one of your keys."""
        return Key(**_fields(_own(call, key_id)))

    @operation("api_key_revoke", status=204)
    def delete(self, call: Call, key_id: uuid.UUID) -> None:
        """Revoke one of your keys: it is refused from now on."""
        api_key_revoke(key=_own(call, key_id))


def _own(call: Call, key_id: uuid.UUID) -> ApiKey:
    key = api_keys_of(call.user).filter(id=key_id).first()
    if key is None:
        raise NotFound("There is no such key.")
    return key


def _fields(key: ApiKey) -> dict[str, object]:
    same = ("name", "prefix", "scope", "created_at", "expires_at", "last_used_at", "revoked_at")
    return {"id": str(key.id), **{name: getattr(key, name) for name in same}}
