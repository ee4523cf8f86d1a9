"""What somebody has changed in a form, told beside their names: for a form that cannot be drawn again."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from tasks_app.web.forms.field import Field, flat

Sent = Mapping[str, Sequence[str]]
_TOLD_BY_OTHERS = frozenset({"secret", "group", "list", "named", "row", "variant", "ways"})
_EMPTY = "left empty"
_NOTIFY = "Mail when a run has failed for good"
_SECONDS = re.compile(r"(T\d\d:\d\d):00$")


def began_with(drawn: Mapping[str, Any]) -> dict[str, Field]:
    """Give every field that a task's form is drawn with, by the name of its control."""
    fold, schedule = drawn["payload_fold"], drawn["schedule"]
    plain = [drawn[name] for name in ("name", "calendar", "details", "policies")]
    times = [*_rule_fields(schedule), schedule["zone"], schedule["other"], schedule["window"]]
    notify = Field(path="notify_on_failure", label=_NOTIFY, kind="bool", value=drawn["notify"])
    every = _fields_in([*times, *plain, notify, fold.shown, fold.folded])
    return {one.attributes.get("name", one.path): one for one in every}


def _rule_fields(schedule: Mapping[str, Any]) -> Iterator[Field]:
    """The fields of each kind of schedule and of each rule, which say of which they are."""
    kinds = {one.value: one.label for one in schedule["kinds"]}
    yield Field(path="schedule.kind", label="When it runs", kind="radio", choices=schedule["kinds"])
    yield Field(path="schedule.of", label="Rules", kind="list")
    for kind, fields in schedule["sets"].items():
        yield from (replace(one, label=f"{kinds[kind]}, {one.label}") for _, one in fields)
    for number, (row, choices, sets, _) in enumerate(schedule["rows"], 1):
        yield Field(path=f"{row.path}.kind", label=f"Rule {number}", kind="enum", choices=choices)
        for fields in sets.values():
            yield from (replace(one, label=f"Rule {number}, {one.label}") for _, one in fields)


def _fields_in(drawn: Any) -> Iterator[Field]:
    if isinstance(drawn, Field):
        yield from flat([drawn])
    elif isinstance(drawn, Mapping):
        yield from _fields_in(list(drawn.values()))
    else:
        for one in drawn:
            yield from _fields_in(one)


def changed(began: Mapping[str, Field], sent: Sent) -> list[tuple[str, str]]:
    """Give the label and the text of each field that differs from what the form began with.

    A box that is not ticked sends nothing. What is no field of the form, as a row that was added, is told by the
    name of the field that it stands in.
    """
    new = [(name, texts) for name, texts in sent.items() if _is_new(began, name, texts)]
    found = [(_label(began, name), _said(began.get(name), texts)) for name, texts in new]
    cleared = [one for name, one in began.items() if one.kind == "bool" and one.value and name not in sent]
    return found + [(one.label, "no") for one in cleared]


def _is_new(began: Mapping[str, Field], name: str, texts: Sequence[str]) -> bool:
    one = began.get(name)
    if one is None:
        return _place_of(began, name) is not None and any(text.strip() for text in texts)
    return one.kind not in _TOLD_BY_OTHERS and _plain(texts) != _plain(_held(one))


def _held(field: Field) -> list[str]:
    """What the field would send as it stands."""
    if field.kind == "bool":
        return ["on"] if field.value else []
    if field.choices:
        chosen = [one.value for one in field.choices if one.is_chosen]
        return chosen or ([field.choices[0].value] if field.kind in ("enum", "choice") else [])
    return ["" if field.value is None else str(field.value)]


def _plain(texts: Sequence[str]) -> list[str]:
    """Without what a browser makes of the ends of lines and of whole minutes, and without what is empty."""
    plain = [_SECONDS.sub(r"\1", text.replace("\r\n", "\n").strip()) for text in texts]
    return [text for text in plain if text]


def _said(field: Field | None, texts: Sequence[str]) -> str:
    if field is not None and field.kind == "bool":
        return "yes"
    words = {one.value: one.label for one in field.choices} if field is not None else {}
    return ", ".join(words.get(text, text) for text in texts if text.strip()) or _EMPTY


def _label(began: Mapping[str, Field], name: str) -> str:
    one = began.get(name) or _place_of(began, name)
    return one.label if one is not None else name


def _place_of(began: Mapping[str, Field], name: str) -> Field | None:
    """Give the nearest field that the name is inside of; None for what no field of the form holds."""
    above = name.rpartition(".")[0]
    while above:
        if above in began:
            return began[above]
        above = above.rpartition(".")[0]
    return None
