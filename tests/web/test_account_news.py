"""Whoever changes how somebody signs in: they hear of it by mail, and the audit log of who was refused."""

import time
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.contrib.auth.tokens import default_token_generator
from django.test import Client
from django.urls import reverse
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode

from tasks_app.errors import Conflict
from tasks_app.models import AuditEntry, TokenSignIn
from tasks_app.services import audit
from tasks_app.services.invitations import invitation_of
from tasks_app.services.passwords import password_change, sign_out_everywhere
from tasks_app.services.second_factor import STEP_SECONDS, code_at, factor_begin, recovery_codes_make
from tasks_app.services.tokens import sign_in_begin
from tasks_app.web import passwords as pages
from tests.letters import Committing, all_sent
from tests.web.reading import text

NEW = {"new_password1": "bells at nine", "new_password2": "bells at nine"}
FACTOR = "/settings/second-factor/"

pytestmark = pytest.mark.usefixtures("empty_redis")


def link_of(user: User) -> str:
    uid = urlsafe_base64_encode(force_bytes(user.pk))
    return f"/sign-in/new-password/{uid}/{default_token_generator.make_token(user)}/"


def test_a_new_password_is_told_of_by_mail(as_alice: Client, django_capture_on_commit_callbacks: Committing) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        done = as_alice.post("/settings/password/", {"old_password": "alice-password", **NEW})
    assert done.status_code == 302
    [letter] = all_sent()
    assert letter.to == ["alice@example.org"]
    assert "password was changed" in letter.subject
    assert "from the network address 127.0.0.1" in letter.body
    assert "bells at nine" not in letter.body


def test_so_is_one_that_was_chosen_over_a_link(
    client: Client, alice: User, django_capture_on_commit_callbacks: Committing
) -> None:
    form = client.get(link_of(alice))["Location"]
    with django_capture_on_commit_callbacks(execute=True):
        client.post(form, NEW)
    assert [letter.to for letter in all_sent()] == [["alice@example.org"]]


def test_a_first_password_is_no_news_to_who_was_invited(
    client: Client, staff: User, alice: User, django_capture_on_commit_callbacks: Committing
) -> None:
    alice.set_unusable_password()
    alice.save()
    uid, token = invitation_of(by=staff, person=alice)
    form = client.get(reverse("invitation", args=[uid, token]))["Location"]
    with django_capture_on_commit_callbacks(execute=True):
        client.post(form, NEW)
    assert User.objects.get(pk=alice.pk).check_password("bells at nine")
    assert all_sent() == []


def test_a_second_factor_that_comes_goes_or_has_new_codes_is_told_of(
    as_alice: Client, alice: User, django_capture_on_commit_callbacks: Committing
) -> None:
    secret = factor_begin(user=alice)
    step = int(time.time()) // STEP_SECONDS
    with django_capture_on_commit_callbacks(execute=True):
        as_alice.post(f"{FACTOR}confirm/", {"code": code_at(secret, step), "password": "alice-password"})
    with django_capture_on_commit_callbacks(execute=True):
        as_alice.post(f"{FACTOR}codes/", {"code": code_at(secret, step + 1), "password": "alice-password"})
    unused = recovery_codes_make(user=alice)[0]
    with django_capture_on_commit_callbacks(execute=True):
        as_alice.post(f"{FACTOR}off/", {"code": unused, "password": "alice-password"})
    told = sorted(letter.subject.partition(": ")[2] for letter in all_sent())
    assert told == [
        "your recovery codes were replaced",
        "your second factor was turned off",
        "your second factor was turned on",
    ]


def test_the_old_address_hears_that_it_is_so_no_more(
    as_alice: Client, django_capture_on_commit_callbacks: Committing
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        as_alice.post("/settings/", {"email": "thief@example.net", "password": "alice-password"})
    assert [letter.to for letter in all_sent()] == [["alice@example.org"]]


def test_who_has_no_address_gets_no_mail(alice: User, django_capture_on_commit_callbacks: Committing) -> None:
    User.objects.update(email="")
    alice.refresh_from_db()
    with django_capture_on_commit_callbacks(execute=True):
        password_change(user=alice, password="bells at nine")
    assert all_sent() == []


def test_nothing_of_a_new_password_holds_unless_all_does(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    tokens = sign_in_begin(user=alice, address="")

    def away(*_: Any, **__: Any) -> None:
        raise RuntimeError

    monkeypatch.setattr(audit, "note", away)
    with pytest.raises(RuntimeError):
        password_change(user=alice, password="bells at nine")
    assert User.objects.get().check_password("alice-password")
    assert TokenSignIn.objects.filter(revoked_at=None).count() == 1, tokens


@pytest.mark.parametrize("act", [password_change, sign_out_everywhere])
def test_a_password_that_was_changed_meanwhile_does_not_come_back(alice: User, act: Callable[..., None]) -> None:
    earlier = User.objects.get()
    password_change(user=alice, password="bells at nine")
    with pytest.raises(Conflict):
        act(user=earlier, password="alice-password")
    assert User.objects.get().check_password("bells at nine")


def test_of_two_who_use_a_link_at_once_one_chooses_the_password(
    client: Client, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    form = client.get(link_of(alice))["Location"]

    def after_another(*, user: User, password: str) -> None:
        password_change(user=User.objects.get(pk=user.pk), password="the other one")
        password_change(user=user, password=password)

    monkeypatch.setattr(pages, "password_change", after_another)
    assert "works no more" in text(client.post(form, NEW, follow=True))
    assert User.objects.get().check_password("the other one")


@pytest.mark.parametrize(
    ("path", "form"),
    [
        (f"{FACTOR}confirm/", {"password": "wrong", "code": "000000"}),
        ("/settings/password/", {"old_password": "wrong", **NEW}),
        ("/settings/", {"email": "thief@example.net", "password": "wrong"}),
        ("/settings/sign-ins/", {"password": "wrong"}),
    ],
)
def test_a_wrong_password_of_somebody_signed_in_is_in_the_audit_log(
    as_alice: Client, alice: User, path: str, form: dict[str, str]
) -> None:
    assert as_alice.post(path, form).status_code in (200, 400)
    entry = AuditEntry.objects.get(action="sign_in.proof")
    assert (entry.actor, entry.outcome, entry.owner_id) == ("user:alice", "refused", alice.pk)
