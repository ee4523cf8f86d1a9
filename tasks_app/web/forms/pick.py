"""Fields that name one of many things: typed, with suggestions, and kept by id. `"x-pick": "<source>"` in a schema.

To offer a source, call `pick_source("<name>", Source(…))` where the pages of these things are declared.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.urls import reverse

from tasks_app.web.forms.field import Choice, Field, flat

MOST_OFFERED = 200
_LIST = "pick-"


class NotOne(ValueError):
    """What was typed names none of the things, or several; the message is a sentence."""


@dataclass(frozen=True)
class Source:
    """Where names come from; `owner` is whose the payload is, `editor` who looks.

    `offers` gives the first names that hold some words, one more than `most` where there are more; `find` the value
    that a text means, or raises `NotOne`; `names` what to show for values; `search` is the address that gives offers.
    """

    offers: Callable[[Any, Any, str, int], Sequence[str]]
    find: Callable[[Any, Any, str], str]
    names: Callable[[Any, Any, Sequence[str]], Mapping[str, str]]
    search: str


_sources: dict[str, Source] = {}


def pick_source(name: str, source: Source) -> None:
    """Offer a source under this name."""
    _sources[name] = source


@dataclass(frozen=True)
class Picker:
    """For whom names are found; nobody finds any."""

    owner: Any = None
    editor: Any = None

    def find(self, source: str, text: str) -> str:
        """Give the value that is meant; the text itself where nothing is known of such things."""
        known = self._source(source)
        return text if known is None else known.find(self.owner, self.editor or self.owner, text)

    def names(self, source: str, values: Iterable[str]) -> Mapping[str, str]:
        """Give what to show for values."""
        known, wanted = self._source(source), [one for one in values if one]
        return known.names(self.owner, self.editor or self.owner, wanted) if known and wanted else {}

    def offers(self, source: str) -> Sequence[str]:
        """Give the first names."""
        known = self._source(source)
        return known.offers(self.owner, self.editor or self.owner, "", MOST_OFFERED) if known else ()

    def _source(self, name: str) -> Source | None:
        return _sources.get(name) if self.owner is not None else None


def with_names(fields: Sequence[Field], picker: Picker) -> list[Field]:
    """Give the fields with names in the place of the values that stand for them."""
    values: dict[str, list[str]] = {}
    for one in flat(fields):
        if one.kind == "pick":
            values.setdefault(_source_of(one), []).append(str(one.value))
    names = {source: picker.names(source, found) for source, found in values.items()}
    return [_named(one, names) for one in fields]


def pick_lists(fields: Sequence[Field], picker: Picker) -> list[Field]:
    """Give a list of suggestions for each source that the fields ask for; a long one names where to search."""
    asked = dict.fromkeys(_source_of(one) for one in _with_blanks(fields) if one.kind == "pick")
    return [_list(source, picker.offers(source)) for source in asked if source in _sources]


def pick_attributes(source: str) -> dict[str, str]:
    """What a control has that offers such names."""
    return {"list": f"{_LIST}{source}", "autocomplete": "off"}


def _source_of(field: Field) -> str:
    return field.attributes["list"].removeprefix(_LIST)


def _list(source: str, names: Sequence[str]) -> Field:
    choices = [Choice(name, name) for name in names[:MOST_OFFERED]]
    attributes = {"search": reverse(_sources[source].search)} if len(names) > MOST_OFFERED else {}
    return Field(path=source, label=source, kind="offers", choices=choices, attributes=attributes)


def _with_blanks(fields: Sequence[Field]) -> Iterable[Field]:
    for one in flat(fields):
        yield one
        if one.blank is not None:
            yield from _with_blanks([one.blank])


def _named(field: Field, names: Mapping[str, Mapping[str, str]]) -> Field:
    if field.kind == "pick":
        return replace(field, value=names.get(_source_of(field), {}).get(str(field.value), field.value))
    return replace(field, children=[_named(one, names) for one in field.children]) if field.children else field
