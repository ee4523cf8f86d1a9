"""Headers that a user may set on a request of the platform."""

import re

_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
_MAX_VALUE = 4000
# These belong to the connection, which is the client's.
_OURS = {
    "accept-encoding",
    "connection",
    "content-length",
    "expect",
    "host",
    "keep-alive",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
}


def check_header(name: str, value: str) -> str | None:
    """Say what is wrong with a header, or nothing."""
    if not _NAME.fullmatch(name):
        return "This is not a header name."
    if name.lower() in _OURS or name.lower().startswith("proxy-"):
        return "This header is set by the platform."
    if len(value) > _MAX_VALUE:
        return f"At most {_MAX_VALUE} characters."
    if not value.isascii() or not value.isprintable():
        return "A header holds printable ASCII characters only."
    if value != value.strip():
        return "A header must not begin or end with a blank."
    return None
