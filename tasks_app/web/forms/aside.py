"""What somebody typed and does not see now: of a kind that is not chosen, of a part that is not given.

It goes along with the form, so that a look at another kind, or a box that is cleared and set again, loses nothing.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from django.http import QueryDict

from tasks_app.web.forms.field import Choice, Field, flat
from tasks_app.web.forms.many import JSON
from tasks_app.web.forms.shape import Shape

_MOST = 200
_UNTOUCHED = frozenset({"secret", "list", "named", "variant", "row"})
_CHOSEN = frozenset({"enum", "choice", "choices", "radio", "tristate"})


def typed_before(root: Shape, fields: Sequence[Field], posted: QueryDict) -> list[tuple[str, str]]:
    """Give names and values that belong to kinds which are not chosen, for hidden controls.

    Rows are not among them, nor secrets, which no page says again, nor what the schema does not know.
    """
    variants = [f"{one.path}." for one in flat(fields) if one.kind in ("variant", "untold") or "by" in one.attributes]
    shown = {name for one in flat(fields) for name in _names(one)}
    hidden = [
        (name, str(value))
        for name in posted
        if name not in shown and any(_is_beneath(name, place) for place in variants) and _is_plain(root, name)
        for value in posted.getlist(name)
    ]
    return hidden[:_MOST]


def with_typed(fields: Sequence[Field], posted: QueryDict) -> list[Field]:
    """Give the fields, with what was typed in the parts that are not given now."""
    return [_with_typed(one, posted) for one in fields]


def _names(field: Field) -> Iterator[str]:
    yield field.attributes.get("name", field.path)
    if field.kind != "variant":
        yield field.path
    if field.kind == "json-rows":
        yield f"{field.path}.{JSON}"


def _is_beneath(name: str, place: str) -> bool:
    steps = name.removeprefix(place).split(".")
    return name.startswith(place) and not any(step.isdigit() or step == "__row" for step in steps)


def _is_plain(shape: Shape, name: str) -> bool:
    """Say whether the schema has this control, and it holds no secret."""
    places = [shape]
    for step in name.removesuffix(f".{JSON}").split(".")[1:]:
        places = [inner for one in places for inner in _members(one, step)]
    return bool(places) and not any(one.kind == "secret" for one in places)


def _members(shape: Shape, step: str) -> list[Shape]:
    inside = shape.variants.values() if shape.kind == "variant" else [shape]
    found = [one.properties[step] for one in inside if step in one.properties]
    return [told for one in found for told in one.every]


def _with_typed(field: Field, posted: QueryDict) -> Field:
    if field.kind == "ways" and field.path in posted:
        return _ways(field, posted)
    is_off = field.kind == "group" and field.value is False
    inner = [_typed(one, posted) if is_off else _with_typed(one, posted) for one in field.children]
    return replace(field, children=inner) if field.children else field


def _ways(field: Field, posted: QueryDict) -> Field:
    """Choose the way that was chosen; what was typed in the others is there when somebody comes back to them."""
    chosen = str(posted[field.path])
    parts = [
        _with_typed(way, posted)
        if way.path == f"{field.path}.{chosen}"
        else replace(way, children=[_typed(one, posted) for one in way.children])
        for way in field.children
    ]
    choices = [replace(one, is_chosen=one.value == chosen) for one in field.choices]
    return replace(field, choices=choices, children=parts)


def _typed(field: Field, posted: QueryDict) -> Field:
    if field.kind == "group":
        return replace(field, children=[_typed(one, posted) for one in field.children])
    if field.kind == "bool":
        return replace(field, value=field.path in posted)
    if field.kind in _UNTOUCHED or field.path not in posted:
        return field
    if field.kind in _CHOSEN:
        chosen = posted.getlist(field.path)
        return replace(field, choices=[Choice(one.value, one.label, one.value in chosen) for one in field.choices])
    return replace(field, value=str(posted.get(field.path, "")))
