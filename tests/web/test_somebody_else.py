"""A page that was drawn for one person does nothing for another who has signed in in the same browser."""

import re

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from tasks_app.models import ScheduledTask
from tests.web.reading import filled, text

pytestmark = pytest.mark.usefixtures("empty_redis")

NEW = "/tasks/new/?type=http_request"
TYPED = {"name": "Alice's", "payload.url": "https://example.org/", "schedule.kind": "manual"}


def sign_in(client: Client, name: str) -> None:
    """Go through the sign-in page; whoever is signed in signs out first."""
    token = filled(client.get("/settings/password/", follow=True))["csrfmiddlewaretoken"]
    client.post("/sign-out/", {"csrfmiddlewaretoken": token})
    token = filled(client.get("/sign-in/"))["csrfmiddlewaretoken"]
    sent = {"username": name, "password": f"{name}-password", "csrfmiddlewaretoken": token}
    assert client.post("/sign-in/", sent).status_code == 302


def test_every_form_says_for_whom_it_was_drawn(as_alice: Client, alice: User) -> None:
    html = as_alice.get(NEW).content.decode()
    whose = re.findall(
        r'name="csrfmiddlewaretoken" value="[^"]+"><input type="hidden" name="_person" value="(\d+)">', html
    )
    assert whose == [str(alice.pk)] * html.count('name="csrfmiddlewaretoken"')
    assert b"_person" not in Client().get("/sign-in/").content


def test_a_form_of_one_person_is_not_sent_as_that_of_another(as_charlie: Client, alice: User) -> None:
    answer = as_charlie.post(NEW, {**TYPED, "_person": str(alice.pk)})
    assert (answer.status_code, answer["Cache-Control"]) == (409, "no-store")
    assert "What was sent is not done" in text(answer)
    assert "Alice's" not in text(answer)
    assert not ScheduledTask.objects.exists()


def test_a_part_of_a_form_is_not_drawn_for_another(as_charlie: Client, alice: User) -> None:
    answer = as_charlie.post(
        reverse("task-preview"), {**TYPED, "_person": str(alice.pk)}, headers={"HX-Request": "true"}
    )
    assert (answer.status_code, answer["HX-Trigger"], answer.content) == (204, "somebody-else", b"")


def test_a_form_that_was_kept_is_sent_for_its_person_alone(
    client: Client, as_alice: Client, as_charlie: Client, alice: User
) -> None:
    kept = client.post(NEW, {**TYPED, "_person": str(alice.pk)})
    assert kept.status_code == 401
    assert f'data-person="{alice.pk}"' in kept.content.decode()
    assert "_person" not in text(kept)
    again = filled(kept)
    assert as_charlie.post(NEW, again).status_code == 409
    assert as_alice.post(NEW, again).status_code == 302
    assert ScheduledTask.objects.get().owner == alice


def test_a_form_that_was_kept_and_says_nothing_of_its_person_is_sent_for_nobody(
    client: Client, as_alice: Client
) -> None:
    again = filled(client.post(NEW, TYPED))
    assert again["_person"] == [""]
    assert as_alice.post(NEW, again).status_code == 409


def test_whoever_signs_in_gets_another_token_so_that_no_form_without_scripts_is_sent_as_theirs(
    alice: User, charlie: User
) -> None:
    browser = Client(enforce_csrf_checks=True)
    sign_in(browser, "alice")
    drawn = filled(browser.get(NEW))
    sign_in(browser, "charlie")
    assert browser.post(NEW, {**drawn, **TYPED}).status_code == 403
    del drawn["_person"]
    assert browser.post(NEW, {**drawn, **TYPED}).status_code == 403
    assert not ScheduledTask.objects.exists()


@pytest.fixture
def browser(alice: User, charlie: User) -> Client:
    """A browser that alice signs in with; forms need their token."""
    client = Client(enforce_csrf_checks=True)
    sign_in(client, "alice")
    return client


HERE = {"Origin": "http://testserver", "Sec-Fetch-Site": "same-origin"}


def test_a_form_of_an_earlier_session_comes_back_and_is_sent_by_its_person(browser: Client) -> None:
    drawn = {**filled(browser.get(NEW)), **TYPED}
    sign_in(browser, "alice")
    answer = browser.post(NEW, drawn, headers=HERE)
    assert answer.status_code == 403
    assert "This form has expired You have signed in again" in text(answer)
    assert not ScheduledTask.objects.exists()
    assert browser.post(NEW, filled(answer), headers=HERE).status_code == 302
    assert ScheduledTask.objects.get().name == "Alice's"


def test_an_expired_form_with_a_secret_comes_back_to_be_read(browser: Client) -> None:
    drawn = {**filled(browser.get("/settings/password/")), "old_password": "S3CRET-IN-CLEAR", "note": "left"}
    sign_in(browser, "alice")
    answer = browser.post("/settings/password/", drawn, headers=HERE)
    assert answer.status_code == 403
    assert "open the form anew" in text(answer)
    assert "S3CRET" not in answer.content.decode()
    assert "Send it again" not in text(answer)


@pytest.mark.parametrize(
    ("name", "headers"),
    [
        ("charlie", HERE),
        ("alice", {}),
        ("alice", {**HERE, "Origin": "https://evil.example"}),
        ("alice", {**HERE, "Origin": "null"}),
        ("alice", {**HERE, "Sec-Fetch-Site": "cross-site"}),
        ("alice", {**HERE, "HX-Request": "true"}),
    ],
)
def test_no_form_of_others_or_from_elsewhere_comes_back(browser: Client, name: str, headers: dict[str, str]) -> None:
    drawn = {**filled(browser.get(NEW)), **TYPED}
    sign_in(browser, name)
    answer = browser.post(NEW, drawn, headers=headers)
    assert answer.status_code == 403
    assert "Alice's" not in text(answer)
    assert "Send it again" not in text(answer)


def test_a_form_that_does_not_say_whose_it_is_does_not_come_back(browser: Client) -> None:
    sign_in(browser, "alice")
    answer = browser.post(NEW, TYPED, headers=HERE)
    assert answer.status_code == 403
    assert "Send it again" not in text(answer)
