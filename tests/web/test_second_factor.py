"""The authenticator app: set up, asked for at the sign-in, stood in for, turned off; and no way around it."""

import re
import time
from dataclasses import replace
from datetime import timedelta

import pytest
import time_machine
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from tasks_app.models import RecoveryCode, SecondFactor, TokenSignIn
from tasks_app.services.second_factor import STEP_SECONDS, code_at
from tasks_app.services.tokens import sign_in_begin
from tests.second_factor import turn_on
from tests.web.conftest import signed_in
from tests.web.reading import errors, text

PERSON = {"username": "alice", "password": "alice-password"}
PAGE = "/settings/second-factor/"

pytestmark = pytest.mark.usefixtures("empty_redis")


def half_way(client: Client, **more: str) -> None:
    response = client.post("/sign-in/", {**PERSON, **more})
    assert (response.status_code, response["Location"]) == (302, "/sign-in/code/")


def is_in(client: Client) -> bool:
    return client.get("/settings/").status_code == 200


def begin(browser: Client) -> str:
    """Begin on the page, and read the secret off it."""
    assert browser.post(f"{PAGE}begin/")["Location"] == PAGE
    page = browser.get(PAGE)
    assert '<svg class="qr"' in page.content.decode()
    found = re.search(r'<code class="secret">([A-Z2-7 ]+)</code>', page.content.decode())
    assert found is not None
    return found.group(1).replace(" ", "")


def code_now(secret: str) -> str:
    return code_at(secret, int(time.time()) // STEP_SECONDS)


def test_it_is_set_up_with_a_code_and_the_password(as_alice: Client, alice: User) -> None:
    secret = begin(as_alice)
    assert begin(as_alice) == secret
    other = signed_in(alice)
    wrong = as_alice.post(f"{PAGE}confirm/", {"code": "000000", "password": "alice-password"})
    assert wrong.status_code == 400
    assert "not the code" in errors(wrong, "code")
    wrong = as_alice.post(f"{PAGE}confirm/", {"code": code_now(secret), "password": "wrong"})
    assert "not your password" in errors(wrong, "password")
    assert Client().post("/sign-in/", PERSON)["Location"] == "/"
    tokens = sign_in_begin(user=alice, address="")
    done = as_alice.post(f"{PAGE}confirm/", {"code": code_now(secret), "password": "alice-password"})
    assert done.status_code == 201
    codes = re.findall(r"\b[0-9a-z]{4}(?:-[0-9a-z]{4}){3}\b", text(done))
    assert len(set(codes)) == 10
    assert done["Cache-Control"] == "no-store"
    assert is_in(as_alice)
    assert not is_in(other)
    assert TokenSignIn.objects.filter(revoked_at=None).count() == 0, tokens
    assert secret not in as_alice.get(PAGE).content.decode()
    stored = SecondFactor.objects.get()
    assert secret not in stored.sealed
    assert not any(code in kept for code in codes for kept in RecoveryCode.objects.values_list("digest", flat=True))


def test_the_sign_in_asks_for_the_code_and_comes_back_to_where_one_was(client: Client, alice: User) -> None:
    app = turn_on(alice)
    half_way(client, next="/runs/?status=failed")
    assert not is_in(client)
    assert "Your code" in text(client.get("/sign-in/code/"))
    wrong = client.post("/sign-in/code/", {"code": "000000"})
    assert "not right" in text(wrong)
    assert not is_in(client)
    done = client.post("/sign-in/code/", {"code": f" {app.code()[:3]} {app.code()[3:]}"})
    assert done["Location"] == "/runs/?status=failed"
    assert is_in(client)
    assert client.session.get_expiry_age() > 10 * 86_400


@pytest.mark.parametrize("elsewhere", ["https://evil.example/", "//evil.example/"])
def test_next_never_leads_to_another_host_after_the_code_either(client: Client, alice: User, elsewhere: str) -> None:
    app = turn_on(alice)
    half_way(client, next=elsewhere)
    assert client.post("/sign-in/code/", {"code": app.code()})["Location"] == "/"


def test_the_session_gets_another_key_at_each_step(client: Client, alice: User) -> None:
    app, keys = turn_on(alice), []
    client.get("/sign-in/")
    half_way(client)
    keys.append(client.cookies["carillon_session"].value)
    client.post("/sign-in/code/", {"code": app.code()})
    keys.append(client.cookies["carillon_session"].value)
    assert len(set(keys)) == 2


def test_a_code_counts_once(client: Client, alice: User) -> None:
    app = turn_on(alice)
    code = app.code()
    half_way(client)
    client.post("/sign-in/code/", {"code": code})
    other = Client()
    half_way(other)
    assert "used already" in text(other.post("/sign-in/code/", {"code": code}))
    assert not is_in(other)


def test_an_older_code_does_not_count_after_a_newer_one(client: Client, alice: User) -> None:
    app = turn_on(alice)
    half_way(client)
    assert client.post("/sign-in/code/", {"code": app.code(1)}).status_code == 302
    other = Client()
    half_way(other)
    assert other.post("/sign-in/code/", {"code": app.code()}).status_code == 200


@pytest.mark.parametrize("later", [-3, 3, 100])
def test_a_code_of_another_time_is_none(client: Client, alice: User, later: int) -> None:
    app = turn_on(alice)
    half_way(client)
    assert client.post("/sign-in/code/", {"code": app.code(later)}).status_code == 200


def test_a_recovery_code_stands_in_once(client: Client, alice: User) -> None:
    app = turn_on(alice)
    for browser, is_taken in ((client, True), (Client(), False)):
        half_way(browser)
        browser.post("/sign-in/code/", {"code": app.recovery[3].upper().replace("-", " ")})
        assert is_in(browser) is is_taken
    assert "9 recovery codes left" in text(client.get(PAGE))


def test_who_signs_in_with_a_recovery_code_is_told_what_is_left_and_what_to_do(client: Client, alice: User) -> None:
    app = turn_on(alice)
    for browser, code, is_told in ((client, app.recovery[3], True), (Client(), app.code(), False)):
        half_way(browser)
        page = text(browser.post("/sign-in/code/", {"code": code}, follow=True))
        assert ("used up: 9 codes left. Make new ones" in page) is is_told


def test_codes_of_others_are_none(client: Client, alice: User, bob: User) -> None:
    turn_on(alice)
    theirs = turn_on(bob)
    half_way(client)
    for code in (theirs.code(), theirs.recovery[0]):
        assert client.post("/sign-in/code/", {"code": code}).status_code == 200


@pytest.mark.parametrize("code", ["", " ", "12345", "１２３４５６", "abcdef", "x" * 10_000, "a\0b"])
def test_what_is_no_code_is_said_to_be_none(client: Client, alice: User, code: str) -> None:
    turn_on(alice)
    half_way(client)
    assert "not right" in text(client.post("/sign-in/code/", {"code": code}))


def test_wrong_codes_are_counted_and_a_new_start_does_not_help(client: Client, alice: User) -> None:
    app = turn_on(alice)
    found = []
    for _ in range(6):
        half_way(client)
        found.append(client.post("/sign-in/code/", {"code": "000000"}).status_code)
    assert found == [200] * 5 + [429]
    refused = client.post("/sign-in/code/", {"code": app.code()})
    assert refused.status_code == 429
    assert "Try again in" in text(refused)


def test_half_way_ends_after_five_minutes(client: Client, alice: User) -> None:
    app, now = turn_on(alice), timezone.now()
    with time_machine.travel(now, tick=False):
        half_way(client)
    with time_machine.travel(now + timedelta(seconds=301), tick=False):
        response = client.post("/sign-in/code/", {"code": app.code()}, follow=True)
        assert "sign in again" in text(response)
        assert not is_in(client)


def test_half_way_ends_with_a_new_password_and_with_the_account(client: Client, alice: User) -> None:
    app = turn_on(alice)
    half_way(client)
    alice.set_password("another one")
    alice.save()
    assert client.post("/sign-in/code/", {"code": app.code()})["Location"] == "/sign-in/"
    other = Client()
    half_way(other, password="another one")
    User.objects.update(is_active=False)
    assert other.post("/sign-in/code/", {"code": app.code()})["Location"] == "/sign-in/"


def test_the_page_for_the_code_is_nothing_without_a_password(client: Client, alice: User) -> None:
    app = turn_on(alice)
    assert client.post("/sign-in/code/", {"code": app.code()})["Location"] == "/sign-in/"


def test_no_other_door_lets_in_who_is_half_way(client: Client, staff: User) -> None:
    turn_on(staff)
    response = client.post("/sign-in/", {"username": "staff", "password": "staff-password", "next": "/admin/"})
    assert response["Location"] == "/sign-in/code/"
    for path in ("/admin/", "/flower/", "/settings/second-factor/", "/settings/password/"):
        assert "/sign-in/" in client.get(path)["Location"]
    assert client.post("/admin/login/", {"username": "staff", "password": "staff-password"})["Location"].startswith(
        "/sign-in/"
    )
    assert client.get("/api/me").status_code == 401
    assert client.post(f"{PAGE}off/", {"password": "staff-password"}).status_code == 401
    assert SecondFactor.objects.count() == 1


def test_turning_it_off_takes_password_and_code(as_alice: Client, alice: User) -> None:
    app = turn_on(alice)
    for typed in (
        {"password": "alice-password"},
        {"code": app.recovery[0]},
        {"password": "x", "code": app.recovery[0]},
    ):
        assert as_alice.post(f"{PAGE}off/", typed).status_code == 400
    assert SecondFactor.objects.count() == 1
    assert as_alice.post(f"{PAGE}off/", {"password": "alice-password", "code": app.recovery[0]}).status_code == 302
    assert (SecondFactor.objects.count(), RecoveryCode.objects.count()) == (0, 0)
    assert Client().post("/sign-in/", PERSON)["Location"] == "/"


def test_new_recovery_codes_make_the_old_ones_worthless(as_alice: Client, client: Client, alice: User) -> None:
    app = turn_on(alice)
    assert as_alice.post(f"{PAGE}codes/", {"password": "alice-password", "code": "000000"}).status_code == 400
    renewed = as_alice.post(f"{PAGE}codes/", {"password": "alice-password", "code": app.code()})
    assert renewed.status_code == 201
    new = re.findall(r"\b[0-9a-z]{4}(?:-[0-9a-z]{4}){3}\b", text(renewed))
    half_way(client)
    assert client.post("/sign-in/code/", {"code": app.recovery[1]}).status_code == 200
    assert client.post("/sign-in/code/", {"code": new[1]}).status_code == 302


def test_a_secret_that_is_on_is_not_begun_again(as_alice: Client, alice: User) -> None:
    turn_on(alice)
    sealed = SecondFactor.objects.get().sealed
    as_alice.post(f"{PAGE}begin/")
    assert as_alice.post(f"{PAGE}confirm/", {"code": "000000", "password": "alice-password"}).status_code == 400
    assert SecondFactor.objects.get().sealed == sealed


def test_a_secret_that_was_begun_long_ago_is_confirmed_by_nobody(as_alice: Client) -> None:
    secret, now = begin(as_alice), timezone.now()
    with time_machine.travel(now + timedelta(minutes=31), tick=False):
        code = code_now(secret)
        assert as_alice.post(f"{PAGE}confirm/", {"code": code, "password": "alice-password"}).status_code == 400
        assert SecondFactor.objects.get().confirmed_at is None
        assert begin(as_alice) != secret


@pytest.mark.parametrize(
    "path", ["/", "/tasks/", "/admin/", "/flower/", "/settings/password/", "/files/", "/api/docs/"]
)
def test_who_must_have_it_is_led_to_the_set_up_until_it_is_done(staff: User, settings: Settings, path: str) -> None:
    settings.SIGN_IN = replace(settings.SIGN_IN, second_factor="staff")
    browser = signed_in(staff)
    assert browser.get(path)["Location"] == PAGE
    assert "asks you to have" in text(browser.get(PAGE))
    assert browser.get(path, headers={"HX-Request": "true"}).headers.get("HX-Redirect", PAGE) == PAGE
    assert browser.post("/theme/", {"theme": "dark"}).status_code == 302
    begin(browser)
    turn_on(staff)
    assert browser.get(path).headers.get("Location", "") != PAGE


def test_others_and_strangers_are_not_led_there(client: Client, alice: User, settings: Settings) -> None:
    settings.SIGN_IN = replace(settings.SIGN_IN, second_factor="staff")
    assert signed_in(alice).get("/").status_code == 200
    assert client.get("/").headers["Location"].startswith("/sign-in/")
    assert client.get("/healthz").status_code == 200
