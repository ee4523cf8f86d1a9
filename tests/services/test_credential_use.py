"""Where a credential goes and what it looks like there; whatever the address pretends, it goes nowhere else."""

import hashlib
import hmac
from base64 import b64decode
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from pytest_django import Settings

from tasks_app.errors import Invalid, Permanent
from tasks_app.kinds.references import SIGNING, check_credential, credential_for
from tasks_app.models import Credential
from tasks_app.services.credentials import (
    CredentialRefused,
    TokenUnavailable,
    credential_update,
    forget_token,
    headers_for,
    signature_for,
)
from tasks_app.services.outbound import Call, send
from tests.kinds.service import Trap, running
from tests.services.credentials import SECRET, TokenService, make_credential, token_service

pytestmark = pytest.mark.django_db
AT = datetime(2026, 3, 1, 12, 0, 0, 500_000, tzinfo=UTC)


@pytest.fixture
def tokens(settings: Settings) -> Iterator[TokenService]:
    """A token service that the platform may call."""
    settings.ALLOW_PRIVATE_ADDRESSES = True
    with token_service() as found:
        yield found


def oauth2(owner: User, tokens: TokenService, **details: str) -> Credential:
    """Make an OAuth2 credential of that service."""
    return make_credential(owner, "oauth2", details={"token_url": tokens.url, "client_id": "c:1", **details})


def again(credential: Credential) -> Credential:
    """The credential as the next run reads it."""
    return Credential.objects.get(pk=credential.pk)


def test_each_kind_has_its_header(alice: User) -> None:
    url = "https://api.example.com/v1?x=1"
    assert headers_for(make_credential(alice), url) == {"Authorization": f"Bearer {SECRET}"}
    header = make_credential(alice, "header", name="h")
    assert headers_for(header, url) == {"X-Api-Key": SECRET}
    basic = headers_for(make_credential(alice, "basic", name="b", secret="pä:ss"), url)["Authorization"]
    assert b64decode(basic.removeprefix("Basic ")).decode() == "robot:pä:ss"


@pytest.mark.parametrize(
    "url",
    [
        "https://API.Example.COM/",
        "https://api.example.com:443/",
        "https://one.test.example.org/x",
        "https://eins.example.net:8443/",
    ],
)
def test_it_goes_to_its_hosts_in_any_spelling(url: str, alice: User) -> None:
    hosts = ["Api.Example.com:443", "*.test.example.org", "*.Example.net:8443"]
    credential = make_credential(alice, hosts=hosts)
    assert credential.hosts == ["api.example.com", "*.test.example.org", "*.example.net:8443"]
    assert headers_for(credential, url)


@pytest.mark.parametrize(
    "url",
    [
        "http://api.example.com/",
        "https://api.example.com:8443/",
        "https://api.example.com:80/",
        "https://api.example.com./",
        "https://api.example.com.evil.example/",
        "https://evil.example/api.example.com",
        "https://api.example.com@evil.example/",
        "https://evil.example\\@api.example.com/",
        "https://evil.example#@api.example.com/",
        "https://xapi.example.com/",
        "https://example.com/",
        "https://api.example.com%00.evil.example/",
        "https://api。example.com.evil.example/",
        "https://аpi.example.com/",
        "https://test.example.org/",
        "https://a.b.test.example.org/",
        "https://xtest.example.org/",
        "https://.test.example.org/",
        "https:///api.example.com/",
        "https://api.example.com\r\n.evil.example/",
        "//api.example.com/",
        "api.example.com",
        "",
    ],
)
def test_it_goes_nowhere_else(url: str, alice: User) -> None:
    credential = make_credential(alice, hosts=["api.example.com", "*.test.example.org"])
    with pytest.raises(CredentialRefused) as refusal:
        headers_for(credential, url)
    assert SECRET not in str(refusal.value)
    with pytest.raises(CredentialRefused):
        signature_for(make_credential(alice, "signing", name="s"), method="POST", url=url, body=b"", at=AT)
    assert Credential.objects.filter(last_used_at=None).count() == 2


@pytest.mark.parametrize(
    "entry",
    [
        *("*", "*.com", "*.*.example.com", "a.*.example.com", "*example.com", "*.0.0.1", "*.[::1]"),
        *("api.example.com.", "api.example.com/x", "https://api.example.com", "u@api.example.com", "", " ", "."),
        *("127.0.0.1", "localhost", "[::1]", "0x7f000001", "api.example.com:99999", "api.example.com:x", "a\r\nb"),
        *("api.example.com:25", "a" * 300, "api.example.com?x", "api.example.com#x", "api\\x.example.com"),
    ],
)
def test_what_is_no_host_is_refused(entry: str, alice: User) -> None:
    with pytest.raises(Invalid) as refusal:
        make_credential(alice, hosts=[entry])
    assert set(refusal.value.fields) == {"hosts.0"}


def test_a_redirect_takes_no_credential_to_another_host_or_port(alice: User, settings: Settings) -> None:
    settings.ALLOW_PRIVATE_ADDRESSES = True
    with running() as mine, running() as other:
        credential = make_credential(alice, "header", hosts=[f"127.0.0.1:{mine.port}"])
        for target in (other.url("/text"), f"http://localhost:{mine.port}/text"):
            url = mine.url(f"/redirect?to={target}")
            call = Call(method="GET", url=url, headers=headers_for(credential, url), follow_redirects=True)
            assert send(call, allow_private=True).status == 200
        assert mine.asked[0].headers["x-api-key"] == SECRET
        assert not any("x-api-key" in asked.headers for asked in [*other.asked, mine.asked[-1]])


def test_a_signature_is_over_timestamp_and_body(alice: User) -> None:
    key = make_credential(alice, "signing")
    body = '{"größe": 1}'.encode()
    headers = signature_for(key, method="POST", url="https://api.example.com/", body=body, at=AT)
    assert headers["X-Carillon-Timestamp"] == "1772366400"
    wanted = hmac.new(SECRET.encode(), b"1772366400." + body, hashlib.sha256).hexdigest()
    assert headers["X-Carillon-Signature"] == f"sha256={wanted}"
    empty = signature_for(key, method="GET", url="https://api.example.com/", body=None, at=AT)
    assert empty["X-Carillon-Signature"] != headers["X-Carillon-Signature"]


def test_a_receiver_that_does_as_documented_knows_ours_from_others(alice: User, settings: Settings) -> None:
    page = (Path(settings.BASE_DIR) / "docs/credentials.md").read_text(encoding="utf-8")
    receiver: dict[str, Any] = {}
    exec(page.split("```python")[1].split("```")[0], receiver)
    is_ours = receiver["is_from_carillon"]
    key = make_credential(alice, "signing")
    now = timezone.now()

    def sign(body: bytes, at: datetime = now) -> dict[str, str]:
        return signature_for(key, method="POST", url="https://api.example.com/", body=body, at=at)

    assert is_ours(SECRET, sign(b"body"), b"body")
    assert not is_ours(SECRET, sign(b"body"), b"another")
    assert not is_ours(f"{SECRET}x", sign(b"body"), b"body")
    assert not is_ours(SECRET, sign(b"body", now - timedelta(minutes=6)), b"body")
    assert not is_ours(SECRET, {**sign(b"body"), "X-Carillon-Timestamp": str(int(now.timestamp()) + 1)}, b"body")


def test_a_kind_does_not_do_the_others_work(alice: User) -> None:
    url = "https://api.example.com/"
    with pytest.raises(CredentialRefused):
        headers_for(make_credential(alice, "signing"), url)
    with pytest.raises(CredentialRefused):
        signature_for(make_credential(alice, name="b"), method="POST", url=url, body=b"", at=AT)


def test_use_is_noted_at_most_once_a_minute(alice: User) -> None:
    credential = make_credential(alice)
    headers_for(credential, "https://api.example.com/")
    first = again(credential).last_used_at
    assert first is not None
    headers_for(credential, "https://api.example.com/")
    assert again(credential).last_used_at == first


def test_a_secret_moved_into_another_row_is_not_sent(alice: User) -> None:
    mine, other = make_credential(alice), make_credential(alice, name="o", hosts=["evil.example.net"])
    Credential.objects.filter(pk=other.pk).update(sealed=mine.sealed)
    with pytest.raises(CredentialRefused, match="another credential"):
        headers_for(again(other), "https://evil.example.net/")


def test_a_lost_key_is_said_in_words(alice: User, settings: Settings) -> None:
    credential = make_credential(alice)
    settings.FIELD_KEYS = ["MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="]
    with pytest.raises(CredentialRefused, match="FIELD_KEYS"):
        headers_for(credential, "https://api.example.com/")


def test_a_token_is_fetched_once_and_kept_sealed(alice: User, tokens: TokenService) -> None:
    credential = oauth2(alice, tokens, scope="read write")
    for _ in range(2):
        assert headers_for(again(credential), "https://api.example.com/") == {"Authorization": "Bearer token-1"}
    assert len(tokens.asked) == 1
    headers, body = tokens.asked[0]
    assert b64decode(headers["authorization"].removeprefix("Basic ")).decode() == f"c%3A1:{SECRET}"
    assert body == "grant_type=client_credentials&scope=read+write"
    kept = again(credential)
    assert "token-1" not in str(vars(kept))
    assert kept.token_until is not None
    assert timedelta(minutes=58) < kept.token_until - timezone.now() <= timedelta(minutes=59)


def test_a_client_may_sign_in_by_the_body(alice: User, tokens: TokenService) -> None:
    headers_for(oauth2(alice, tokens, client_auth="body"), "https://api.example.com/")
    headers, body = tokens.asked[0]
    assert "authorization" not in headers
    assert body == f"grant_type=client_credentials&client_id=c%3A1&client_secret={SECRET}"


@pytest.mark.parametrize("expires_in", [0, 59, "60", -5])
def test_a_token_that_ends_within_a_minute_is_used_once(expires_in: Any, alice: User, tokens: TokenService) -> None:
    tokens.answer = {**tokens.answer, "expires_in": expires_in}
    credential = oauth2(alice, tokens)
    for _ in range(2):
        assert headers_for(again(credential), "https://api.example.com/")
    assert len(tokens.asked) == 2


@pytest.mark.parametrize("expires_in", [None, "soon", [], True, 1e300, 10**400, "nan", "inf"])
def test_a_strange_duration_is_bounded(expires_in: Any, alice: User, tokens: TokenService) -> None:
    tokens.answer = {**tokens.answer, "expires_in": expires_in}
    credential = oauth2(alice, tokens)
    assert headers_for(credential, "https://api.example.com/")
    until = again(credential).token_until
    assert until is not None
    assert until <= timezone.now() + timedelta(days=30)


def test_forgetting_drops_ones_own_token_and_no_newer_one(alice: User, tokens: TokenService) -> None:
    credential = oauth2(alice, tokens)
    headers_for(credential, "https://api.example.com/")
    late = again(credential)
    forget_token(credential)
    tokens.answer = {**tokens.answer, "access_token": "token-2"}
    assert headers_for(credential, "https://api.example.com/") == {"Authorization": "Bearer token-2"}
    forget_token(late)
    assert again(credential).sealed_token
    assert headers_for(late, "https://api.example.com/") == {"Authorization": "Bearer token-2"}


def test_a_new_secret_ends_the_token_of_the_old_one(alice: User, tokens: TokenService) -> None:
    credential = oauth2(alice, tokens)
    headers_for(credential, "https://api.example.com/")
    stale = again(credential)
    forget_token(stale)
    edited = credential_update(credential=credential, changes={"secret": "another"}, actor="t")
    assert edited.sealed_token == ""
    headers_for(stale, "https://api.example.com/")
    assert again(credential).sealed_token == ""


@pytest.mark.parametrize(
    ("status", "answer", "error", "words"),
    [
        (400, {"error": "invalid_client", "error_description": SECRET}, CredentialRefused, "400: invalid_client."),
        (401, f"<html>{SECRET}".encode(), CredentialRefused, "401."),
        (403, {"error": f"no {SECRET}"}, CredentialRefused, "403."),
        (302, {"access_token": "t"}, CredentialRefused, "302."),
        (200, b"[" * 100_000, CredentialRefused, "nothing that can be used"),
        (200, {"access_token": "a\r\nX-Evil: 1"}, CredentialRefused, "nothing that can be used"),
        (200, {"access_token": "t" * 10_001}, CredentialRefused, "nothing that can be used"),
        (200, {"access_token": 5}, CredentialRefused, "nothing that can be used"),
        (200, {"access_token": "t", "token_type": "mac"}, CredentialRefused, "no bearer token"),
        (429, {}, TokenUnavailable, "429"),
        (503, {}, TokenUnavailable, "503"),
    ],
)
def test_a_token_service_that_gives_none_is_told_apart(  # noqa: PLR0917  # a row of the table
    status: int, answer: Any, error: type[Exception], words: str, alice: User, tokens: TokenService
) -> None:
    tokens.status, tokens.answer = status, answer
    with pytest.raises(error) as refusal:
        headers_for(oauth2(alice, tokens), "https://api.example.com/")
    assert words in str(refusal.value)
    assert SECRET not in str(refusal.value)


def test_a_token_service_that_redirects_is_not_followed(alice: User, tokens: TokenService) -> None:
    trap = Trap()
    tokens.status, tokens.location = 307, f"http://127.0.0.1:{trap.port}/"
    with pytest.raises(CredentialRefused):
        headers_for(oauth2(alice, tokens), "https://api.example.com/")
    assert trap.visits() == 0
    trap.close()


def test_a_token_url_that_leads_inside_is_not_called(alice: User, settings: Settings) -> None:
    trap = Trap()
    settings.ALLOW_PRIVATE_ADDRESSES = True
    url = f"https://127.0.0.1:{trap.port}/token"
    credential = make_credential(alice, "oauth2", details={"token_url": url, "client_id": "c"})
    settings.ALLOW_PRIVATE_ADDRESSES = False
    with pytest.raises(CredentialRefused):
        headers_for(credential, "https://api.example.com/")
    assert trap.visits() == 0
    trap.close()


def test_a_token_service_that_is_away_is_worth_another_try(alice: User, settings: Settings) -> None:
    settings.ALLOW_PRIVATE_ADDRESSES = True
    with token_service() as gone:
        credential = oauth2(alice, gone)
    with pytest.raises(TokenUnavailable):
        headers_for(credential, "https://api.example.com/")


def test_a_name_is_looked_up_among_ones_own(alice: User, charlie: User, staff: User) -> None:
    make_credential(alice)
    assert credential_for(alice.pk, "crm").owner == alice
    check_credential(alice, "crm", "credential", url="https://api.example.com/")
    for other in (charlie, staff, None):
        with pytest.raises(Invalid) as refusal:
            check_credential(other, "crm", "credential")
        assert refusal.value.fields["credential"][0].code == "unknown"
        with pytest.raises(Permanent):
            credential_for(other.pk if other else None, "crm")


@pytest.mark.parametrize(
    ("more", "code"),
    [({"kinds": SIGNING}, "wrong_kind"), ({"url": "https://evil.example.net/"}, "host_not_allowed")],
)
def test_a_credential_that_does_not_fit_is_refused_at_its_field(more: Any, code: str, alice: User) -> None:
    make_credential(alice)
    with pytest.raises(Invalid) as refusal:
        check_credential(alice, "crm", "steps.0.credential", **more)
    assert [fault.code for fault in refusal.value.fields["steps.0.credential"]] == [code]
