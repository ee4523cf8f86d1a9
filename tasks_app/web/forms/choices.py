"""Fields that name something of the owner's: `"x-choices": "<name>"` in a field's schema makes it a select of these.

To offer a source, call `choice_source("<name>", options, make="<url name>")` where the pages of these things are
declared; `options(user)` gives the `(value, label)` pairs of what the user has, `make` is where one is made. Who edits
somebody else's task chooses among what `lent(owner, editor)` gives: what both may use, by default nothing.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.urls import reverse

from tasks_app.handlers.places import CHOICES

Pairs = Iterable[tuple[Any, str]]
Lent = Callable[[Any, Any], Pairs]
OPTIONS, MAKE, LENT = "x-options", "x-make", "x-lent"


@dataclass(frozen=True)
class Source:
    """Where the options of a field come from, and the page that makes one more ("" for none)."""

    options: Callable[[Any], Pairs]
    make: str = ""
    lent: Lent = lambda owner, editor: ()


_sources: dict[str, Source] = {}


def choice_source(
    name: str, options: Callable[[Any], Pairs], *, make: str = "", lent: Lent = lambda owner, editor: ()
) -> None:
    """Offer a source of choices under this name."""
    _sources[name] = Source(options, make, lent)


def with_options(schema: Mapping[str, Any], owner: Any, editor: Any = None) -> dict[str, Any]:
    """Give the schema with what may be chosen for this owner, by this editor where that is another.

    A field of an unknown source, or of nobody, is plain text.
    """
    is_lent = editor is not None and owner is not None and editor.pk != owner.pk

    @cache
    def options(name: str) -> list[tuple[str, str]]:
        source = _sources[name]
        pairs = source.lent(owner, editor) if is_lent else source.options(owner)
        return [(str(value), str(label)) for value, label in pairs]

    def filled(node: Any) -> Any:
        if isinstance(node, list):
            return [filled(inner) for inner in node]
        if not isinstance(node, Mapping):
            return node
        found = {key: filled(inner) for key, inner in node.items() if key != CHOICES}
        name = node.get(CHOICES)
        if isinstance(name, str) and name in _sources and owner is not None:
            make = "" if is_lent else _sources[name].make
            found |= {CHOICES: name, OPTIONS: options(name), MAKE: reverse(make) if make else "", LENT: is_lent}
        elif isinstance(name, Mapping):  # a field that is called so
            found[CHOICES] = filled(name)
        return found

    result: dict[str, Any] = filled(schema)
    return result
