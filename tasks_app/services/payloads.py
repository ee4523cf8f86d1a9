"""Payloads as people mean them, and as they are stored: checked against their type, their owner's rights, the size."""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser

from tasks_app.errors import FieldError, Invalid
from tasks_app.handlers import registry
from tasks_app.handlers.locks import differing, with_locked, without_locked
from tasks_app.handlers.masking import mask_faults
from tasks_app.handlers.places import references
from tasks_app.handlers.unmasking import Origins, unmasked
from tasks_app.handlers.validation import check_editor
from tasks_app.models import ScheduledTask, TaskRun
from tasks_app.selectors.access import Deed, Person, manages_all, require, require_type, shows_payload, why_not
from tasks_app.selectors.payloads import is_same_type, masked_payload, model_of
from tasks_app.selectors.type_rules import NO_RULE, Rule, type_rule
from tasks_app.services.borrowing import check_references
from tasks_app.services.sealed_payloads import opened_locks, opened_payload, sealed_faults, sealed_payload
from tasks_app.services.validation import Problems, check_json

# What `x-choices` calls the things that only their owner may use.
SECRETS = frozenset({"credentials", "signing-keys"})


def meant_payload(
    user: Person,
    thing: ScheduledTask | TaskRun,
    payload: dict[str, Any],
    *,
    type_name: str | None = None,
    origins: Origins = MappingProxyType({}),
) -> dict[str, Any]:
    """Give what `user` means by a payload for this task or run: a mask stands for what is stored.

    `origins`: from which stored row each row of its lists comes, where that is known.

    Only for those who see it, and only in the same type. Raises Forbidden for those who may not change it, or not use
    the type; Invalid when somebody else than the owner would put the owner's credentials or rights to a use of their
    own.
    """
    wanted = type_name or thing.type
    model = model_of(wanted)
    if thing.owner_id != user.pk:
        require(user, Deed.MANAGE, thing)
        require_type(user, wanted)
    meant, stored = payload, opened_payload(thing, is_for_edit=True)
    if is_same_type(wanted, thing.type) and shows_payload(user, thing):
        meant = unmasked(model, payload, stored, origins)
    if thing.owner_id != user.pk and model is not None and _is_reworded(thing, wanted, meant, stored):
        for path, _ in references(model, meant, SECRETS):
            raise Invalid.at(f"payload.{path}", "not_allowed", "Only the owner of a credential may say what it is for.")
        is_known = is_same_type(wanted, thing.type) and shows_payload(user, thing)
        check_references(user, thing, model, meant, stored if is_known else {})
        if not manages_all(user):
            _check_editor(user, wanted, meant, stored if is_same_type(wanted, thing.type) else {})
    return meant


def _check_editor(user: Person, type_name: str, meant: dict[str, Any], stored: dict[str, Any]) -> None:
    """Raise Invalid where the run, which acts for its owner, would do for the user what they may not do themselves.

    That comes before what is wrong for the owner: what the owner has, or has not, is not theirs to find out. What does
    not fit the type at all is said when it is saved, with all other faults.
    """
    model, locked = model_of(type_name), _rule_of(type_name).locked
    try:
        instance, _ = registry.validate(type_name, with_locked(model, meant, locked))
    except (KeyError, Invalid):
        return
    check_editor(instance, user, stored)


def _is_reworded(thing: ScheduledTask | TaskRun, type_name: str, meant: dict[str, Any], stored: dict[str, Any]) -> bool:
    """Say whether it says something new; what an administrator has fixed is said by nobody."""
    locked = type_rule(registry.get(type_name).name).locked
    said = without_locked(meant, locked)
    return type_name != thing.type or said not in (
        without_locked(stored, locked),
        without_locked(thing.payload, locked),
    )


def edited_payload(
    problems: Problems,
    type_name: str,
    payload: object,
    *,
    owner: AbstractBaseUser | None,
    current: ScheduledTask | None,
) -> dict[str, Any]:
    """Check the payload of a task; what an edit leaves alone is not held against it."""
    kept: dict[str, Any] = current.payload if current is not None else {}
    is_kept = current is not None and payload in (kept, opened_payload(current, is_for_edit=True))
    if current is not None and is_kept and type_name == current.type:
        return kept
    if not isinstance(payload, Mapping):
        problems.add("payload", "type", "Must be an object.")
        return {}
    is_other_type = current is not None and not is_same_type(type_name, current.type)
    if current is not None and is_other_type and is_kept and masked_payload(current) != kept:
        # Another type might show what this one masks.
        problems.add("payload", "masked", "It holds secrets of the former type; give the payload anew.")
        return kept
    return checked_payload(problems, type_name, dict(payload), owner=owner)


def checked_payload(
    problems: Problems, type_name: str, payload: dict[str, Any], *, owner: AbstractBaseUser | None
) -> dict[str, Any]:
    """Check a payload against its type, its owner's rights and the size limit; gives it in the type's own form, sealed.

    The payload of a row is `opened_payload` of it first. What an administrator has fixed stands in it then, whether it
    was given or left out; another value is a fault.
    """
    found, rule = Problems(), _rule_of(type_name)
    check_json(found, "payload", payload, most_bytes=settings.PAYLOAD_MAX_BYTES)
    if not found and rule.locked:
        payload = _with_locked(found, type_name, payload, rule)
    if not found:
        # Before the type's own checks: a mask that stands for nothing must be called by its name.
        found.merge(_mask_faults(type_name, payload) | sealed_faults(payload))
    if not found:
        try:
            reason = why_not(owner, registry.get(type_name), is_restricted=rule.is_restricted)
            if not reason:
                return sealed_payload(type_name, registry.validate_for(owner, type_name, payload)[1])
            found.add("type", "not_allowed", reason)
        except KeyError:
            found.add("type", "unknown", "There is no such task type; GET /api/task-types lists them.")
        except Invalid as error:
            found.merge(error.fields)
    problems.merge(found.fields)
    return payload


def _rule_of(type_name: str) -> Rule:
    try:
        rule = type_rule(registry.get(type_name).name)
    except KeyError:
        return NO_RULE
    return replace(rule, locked=opened_locks(type_name, rule.locked)) if rule.locked else rule


def _with_locked(problems: Problems, type_name: str, payload: dict[str, Any], rule: Rule) -> dict[str, Any]:
    model = model_of(type_name)
    for path in differing(model, payload, rule.locked):
        problems.add(f"payload.{path}", "locked", "An administrator has fixed this field; leave it out.")
    return with_locked(model, payload, rule.locked)


def _mask_faults(type_name: str, payload: dict[str, Any]) -> dict[str, list[FieldError]]:
    model = model_of(type_name)
    return {f"payload.{path}": faults for path, faults in mask_faults(model, payload).items()} if model else {}
