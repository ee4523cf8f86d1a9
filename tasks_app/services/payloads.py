"""Payloads as they are stored: checked against their type, their owner's rights and the size limit."""

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser

from tasks_app.errors import FieldError, Invalid
from tasks_app.handlers import registry
from tasks_app.handlers.locks import differing, with_locked
from tasks_app.handlers.masking import mask_faults
from tasks_app.models import ScheduledTask
from tasks_app.selectors.access import why_not
from tasks_app.selectors.payloads import is_same_type, masked_payload, model_of
from tasks_app.selectors.type_rules import NO_RULE, Rule, type_rule
from tasks_app.services.validation import Problems, check_json


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
    if current is not None and (type_name, payload) == (current.type, kept):
        return kept
    if not isinstance(payload, Mapping):
        problems.add("payload", "type", "Must be an object.")
        return {}
    is_other_type = current is not None and not is_same_type(type_name, current.type)
    if current is not None and is_other_type and payload == kept and masked_payload(current) != kept:
        # Another type might show what this one masks.
        problems.add("payload", "masked", "It holds secrets of the former type; give the payload anew.")
        return kept
    return checked_payload(problems, type_name, dict(payload), owner=owner)


def checked_payload(
    problems: Problems, type_name: str, payload: dict[str, Any], *, owner: AbstractBaseUser | None
) -> dict[str, Any]:
    """Check a payload against its type, its owner's rights and the size limit; gives it in the type's own form.

    What an administrator has fixed stands in it then, whether it was given or left out; another value is a fault.
    """
    found, rule = Problems(), _rule_of(type_name)
    check_json(found, "payload", payload, most_bytes=settings.PAYLOAD_MAX_BYTES)
    if not found and rule.locked:
        payload = _with_locked(found, type_name, payload, rule)
    if not found:
        # Before the type's own checks: a mask that stands for nothing must be called by its name.
        found.merge(_mask_faults(type_name, payload))
    if not found:
        try:
            reason = why_not(owner, registry.get(type_name), is_restricted=rule.is_restricted)
            if not reason:
                return registry.validate_for(owner, type_name, payload)[1]
            found.add("type", "not_allowed", reason)
        except KeyError:
            found.add("type", "unknown", "There is no such task type; GET /api/task-types lists them.")
        except Invalid as error:
            found.merge(error.fields)
    problems.merge(found.fields)
    return payload


def _rule_of(type_name: str) -> Rule:
    try:
        return type_rule(registry.get(type_name).name)
    except KeyError:
        return NO_RULE


def _with_locked(problems: Problems, type_name: str, payload: dict[str, Any], rule: Rule) -> dict[str, Any]:
    model = model_of(type_name)
    for path in differing(model, payload, rule.locked):
        problems.add(f"payload.{path}", "locked", "An administrator has fixed this field; leave it out.")
    return with_locked(model, payload, rule.locked)


def _mask_faults(type_name: str, payload: dict[str, Any]) -> dict[str, list[FieldError]]:
    model = model_of(type_name)
    return {f"payload.{path}": faults for path, faults in mask_faults(model, payload).items()} if model else {}
