"""Handing a person's tasks over, as an administrator does it on the pages."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from tasks_app.models import AuditEntry, ScheduledTask
from tasks_app.services import hand_overs, steps
from tests.web.conftest import MakeTask, signed_in
from tests.web.reading import text, value

pytestmark = pytest.mark.usefixtures("empty_redis")


@pytest.fixture
def as_admin(admin: User) -> Client:
    return signed_in(admin)


def address(person: User) -> str:
    return reverse("person-hand-over", args=[person.pk])


def handed(browser: Client, giver: User, receiver: User, **more: str) -> Any:
    """Fill in the form, and see where it leads."""
    return browser.post(address(giver), {"receiver": receiver.username, **more}, follow=True)


def test_a_double_click_hands_over_once(as_admin: Client, alice: User, charlie: User, task: ScheduledTask) -> None:
    word = value(as_admin.get(reverse("person-detail", args=[alice.pk])), "once")
    assert word
    first, second = (handed(as_admin, alice, charlie, once=word) for _ in range(2))
    assert first.redirect_chain == second.redirect_chain
    assert "1 task now with charlie" in text(second)
    assert AuditEntry.objects.filter(action="task.hand_over").count() == 1
    task.refresh_from_db()
    assert (task.owner, task.version) == (charlie, 2)


def test_it_says_how_many_are_left_and_goes_on_without_scripts(
    as_admin: Client, alice: User, charlie: User, make: MakeTask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(steps, "SECONDS", 0.0)
    for name in ("_SQLITE_SECONDS", "_SECONDS"):
        monkeypatch.setattr(steps, name, 0.0)
    for number in range(3):
        make(f"t{number}")
    page = handed(as_admin, alice, charlie)
    said = text(page)
    assert "1 task now with charlie" in said
    assert "2 tasks are left" in said
    assert "Go on" in said
    person = text(as_admin.get(reverse("person-detail", args=[alice.pk])))
    assert "1 task to charlie Not finished: 2 left" in person
    there = page.redirect_chain[-1][0]
    for _ in range(3):
        page = as_admin.post(there, follow=True)
    said = text(page)
    assert "3 tasks now with charlie" in said
    assert "None stayed." in said
    assert "Go on" not in said
    assert as_admin.get(there).status_code == 200


def test_every_task_that_stayed_is_named_with_its_reason(
    as_admin: Client, alice: User, charlie: User, make: MakeTask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hand_overs, "AT_ONCE", 2)
    monkeypatch.setattr(hand_overs, "SHOWN", 4)
    for number in range(5):
        make(f"t{number}", key=f"k{number}")
        make("hers", key=f"k{number}", owner=charlie)
    page = handed(as_admin, alice, charlie)
    there = page.redirect_chain[-1][0]
    pages = [text(as_admin.get(f"{there}?page={number}")) for number in (1, 2)]
    assert all("5 tasks stayed with alice" in said for said in pages)
    for number in range(5):
        said = pages[number // 4]
        assert f"t{number} charlie has a task with the key k{number} already." in said
    kept = ScheduledTask.objects.get(name="t4")
    assert reverse("task-detail", args=[kept.pk]) in as_admin.get(f"{there}?page=2").content.decode()


def test_it_is_nobody_elses_page(
    as_admin: Client, staff: User, alice: User, charlie: User, task: ScheduledTask
) -> None:
    there = handed(as_admin, alice, charlie).redirect_chain[-1][0]
    for other in (staff, charlie):
        assert signed_in(other).get(there).status_code == 404
        assert signed_in(other).post(there).status_code == 404


def test_who_has_the_tasks_already_is_told(as_admin: Client, alice: User, task: ScheduledTask) -> None:
    response = as_admin.post(address(alice), {"receiver": "alice"})
    assert response.status_code == 400
    assert "These are the tasks of alice already." in text(response)
