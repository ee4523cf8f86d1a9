"""What a task type's payload looks like, as JSON Schema: forms, API documentation and admin help are made from it."""

from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema
from pydantic_core import core_schema, to_jsonable_python

from tasks_app.handlers.factories import is_constant
from tasks_app.handlers.spec import HandlerSpec
from tasks_app.handlers.validation import allows_extra

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def payload_schema(spec: HandlerSpec) -> dict[str, Any]:
    """Give the JSON Schema (2020-12) of the payload; what validation refuses, the schema refuses."""
    return _described(spec, GenerateJsonSchema)


def form_schema(spec: HandlerSpec) -> dict[str, Any]:
    """Give the same for a form, with the defaults that a `default_factory` makes, of one that always makes the same."""
    return _described(spec, _WithFactories)


class _WithFactories(GenerateJsonSchema):
    """A schema that tells of factories, too: of them pydantic says nothing by itself."""

    def get_default_value(self, schema: core_schema.WithDefaultSchema) -> Any:
        """Give the default, or what the factory makes."""
        factory: Any = schema.get("default_factory")
        if factory is not None and not schema.get("default_factory_takes_data") and is_constant(factory):
            return factory()
        return super().get_default_value(schema)


def _described(spec: HandlerSpec, generator: type[GenerateJsonSchema]) -> dict[str, Any]:
    schema = spec.payload.model_json_schema(schema_generator=generator)
    if not allows_extra(spec.payload):
        for shape in (schema, *schema.get("$defs", {}).values()):
            if "properties" in shape or shape.get("type") == "object":
                shape.setdefault("additionalProperties", False)
    schema.setdefault("properties", {})
    return {"$schema": DIALECT, **schema}


def schema_within(model: type[BaseModel]) -> dict[str, Any]:
    """Give the schema of a model as it may stand inside of another one, where references would lead elsewhere."""
    schema = model.model_json_schema()
    whole: dict[str, Any] = _inlined({"additionalProperties": False, **schema}, schema.get("$defs", {}), ())
    return whole


def _inlined(node: Any, definitions: dict[str, Any], inside: tuple[str, ...]) -> Any:
    """Put definitions in the place of references; of what holds itself nothing is said further inside."""
    if isinstance(node, list):
        return [_inlined(inner, definitions, inside) for inner in node]
    if not isinstance(node, dict):
        return node
    name = str(node.get("$ref", "")).rpartition("/")[2]
    found = {key: _inlined(inner, definitions, inside) for key, inner in node.items() if key != "$ref"}
    if name and name not in inside:
        found = {**_inlined(definitions.get(name, {}), definitions, (*inside, name)), **found}
    return found


def defaults(spec: HandlerSpec) -> dict[str, Any]:
    """Give the default of every field that has one, as JSON."""
    found: dict[str, Any] = {}
    for name, info in spec.payload.model_fields.items():
        if info.is_required() or info.default_factory_takes_validated_data:
            continue
        value = info.get_default(call_default_factory=True)
        found[info.alias or name] = to_jsonable_python(value)
    return found
