"""A form that is sent twice does its work once."""

import dataclasses
import re

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from tasks_app.models import IdempotencyKey, ScheduledTask, TaskRun, db_now
from tasks_app.services.idempotency import KEPT
from tests.web.conftest import signed_in
from tests.web.reading import text
from tests.web.test_task_form import FORM, NEW, as_typed, edit

pytestmark = pytest.mark.django_db
RUN = {"_then": "run"}


def word(client: Client, address: str) -> dict[str, str]:
    """The word that the form at this address carries."""
    found = re.search(r'name="once" value="([^"]+)"', client.get(address).content.decode())
    assert found is not None
    return {"once": found[1]}


def test_create_and_run_sent_twice_makes_one_task_and_one_run(as_alice: Client) -> None:
    form = {**FORM, **RUN, **word(as_alice, NEW)}
    first, second = (as_alice.post(NEW, form) for _ in range(2))
    assert ScheduledTask.objects.count() == 1
    assert first["Location"] == second["Location"] == reverse("run-detail", args=[TaskRun.objects.get().pk])


def test_save_and_run_sent_twice_saves_and_runs_once(as_alice: Client, task: ScheduledTask) -> None:
    form = {**as_typed(task, name="Daily"), **RUN, **word(as_alice, edit(task))}
    first, second = (as_alice.post(edit(task), form) for _ in range(2))
    task.refresh_from_db()
    assert (task.name, task.version) == ("Daily", 2)
    assert first["Location"] == second["Location"] == reverse("run-detail", args=[TaskRun.objects.get().pk])


def test_run_now_sent_twice_runs_once_and_pressed_anew_runs_again(as_alice: Client, task: ScheduledTask) -> None:
    address = reverse("task-run-now", args=[task.pk])
    page = reverse("task-detail", args=[task.pk])
    pressed = word(as_alice, page)
    for _ in range(2):
        as_alice.post(address, pressed)
    assert TaskRun.objects.count() == 1
    as_alice.post(address, word(as_alice, page))
    assert TaskRun.objects.count() == 2


def test_other_content_after_a_step_back_is_another_task(as_alice: Client) -> None:
    carried = word(as_alice, NEW)
    as_alice.post(NEW, {**FORM, **carried})
    as_alice.post(NEW, {**FORM, **carried, "name": "Another"})
    assert set(ScheduledTask.objects.values_list("name", flat=True)) == {"Ping", "Another"}


def test_what_was_refused_can_be_mended_and_sent_again(as_alice: Client) -> None:
    carried = word(as_alice, NEW)
    assert as_alice.post(NEW, {**FORM, **carried, "name": ""}).status_code == 400
    assert as_alice.post(NEW, {**FORM, **carried}).status_code == 302
    assert ScheduledTask.objects.count() == 1


def test_a_run_that_is_refused_leaves_what_was_saved_and_says_why(
    as_alice: Client, task: ScheduledTask, settings: Settings, empty_redis: object
) -> None:
    settings.LIMITS = dataclasses.replace(settings.LIMITS, runs_per_hour=1)
    as_alice.post(reverse("task-run-now", args=[task.pk]))
    answer = as_alice.post(edit(task), {**as_typed(task, name="Daily"), **RUN}, follow=True)
    task.refresh_from_db()
    assert task.name == "Daily"
    assert "It was not run:" in text(answer)


def test_words_are_a_persons_own(as_alice: Client, task: ScheduledTask, staff: User) -> None:
    address = reverse("task-run-now", args=[task.pk])
    carried = word(as_alice, reverse("task-detail", args=[task.pk]))
    for client in (as_alice, signed_in(staff)):
        client.post(address, carried)
    assert TaskRun.objects.count() == 2


def test_words_are_forgotten_with_the_other_keys(as_alice: Client, task: ScheduledTask) -> None:
    as_alice.post(reverse("task-run-now", args=[task.pk]), {"once": "w"})
    assert IdempotencyKey.objects.get().created_at > db_now() - KEPT
