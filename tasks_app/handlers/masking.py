"""Secrets inside payloads: shown as a mask wherever a payload is shown, and kept where the mask comes back.

A payload class marks them: `Annotated[dict[str, str], Masked(by_name=True)]` for a map whose members' names tell,
`Annotated[str, Masked()]` for a value as a whole; `SecretStr` counts as marked. Of a URL (`format: uri`) the parameters
of its query are judged by their names. What the class does not know, because the payload is older or its code has gone,
is judged by its name.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import unquote

from pydantic import BaseModel, GetJsonSchemaHandler
from pydantic_core import CoreSchema

from tasks_app.errors import FieldError
from tasks_app.handlers.masked_urls import changed_url
from tasks_app.handlers.places import Place

MASK = "••••••••"
SEALED = "sealed:1:"
"""What an encrypted value of a stored payload begins with."""
KEYWORD = "x-masked"
_SECRET_NAME = re.compile(
    r"auth(?!or(?!i))|cookie|token|secret|key|passw|passphrase|pwd|signature|credential|session|bearer|jwt"
    r"|(?<![a-z])(?:otp|pass|pin|sid|sig)(?![a-z])"
)
_NOTHING_KEPT = FieldError(
    "masked", "There is no stored value to keep here, or it was given for another address; type it again."
)


class Masked:
    """Marks a field as secret. `tied_to` names the field beside it with the URL that the secret was given for.

    A mask is then kept only while that URL leads to the same host: nobody moves a secret that they can't read.
    """

    def __init__(self, *, by_name: bool = False, tied_to: str = "") -> None:
        self.by_name, self.tied_to = by_name, tied_to

    def __get_pydantic_json_schema__(self, core_schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """Leave the mark in the schema."""
        return {**handler(core_schema), KEYWORD: {"by_name": self.by_name, "tied_to": self.tied_to}}


def is_secret_name(name: str) -> bool:
    """Say whether a name is that of a secret: Authorization, X-Api-Key, session_token, PASSWORD."""
    return _SECRET_NAME.search(name.lower()) is not None


def masked(model: type[BaseModel] | None, payload: Any) -> Any:
    """Give the payload as it may be shown; None is a type whose code has gone."""
    return changed(model, payload, lambda _: MASK)


def changed(model: type[BaseModel] | None, payload: Any, change: Callable[[Any], Any]) -> Any:
    """Give the payload with each of its secrets, and whatever is sealed, replaced by what `change` makes of it."""
    return _changed(Place.top(model), payload, change)


def secrets_in(model: type[BaseModel] | None, payload: Any) -> list[Any]:
    """Give the secrets that a payload holds."""
    found: list[Any] = []
    changed(model, payload, found.append)
    return found


def mask_faults(model: type[BaseModel] | None, payload: Any) -> dict[str, list[FieldError]]:
    """Name every mask that stands for nothing, by its path inside the payload."""
    return {".".join(path): [_NOTHING_KEPT] for path in masks_left(Place.top(model), payload)}


def _is_secret(place: Place) -> bool:
    rule = place.says(KEYWORD)
    is_marked = rule is not None and not rule["by_name"]
    return is_marked or place.says("writeOnly") is True or place.says("format") == "password"


def hides(place: Place, key: str) -> bool:
    """Say whether a member of this object is secret by its name."""
    goes_by_name = place.says(KEYWORD) is not None or not place.member(key).is_known
    return goes_by_name and is_secret_name(key)


def is_whole(place: Place, value: Any) -> bool:
    """A secret, or what should have been a map of them and is not."""
    return _is_secret(place) or (place.says(KEYWORD) is not None and not isinstance(value, Mapping))


def _changed(place: Place, value: Any, change: Callable[[Any], Any]) -> Any:
    if is_whole(place, value):
        return change(value) if value not in (None, "") else value
    if isinstance(value, Mapping):
        return {
            key: change(inner)
            if hides(place, key) and inner not in (None, "")
            else _changed(place.member(key), inner, change)
            for key, inner in value.items()
        }
    if isinstance(value, list):
        return [_changed(place.item, inner, change) for inner in value]
    if is_url(place, value):
        return changed_url(value, is_secret_name, change)
    return change(value) if isinstance(value, str) and value.startswith(SEALED) else value


def is_url(place: Place, value: Any) -> bool:
    """Say whether it is an address whose query may hold secrets."""
    return isinstance(value, str) and "?" in value and (not place.is_known or place.says("format") == "uri")


def masked_at(place: Place, value: Any) -> Any:
    """Give what stands at a place as it may be shown."""
    return _changed(place, value, lambda _: MASK)


def masks_left(place: Place, value: Any) -> Iterator[tuple[str, ...]]:
    """The paths of the masks at the places of secrets, parts of a value included."""
    return _left(place, value, ())


def _left(place: Place, value: Any, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    if is_whole(place, value):
        yield from [path] if _holds_mask(value) else []
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            step = (*path, str(key)[:80])
            is_left = hides(place, key) and _holds_mask(inner)
            yield from [step] if is_left else _left(place.member(key), inner, step)
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _left(place.item, inner, (*path, str(number)))
    elif is_url(place, value) and _holds_mask(unquote(value)):
        yield path


def _holds_mask(value: Any) -> bool:
    return isinstance(value, str) and MASK in value
