"""Who the caller is."""

from pydantic import Field

from tasks_app.api.auth import scopes_within
from tasks_app.api.call import Call
from tasks_app.api.endpoint import Endpoint, operation
from tasks_app.api.shape import Out
from tasks_app.models import ApiKey
from tasks_app.selectors.access import is_operator, sees_all


class UsedKey(Out):
    """The key that a request came with."""

    id: str
    name: str
    scope: str


class Person(Out):
    """The caller, and what this sign-in may do."""

    id: int
    username: str
    name: str
    email: str
    is_staff: bool
    roles: list[str] = Field(description="The person's groups.")
    permissions: list[str] = Field(
        description="read, run, manage: what a session or the key's scope allows; see_all: everybody's tasks and runs; "
        "operate: queues and workers."
    )
    api_key: UsedKey | None = Field(description="Null for a session.")


class Me(Endpoint):
    """The caller."""

    @operation("me")
    def get(self, call: Call) -> Person:
        """Say who is asking, and what this sign-in may do."""
        user = call.user
        return Person(
            id=user.pk,
            username=user.get_username(),
            name=user.get_full_name(),
            email=user.email,
            is_staff=user.is_staff,
            roles=sorted(group.name for group in user.groups.all()),
            permissions=_permissions(call),
            api_key=UsedKey(id=str(call.key.id), name=call.key.name, scope=call.key.scope) if call.key else None,
        )


def _permissions(call: Call) -> list[str]:
    found = scopes_within(call.key.scope if call.key else ApiKey.Scope.MANAGE)
    found += ["see_all"] if sees_all(call.user) else []
    return found + (["operate"] if is_operator(call.user) else [])
