"""Who is at the other end of a socket, and whether a browser may open one from there.

Browsers send cookies with cross-site WebSocket requests too, so a cookie counts only together with the right Origin. An
API key or access token, which no foreign page has, needs none; it comes as a subprotocol, because a browser can set no
header here.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from importlib import import_module
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth import get_user
from django.contrib.auth.models import AbstractBaseUser
from django.http import HttpRequest, parse_cookie
from django.http.request import split_domain_port, validate_host

from notifications.rights import Rights
from tasks_app.selectors.api_keys import api_key_lookup
from tasks_app.selectors.second_factor import lacks_second_factor
from tasks_app.selectors.tokens import access_lookup

PROTOCOL = "carillon.v1"
BEARER = "bearer."
PORTS = {"http": 80, "https": 443}
LOCAL_HOSTS = [".localhost", "127.0.0.1", "[::1]"]


@dataclass(frozen=True)
class Credentials:
    """What the client brought: an API key or access token, or a session. Checked again while the socket is open."""

    bearer: str = ""
    session_key: str = ""

    def user(self) -> AbstractBaseUser | None:
        """Find the user for whom this is valid now, with their rights. Asks the database."""
        user = self._found()
        if user is not None:
            Rights.of(user)
        return user

    def _found(self) -> AbstractBaseUser | None:
        if self.bearer:
            found = api_key_lookup(self.bearer) or access_lookup(self.bearer)
            return found.user if found else None
        return _user_of_session(self.session_key) if self.session_key else None


def credentials(scope: dict[str, Any]) -> Credentials:
    """Read what the client brought; a bearer token goes before a cookie."""
    for protocol in scope.get("subprotocols", ()):
        if protocol.startswith(BEARER):
            return Credentials(bearer=protocol.removeprefix(BEARER))
    cookies = parse_cookie("; ".join(_headers(scope, b"cookie")))
    return Credentials(session_key=cookies.get(settings.SESSION_COOKIE_NAME, ""))


def is_origin_right(scope: dict[str, Any]) -> bool:
    """Say whether the page that opens this socket is ours: BASE_URL's origin, or the very host that was asked."""
    origins = _headers(scope, b"origin")
    if len(origins) != 1:
        return False
    origin = _origin(origins[0])
    return origin is not None and origin in (_origin(settings.BASE_URL), _own_origin(scope))


def _own_origin(scope: dict[str, Any]) -> tuple[str, str, int] | None:
    hosts = _headers(scope, b"host")
    if len(hosts) != 1:
        return None
    allowed = settings.ALLOWED_HOSTS or (LOCAL_HOSTS if settings.DEBUG else [])
    domain, _ = split_domain_port(hosts[0])
    if not (domain and validate_host(domain, allowed)):
        return None
    scheme = "https" if scope.get("scheme") == "wss" else "http"
    return _origin(f"{scheme}://{hosts[0]}")


def _origin(url: str) -> tuple[str, str, int] | None:
    try:
        parts = urlsplit(url)
        port = parts.port or PORTS[parts.scheme]
    except (ValueError, KeyError):
        return None
    return (parts.scheme, parts.hostname, port) if parts.hostname else None


def _headers(scope: dict[str, Any], name: bytes) -> list[str]:
    pairs: Iterable[tuple[bytes, bytes]] = scope.get("headers", ())
    return [value.decode("latin-1") for key, value in pairs if key == name]


def _user_of_session(session_key: str) -> AbstractBaseUser | None:
    request = HttpRequest()
    request.session = import_module(settings.SESSION_ENGINE).SessionStore(session_key)
    user = get_user(request)
    if not isinstance(user, AbstractBaseUser) or not user.is_active or lacks_second_factor(user):
        return None
    return user
