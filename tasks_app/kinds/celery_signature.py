"""What a Celery task takes: a payload model from its signature, and from such a payload back to arguments."""

import inspect
import typing
from collections.abc import Iterator
from functools import cache
from inspect import Parameter
from typing import Any

from celery import Task
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, create_model
from pydantic.errors import PydanticUserError
from pydantic_core import PydanticSerializationError, to_jsonable_python

_POSITIONAL = (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)


class Unusable(Exception):
    """The task cannot be given its arguments as JSON."""


@cache
def parameters_of(task: "Task[..., Any]") -> tuple[Parameter, ...]:
    """Give the task's parameters with real annotations; `self` of a bound task is not among them."""
    function = inspect.unwrap(task.run)
    try:
        hints = typing.get_type_hints(function, include_extras=True)
    except Exception as error:  # an annotation is any expression
        raise Unusable(f"An annotation of {task.name} cannot be read: {error}.") from error
    found = inspect.signature(task.run).parameters.values()
    return tuple(one.replace(annotation=hints.get(one.name, Any)) for one in found)


@cache
def arguments_model(task: "Task[..., Any]") -> type[BaseModel]:
    """Give the model of the task's arguments; raise `Unusable`.

    `*args` is a list of that name; with `**kwargs` any further name is taken. Parameters are fields by alias, for their
    names may be any, also those that pydantic keeps for itself.
    """
    fields: dict[str, Any] = {}
    has_extra = False
    for number, parameter in enumerate(parameters_of(task)):
        if parameter.kind is Parameter.VAR_KEYWORD:
            has_extra = True
            continue
        _check_type(task, parameter)
        fields[f"p{number}"] = _field(parameter)
    config = ConfigDict(extra="allow" if has_extra else "forbid", title="Arguments")
    return create_model("Arguments", __config__=config, **fields)


def arguments_for(task: "Task[..., Any]", given: BaseModel) -> tuple[list[Any], dict[str, Any]]:
    """Give the positional and the named arguments of the call; the function's own defaults do the rest."""
    values = {name: getattr(given, field) for field, name in _names(task) if field in given.model_fields_set}
    parameters = parameters_of(task)
    more = [one.name for one in parameters if one.kind is Parameter.VAR_POSITIONAL]
    rest = list(values.pop(more[0], [])) if more else []
    by_place = _by_place(parameters, values, needs_all=bool(rest))
    positional = [values.pop(one.name, one.default) for one in by_place]
    return [*positional, *rest], {**values, **(given.model_extra or {})}


def _by_place(parameters: tuple[Parameter, ...], values: dict[str, Any], *, needs_all: bool) -> list[Parameter]:
    """Say which parameters must be given by their place: those that have no name, and all before further ones."""
    if needs_all:
        return [one for one in parameters if one.kind in _POSITIONAL]
    nameless = [one for one in parameters if one.kind is Parameter.POSITIONAL_ONLY]
    while nameless and nameless[-1].name not in values:
        nameless.pop()
    return nameless


def _names(task: "Task[..., Any]") -> Iterator[tuple[str, str]]:
    for field, info in arguments_model(task).model_fields.items():
        yield field, str(info.alias)


def _check_type(task: "Task[..., Any]", parameter: Parameter) -> None:
    try:
        TypeAdapter(parameter.annotation).json_schema()
    except PydanticUserError as error:
        reason = str(error).splitlines()[0].rstrip(".")
        text = f"{task.name} cannot be scheduled: its parameter {parameter.name!r} has no form in JSON ({reason})."
        raise Unusable(text) from error


def _field(parameter: Parameter) -> tuple[Any, Any]:
    if parameter.kind is Parameter.VAR_POSITIONAL:
        return list[parameter.annotation], Field(default_factory=list, alias=parameter.name)  # type: ignore[name-defined]
    if parameter.default is Parameter.empty:
        return parameter.annotation, Field(alias=parameter.name)
    if _is_json(parameter.default):
        return parameter.annotation, Field(parameter.default, alias=parameter.name)
    # Never shown and never given: the function's own default holds.
    return parameter.annotation, Field(default_factory=lambda: parameter.default, alias=parameter.name)


def _is_json(value: object) -> bool:
    try:
        to_jsonable_python(value)
    except (PydanticSerializationError, UnicodeError, RecursionError, ValueError):
        return False
    return True
