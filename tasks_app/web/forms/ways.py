"""Ways to say one thing, of which a form shows the chosen one: `"x-ways"` in the schema of an object.

    "x-ways": [{"label": "What to send", "ways": [
        {"label": "From a template", "fields": ["template"], "needs": ["template"]},
        {"label": "Write it here", "fields": ["subject", "text"], "needs": ["subject", "text"]}]}]

Fields keep their names and places in the payload; what stands in a way that is not chosen is left out of it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import QueryDict

from tasks_app.errors import FieldError
from tasks_app.web.forms.field import Choice, Field
from tasks_app.web.forms.kept import NOTHING
from tasks_app.web.forms.shape import Shape


@dataclass(frozen=True)
class Ways:
    """Several ways: the control that says which, and the fields of each."""

    path: str
    label: str
    help: str
    labels: tuple[str, ...]
    fields: tuple[tuple[str, ...], ...]
    needs: frozenset[str]

    def given(self, payload: Mapping[str, Any]) -> int:
        """Say which way a payload takes: the first of which something is given, or the first of all."""
        found = (n for n, names in enumerate(self.fields) if any(payload.get(name) not in NOTHING for name in names))
        return next(found, 0)

    def chosen(self, posted: QueryDict) -> int | None:
        """Say which way a form takes; None where it does not ask."""
        raw = str(posted.get(self.path, ""))
        return int(raw) if raw in map(str, range(len(self.fields))) else None


def ways_of(shape: Shape, path: str) -> list[Ways]:
    """Give the ways that an object at this place offers."""
    return [
        Ways(
            path=f"{path}.__way.{number}",
            label=str(one["label"]),
            help=str(one.get("help", "")),
            labels=tuple(str(way["label"]) for way in one["ways"]),
            fields=tuple(tuple(way["fields"]) for way in one["ways"]),
            needs=frozenset(name for way in one["ways"] for name in way.get("needs", ())),
        )
        for number, one in enumerate(shape.resolved.get("x-ways", ()))
    ]


def in_ways(fields: Sequence[Field], ways: Sequence[Ways], payload: Mapping[str, Any]) -> list[Field]:
    """Give the fields of an object with those of each way put together, where the first of them stood."""
    by_name = {one.path.rpartition(".")[2]: one for one in fields}
    found = list(fields)
    for one in ways:
        inside = [[by_name[name] for name in names if name in by_name] for names in one.fields]
        members = [field for part in inside for field in part]
        if not members:
            continue
        found[min(map(found.index, members))] = _drawn(one, inside, one.given(payload))
        found = [field for field in found if field not in members]
    return found


def left_out(ways: Sequence[Ways], posted: QueryDict, path: str) -> dict[str, str]:
    """Give the places of the fields that are not chosen, each with the first place of the way that is."""
    found: dict[str, str] = {}
    for one in ways:
        chosen = one.chosen(posted)
        for number, names in enumerate(one.fields if chosen is not None else ()):
            if number != chosen:
                home = next(iter(one.fields[chosen or 0]), "")
                found |= {f"{path}.{name}": f"{path}.{home}" if home else "" for name in names}
    return found


def unsaid(ways: Sequence[Ways], posted: QueryDict, found: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Name what the chosen ways need and nobody has filled, with a sentence for each."""
    for one in ways:
        chosen = one.chosen(posted)
        names = one.fields[chosen] if chosen is not None else ()
        missing = [name for name in names if found.get(name) in NOTHING]
        needed = [name for name in missing if name in one.needs]
        yield from ((name, "This field is required.") for name in needed)
        if chosen and names and not needed and len(missing) == len(names):
            yield names[0], f"Give this, or choose “{one.labels[0]}”."


def brought_home(
    errors: Mapping[str, Sequence[FieldError]], left: Mapping[str, str], known: Mapping[str, Sequence[FieldError]]
) -> dict[str, list[FieldError]]:
    """Bring what is said of fields that nobody sees to the way that was chosen, unless enough is said there."""
    found = {path: list(faults) for path, faults in errors.items() if not left.get(path)}
    for path, faults in errors.items():
        home = left.get(path)
        if home and not found.get(home) and not known.get(home):
            found[home] = list(faults)
    return found


def _drawn(ways: Ways, inside: Sequence[Sequence[Field]], chosen: int) -> Field:
    parts = [
        Field(path=f"{ways.path}.{number}", label=label, kind="way", children=fields)
        for number, (label, fields) in enumerate(zip(ways.labels, inside, strict=True))
    ]
    choices = [Choice(str(number), label, number == chosen) for number, label in enumerate(ways.labels)]
    return Field(
        path=ways.path,
        label=ways.label,
        kind="ways",
        help=ways.help,
        is_required=True,
        choices=choices,
        children=parts,
    )
