"""A payload as people see it, and what they mean when it comes back from them."""

from typing import Any

from pydantic import BaseModel

from tasks_app.errors import Invalid
from tasks_app.handlers import registry
from tasks_app.handlers.locks import without_locked
from tasks_app.handlers.masking import masked, unmasked
from tasks_app.handlers.places import references
from tasks_app.models import ScheduledTask, TaskRun
from tasks_app.selectors.access import Deed, Person, require, require_type, shows_payload
from tasks_app.selectors.type_rules import type_rule

# What `x-choices` calls the things that only their owner may use.
SECRETS = frozenset({"credentials", "signing-keys"})


def model_of(type_name: str) -> type[BaseModel] | None:
    """The payload class of a type; None where its code has gone."""
    try:
        return registry.get(type_name).payload
    except KeyError:
        return None


def is_same_type(name: str, other: str) -> bool:
    """Say whether two names are those of one type, under an alias perhaps."""
    try:
        return name == other or registry.get(name) is registry.get(other)
    except KeyError:
        return False


def masked_payload(thing: ScheduledTask | TaskRun) -> dict[str, Any]:
    """The payload of a task or run with its secrets masked. Ask `shows_payload` first."""
    found: dict[str, Any] = masked(model_of(thing.type), thing.payload)
    return found


def meant_payload(
    user: Person, thing: ScheduledTask | TaskRun, payload: dict[str, Any], *, type_name: str | None = None
) -> dict[str, Any]:
    """Give what `user` means by a payload for this task or run: a mask stands for what is stored.

    Only for those who see it, and only in the same type. Raises Forbidden for those who may not change it, or not use
    the type; Invalid when somebody else than the owner would put the owner's credentials to a use of their own.
    """
    wanted = type_name or thing.type
    model = model_of(wanted)
    if thing.owner_id != user.pk:
        require(user, Deed.MANAGE, thing)
        require_type(user, wanted)
    meant = payload
    if is_same_type(wanted, thing.type) and shows_payload(user, thing):
        meant = unmasked(model, payload, thing.payload)
    if thing.owner_id != user.pk and model is not None and _is_reworded(thing, wanted, meant):
        for path, _ in references(model, meant, SECRETS):
            raise Invalid.at(f"payload.{path}", "not_allowed", "Only the owner of a credential may say what it is for.")
    return meant


def _is_reworded(thing: ScheduledTask | TaskRun, type_name: str, payload: dict[str, Any]) -> bool:
    """Say whether it says something new; what an administrator has fixed is said by nobody."""
    locked = type_rule(registry.get(type_name).name).locked
    said, stored = without_locked(payload, locked), without_locked(thing.payload, locked)
    return (type_name, said) != (thing.type, stored)
