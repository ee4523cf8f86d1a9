"""The sign-in page counts wrong passwords, says how long to wait, and lets nobody in uncounted."""

from dataclasses import replace

import pytest
import redis
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import Settings

from tests.second_factor import turn_on
from tests.web.conftest import signed_in
from tests.web.reading import text

PERSON = {"username": "alice", "password": "alice-password"}

pytestmark = pytest.mark.usefixtures("empty_redis")


def lock(username: str = "alice", tries: int = 5) -> list[int]:
    """Try wrong passwords from a browser that nobody knows."""
    wrong = {"username": username, "password": "wrong"}
    return [Client().post("/sign-in/", wrong, REMOTE_ADDR=f"10.0.0.{number}").status_code for number in range(tries)]


def test_the_sixth_wrong_password_has_to_wait(client: Client, alice: User) -> None:
    assert lock(tries=7) == [200] * 5 + [429] * 2
    response = client.post("/sign-in/", PERSON)
    assert response.status_code == 429
    assert 50 <= int(response["Retry-After"]) <= 62
    assert "Too many wrong tries. Try again in 6" in text(response)
    assert client.get("/").status_code == 302


def test_known_and_unknown_names_get_the_same_page(client: Client, alice: User) -> None:
    def answer(name: str) -> str:
        return text(client.post("/sign-in/", {"username": name, "password": "wrong"}))

    for _ in range(7):
        assert answer("alice") == answer("nobody")


def test_names_that_the_database_does_not_take_are_unknown_ones(client: Client, db: None) -> None:
    for name in ("a\0b", "x" * 10_000, "\u202e", "%00"):
        assert client.post("/sign-in/", {"username": name, "password": "x"}).status_code == 200


def test_who_is_signed_in_goes_on_while_strangers_guess(alice: User) -> None:
    browser = signed_in(alice)
    assert lock(tries=6)[-1] == 429
    assert browser.get("/").status_code == 200


def test_a_browser_that_knows_the_person_lets_them_in_while_strangers_guess(client: Client, alice: User) -> None:
    client.post("/sign-in/", PERSON)
    client.post("/sign-out/")
    assert lock(tries=6)[-1] == 429
    assert client.post("/sign-in/", PERSON).status_code == 302


def test_a_known_browser_is_counted_too_and_is_not_known_for_others(client: Client, alice: User, bob: User) -> None:
    client.post("/sign-in/", PERSON)
    client.post("/sign-out/")
    found = [client.post("/sign-in/", {**PERSON, "password": "wrong"}).status_code for _ in range(6)]
    assert found == [200] * 5 + [429]
    lock("bob")
    assert client.post("/sign-in/", {"username": "bob", "password": "bob-password"}).status_code == 429


def test_a_forged_cookie_makes_no_known_browser(client: Client, alice: User) -> None:
    lock()
    client.cookies["carillon_device"] = "eyJ3aG8iOiJhIn0:1vPmT0:forged"
    assert client.post("/sign-in/", PERSON).status_code == 429


def test_an_address_that_tries_many_names_has_to_wait(client: Client, alice: User, settings: Settings) -> None:
    settings.SIGN_IN = replace(settings.SIGN_IN, tries_per_address=3)
    for number in range(3):
        client.post(
            "/sign-in/", {"username": f"n{number}", "password": "x"}, headers={"X-Forwarded-For": f"1.1.1.{number}"}
        )
    response = client.post("/sign-in/", PERSON, headers={"X-Forwarded-For": "9.9.9.9"})
    assert response.status_code == 429
    assert "network address" in text(response)
    assert Client().post("/sign-in/", PERSON, REMOTE_ADDR="10.9.9.9").status_code == 302


def test_without_redis_nobody_is_let_in_and_the_page_says_why(client: Client, alice: User, settings: Settings) -> None:
    browser = signed_in(alice)
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    response = client.post("/sign-in/", PERSON)
    assert response.status_code == 503
    assert "Nobody can sign in for the moment" in text(response)
    assert client.get("/").status_code == 302
    assert browser.get("/").status_code == 200


def test_signing_in_gives_the_session_another_key(client: Client, alice: User) -> None:
    session = client.session
    session["planted"] = True
    session.save()
    before = client.cookies["carillon_session"].value
    client.post("/sign-in/", PERSON)
    assert client.cookies["carillon_session"].value != before
    assert Client(headers={"Cookie": f"carillon_session={before}"}).get("/").status_code == 302


@pytest.mark.parametrize(
    "path", ["/sign-in/", "/sign-in/forgot/", "/sign-in/forgot/sent/", "/sign-in/new-password/MQ/x-y/"]
)
def test_these_pages_are_kept_by_nobody(client: Client, db: None, path: str) -> None:
    response = client.get(path)
    assert response.status_code == 200
    assert "no-store" in response["Cache-Control"]


def test_wrong_tries_at_the_password_page_are_counted(alice: User, empty_redis: redis.Redis) -> None:
    browser = signed_in(alice)
    new = {"old_password": "wrong", "new_password1": "bells at nine", "new_password2": "bells at nine"}
    for _ in range(5):
        assert "This is not your password" in text(browser.post("/settings/password/", new))
    assert "Too many wrong tries" in text(
        browser.post("/settings/password/", {**new, "old_password": "alice-password"})
    )


def test_a_new_password_takes_the_code_too(alice: User) -> None:
    app, browser = turn_on(alice), signed_in(alice)
    new = {"old_password": "alice-password", "new_password1": "bells at nine", "new_password2": "bells at nine"}
    assert 'name="code"' in browser.get("/settings/password/").content.decode()
    assert "not right" in text(browser.post("/settings/password/", {**new, "code": "000000"}))
    assert browser.post("/settings/password/", {**new, "code": app.code()}).status_code == 302
    alice.refresh_from_db()
    assert alice.check_password("bells at nine")
