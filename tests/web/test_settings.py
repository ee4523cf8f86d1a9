"""Settings and API keys."""

import json
import re

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from tasks_app.models import ApiKey, ScheduledTask
from tasks_app.services.api_keys import api_key_create, api_key_find
from tests.web.reading import chosen, errors, text, value

KEYS = "/settings/api-keys/"
PASSWORD = {"password": "alice-password"}

pytestmark = pytest.mark.usefixtures("empty_redis")


def test_it_says_who_one_is(as_alice: Client) -> None:
    page = as_alice.get("/settings/")
    assert "alice" in text(page)
    assert value(page, "email") == "alice@example.org"


def test_the_address_for_failures_is_ones_own_to_change(as_alice: Client, alice: User) -> None:
    changed = as_alice.post("/settings/", {"email": " a@example.net ", **PASSWORD}, follow=True)
    alice.refresh_from_db()
    assert alice.email == "a@example.net"
    assert "goes to a@example.net" in text(changed)
    assert "Nobody is told" in text(as_alice.post("/settings/", {"email": "", **PASSWORD}, follow=True))
    alice.refresh_from_db()
    assert alice.email == ""


def test_the_address_takes_the_password_because_a_new_one_is_mailed_there(as_alice: Client, alice: User) -> None:
    for password in ({}, {"password": "wrong"}):
        response = as_alice.post("/settings/", {"email": "thief@example.net", **password})
        assert response.status_code == 400
        assert "not your password" in errors(response, "password")
    alice.refresh_from_db()
    assert alice.email == "alice@example.org"
    assert as_alice.post("/settings/", {"timezone": "Europe/Berlin"}).status_code == 302


@pytest.mark.parametrize(
    "typed", ["nobody", "a@b@c", "a@example.org\nBcc: b@example.org", f"{'a' * 60}@{'b.' * 100}org"]
)
def test_what_is_no_address_is_refused_at_the_field(as_alice: Client, alice: User, typed: str) -> None:
    response = as_alice.post("/settings/", {"email": typed, **PASSWORD})
    assert response.status_code == 400
    assert errors(response, "email")
    alice.refresh_from_db()
    assert alice.email == "alice@example.org"


def test_a_new_key_may_only_read_unless_more_is_chosen(as_alice: Client) -> None:
    assert chosen(as_alice.get(KEYS), "scope") == ["read"]


def test_a_key_is_shown_once_and_works(as_alice: Client, alice: User) -> None:
    response = as_alice.post(KEYS, {"name": "ci", "scope": "run", "days": "30"})
    assert response.status_code == 201
    plain = response.content.decode().split('class="secret">')[1].split("<")[0].strip()
    assert 'data-copy="new-key"' in response.content.decode()
    key = api_key_find(plain)
    assert key is not None
    assert (key.user_id, key.name, key.scope) == (alice.pk, "ci", "run")
    assert key.expires_at is not None
    again = as_alice.get(KEYS).content.decode()
    assert plain not in again
    assert key.prefix in again


def test_a_key_without_a_name_is_refused_at_the_field(as_alice: Client) -> None:
    response = as_alice.post(KEYS, {"name": " ", "scope": "king", "days": ""})
    assert response.status_code == 400
    assert errors(response, "name")
    assert errors(response, "scope")
    assert value(response, "name") == " "
    assert not ApiKey.objects.exists()


def test_a_revoked_key_is_worthless(as_alice: Client, alice: User) -> None:
    key, plain = api_key_create(user=alice, name="old", scope="manage")
    asked = as_alice.get(reverse("api-key-revoke", args=[key.pk]))
    assert "Revoke “old”?" in text(asked)
    assert api_key_find(plain) is not None
    as_alice.post(reverse("api-key-revoke", args=[key.pk]))
    assert api_key_find(plain) is None
    assert "revoked" in text(as_alice.get(KEYS))


def test_keys_are_nobody_elses_business_not_even_the_administrators(
    as_charlie: Client, as_staff: Client, alice: User
) -> None:
    key, plain = api_key_create(user=alice, name="mine", scope="manage")
    for client in (as_charlie, as_staff):
        assert "mine" not in text(client.get(KEYS))
        assert client.post(reverse("api-key-revoke", args=[key.pk])).status_code == 404
    assert api_key_find(plain) is not None


def test_the_time_zone_is_ones_own_to_choose(as_alice: Client, as_charlie: Client) -> None:
    as_alice.cookies["zone"] = "Europe/Paris"
    page = as_alice.get("/settings/")
    assert value(page, "timezone") == ""
    assert "Empty: as your browser says, Europe/Paris." in text(page)
    saved = as_alice.post("/settings/", {"timezone": "Asia/Kolkata"}, follow=True)
    assert "Pages show times in Asia/Kolkata" in text(saved)
    assert value(saved, "timezone") == "Asia/Kolkata"
    assert value(as_charlie.get("/settings/"), "timezone") == ""
    given_up = as_alice.post("/settings/", {"timezone": ""}, follow=True)
    assert "as your browser says: Europe/Paris" in text(given_up)


def test_a_zone_that_does_not_exist_is_refused_at_the_field(as_alice: Client) -> None:
    response = as_alice.post("/settings/", {"timezone": "Mars/Olympus"})
    assert response.status_code == 400
    assert "there is no time zone" in errors(response, "timezone").lower()


def test_a_city_or_a_country_is_one_click_away_from_its_zone(as_alice: Client) -> None:
    for typed, zone in (("berlin", "Europe/Berlin"), ("austria", "Europe/Vienna"), ("+02:00", "Etc/GMT-2")):
        response = as_alice.post("/settings/", {"timezone": typed})
        assert (response.status_code, value(response, "timezone")) == (400, typed)
        assert f"Use {zone}" in text(response)
        offer = {"timezone": typed, "_apply": json.dumps(["timezone", zone])}
        assert f"Pages show times in {zone}" in text(as_alice.post("/settings/", offer, follow=True))
    for odd in ("x", "1", "[]", '["email", "a@example.org"]', '["timezone", 1]'):
        assert as_alice.post("/settings/", {"timezone": "berlin", "_apply": odd}).status_code == 400


def test_the_names_of_today_are_offered_and_the_old_ones_taken(as_alice: Client) -> None:
    offers = dict(re.findall(r'<option value="([^"]+)" label="([^"]+)">', as_alice.get("/settings/").content.decode()))
    assert offers["Asia/Kolkata"] == "Kolkata, India, UTC+05:30"
    assert offers["America/Phoenix"] == "Phoenix, United States, MST - AZ (except Navajo), UTC-07:00"
    assert not {"US/Eastern", "Asia/Calcutta", "EST5EDT", "Etc/GMT-2", "GB"} & set(offers)
    regions = [name.split("/")[0] for name in offers]
    assert [one for number, one in enumerate(regions) if one not in regions[:number]] == sorted(set(regions), key=_rank)
    for name in ("US/Eastern", "Asia/Calcutta"):
        assert f"times in {name}" in text(as_alice.post("/settings/", {"timezone": name}, follow=True))


def _rank(region: str) -> tuple[bool, str]:
    return region != "UTC", region


def test_pages_show_times_in_the_chosen_zone_first(as_alice: Client, task: ScheduledTask) -> None:
    address = reverse("task-detail", args=[task.pk])
    as_alice.cookies["zone"] = "Europe/Paris"
    assert "IST" not in as_alice.get(address).content.decode()
    as_alice.post("/settings/", {"timezone": "Asia/Kolkata"})
    assert "IST" in as_alice.get(address).content.decode()
