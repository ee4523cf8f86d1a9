"""The versions of a task on its pages: told, compared with now, and brought back."""

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from tasks_app.models import ScheduledTask, TaskRevision, TaskShare
from tasks_app.services.tasks import task_update
from tests.web.reading import text

pytestmark = pytest.mark.django_db


@pytest.fixture
def edited(task: ScheduledTask) -> ScheduledTask:
    """A task of two versions."""
    changes = {"name": "Daily", "payload": {"url": "https://example.org/other"}, "cron": "0 8 * * *"}
    return task_update(task=task, changes=changes, actor="user:bob")


def address(name: str, task: ScheduledTask, *more: int) -> str:
    return reverse(name, args=[task.pk, *more])


def test_the_list_says_who_changed_what(as_alice: Client, edited: ScheduledTask) -> None:
    shown = text(as_alice.get(address("task-versions", edited)))
    assert "Version 2 as it is now bob" in shown
    assert "Name before: Nightly with it: Daily" in shown
    assert "URL before: https://example.org/ with it: https://example.org/other" in shown
    assert "The task was made." in shown


def test_a_task_from_before_versions_says_so(as_alice: Client, task: ScheduledTask) -> None:
    TaskRevision.objects.all().delete()
    assert "made before versions were kept" in text(as_alice.get(address("task-versions", task)))
    task_update(task=task, changes={"name": "Daily"}, actor="user:alice")
    assert "as it was before versions were kept" in text(as_alice.get(address("task-versions", task)))


def test_a_version_is_brought_back_after_a_look_at_what_changes(as_alice: Client, edited: ScheduledTask) -> None:
    page = as_alice.get(address("task-version", edited, 1))
    assert "Name before: Daily with it: Nightly" in text(page)
    answer = as_alice.post(address("task-restore", edited, 1), {"seen": "2"}, follow=True)
    assert "The task is as it was in version 1. This is version 3." in text(answer)
    assert ScheduledTask.objects.get(pk=edited.pk).name == "Nightly"
    assert "The task is like this now." in text(as_alice.get(address("task-version", edited, 1)))


def test_somebody_elses_edit_in_between_is_not_undone(as_alice: Client, edited: ScheduledTask) -> None:
    answer = as_alice.post(address("task-restore", edited, 1), {"seen": "1"})
    assert answer.status_code == 412
    assert "Somebody has changed this task" in text(answer)
    assert ScheduledTask.objects.get(pk=edited.pk).name == "Daily"


def test_a_version_that_is_not_accepted_any_more_says_at_which_fields(as_alice: Client, edited: ScheduledTask) -> None:
    revision = TaskRevision.objects.get(task=edited, version=1)
    revision.values |= {"queue": "gone"}
    revision.save()
    answer = as_alice.post(address("task-restore", edited, 1), {"seen": "2"})
    assert answer.status_code == 400
    assert "Queue : There is no such queue" in text(answer)


def test_those_who_only_see_the_task_do_not_see_its_versions(
    as_charlie: Client, charlie: User, edited: ScheduledTask
) -> None:
    assert as_charlie.get(address("task-versions", edited)).status_code == 404
    TaskShare.objects.create(task=edited, user=charlie, level="run")
    assert as_charlie.get(address("task-versions", edited)).status_code == 403
    assert "Versions" not in text(as_charlie.get(address("task-detail", edited)))


def test_a_version_that_is_not_kept_is_not_found(as_alice: Client, edited: ScheduledTask) -> None:
    assert as_alice.get(address("task-version", edited, 9)).status_code == 404
    assert as_alice.post(address("task-restore", edited, 10**12)).status_code == 404


def test_fields_of_a_payload_are_called_as_in_the_form(as_alice: Client, task: ScheduledTask) -> None:
    payload = {"url": "https://example.org/", "timeout_seconds": 45, "query": {"a": "b"}}
    task_update(task=task, changes={"payload": payload}, actor="user:alice")
    shown = text(as_alice.get(address("task-versions", task)))
    assert "Time limit" in shown
    assert "Query parameters" in shown
    assert "Timeout seconds" not in shown
