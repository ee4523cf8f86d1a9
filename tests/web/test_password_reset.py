"""A new password by mail: for who owns the address, once, within the hour, and past no second factor."""

import re
import time
from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine
from django.contrib.auth.models import User
from django.core import mail
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from tasks_app.models import TokenSignIn
from tasks_app.services.tokens import sign_in_begin
from tests.letters import all_sent
from tests.second_factor import turn_on
from tests.web.conftest import signed_in
from tests.web.reading import errors, text

NEW = {"new_password1": "bells at nine", "new_password2": "bells at nine"}
SENT = "/sign-in/forgot/sent/"
WAIT_SECONDS = 20

pytestmark = pytest.mark.usefixtures("empty_redis")


def ask(client: Client, email: str = "alice@example.org", **more: str) -> str:
    response = client.post("/sign-in/forgot/", {"email": email}, **more)  # type: ignore[arg-type]  # of the environment
    assert response.status_code == 302
    return response["Location"]


def wait_for(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)


def link() -> str:
    wait_for(lambda: mail.outbox)
    found = re.search(r"http\S+/sign-in/new-password/\S+", str(mail.outbox[-1].body))
    assert found is not None
    return found.group().removeprefix("http://localhost:8000")


def open_link(client: Client, address: str) -> str:
    """Follow the link; gives the address of the form, which has no token in it."""
    response = client.get(address)
    assert response.status_code == 302
    assert response["Location"].endswith("/set-password/")
    return response["Location"]


def test_a_link_comes_by_mail_and_a_new_password_is_chosen(client: Client, alice: User) -> None:
    browser, tokens = signed_in(alice), sign_in_begin(user=alice, address="")
    assert ask(client, "ALICE@example.org") == SENT
    form = open_link(client, link())
    [message] = mail.outbox
    assert message.to == ["alice@example.org"]
    done = client.post(form, NEW, follow=True)
    assert "Your new password is set" in text(done)
    assert done.redirect_chain[-1][0] == "/sign-in/"
    assert client.get("/").status_code == 302, "nobody is signed in by that"
    assert browser.get("/").status_code == 302
    assert not TokenSignIn.objects.filter(revoked_at=None).exists(), tokens
    assert client.post("/sign-in/", {"username": "alice", "password": "bells at nine"})["Location"] == "/"


def test_the_same_is_said_whether_there_is_somebody_or_not(client: Client, alice: User, bob: User) -> None:
    User.objects.filter(pk=bob.pk).update(is_active=False)
    for email in ("alice@example.org", "nobody@example.org", "bob@example.org"):
        assert ask(client, email) == SENT
    assert [message.to for message in all_sent()] == [["alice@example.org"]]
    assert client.get(SENT).status_code == 200


@pytest.mark.parametrize(
    "email", ["", "alice", "a@b@c", "alice@example.org\nBcc: x@example.org", "x" * 300 + "@example.org"]
)
def test_what_is_no_address_is_said(client: Client, alice: User, email: str) -> None:
    response = client.post("/sign-in/forgot/", {"email": email})
    assert response.status_code == 400
    assert "not an e-mail address" in text(response)


def test_a_link_works_once(client: Client, alice: User) -> None:
    ask(client)
    address = link()
    client.post(open_link(client, address), NEW)
    assert "works no more" in text(Client().get(address))


def test_a_link_ends_with_the_hour(client: Client, alice: User) -> None:
    ask(client)
    address, now = link(), timezone.now()
    with time_machine.travel(now + timedelta(seconds=3590), tick=False):
        open_link(Client(), address)
    with time_machine.travel(now + timedelta(seconds=3605), tick=False):
        assert "works no more" in text(Client().get(address))


def test_a_link_ends_with_a_sign_in_and_with_another_address(client: Client, alice: User) -> None:
    ask(client)
    address = link()
    User.objects.filter(pk=alice.pk).update(email="elsewhere@example.org")
    assert "works no more" in text(Client().get(address))


@pytest.mark.parametrize("path", ["MQ/x-y", "x/y", "%00/x-y", "MQ/set-password", "OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk/a-b"])
def test_a_made_up_link_is_none(client: Client, alice: User, path: str) -> None:
    assert "works no more" in text(client.get(f"/sign-in/new-password/{path}/"))


def test_the_host_that_was_asked_is_not_in_the_mail(client: Client, alice: User, settings: Settings) -> None:
    settings.ALLOWED_HOSTS = ["*"]
    settings.BASE_URL = "https://tasks.example.org"
    ask(client, HTTP_HOST="evil.example", HTTP_X_FORWARDED_HOST="evil.example")
    [message] = all_sent()
    whole = message.message().as_string()
    assert "evil.example" not in whole
    assert "https://tasks.example.org/sign-in/new-password/" in str(message.body)


def test_a_weak_password_is_said_at_its_field(client: Client, alice: User) -> None:
    ask(client)
    form = open_link(client, link())
    response = client.post(form, {"new_password1": "123", "new_password2": "123"})
    assert response.status_code == 200
    assert errors(response, "new_password1")


def test_one_person_gets_three_mails_an_hour_and_nobody_is_told(client: Client, alice: User) -> None:
    assert [ask(client) for _ in range(6)] == [SENT] * 6
    assert len(all_sent()) == 3


def test_one_address_asks_for_so_many_only(client: Client, db: None) -> None:
    for number in range(20):
        ask(client, f"n{number}@example.org")
    response = client.post("/sign-in/forgot/", {"email": "last@example.org"})
    assert response.status_code == 429
    assert int(response["Retry-After"]) > 0


def test_without_redis_no_mail_goes_out(client: Client, alice: User, settings: Settings) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    assert client.post("/sign-in/forgot/", {"email": "alice@example.org"}).status_code == 503
    assert all_sent() == []


def test_a_mail_server_that_is_away_changes_no_answer(client: Client, alice: User, settings: Settings) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    assert ask(client) == SENT
    assert all_sent() == []


def test_who_was_locked_out_gets_in_with_the_new_password(client: Client, alice: User) -> None:
    for number in range(6):
        Client().post("/sign-in/", {"username": "alice", "password": "x"}, REMOTE_ADDR=f"10.0.0.{number}")
    assert client.post("/sign-in/", {"username": "alice", "password": "alice-password"}).status_code == 429
    ask(client)
    form = open_link(client, link())
    client.post(form, NEW)
    assert client.post("/sign-in/", {"username": "alice", "password": "bells at nine"}).status_code == 302


def test_the_second_factor_is_still_asked_for(client: Client, alice: User) -> None:
    turn_on(alice)
    ask(client)
    client.post(open_link(client, link()), NEW)
    response = client.post("/sign-in/", {"username": "alice", "password": "bells at nine"})
    assert response["Location"] == "/sign-in/code/"
    assert client.get("/").status_code == 302
