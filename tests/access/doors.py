"""Every door of the platform, from the URL configuration itself."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from django.urls import URLPattern, URLResolver, get_resolver

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
_ARGUMENT = re.compile(r"<(?:\w+:)?(\w+)>|\(\?P<(\w+)>[^)]*\)")


@dataclass(frozen=True)
class Door:
    """One address. `path` has its arguments in braces; `methods` are those that an API view has."""

    name: str
    path: str
    methods: tuple[str, ...] = ()

    @property
    def is_api(self) -> bool:
        """It answers in JSON, and strangers with 401."""
        return self.path.startswith("/api/")


def doors() -> dict[str, Door]:
    """Give every address but the admin's, by its name."""
    found = [door for door in _walk(get_resolver().url_patterns, "/", "") if not door.path.startswith("/admin/")]
    assert len({door.name for door in found}) == len(found)
    return {door.name: door for door in found}


def admin_doors() -> dict[str, Door]:
    """Give every address of the admin, by its path: some share a name."""
    return {door.path: door for door in _walk(get_resolver().url_patterns, "/", "") if door.path.startswith("/admin/")}


def _walk(patterns: list[URLPattern | URLResolver], before: str, space: str) -> Iterator[Door]:
    for one in patterns:
        path = before + _plain(str(one.pattern))
        if isinstance(one, URLResolver):
            yield from _walk(one.url_patterns, path, f"{one.namespace}:" if one.namespace else space)
        else:
            view = getattr(one.callback, "cls", None)
            methods = tuple(method for method in METHODS if hasattr(view, method.lower()))
            yield Door(f"{space}{one.name}" if one.name else path, path, methods)


def _plain(pattern: str) -> str:
    text = _ARGUMENT.sub(lambda match: f"{{{match[1] or match[2]}}}", pattern)
    return text.replace("/?$", "").replace("^", "").replace("$", "").replace("\\Z", "")
