"""Who the caller is, and what they have chosen for themselves."""

from pydantic import ConfigDict, Field

from tasks_app.api.auth import scopes_within
from tasks_app.api.call import Call
from tasks_app.api.endpoint import Endpoint, operation
from tasks_app.api.shape import Out, Shape
from tasks_app.models import ApiKey
from tasks_app.selectors.access import is_operator, sees_all
from tasks_app.selectors.people import zone_of_person
from tasks_app.selectors.second_factor import has_second_factor, needs_second_factor, recovery_codes_left
from tasks_app.services.people import profile_update


class UsedKey(Out):
    """The key that a request came with."""

    id: str
    name: str
    scope: str


class Factor(Out):
    """The person's authenticator app."""

    is_on: bool
    is_required: bool = Field(description="Whether the platform asks this person to have one.")
    recovery_codes_left: int


class Person(Out):
    """The caller, and what this sign-in may do."""

    id: int
    username: str
    name: str
    email: str
    is_staff: bool
    timezone: str | None = Field(description="Their time zone, in which new tasks are planned. Null: none chosen.")
    roles: list[str] = Field(description="The person's groups.")
    permissions: list[str] = Field(
        description="read, run, manage: what a session or the key's scope allows; see_all: everybody's tasks and runs; "
        "operate: queues and workers."
    )
    api_key: UsedKey | None = Field(description="Null for a session and for an access token.")
    second_factor: Factor


class Choices(Shape):
    """What to change; what is left out stays."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"timezone": "Europe/Berlin"}]})

    timezone: str | None = Field(None, description="An IANA name, such as Europe/Berlin; null for none.")


class Me(Endpoint):
    """The caller."""

    @operation("me")
    def get(self, call: Call) -> Person:
        """Say who is asking, and what this sign-in may do."""
        return _person(call)

    @operation("me_update")
    def patch(self, call: Call, body: Choices) -> Person:
        """Choose a time zone: pages show times in it, and new tasks are planned in it."""
        if "timezone" in body.model_fields_set:
            profile_update(user=call.user, timezone=body.timezone or "")
        return _person(call)


def _person(call: Call) -> Person:
    user = call.user
    return Person(
        id=user.pk,
        username=user.get_username(),
        name=user.get_full_name(),
        email=user.email,
        is_staff=user.is_staff,
        timezone=zone_of_person(user) or None,
        roles=sorted(group.name for group in user.groups.all()),
        permissions=_permissions(call),
        api_key=UsedKey(id=str(call.key.id), name=call.key.name, scope=call.key.scope) if call.key else None,
        second_factor=Factor(
            is_on=has_second_factor(user),
            is_required=needs_second_factor(user),
            recovery_codes_left=recovery_codes_left(user),
        ),
    )


def _permissions(call: Call) -> list[str]:
    found = scopes_within(call.key.scope if call.key else ApiKey.Scope.MANAGE)
    found += ["see_all"] if sees_all(call.user) else []
    return found + (["operate"] if is_operator(call.user) else [])
