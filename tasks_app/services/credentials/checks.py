"""What a credential of each kind consists of, checked with every fault at its field."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from tasks_app.models import Credential
from tasks_app.services.credentials.hosts import is_safe, read_host
from tasks_app.services.outbound import NotAllowed, check_url
from tasks_app.services.validation import Problems, check_choice, check_text

Kind = Credential.Kind
MOST_HOSTS = 20
MOST_SECRET = 4000
LEAST_SIGNING = 16
CLIENT_AUTH = {"header": "in the Authorization header", "body": "in the body"}
# What each kind has besides its secret, and whether it must.
DETAILS: dict[str, dict[str, bool]] = {
    Kind.BEARER: {},
    Kind.BASIC: {"username": True},
    Kind.HEADER: {"header": True},
    Kind.OAUTH2: {"token_url": True, "client_id": True, "scope": False, "client_auth": False},
    Kind.SIGNING: {},
}
_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
# Those of the connection are the client's own, and the others follow a redirect to any host.
_OTHERS_HEADERS = frozenset(
    {"accept", "accept-encoding", "accept-language", "connection", "content-length", "content-type", "expect", "host"}
    | {"idempotency-key", "keep-alive", "range", "te", "trailer", "transfer-encoding", "upgrade", "user-agent"}
)


def checked_hosts(problems: Problems, hosts: object, *, allow_private: bool) -> list[str]:
    """Give the host names in their one spelling; at least one is needed."""
    if isinstance(hosts, str) or not isinstance(hosts, Sequence) or not all(isinstance(host, str) for host in hosts):
        problems.add("hosts", "type", "Must be a list of host names.")
        return []
    if not hosts:
        problems.add("hosts", "required", "Name at least one host that it may be sent to.")
    if len(hosts) > MOST_HOSTS:
        problems.add("hosts", "too_many", f"At most {MOST_HOSTS} hosts.")
    found = []
    for number, host in enumerate(hosts[:MOST_HOSTS]):
        try:
            found.append(read_host(host, allow_private=allow_private))
        except ValueError as error:
            problems.add(f"hosts.{number}", "host", str(error))
    return list(dict.fromkeys(found))


def checked_details(problems: Problems, kind: str, details: object, *, allow_private: bool) -> dict[str, str]:
    """Give what is no secret about the credential; blank fields are left out."""
    if not isinstance(details, Mapping):
        problems.add("details", "type", "Must be an object.")
        return {}
    fields = DETAILS.get(kind, {})
    for name in [str(one) for one in details if one not in fields][:20]:
        problems.add(f"details.{name[:80]}", "unknown_field", "A credential of this kind has no such field.")
    found: dict[str, str] = {}
    for name, is_required in fields.items():
        text = _printable(problems, f"details.{name}", details.get(name, ""), is_required=is_required)
        if text:
            found[name] = text
            fault = _FAULTS.get(name, _no_fault)(text, allow_private)
            if fault:
                problems.add(f"details.{name}", "invalid", fault)
    return found


def checked_secret(problems: Problems, kind: str, secret: Any) -> str:
    """Give the secret as it will be sent; what was pasted with it is taken off."""
    if not isinstance(secret, str):
        problems.add("secret", "type", "Must be text.")
        return ""
    text = secret if kind == Kind.BASIC else secret.strip()
    if not text:
        problems.add("secret", "required", "This is needed.")
    if len(text) > MOST_SECRET:
        problems.add("secret", "too_long", f"At most {MOST_SECRET} characters.")
    # Without line ends nothing can be slipped into a request behind it.
    if not text.isprintable() or not (text.isascii() or kind in (Kind.BASIC, Kind.SIGNING)):
        problems.add("secret", "characters", "Must hold printable characters only, and no line breaks.")
    elif kind == Kind.BEARER and text.lower().startswith("bearer "):
        problems.add("secret", "invalid", "Give the token alone, without the word Bearer.")
    elif kind == Kind.BEARER and " " in text:
        problems.add("secret", "characters", "A token has no blanks.")
    if kind == Kind.SIGNING and 0 < len(text) < LEAST_SIGNING:
        problems.add("secret", "too_short", f"A signing key has at least {LEAST_SIGNING} characters.")
    return text


def _printable(problems: Problems, path: str, value: object, *, is_required: bool) -> str:
    text = check_text(problems, path, value, most=2000 if path.endswith("url") else 500, is_required=is_required)
    if not text.isprintable():
        problems.add(path, "characters", "Must hold printable characters only.")
    return text


def _no_fault(text: str, _: bool) -> str:
    return ""


def _username_fault(text: str, _: bool) -> str:
    return "A user name must not hold a colon." if ":" in text else ""


def _header_fault(text: str, _: bool) -> str:
    name = text.lower()
    if not _HEADER.fullmatch(text):
        return "This is not a header name."
    is_ours = name in _OTHERS_HEADERS or name.startswith(("proxy-", "x-carillon-"))
    return "This header can't carry a secret; it is set by the platform or may go to other hosts." if is_ours else ""


def _token_url_fault(text: str, allow_private: bool) -> str:
    try:
        url = check_url(text, allow_private=allow_private)
    except NotAllowed as error:
        return str(error)
    return "" if is_safe(url, allow_private=allow_private) else "The URL must begin with https://."


def _ascii_fault(text: str, _: bool) -> str:
    return "" if text.isascii() else "Must hold ASCII characters only."


def _client_auth_fault(text: str, _: bool) -> str:
    problems = Problems()
    check_choice(problems, "", text, list(CLIENT_AUTH))
    return problems.fields[""][0].message if problems else ""


_FAULTS = {
    "username": _username_fault,
    "header": _header_fault,
    "token_url": _token_url_fault,
    "client_id": _ascii_fault,
    "scope": _ascii_fault,
    "client_auth": _client_auth_fault,
}
