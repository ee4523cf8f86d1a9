"""Laying down rules for task types: who may use one, and which payload fields have a fixed value."""

import json
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.db import transaction

from tasks_app.errors import Invalid
from tasks_app.handlers import registry
from tasks_app.handlers.locks import is_place, masked_locks
from tasks_app.handlers.masking import MASK
from tasks_app.handlers.spec import HandlerSpec
from tasks_app.models import TypeRule
from tasks_app.services import audit
from tasks_app.services.audit_values import HIDDEN, Guarded
from tasks_app.services.sealed_payloads import opened_locks, sealed_locks
from tasks_app.services.validation import Problems, check_json

_MOST = 50


@transaction.atomic
def type_rule_save(*, type: str, is_restricted: bool, locked: Mapping[str, Any], actor: str) -> TypeRule:
    """Lay down the rule of a type. It holds for what is saved and what starts from now on.

    A fixed path must be one of the payload's schema and its value must be one that the field takes. A mask stands for
    the secret that is fixed there already. Raises Invalid with every fault.
    """
    stored = TypeRule.objects.select_for_update().filter(type=type).first()
    fixed = type_rule_check(type=type, locked=locked)
    before = _values(stored) if stored else {}
    rule = stored or TypeRule(type=registry.get(type).name)
    rule.is_restricted, rule.locked, rule.updated_by = is_restricted, sealed_locks(type, fixed), actor[:200]
    rule.save()
    verb = "update" if stored else "create"
    audit.note(f"type_rule.{verb}", rule, actor=actor, before=before, after=_values(rule))
    return rule


@transaction.atomic
def type_rule_delete(*, rule: TypeRule, actor: str) -> None:
    """Take the rule back: the type is for everybody again, and nothing of it is fixed."""
    audit.note("type_rule.delete", rule, actor=actor, before=_values(rule))
    rule.delete()


def type_rule_check(*, type: str, locked: object) -> dict[str, Any]:
    """Give the fixed values, with what is stored in place of masks; raises Invalid with every fault."""
    problems = Problems()
    spec = _spec(problems, type)
    if not isinstance(locked, Mapping):
        problems.add("locked", "type", "Must be an object: paths of payload fields, each with its value.")
    elif len(locked) > _MOST:
        problems.add("locked", "too_many", f"At most {_MOST} fields can be fixed.")
    else:
        check_json(problems, "locked", locked, most_bytes=settings.PAYLOAD_MAX_BYTES)
    if problems or spec is None or not isinstance(locked, Mapping):
        raise _refused(problems)
    fixed = _kept(problems, spec, locked)
    for path in fixed:
        _check_path(problems, spec, path, fixed)
    if not problems:
        _check_values(problems, spec, fixed)
    if problems:
        raise _refused(problems)
    return fixed


def _values(rule: TypeRule) -> dict[str, Any]:
    """Tell the audit log which fields are fixed; their values as they may be shown there."""
    spec = next((one for one in registry.all() if one.name == rule.type), None)
    shown = masked_locks(spec.payload, rule.locked) if spec and not spec.sensitive else {}
    fixed = {f"locked.{path}": Guarded(shown.get(path, HIDDEN), value) for path, value in rule.locked.items()}
    return {"is_restricted": rule.is_restricted, **fixed}


def _spec(problems: Problems, type: str) -> HandlerSpec | None:
    try:
        spec = registry.get(type)
    except KeyError:
        problems.add("type", "unknown", "There is no such task type.")
        return None
    if spec.internal or spec.name != type:
        problems.add("type", "unknown", "People have no tasks of this type.")
    return spec


def _kept(problems: Problems, spec: HandlerSpec, locked: Mapping[str, Any]) -> dict[str, Any]:
    """Put what is stored in place of each mask, unless no key opens it any more."""
    rule = TypeRule.objects.filter(type=spec.name).first()
    stored = opened_locks(spec.name, rule.locked, is_for_edit=True) if rule else {}
    shown = masked_locks(spec.payload, stored)
    for path in (path for path, value in stored.items() if value == MASK == locked.get(path)):
        problems.add(f"locked.{path[:80]}", "masked", "The stored value cannot be read any more; type it again.")
    return {path: stored[path] if path in stored and value == shown[path] else value for path, value in locked.items()}


def _check_path(problems: Problems, spec: HandlerSpec, path: str, fixed: Mapping[str, Any]) -> None:
    if not is_place(spec.payload, path):
        problems.add(f"locked.{path[:80]}", "unknown_field", "The payload of this type has no such field.")
    if any(path.startswith(f"{other}.") for other in fixed):
        problems.add(f"locked.{path[:80]}", "contradiction", "A field around this one is fixed already.")


def _check_values(problems: Problems, spec: HandlerSpec, fixed: Mapping[str, Any]) -> None:
    """Check the fixed values as a payload; what is missing beside them is for those who make tasks to give."""
    payload: dict[str, Any] = {}
    for path, value in fixed.items():
        *way, last = path.split(".")
        inner = payload
        for step in way:
            inner = inner.setdefault(step, {})
        inner[last] = value
    try:
        registry.validate(spec.name, json.loads(json.dumps(payload)))
    except Invalid as error:
        for place, faults in error.fields.items():
            path = place.removeprefix("payload.")
            if any(path == one or path.startswith(f"{one}.") for one in fixed):
                for fault in faults:
                    problems.note(f"locked.{path[:80]}", fault)


def _refused(problems: Problems) -> Invalid:
    return Invalid("The rule was not accepted; see the fields.", fields=problems.fields)
