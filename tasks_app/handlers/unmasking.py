"""Where a payload comes back with masks: the stored secret in the place of each, or the mask stays and is a fault.

Members of objects are known by their names. Rows of lists have none: a form says from which stored row each of its rows
comes (`Origins`), and it keeps that row's secrets wherever it stands by now; a program sends rows alone, and such a row
is recognised by what is shown of it. Where that could be several with different secrets, none is taken.
"""

from collections.abc import Hashable, Mapping
from typing import Any
from urllib.parse import urlsplit

from pydantic import BaseModel

from tasks_app.handlers.masked_urls import restored_url
from tasks_app.handlers.masking import KEYWORD, MASK, hides, is_url, is_whole, masked_at, masks_left
from tasks_app.handlers.places import Place

Steps = tuple[str, ...]
Origins = Mapping[Steps, str | None]
"""For rows, by their path in the payload: the number or name of the stored row that each comes from; None is new."""
_NOWHERE: Origins = {}


def unmasked(model: type[BaseModel] | None, payload: Any, stored: Any, origins: Origins = _NOWHERE) -> Any:
    """Give the payload with the stored value in place of each mask; a mask without one stays."""
    return _Kept(origins).restored(Place.top(model), payload, stored, ())


class _Kept:
    def __init__(self, origins: Origins) -> None:
        self.origins = origins

    def restored(self, place: Place, value: Any, stored: Any, path: Steps) -> Any:
        if is_whole(place, value):
            return stored if value == MASK and stored is not None else value
        if isinstance(value, Mapping):
            kept = None if _is_other_kind(place, value, stored) else stored
            return {key: self._member(place, key, value, kept, path) for key in value}
        if isinstance(value, list):
            return self._rows(place.item, value, stored if isinstance(stored, list) else [], path)
        if is_url(place, value) and isinstance(stored, str) and _host(value) == _host(stored):
            return restored_url(value, stored, MASK)
        return value

    def _member(self, place: Place, key: str, value: Mapping[str, Any], stored: Any, path: Steps) -> Any:
        inner, here = value[key], (*path, key)
        name = self.origins.get(here, key)
        kept = stored.get(name) if isinstance(stored, Mapping) and name is not None else None
        member = place.member(key)
        tied_to = (member.says(KEYWORD) or {}).get("tied_to", "")
        if tied_to and kept is not None and _host(value.get(tied_to)) != _host(stored.get(tied_to)):
            kept = None
        if hides(place, key):
            return kept if inner == MASK and kept is not None else inner
        return self.restored(member, inner, kept, here)

    def _rows(self, place: Place, rows: list[Any], stored: list[Any], path: Steps) -> list[Any]:
        found, unnamed = list(rows), _Unnamed(place, stored)
        for number, row in enumerate(rows):
            here = (*path, str(number))
            if here in self.origins:
                origin = self.origins[here]
                kept = stored[int(origin)] if origin is not None and int(origin) < len(stored) else None
                found[number] = self.restored(place, row, kept, here)
            elif next(masks_left(place, row), None) is not None:
                unnamed.ask(number, row)
        for number, row in unnamed.answers():
            found[number] = row
        return found


class _Unnamed:
    """Rows that do not say where they come from, and the stored ones that show the same."""

    def __init__(self, place: Place, stored: list[Any]) -> None:
        self._place, self._stored = place, stored
        self._asked: dict[Hashable, list[int]] = {}

    def ask(self, number: int, row: Any) -> None:
        """Take note of a row with a mask."""
        self._asked.setdefault(_look(row), []).append(number)

    def answers(self) -> list[tuple[int, Any]]:
        """Give the stored rows that are meant: the only one, or those of the same look in their order."""
        found: list[tuple[int, Any]] = []
        shown: dict[Hashable, list[Any]] = {}
        for row in self._stored if self._asked else ():
            shown.setdefault(_look(masked_at(self._place, row)), []).append(row)
        for look, numbers in self._asked.items():
            alike = shown.get(look, [])
            if alike and all(one == alike[0] for one in alike):
                found += [(number, alike[0]) for number in numbers]
            elif len(alike) == len(numbers):
                found += zip(numbers, alike, strict=True)
        return found


def _look(shown: Any) -> Hashable:
    """Give what a row shows as a key, equal where the rows are: they are many, and not compared each with each."""
    if isinstance(shown, Mapping):
        return Mapping, frozenset((key, _look(inner)) for key, inner in shown.items())
    return (list, tuple(map(_look, shown))) if isinstance(shown, list) else shown


def _is_other_kind(place: Place, value: Mapping[str, Any], stored: Any) -> bool:
    """Say whether a union is to say another of its kinds than what is stored, whose secrets are for that alone."""
    if not isinstance(stored, Mapping):
        return False
    declared = (place.says("discriminator") or {}).get("propertyName")
    tags = [key for key in value if key == declared or place.member(key).says("const") is not None]
    return any(value[tag] != stored.get(tag, place.member(tag).says("default")) for tag in tags)


def _host(url: Any) -> Any:
    try:
        parts = urlsplit(url)
    except (ValueError, TypeError, AttributeError):
        return url
    return parts.scheme.lower(), parts.netloc.lower()
