"""Settings, where one is signed in: tokens and their ends, and signing out everywhere else."""

import pytest
from django.contrib.auth.models import User
from django.test import Client

from tasks_app.models import ApiKey, TokenSignIn
from tasks_app.selectors.tokens import access_lookup
from tasks_app.services.api_keys import api_key_create
from tasks_app.services.tokens import sign_in_begin
from tests.api.client import Api
from tests.web.conftest import signed_in
from tests.web.reading import errors, text

PAGE = "/settings/sign-ins/"

pytestmark = pytest.mark.usefixtures("empty_redis")


def test_sign_ins_by_tokens_are_listed_with_their_addresses_and_ended(as_alice: Client, alice: User, bob: User) -> None:
    one = sign_in_begin(user=alice, address="10.1.2.3")
    sign_in_begin(user=bob, address="10.9.9.9")
    shown = text(as_alice.get(PAGE))
    assert "10.1.2.3" in shown
    assert "10.9.9.9" not in shown
    row = TokenSignIn.objects.get(user=alice)
    assert as_alice.post(f"{PAGE}{row.pk}/end/").status_code == 302
    assert access_lookup(one.access) is None
    assert "Nothing is signed in by tokens" in text(as_alice.get(PAGE))
    assert as_alice.post(f"{PAGE}{TokenSignIn.objects.get(user=bob).pk}/end/").status_code == 404
    assert TokenSignIn.objects.filter(revoked_at=None).count() == 1


def test_signing_out_everywhere_else_keeps_this_browser_and_the_keys(as_alice: Client, alice: User, bob: User) -> None:
    other, theirs = signed_in(alice), signed_in(bob)
    tokens, key = sign_in_begin(user=alice, address=""), api_key_create(user=alice, name="ci", scope="read")[1]
    wrong = as_alice.post(PAGE, {"password": "wrong"})
    assert wrong.status_code == 400
    assert "not your password" in errors(wrong, "password")
    assert other.get("/").status_code == 200
    assert as_alice.post(PAGE, {"password": "alice-password"}).status_code == 302
    assert as_alice.get("/").status_code == 200
    assert theirs.get("/").status_code == 200
    assert other.get("/").status_code == 302
    assert access_lookup(tokens.access) is None
    assert Api(key=key).get("me").status == 200
    assert ApiKey.objects.filter(revoked_at=None).count() == 1
    assert Client().post("/sign-in/", {"username": "alice", "password": "alice-password"})["Location"] == "/"
