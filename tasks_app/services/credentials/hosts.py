"""Where a credential may go: `name`, `name:port` or `*.name`, compared as the client that connects reads them.

A name alone stands for the usual port of the scheme: another port may belong to somebody else. `*.example.com` is one
label more, as in certificates.
"""

from collections.abc import Sequence

import httpx

from tasks_app.errors import Permanent
from tasks_app.models import Credential
from tasks_app.selectors.access import owner_reaches_private
from tasks_app.services.outbound import NotAllowed, check_url

_MARKS = frozenset("/?#@\\ ")
_WILD = "*."


class CredentialRefused(Permanent):
    """The credential doesn't go there, or can't be used; trying again can't help."""


def read_host(text: str, *, allow_private: bool) -> str:
    """Give an entry in its one spelling; raise ValueError with a sentence."""
    entry = text.strip()
    is_wild = entry.startswith(_WILD)
    if not entry or _MARKS & set(entry):
        raise ValueError("Must be a host name such as api.example.com, without a scheme or a path.")
    try:
        url = check_url(f"https://{entry.removeprefix(_WILD)}", allow_private=allow_private)
    except NotAllowed as error:
        raise ValueError(str(error).replace("The URL", "A host")) from None
    name = url.raw_host.decode("ascii")
    if name.endswith("."):
        raise ValueError("Must be written without a dot at its end.")
    if is_wild and ("." not in name or ":" in name or name.rpartition(".")[2].isdigit()):
        raise ValueError("A * may only stand in front of a name with a dot, as in *.example.com.")
    return (_WILD if is_wild else "") + url.netloc.decode("ascii")


def check_target(credential: Credential, text: str) -> httpx.URL:
    """Give the URL parsed, when the credential may go there on its owner's behalf; raise CredentialRefused."""
    hosts, allow_private = credential.hosts, owner_reaches_private(credential.owner_id)
    try:
        url = check_url(text, allow_private=allow_private)
    except NotAllowed as error:
        raise CredentialRefused(str(error)) from None
    if not is_safe(url, allow_private=allow_private):
        raise CredentialRefused("A credential is sent over https only.")
    place = url.netloc.decode("ascii")
    if not any(_covers(entry, place) for entry in hosts):
        raise CredentialRefused(f"The credential is not meant for {place[:200]}: it goes to {', '.join(hosts)} only.")
    return url


def is_safe(url: httpx.URL, *, allow_private: bool) -> bool:
    """Over https nobody listens; plain http is for those who may call the inside."""
    return url.scheme == "https" or allow_private


def is_within(wanted: Sequence[str], given: Sequence[str]) -> bool:
    """Say whether every wanted entry reaches no further than those that were given."""
    return all(any(one == entry or _covers(entry, one) for entry in given) for one in wanted)


def _covers(entry: str, place: str) -> bool:
    if entry.startswith(_WILD):
        label, _, rest = place.partition(".")
        return label not in ("", "*") and rest == entry.removeprefix(_WILD)
    return place == entry
