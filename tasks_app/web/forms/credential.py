"""The form of a credential: what each kind asks for, in words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import QueryDict

from tasks_app.models import Credential
from tasks_app.web.forms.field import Choice, Errors, Field, messages

Kind = Credential.Kind


@dataclass(frozen=True)
class KindWords:
    """A kind as people choose it."""

    name: str
    title: str
    description: str
    secret: str
    secret_help: str


@dataclass(frozen=True)
class Detail:
    """A field besides the secret."""

    name: str
    label: str
    help: str = ""
    is_required: bool = True


KINDS = {
    one.name: one
    for one in (
        KindWords(Kind.BEARER.value, "Bearer token", "A token, sent as “Authorization: Bearer …”.", "Token", ""),
        KindWords(Kind.BASIC.value, "User name and password", "Sent as “Authorization: Basic …”.", "Password", ""),
        KindWords(
            Kind.HEADER.value, "Header", "A secret in a header of the service's own, such as X-Api-Key.", "Value", ""
        ),
        KindWords(
            Kind.OAUTH2.value,
            "OAuth2 client credentials",
            "A client id and secret; tokens are fetched with them, and again before they end.",
            "Client secret",
            "",
        ),
        KindWords(
            Kind.SIGNING.value,
            "Signing key (HMAC)",
            "Signs what is sent, so that the receiver can tell that it comes from here.",
            "Key",
            "At least 16 characters, known to the receiver as well.",
        ),
    )
}
DETAILS: dict[str, tuple[Detail, ...]] = {
    Kind.BEARER: (),
    Kind.BASIC: (Detail("username", "User name"),),
    Kind.HEADER: (Detail("header", "Header", "Its name, such as X-Api-Key."),),
    Kind.OAUTH2: (
        Detail("token_url", "Token URL", "Where tokens are asked for. The client secret goes there and nowhere else."),
        Detail("client_id", "Client id"),
        Detail("scope", "Scope", "As the service names it, separated by blanks.", is_required=False),
        Detail("client_auth", "Client id and secret are sent"),
    ),
    Kind.SIGNING: (),
}
_HOSTS = "Where it may be sent, and nowhere else: api.example.com, or *.example.com for names such as eu.example.com."


def read(kind: str, data: QueryDict) -> dict[str, Any]:
    """Give what was typed as the service takes it."""
    return {
        "name": str(data.get("name", "")),
        "hosts": [line.strip() for line in str(data.get("hosts", "")).splitlines() if line.strip()],
        "details": {one.name: str(data.get(f"details.{one.name}", "")).strip() for one in DETAILS[kind]},
        "secret": str(data.get("secret", "")),
    }


def typed(kind: str, data: QueryDict) -> dict[str, Any]:
    """Give what was typed for showing it again: all but the secret."""
    found = read(kind, data)
    return {"name": found["name"], "hosts": found["hosts"], **found["details"]}


def fields(kind: str, values: Mapping[str, Any], errors: Errors, *, is_new: bool) -> list[Field]:
    """Give the fields of a kind."""
    return [
        Field(
            path="name",
            label="Name",
            value=values.get("name", ""),
            is_required=True,
            help="Tasks name it by this.",
            attributes={"maxlength": "100", "autocomplete": "off"},
            errors=messages(errors, "name"),
        ),
        *(_detail(one, values, errors) for one in DETAILS[kind]),
        _secret(KINDS[kind], errors, is_new=is_new),
        Field(
            path="hosts",
            label="Hosts",
            kind="lines",
            value="\n".join(values.get("hosts", ())),
            is_required=True,
            help=_HOSTS,
            attributes={"placeholder": "api.example.com", "spellcheck": "false"},
            errors=_host_errors(values.get("hosts", ()), errors),
        ),
    ]


def _secret(kind: KindWords, errors: Errors, *, is_new: bool) -> Field:
    return Field(
        path="secret",
        label=kind.secret,
        kind="password" if is_new else "secret",
        is_required=is_new,
        help=kind.secret_help or "Kept encrypted. Nobody can read it here again, not even you.",
        attributes={"autocomplete": "new-password"} if is_new else {},
        errors=messages(errors, "secret"),
    )


def _host_errors(hosts: Sequence[str], errors: Errors) -> list[str]:
    """What is wrong with the hosts, each by what was typed."""
    found = messages(errors, "hosts")
    for number, host in enumerate(hosts):
        found += [f"“{host[:80]}”: {message}" for message in messages(errors, f"hosts.{number}")]
    return found


def _detail(one: Detail, values: Mapping[str, Any], errors: Errors) -> Field:
    path, value = f"details.{one.name}", values.get(one.name, "")
    choices: list[Choice] = []
    if one.name == "client_auth":
        ways = (("header", "In the Authorization header"), ("body", "In the body"))
        choices = [Choice(name, label, name == (value or "header")) for name, label in ways]
    return Field(
        path=path,
        label=one.label,
        kind="enum" if choices else "url" if one.name == "token_url" else "text",
        value=value,
        help=one.help,
        is_required=one.is_required,
        choices=choices,
        attributes={} if choices else {"autocomplete": "off", "spellcheck": "false"},
        errors=messages(errors, path),
    )
