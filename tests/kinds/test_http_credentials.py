"""http_request with credentials and signatures: to their own hosts, and to nobody else."""

import hashlib
import hmac
import json
from typing import Any

import pytest
from django.contrib.auth.models import User
from pytest_django import Settings

from tasks_app.errors import Invalid, Permanent
from tasks_app.handlers import registry
from tasks_app.handlers.testing import RecordingContext, call_handler
from tasks_app.kinds.http_sending import AnswerLost, RequestFailed
from tasks_app.models import Credential
from tests.kinds.http_calls import faults, request
from tests.kinds.service import Service, Trap, running
from tests.services.credentials import SECRET, make_credential

pytestmark = pytest.mark.django_db


def credential(owner: User, service: Service, kind: str = "bearer", **fields: Any) -> Credential:
    """A credential for the service."""
    return make_credential(owner, kind, **{"hosts": [f"127.0.0.1:{service.port}"], **fields})


def oauth2(owner: User, service: Service) -> Credential:
    """A credential whose tokens the service gives out itself: token-1, token-2 and so on."""
    return credential(owner, service, "oauth2", details={"token_url": service.url("/token"), "client_id": "carillon"})


def context(owner: User) -> RecordingContext:
    return RecordingContext(owner_id=owner.pk)


def owners_faults(owner: User, payload: dict[str, Any]) -> dict[str, str]:
    with pytest.raises(Invalid) as caught:
        registry.validate_for(owner, "http_request", payload)
    return {path: errors[0].code for path, errors in caught.value.fields.items()}


@pytest.mark.parametrize(
    ("kind", "header", "value"),
    [
        ("bearer", "authorization", f"Bearer {SECRET}"),
        ("basic", "authorization", "Basic "),
        ("header", "x-api-key", SECRET),
        ("oauth2", "authorization", "Bearer token-1"),
    ],
)
def test_a_credential_authorises_the_request(kind: str, header: str, value: str, alice: User, service: Service) -> None:
    oauth2(alice, service) if kind == "oauth2" else credential(alice, service, kind)
    ctx = context(alice)
    result = request(service, "/text", ctx, credential="crm")
    assert service.last.headers[header].startswith(value)
    assert SECRET not in f"{result}{ctx.logs}"


def test_a_credential_wins_over_a_header_of_its_name(alice: User, service: Service) -> None:
    credential(alice, service, "header")
    request(service, "/text", context(alice), credential="crm", headers={"x-api-key": "mine"})
    assert service.last.headers["x-api-key"] == SECRET


def test_only_the_owners_credential_is_found(alice: User, bob: User, service: Service) -> None:
    credential(alice, service)
    with pytest.raises(Permanent, match="no credential"):
        request(service, "/text", context(bob), credential="crm")
    with pytest.raises(Permanent, match="no credential"):
        request(service, "/text", RecordingContext(), credential="crm")
    assert service.asked == []


def test_a_credential_goes_to_its_own_host_only(alice: User, service: Service) -> None:
    credential(alice, service)
    with running() as other:
        assert owners_faults(alice, {"url": other.url(), "credential": "crm"}) == {
            "payload.credential": "host_not_allowed"
        }
        with pytest.raises(Permanent, match="not meant for"):
            request(other, "/text", context(alice), credential="crm")
        assert other.asked == []


def test_a_credential_goes_over_https_only(alice: User, settings: Settings, trap: Trap) -> None:
    make_credential(alice)
    settings.ALLOW_PRIVATE_ADDRESSES = False
    payload = {"url": "http://api.example.com/", "credential": "crm"}
    assert owners_faults(alice, payload) == {"payload.credential": "host_not_allowed"}
    with pytest.raises(Permanent, match="https only"):
        call_handler("http_request", payload, context(alice))


@pytest.mark.parametrize("code", [302, 307, 308])
def test_no_redirect_takes_a_credential_or_a_signature_to_another_host(
    alice: User, service: Service, code: int
) -> None:
    with running() as other:
        hosts = [f"127.0.0.1:{found.port}" for found in (service, other)]
        credential(alice, service, "header", hosts=hosts)
        credential(alice, service, "signing", hosts=hosts, name="key")
        options = {"credential": "crm", "signing": "key", "method": "PUT", "body": "x", "follow_redirects": True}
        request(service, f"/redirect?to={other.url('/text')}&code={code}", context(alice), **options)
        assert {"x-api-key", "x-carillon-signature", "x-carillon-timestamp"} <= set(service.last.headers)
        assert not {"x-api-key", "x-carillon-signature", "x-carillon-timestamp"} & set(other.last.headers)
        assert SECRET not in str(other.last)


def test_a_redirect_within_the_host_keeps_the_credential(alice: User, service: Service) -> None:
    credential(alice, service)
    request(service, "/redirect?to=/text", context(alice), credential="crm", follow_redirects=True)
    assert service.last.headers["authorization"] == f"Bearer {SECRET}"


def test_a_token_that_is_taken_no_more_is_renewed_once(alice: User, service: Service) -> None:
    oauth2(alice, service)
    ctx = context(alice)
    assert request(service, "/guarded?token=token-2", ctx, credential="crm")["status"] == 200
    assert [asked.path for asked in service.asked] == ["/token", "/guarded", "/token", "/guarded"]
    request(service, "/guarded?token=token-2", context(alice), credential="crm")
    assert len(service.asked) == 5, "the new token is kept"


def test_a_new_token_that_is_refused_as_well_is_the_end(alice: User, service: Service) -> None:
    oauth2(alice, service)
    with pytest.raises(Permanent, match="401 Unauthorized"):
        request(service, "/guarded?token=another", context(alice), credential="crm")
    assert [asked.path for asked in service.asked].count("/guarded") == 2


def test_a_post_is_repeated_with_the_new_token_and_the_same_key(alice: User, service: Service) -> None:
    oauth2(alice, service)
    request(service, "/guarded?token=token-2", context(alice), credential="crm", method="POST", json={"a": 1})
    first, second = (asked for asked in service.asked if asked.path == "/guarded")
    assert first.headers["idempotency-key"] == second.headers["idempotency-key"]
    assert first.body == second.body


@pytest.mark.parametrize(("kind", "expected"), [("bearer", []), ("oauth2", [401])])
def test_nothing_is_renewed_where_that_cannot_help(
    kind: str, expected: list[int], alice: User, service: Service
) -> None:
    oauth2(alice, service) if kind == "oauth2" else credential(alice, service, kind)
    options = {"credential": "crm", "expected_status": expected}
    if expected:
        assert request(service, "/guarded?token=x", context(alice), **options)["status"] == 401
    else:
        with pytest.raises(Permanent, match="401"):
            request(service, "/guarded?token=x", context(alice), **options)
    assert [asked.path for asked in service.asked].count("/guarded") == 1


def test_a_post_without_a_token_was_not_sent(alice: User, service: Service) -> None:
    gone = Trap()
    gone.close()
    details = {"token_url": f"http://127.0.0.1:{gone.port}/token", "client_id": "carillon"}
    credential(alice, service, "oauth2", details=details)
    ctx = context(alice)
    for attempt in (ctx, ctx.again()):
        with pytest.raises(RequestFailed, match="token service"):
            request(service, "/text", attempt, credential="crm", method="POST")
    assert [effect.state for effect in ctx.effects.values()] == ["not_done"]
    assert service.asked == []


def test_a_post_lost_after_the_renewal_is_unclear(alice: User, service: Service) -> None:
    oauth2(alice, service)
    ctx = context(alice)
    with pytest.raises(AnswerLost):
        request(service, "/guarded?token=token-2&then=drop", ctx, credential="crm", method="POST")
    assert [effect.state for effect in ctx.effects.values()] == ["intent"]


def test_an_answer_that_repeats_the_credential_is_kept_without_it(alice: User, service: Service) -> None:
    credential(alice, service)
    assert request(service, "/echo", context(alice), credential="crm")["json"]["authorization"] == "Bearer •••"
    result = request(service, "/echo", context(alice), credential="crm", extract={"sent": "authorization"})
    assert result["extracted"] == {"sent": "Bearer •••"}


@pytest.mark.parametrize("secret", ["two words of it", 'quotes " and \\ more', SECRET])
def test_neither_a_header_nor_its_spelling_in_json_keeps_it(secret: str, alice: User, service: Service) -> None:
    credential(alice, service, "header", secret=secret)
    result = request(service, "/echo", context(alice), credential="crm")
    assert result["json"]["x-api-key"] == "•••"
    assert result["headers"]["etag"] == "???"


def test_what_was_typed_as_a_secret_is_not_kept_either(alice: User, service: Service) -> None:
    headers = {"Authorization": f"Token {SECRET}", "Accept": "application/vnd.example"}
    echoed = request(service, "/echo", context(alice), headers=headers)["json"]
    assert (echoed["authorization"], echoed["accept"]) == ("Token •••", "application/vnd.example")


@pytest.mark.parametrize("body", [{"json": {"ä": [1]}}, {"body": "text"}, {}])
def test_a_signature_can_be_checked_by_the_receiver(alice: User, service: Service, body: dict[str, Any]) -> None:
    credential(alice, service, "signing")
    request(service, "/text", context(alice), signing="crm", method="POST", **body)
    headers = service.last.headers
    signed = headers["x-carillon-timestamp"].encode() + b"." + service.last.body
    wanted = hmac.new(SECRET.encode(), signed, hashlib.sha256).hexdigest()
    assert headers["x-carillon-signature"] == f"sha256={wanted}"
    assert SECRET not in str(service.last)


@pytest.mark.parametrize(
    ("kind", "payload", "expected"),
    [
        ("bearer", {"credential": "gone"}, {"payload.credential": "unknown"}),
        ("bearer", {"signing": "crm"}, {"payload.signing": "wrong_kind"}),
        ("signing", {"credential": "crm"}, {"payload.credential": "wrong_kind"}),
        ("signing", {"signing": "gone"}, {"payload.signing": "unknown"}),
    ],
)
def test_what_the_owner_has_not_is_refused_at_its_field(
    kind: str, payload: dict[str, Any], expected: dict[str, str], alice: User
) -> None:
    make_credential(alice, kind)
    assert owners_faults(alice, {"url": "https://api.example.com/", **payload}) == expected


def test_a_credential_beside_its_header_is_a_contradiction() -> None:
    payload = {"url": "https://a.example/", "credential": "crm", "headers": {"authorization": "Bearer x"}}
    assert faults(payload) == {"payload.headers.authorization": "contradiction"}


def test_no_stored_payload_holds_a_secret(alice: User) -> None:
    make_credential(alice)
    _, stored = registry.validate_for(alice, "http_request", {"url": "https://api.example.com/", "credential": "crm"})
    assert SECRET not in json.dumps(stored)
