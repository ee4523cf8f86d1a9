"""What a task type's payload looks like, as JSON Schema: forms, API documentation and admin help are made from it."""

from typing import Any

from pydantic_core import to_jsonable_python

from tasks_app.handlers.spec import HandlerSpec
from tasks_app.handlers.validation import allows_extra

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def payload_schema(spec: HandlerSpec) -> dict[str, Any]:
    """Give the JSON Schema (2020-12) of the payload; what validation refuses, the schema refuses."""
    schema = spec.payload.model_json_schema()
    if not allows_extra(spec.payload):
        for shape in (schema, *schema.get("$defs", {}).values()):
            if "properties" in shape or shape.get("type") == "object":
                shape.setdefault("additionalProperties", False)
    schema.setdefault("properties", {})
    return {"$schema": DIALECT, **schema}


def defaults(spec: HandlerSpec) -> dict[str, Any]:
    """Give the default of every field that has one, as JSON."""
    found: dict[str, Any] = {}
    for name, info in spec.payload.model_fields.items():
        if info.is_required() or info.default_factory_takes_validated_data:
            continue
        value = info.get_default(call_default_factory=True)
        found[info.alias or name] = to_jsonable_python(value)
    return found
