"""Addresses in payloads, and on whose behalf those inside the network may be called."""

from typing import Any

from tasks_app.errors import Invalid
from tasks_app.selectors.access import anybody_reaches_private, reaches_private
from tasks_app.services.outbound import NotAllowed, check_url

_UNKNOWN = object()


def check_reach(field: str, url: str, *, owner: Any = _UNKNOWN) -> None:
    """Raise Invalid at the field for an address that is not called: at all, or on this owner's behalf."""
    allow_private = anybody_reaches_private() if owner is _UNKNOWN else reaches_private(owner)
    try:
        check_url(url, allow_private=allow_private)
    except NotAllowed as error:
        raise Invalid.at(field, "url_not_allowed", str(error)) from None
