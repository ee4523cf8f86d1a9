"""What a URL must look like before anything is looked up."""

import re
import socket
import unicodedata
from ipaddress import ip_address

import httpx
from django.conf import settings

from tasks_app.services import audit
from tasks_app.services.outbound.addresses import is_public

MAX_LENGTH = 2000
SCHEMES = ("http", "https")
_WEB_PORTS = (80, 443)
_USER_PORTS = range(1024, 65536)
_NAME = re.compile(r"(?=.{1,253}$)[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*")


class NotAllowed(ValueError):
    """The platform does not call this address; the message says why in words for people."""


def unless_allowed() -> str:
    """Say by what such addresses are allowed here: a permission of the owner's where it counts, else for everybody."""
    if settings.PRIVATE_NETWORKS_BY_PERMISSION:
        return "; an administrator can give the owner the permission “reach private networks”"
    return "; an administrator can allow these with ALLOW_PRIVATE_ADDRESSES=1"


def check_url(text: str, *, allow_private: bool) -> httpx.URL:
    """Give the parsed URL; raise `NotAllowed` for what is malformed, or names the inside of the network by itself.

    A host name that only resolves to the inside is found when the request is made: see `network`.
    """
    _check_characters(text)
    try:
        url = httpx.URL(text)
    except httpx.InvalidURL:
        raise NotAllowed("This is not a URL.") from None
    if url.scheme not in SCHEMES:
        raise NotAllowed("The URL must begin with http:// or https://.")
    if url.userinfo or "@" in re.split(r"[/?#]", text.partition("//")[2])[0]:
        raise NotAllowed("The URL must not hold a user name or password; send an Authorization header.")
    _check_host(url, allow_private=allow_private)
    _check_port(url.port, allow_private=allow_private)
    return url


def _check_characters(text: str) -> None:
    if len(text) > MAX_LENGTH:
        raise NotAllowed(f"The URL must not be longer than {MAX_LENGTH} characters.")
    for character in text:
        if character == "\\" or unicodedata.category(character)[0] in "CZ":
            raise NotAllowed("The URL must not contain blanks, backslashes or control characters.")


def _check_host(url: httpx.URL, *, allow_private: bool) -> None:
    host = url.raw_host.decode("ascii")
    name = host.rstrip(".").lower()
    literals = _literal_addresses(name)
    if literals and not _is_canonical(host):
        raise NotAllowed("An IP address must be written in its usual form.")
    if not literals and not _NAME.fullmatch(name):
        raise NotAllowed("The URL must name a host.")
    is_local = name == "localhost" or name.endswith(".localhost")
    if not allow_private and (is_local or not all(map(is_public, literals))):
        audit.address_refused(str(url), "The URL leads to a private or reserved address.", is_asked=True)
        raise NotAllowed(f"The URL must not lead to a private or reserved address{unless_allowed()}.")


def _literal_addresses(host: str) -> list[str]:
    """Give the addresses of a host that is one itself, in any of the spellings that the system's resolver takes."""
    try:
        found = socket.getaddrinfo(host.strip("[]"), None, flags=socket.AI_NUMERICHOST)
    except (OSError, UnicodeError):
        return []
    return [str(entry[4][0]) for entry in found]


def _is_canonical(host: str) -> bool:
    try:
        ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True


def _check_port(port: int | None, *, allow_private: bool) -> None:
    """Low ports belong to mail, shells and name servers, which a request could be made to talk to."""
    if port is None or port in _WEB_PORTS or port in _USER_PORTS:
        return
    if not (allow_private and 0 < port < _USER_PORTS.start):
        raise NotAllowed("The port must be 80, 443 or between 1024 and 65535.")
