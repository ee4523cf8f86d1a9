"""From what a person or a program gave to a payload model, with every fault at its field."""

import difflib
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import Any

from pydantic import BaseModel, ValidationError

from tasks_app.errors import FieldError, Invalid
from tasks_app.handlers.payload import Payload
from tasks_app.handlers.plain import NotPlain, to_plain

ROOT = "payload"
_CODES = {"missing": "required", "extra_forbidden": "unknown_field"}
_MESSAGES = {"missing": "This field is required.", "extra_forbidden": "Unknown field."}
_SHOULD_HAVE = re.compile(r"^(List|Set|Tuple|Dictionary|String) should have\b")


def validate_payload(model: type[BaseModel], payload: object, *, root: str = ROOT) -> tuple[BaseModel, dict[str, Any]]:
    """Give the model and the payload as plain JSON; raise `Invalid` with paths like "payload.width".

    Values are taken strictly ("30" is no integer) and unknown fields are refused. What is kept is what was given:
    defaults aren't frozen into stored payloads, so a later version of the type may change or drop them.
    """
    plain = _plain_object(payload, root)
    instance = _parse(model, plain, root)
    if isinstance(instance, Payload) and type(instance).check is not Payload.check:
        with rooted(root):
            instance.check()
    return instance, plain


def check_owner(instance: BaseModel, owner: Any, *, root: str = ROOT) -> None:
    """Check what the payload asks of the user on whose behalf it runs; raise `Invalid` as above."""
    if isinstance(instance, Payload) and type(instance).check_owner is not Payload.check_owner:
        with rooted(root):
            instance.check_owner(owner)


def check_editor(instance: BaseModel, editor: Any, before: Mapping[str, Any], *, root: str = ROOT) -> None:
    """Check what the payload would let somebody do who is not its task's owner; raise `Invalid` as above."""
    if isinstance(instance, Payload):
        with rooted(root):
            instance.check_editor(editor, before)


def _plain_object(payload: object, root: str) -> dict[str, Any]:
    try:
        plain = to_plain(payload)
    except NotPlain as error:
        path = ".".join((root, *error.path))
        raise Invalid.at(path, error.code, str(error)) from None
    if not isinstance(plain, dict):
        raise Invalid.at(root, "not_an_object", "Must be an object.")
    return plain


def _parse(model: type[BaseModel], plain: dict[str, Any], root: str) -> BaseModel:
    # Through JSON, because only there does strict mode still read dates, ids and enums from their strings.
    document = json.dumps(plain)
    try:
        return model.model_validate_json(document, strict=True, extra=None if allows_extra(model) else "forbid")
    except ValidationError as error:
        raise _invalid(model, plain, error, root) from None


@cache
def allows_extra(model: type[BaseModel]) -> bool:
    """Say whether the model, or one inside it, declares `extra="allow"`; then each speaks for itself."""
    schema = model.model_json_schema()
    shapes = [schema, *schema.get("$defs", {}).values()]
    return any("properties" in shape and shape.get("additionalProperties") is True for shape in shapes)


@contextmanager
def rooted(root: str) -> Iterator[None]:
    """Let the paths of a refusal begin at the root."""
    try:
        yield
    except Invalid as error:
        fields = {f"{root}.{path}" if path else root: errors for path, errors in error.fields.items()}
        fields = fields or {root: [FieldError("invalid", error.message)]}
        raise Invalid(error.message, code=error.error_code, fields=fields) from None


def _invalid(model: type[BaseModel], plain: dict[str, Any], error: ValidationError, root: str) -> Invalid:
    fields: dict[str, list[FieldError]] = {}
    for detail in error.errors(include_url=False, include_input=False):
        path = ".".join((root, *_steps(plain, detail["loc"], is_key=detail["type"] in _CODES)))
        fault = FieldError(_CODES.get(detail["type"], detail["type"]), _message(model, detail))
        if fault not in fields.setdefault(path, []):
            fields[path].append(fault)
    return Invalid("The payload does not fit the task type.", fields=fields)


def _message(model: type[BaseModel], detail: Mapping[str, Any]) -> str:
    text = _MESSAGES.get(detail["type"], detail["msg"])
    if detail["type"] == "extra_forbidden" and len(detail["loc"]) == 1:
        near = difflib.get_close_matches(str(detail["loc"][0]), _field_names(model), n=1)
        text = f"Unknown field; did you mean {near[0]!r}?" if near else text
    text = text.removeprefix("Value error, ").removeprefix("Assertion failed, ")
    text = text.replace("Input should be", "Must be", 1).replace(" after validation,", ",")
    text = _SHOULD_HAVE.sub("Must have", text)
    return text if text.endswith((".", "?", "!")) else f"{text}."


def _field_names(model: type[BaseModel]) -> list[str]:
    return [info.alias or name for name, info in model.model_fields.items()]


def _steps(plain: object, loc: tuple[int | str, ...], *, is_key: bool) -> Iterator[str]:
    """Keep the steps that exist in the input, and a last one that names a missing key.

    Pydantic adds the names of a union's members, which nobody typed.
    """
    current = plain
    for position, step in enumerate(loc):
        is_last_key = is_key and position == len(loc) - 1
        if isinstance(current, dict) and (step in current or is_last_key):
            current = current.get(str(step))
            yield str(step)[:80]
        elif isinstance(current, list) and isinstance(step, int) and step < len(current):
            current = current[step]
            yield str(step)
