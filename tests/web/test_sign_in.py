"""Signing in and out."""

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client

from tasks_app.models import AuditEntry, Profile
from tasks_app.services.first_sign_in import first_admin_create
from tasks_app.services.people import profile_update
from tests.web.conftest import signed_in
from tests.web.reading import errors, text

pytestmark = pytest.mark.usefixtures("empty_redis")

PERSON = {"username": "alice", "password": "alice-password"}


def test_the_right_password_leads_home(client: Client, alice: User) -> None:
    response = client.post("/sign-in/", PERSON)
    assert (response.status_code, response["Location"]) == (302, "/")
    assert client.get("/").status_code == 200


def test_one_comes_back_to_where_one_was(client: Client, alice: User) -> None:
    response = client.post("/sign-in/", {**PERSON, "next": "/runs/?status=failed"})
    assert response["Location"] == "/runs/?status=failed"


@pytest.mark.parametrize("elsewhere", ["https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:x"])
def test_next_never_leads_to_another_host(client: Client, alice: User, elsewhere: str) -> None:
    assert client.post("/sign-in/", {**PERSON, "next": elsewhere})["Location"] == "/"


def test_a_wrong_password_is_said_and_the_name_kept(client: Client, alice: User) -> None:
    response = client.post("/sign-in/", {**PERSON, "password": "wrong"})
    assert response.status_code == 200
    assert 'value="alice"' in response.content.decode()
    assert b'role="alert"' in response.content
    assert "wrong" not in response.content.decode()


def test_signing_out_takes_a_post(as_alice: Client) -> None:
    assert as_alice.get("/sign-out/").status_code == 405
    assert as_alice.post("/sign-out/")["Location"] == "/sign-in/"
    assert as_alice.get("/").status_code == 302


def test_the_theme_is_remembered(as_alice: Client) -> None:
    response = as_alice.post("/theme/", {"theme": "dark", "next": "/runs/"})
    assert response["Location"] == "/runs/"
    assert b'data-theme="dark"' in as_alice.get("/").content
    as_alice.post("/theme/", {"theme": "system"})
    assert b"data-theme=" not in as_alice.get("/").content


def test_the_theme_comes_along_to_another_browser_and_its_sign_in_page(as_alice: Client, alice: User) -> None:
    as_alice.post("/theme/", {"theme": "dark"})
    assert b'data-theme="dark"' in signed_in(alice).get("/").content
    other = Client()
    other.post("/sign-in/", {"username": "alice", "password": "alice-password"})
    other.post("/sign-out/")
    assert b'data-theme="dark"' in other.get("/sign-in/").content
    as_alice.post("/theme/", {"theme": "system"})
    assert b"data-theme=" not in signed_in(alice).get("/").content
    assert AuditEntry.objects.filter(action="profile.update", after={"theme": ""}).count() == 1


def test_an_odd_theme_is_ignored(as_alice: Client) -> None:
    as_alice.cookies["theme"] = '"><script>'
    assert b"<script>" not in as_alice.get("/").content


def test_the_first_sign_in_is_told_to_choose_a_password(client: Client) -> None:
    Group.objects.get_or_create(name="Admin")
    password = first_admin_create()
    sign_in = {"username": "admin", "password": password}
    first = client.post("/sign-in/", sign_in, follow=True)
    assert "not written down any more" in text(first)
    assert '<a href="/settings/password/">choose your own</a>' in first.content.decode()
    assert "Choose your own" not in text(Client().post("/sign-in/", sign_in, follow=True))


def test_a_new_password_holds_and_signs_the_other_browsers_out(as_alice: Client, alice: User) -> None:
    other = Client()
    other.force_login(alice)
    new = {"old_password": "alice-password", "new_password1": "bells at nine", "new_password2": "bells at nine"}
    assert as_alice.post("/settings/password/", new)["Location"] == "/settings/"
    assert as_alice.get("/").status_code == 200
    assert other.get("/").status_code == 302
    assert Client().login(username="alice", password="bells at nine")


@pytest.mark.parametrize(
    ("typed", "where"),
    [
        ({"old_password": "wrong"}, "old_password"),
        ({"new_password2": "something else"}, "new_password2"),
        ({"new_password1": "123", "new_password2": "123"}, "new_password1"),
    ],
)
def test_a_password_that_will_not_do_is_said_at_its_field(as_alice: Client, typed: dict[str, str], where: str) -> None:
    good = {"old_password": "alice-password", "new_password1": "bells at nine", "new_password2": "bells at nine"}
    response = as_alice.post("/settings/password/", {**good, **typed})
    assert response.status_code == 200
    assert errors(response, where)
    assert "bells at nine" not in response.content.decode()


def test_a_new_user_gets_the_zone_of_their_browser_and_keeps_what_they_choose(client: Client, alice: User) -> None:
    client.cookies["zone"] = "Asia/Calcutta"
    client.post("/sign-in/", PERSON)
    assert Profile.objects.get(user=alice).timezone == "Asia/Calcutta"
    for chosen, browser in (("Europe/Berlin", "Asia/Tokyo"), ("", "Asia/Tokyo")):
        profile_update(user=alice, timezone=chosen)
        again = Client()
        again.cookies["zone"] = browser
        again.post("/sign-in/", PERSON)
        assert Profile.objects.get(user=alice).timezone == chosen


@pytest.mark.parametrize("zone", ["", "Mars/Olympus"])
def test_a_browser_that_names_no_zone_leaves_it_open(client: Client, alice: User, zone: str) -> None:
    client.cookies["zone"] = zone
    client.post("/sign-in/", PERSON)
    assert not Profile.objects.exists()


def test_the_page_to_sign_in_asks_the_browser_for_its_zone(client: Client) -> None:
    assert "js/time.js" in client.get("/sign-in/").content.decode()
