"""A form that is sent twice does its work once."""

import dataclasses
import re
from urllib.parse import urlencode

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from tasks_app.models import Batch, IdempotencyKey, ScheduledTask, TaskRun, db_now
from tasks_app.services.idempotency import KEPT
from tests import runs
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


def test_a_retry_sent_twice_starts_one_run_from_its_page_and_from_its_form(as_alice: Client, alice: User) -> None:
    failed = runs.make_run(alice, payload={"url": "https://example.org/"})
    runs.claim(failed)
    runs.fail(failed)
    address = reverse("run-retry", args=[failed.pk])
    changed = {"changed": "1", "payload.url": "https://example.org/other", "payload.method": "GET"}
    for page, values in ((reverse("run-detail", args=[failed.pk]), {}), (address, changed)):
        form = {**values, **word(as_alice, page)}
        first, second = (as_alice.post(address, form) for _ in range(2))
        assert first["Location"] == second["Location"]
    assert TaskRun.objects.filter(rerun_of=failed).count() == 2


def test_a_duplicate_and_a_backfill_asked_for_twice_come_once(as_alice: Client, task: ScheduledTask) -> None:
    duplicate, backfill = (reverse(name, args=[task.pk]) for name in ("task-duplicate", "task-backfill"))
    copied = word(as_alice, reverse("task-detail", args=[task.pk]))
    span = {"from": "2026-01-05T00:00", "to": "2026-01-07T00:00"}
    planned = {**span, **word(as_alice, f"{backfill}?{urlencode(span)}")}
    for _ in range(2):
        as_alice.post(duplicate, copied)
        as_alice.post(backfill, planned)
    assert (ScheduledTask.objects.count(), Batch.objects.count()) == (2, 1)


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
