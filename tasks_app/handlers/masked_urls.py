"""Secrets in the query of a URL (`?token=…`): each is a value of its own, the rest of the address stays readable."""

import re
from collections.abc import Callable
from urllib.parse import unquote, unquote_plus

_QUERY = re.compile(r"(?<=\?)[^#]*")
_PARAMETER = re.compile(r"(?P<name>[^&;=]+)=(?P<value>[^&;]+)")


def changed_url(url: str, is_secret: Callable[[str], bool], change: Callable[[str], str]) -> str:
    """Give the URL with each secret parameter, as it is written there, replaced by what `change` makes of it."""

    def one(found: re.Match[str]) -> str:
        name, value = found["name"], found["value"]
        return f"{name}={change(value)}" if is_secret(unquote_plus(name)) else found[0]

    return _QUERY.sub(lambda query: _PARAMETER.sub(one, query[0]), url, count=1)


def restored_url(url: str, stored: str, mask: str) -> str:
    """Give the URL with the stored value in place of each mask; call it only for an address on the same host."""
    query = _QUERY.search(stored)
    kept = {found["name"]: found["value"] for found in _PARAMETER.finditer(query[0])} if query else {}

    def one(found: re.Match[str]) -> str:
        is_mask = unquote(found["value"]) == mask
        return f"{found['name']}={kept.get(found['name'], found['value'])}" if is_mask else found[0]

    return _QUERY.sub(lambda query: _PARAMETER.sub(one, query[0]), url, count=1)
