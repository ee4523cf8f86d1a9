"""Settings, People: for those who manage them; and the link of an invitation."""

import re
import socket
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.conf import settings
from django.contrib.auth.models import Group, User
from django.core import mail
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from tasks_app.models import ScheduledTask
from tasks_app.selectors.second_factor import has_second_factor
from tests.second_factor import turn_on
from tests.web.conftest import signed_in
from tests.web.reading import errors

LIST = reverse("person-list")
NEW = {"username": "zoe", "email": "zoe@example.org", "role": "Viewer"}
PASSWORD = {"new_password1": "a long enough secret", "new_password2": "a long enough secret"}


@pytest.fixture
def as_admin(admin: User) -> Client:
    return signed_in(admin)


def html(response: Any) -> str:
    return " ".join(response.content.decode().split())


def of(person: User, verb: str) -> str:
    return reverse(f"person-{verb}", args=[person.pk])


def test_people_are_found_by_a_part_of_their_name_or_address(as_admin: Client, alice: User, charlie: User) -> None:
    found = html(as_admin.get(f"{LIST}?search=LICE"))
    assert (of(alice, "detail") in found, of(charlie, "detail") in found) == (True, False)
    assert "Nobody is called so" in html(as_admin.get(f"{LIST}?search=zzz"))


def test_a_list_of_people_asks_no_more_for_more_of_them(
    as_admin: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(30):
        User.objects.create_user(f"p{number}").groups.add(Group.objects.get(name="Viewer"))
    with django_assert_max_num_queries(14):
        assert "p29" in html(as_admin.get(LIST))


def test_somebody_is_invited_by_mail_and_chooses_a_password(as_admin: Client, client: Client) -> None:
    response = as_admin.post(LIST, NEW, follow=True)
    assert "on its way to zoe@example.org" in html(response)
    [message] = mail.outbox
    [link] = re.findall(rf"{re.escape(settings.BASE_URL)}(\S+)", str(message.body))
    form = client.get(link, follow=True)
    assert "Welcome, zoe" in html(form)
    there = form.redirect_chain[-1][0]
    assert "The two password fields" in html(client.post(there, {**PASSWORD, "new_password2": "another"}))
    assert client.post(there, PASSWORD).headers["Location"] == reverse("sign-in")
    assert client.login(username="zoe", password=PASSWORD["new_password1"])
    assert "This link is no longer good" in html(Client().get(link, follow=True))


def test_the_rules_of_a_password_stand_beside_it_and_so_does_what_is_wrong(as_admin: Client, client: Client) -> None:
    as_admin.post(LIST, NEW)
    [link] = re.findall(r"/invitation/\S+", str(mail.outbox[0].body))
    form = client.get(link, follow=True)
    there = form.redirect_chain[-1][0]
    pages = (form, as_admin.get("/settings/password/"))
    assert all("At least 8 characters" in html(page) for page in pages)
    short = client.post(there, {"new_password1": "zoe", "new_password2": "zoe"})
    assert "too short" in errors(short, "new_password1")
    assert errors(short, "new_password2") == ""
    differ = client.post(there, {**PASSWORD, "new_password2": "another"})
    assert "match" in errors(differ, "new_password2")
    assert errors(differ, "new_password1") == ""


def test_without_a_mail_server_the_link_is_shown_once(as_admin: Client, settings: Settings) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        settings.EMAIL_HOST, settings.EMAIL_PORT = closed.getsockname()
        response = as_admin.post(LIST, NEW)
    assert response.status_code == 201
    assert "This is the only time it is shown" in html(response)
    person = User.objects.get(username="zoe")
    assert "/invitation/" not in html(as_admin.get(of(person, "detail")))


@pytest.mark.parametrize(("days", "is_good"), [(2.9, True), (3.1, False)])
def test_an_invitation_is_good_for_the_three_days_that_its_mail_says(
    as_admin: Client, client: Client, days: float, is_good: bool
) -> None:
    as_admin.post(LIST, NEW)
    assert "good once, and for 3 days" in str(mail.outbox[0].body)
    [link] = re.findall(r"/invitation/\S+", str(mail.outbox[0].body))
    with time_machine.travel(timezone.now() + timedelta(days=days), tick=False):
        assert ("Welcome, zoe" in html(client.get(link, follow=True))) is is_good


def test_an_invitation_is_no_link_for_a_forgotten_password(as_admin: Client, client: Client) -> None:
    as_admin.post(LIST, NEW)
    [link] = re.findall(r"/invitation/\S+", str(mail.outbox[0].body))
    other = link.replace("/invitation/", "/sign-in/new-password/")
    assert client.get(other, follow=True).context["validlink"] is False


def test_who_was_disabled_signs_in_anew_when_enabled_again(as_admin: Client, alice: User, bob: User) -> None:
    before, other = signed_in(alice), signed_in(bob)
    as_admin.post(of(alice, "disable"))
    as_admin.post(of(alice, "enable"))
    assert before.get("/settings/").status_code == 302
    assert other.get("/settings/").status_code == 200
    assert signed_in(alice).get("/settings/").status_code == 200


def test_an_old_link_lets_nobody_in_who_was_disabled(as_admin: Client, client: Client) -> None:
    as_admin.post(LIST, NEW)
    [link] = re.findall(r"/invitation/\S+", str(mail.outbox[0].body))
    User.objects.filter(username="zoe").update(is_active=False)
    assert "no longer good" in html(client.get(link, follow=True))


def test_a_faulty_invitation_is_shown_again(as_admin: Client, alice: User) -> None:
    response = as_admin.post(LIST, {**NEW, "username": "alice"})
    assert response.status_code == 400
    assert "Somebody has this name already." in html(response)


def test_a_role_is_given_and_somebody_shut_out_and_let_in(
    as_admin: Client, as_alice: Client, alice: User, task: ScheduledTask
) -> None:
    as_admin.post(of(alice, "role"), {"role": "Operator"})
    assert alice.groups.get().name == "Operator"
    asked = html(as_admin.get(of(alice, "disable")))
    assert "1 active task of theirs is paused" in asked
    assert User.objects.get(pk=alice.pk).is_active
    assert "alice is disabled" in html(as_admin.post(of(alice, "disable"), follow=True))
    assert as_alice.get("/").status_code == 302
    task.refresh_from_db()
    assert task.status == "paused"
    as_admin.post(of(alice, "enable"))
    alice.refresh_from_db()
    assert alice.is_active


def test_tasks_are_handed_over_and_what_stays_is_named(
    as_admin: Client, alice: User, charlie: User, task: ScheduledTask
) -> None:
    refused = as_admin.post(of(alice, "hand-over"), {"receiver": "nobody"})
    assert refused.status_code == 400
    assert "There is no such person" in html(refused)
    assert 'value="nobody"' in html(refused)
    assert "stayed with alice" in html(as_admin.post(of(alice, "hand-over"), {"receiver": "ada"}, follow=True))
    as_admin.post(of(alice, "hand-over"), {"receiver": "charlie"})
    task.refresh_from_db()
    assert task.owner == charlie


def test_a_refusal_is_said_on_the_page(as_admin: Client, admin: User, staff: User) -> None:
    for send in (as_admin.get, as_admin.post):
        assert "Nobody disables themselves" in html(send(of(admin, "disable"), follow=True))
    assert "may do more than you" in html(as_admin.post(of(staff, "role"), {"role": ""}, follow=True))
    assert "This is you" in html(as_admin.get(of(admin, "detail")))
    shown = html(as_admin.get(of(staff, "detail")))
    assert of(staff, "disable") not in shown


@pytest.mark.parametrize("role", ["", "Viewer", "Operator"])
def test_for_others_there_are_no_people(as_charlie: Client, charlie: User, alice: User, role: str) -> None:
    if role:
        charlie.groups.add(Group.objects.get(name=role))
    assert as_charlie.get(LIST).status_code == 404
    assert as_charlie.get(of(alice, "detail")).status_code == 404
    for verb in ("role", "disable", "enable", "link", "hand-over"):
        assert as_charlie.post(of(alice, verb)).status_code == 404
    assert LIST not in html(as_charlie.get(reverse("settings")))
    alice.refresh_from_db()
    assert alice.is_active


def test_an_administrator_removes_the_second_factor_of_who_has_lost_it(
    as_admin: Client, admin: User, bob: User, staff: User
) -> None:
    for person in (bob, staff, admin):
        turn_on(person)
    assert of(bob, "factor") in html(as_admin.get(reverse("person-detail", args=[bob.pk])))
    assert "Make sure that it is they who ask" in html(as_admin.get(of(bob, "factor")))
    assert has_second_factor(bob)
    assert "no second factor any more" in html(as_admin.post(of(bob, "factor"), follow=True))
    assert [has_second_factor(person) for person in (bob, staff, admin)] == [False, True, True]
    for person, why in ((staff, "may do more than you"), (admin, "with your password and a code")):
        assert why in html(as_admin.post(of(person, "factor"), follow=True))
        assert has_second_factor(person)


@pytest.mark.django_db(transaction=True)
def test_a_page_that_asks_before_it_disables_needs_no_transaction_around_it(as_admin: Client, alice: User) -> None:
    """A test's own transaction hides what PostgreSQL refuses without one; SQLite refuses nothing."""
    assert as_admin.get(of(alice, "disable")).status_code == 200
