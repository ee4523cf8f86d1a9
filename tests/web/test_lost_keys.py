"""The key that sealed what is stored has gone from FIELD_KEYS: pages say so in a sentence, and offer the way on."""

import pytest
from cryptography.fernet import Fernet
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from tasks_app.models import SecondFactor, TypeRule
from tasks_app.services.type_rules import type_rule_save
from tests.second_factor import App, turn_on
from tests.web.conftest import MakeTask, signed_in
from tests.web.reading import errors, text, value
from tests.web.test_locked_fields import FORM

PAGE = "/settings/second-factor/"
PERSON = {"username": "alice", "password": "alice-password"}
LOCKED = {"headers.Authorization": "Bearer of-all-tasks"}
CALL = {"name": "Call", "type": "http_request", "payload": {"url": "https://example.org/"}}

pytestmark = pytest.mark.usefixtures("empty_redis")


def lose_keys(settings: Settings) -> None:
    settings.FIELD_KEYS = [Fernet.generate_key().decode()]


@pytest.fixture
def app(alice: User, settings: Settings) -> App:
    """Alice's app, of whose secret the platform has lost the key."""
    app = turn_on(alice)
    lose_keys(settings)
    return app


def test_a_secret_that_waits_is_made_anew(as_alice: Client, settings: Settings) -> None:
    as_alice.post(f"{PAGE}begin/")
    before = SecondFactor.objects.get().sealed
    lose_keys(settings)
    assert 'class="qr"' in as_alice.get(PAGE).content.decode()
    assert SecondFactor.objects.get().sealed != before


def test_a_second_factor_that_cannot_be_read_says_so(as_alice: Client, app: App) -> None:
    response = as_alice.get(PAGE)
    assert response.status_code == 200
    assert "Codes of the app cannot be checked" in text(response)


def test_its_codes_are_refused_with_a_sentence_and_its_recovery_codes_count(as_alice: Client, app: App) -> None:
    refused = as_alice.post(f"{PAGE}off/", {"code": app.code(), "password": "alice-password"})
    assert refused.status_code == 400
    assert "recovery code" in errors(refused, "code")
    as_alice.post(f"{PAGE}off/", {"code": app.recovery[0], "password": "alice-password"})
    assert not SecondFactor.objects.exists()


def test_the_sign_in_says_that_a_recovery_code_is_needed(app: App) -> None:
    client = Client()
    client.post("/sign-in/", PERSON)
    assert "recovery code" in text(client.post("/sign-in/code/", {"code": app.code()}))
    assert client.post("/sign-in/code/", {"code": app.recovery[0]})["Location"] == "/"


def test_tokens_are_refused_with_the_same_sentence(app: App) -> None:
    sent = {**PERSON, "code": app.code()}
    response = Client().post("/api/auth/token", sent, content_type="application/json")
    assert response.status_code == 500
    error = response.json()["error"]
    assert error["code"] == "unsealable"
    assert "recovery code" in error["message"]


def fix_and_lose(settings: Settings) -> None:
    type_rule_save(type="http_request", is_restricted=False, locked=LOCKED, actor="tests")
    lose_keys(settings)


def test_a_form_says_that_a_fixed_secret_cannot_be_read(as_alice: Client, settings: Settings) -> None:
    fix_and_lose(settings)
    response = as_alice.post("/tasks/new/?type=http_request", FORM)
    assert (response.status_code, value(response, "name")) == (409, "Call")
    assert "A stored secret cannot be read" in text(response)
    answered = as_alice.post("/api/tasks", CALL, content_type="application/json")
    assert (answered.status_code, answered.json()["error"]["code"]) == (500, "unsealable")


@pytest.mark.parametrize("deed", ["edit", "duplicate", "hand-over"])
def test_no_page_breaks_for_a_fixed_secret(
    deed: str, alice: User, bob: User, settings: Settings, make: MakeTask
) -> None:
    task = make()
    for codename in ("see_payloads", "manage_all", "view_all", "manage_people"):
        bob.user_permissions.add(Permission.objects.get(codename=codename))
    fix_and_lose(settings)
    places = {
        "edit": reverse("task-edit", args=[task.pk]),
        "duplicate": reverse("task-duplicate", args=[task.pk]),
        "hand-over": reverse("person-hand-over", args=[alice.pk]),
    }
    sent = {**FORM, "payload.url": "https://example.com/", "version": "1", "receiver": "bob"}
    response = signed_in(bob).post(places[deed], sent, follow=True)
    assert response.status_code == {"edit": 409, "duplicate": 200, "hand-over": 200}[deed]
    assert "A stored secret cannot be read" in text(response)


def test_a_rule_is_mended_by_typing_its_secret_again(as_staff: Client, settings: Settings) -> None:
    rule = type_rule_save(type="http_request", is_restricted=False, locked=LOCKED, actor="tests")
    lose_keys(settings)
    place = reverse("admin:tasks_app_typerule_change", args=[rule.pk])
    kept = as_staff.post(place, {"type": "http_request", "locked": '{"headers.Authorization": "••••••••"}'})
    assert "type it again" in text(kept)
    again = as_staff.post(place, {"type": "http_request", "locked": '{"headers.Authorization": "Bearer new"}'})
    assert again.status_code == 302
    assert TypeRule.objects.get().locked != rule.locked
