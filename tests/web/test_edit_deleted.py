"""Edit, and the task is deleted by the time it is saved: what was typed stays."""

import re
from collections.abc import Mapping
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from tasks_app.models import ScheduledTask
from tests.web.conftest import MakeTask
from tests.web.reading import filled, text


def test_what_is_typed_stays_when_the_task_is_deleted_meanwhile(
    as_alice: Client, as_charlie: Client, task: ScheduledTask
) -> None:
    address = reverse("task-edit", args=[task.pk])
    typed = {**filled(as_alice.get(address)), "name": "Weekly", "description": "typed for long"}
    as_alice.post(reverse("task-delete", args=[task.pk]))
    answer = as_alice.post(address, typed)
    assert answer.status_code == 404
    assert "“Nightly” was deleted" in text(answer)
    assert "Recent changes" in text(answer)
    again = filled(answer)
    assert again.keys() >= {"name", "description", "version", "payload.url"}
    assert "There is nothing here" in text(as_charlie.post(address, {"name": "Weekly"}))
    assert "There is nothing here" in text(as_alice.get(address))
    assert "There is nothing here" in text(as_alice.post(address, typed, headers={"HX-Request": "true"}))
    undo = re.search(r'action="(/tasks/bulk/[^"]+/undo/)"', as_alice.get(reverse("task-bulk-recent")).content.decode())
    assert undo is not None
    as_alice.post(undo[1])
    shown = as_alice.post(address, again)
    assert "Somebody has changed this task" in text(shown), "coming back is a change"
    assert as_alice.post(address, filled(shown)).status_code == 302
    back = ScheduledTask.objects.get(pk=task.pk)
    assert (back.name, back.description) == ("Weekly", "typed for long")


def test_a_secret_typed_for_a_deleted_task_is_not_kept(as_alice: Client, task: ScheduledTask) -> None:
    address = reverse("task-edit", args=[task.pk])
    typed = {**filled(as_alice.get(address)), "name": "Weekly", "payload.token": "hush"}
    as_alice.post(reverse("task-delete", args=[task.pk]))
    answer = as_alice.post(address, typed)
    assert "Weekly" in text(answer)
    assert "hush" not in answer.content.decode()
    assert "open its form anew" in text(answer)


def page_of_deleted(client: Client, task: ScheduledTask, typed: Mapping[str, object]) -> str:
    """What stands there after a save of a form that was opened before its task was deleted."""
    address = reverse("task-edit", args=[task.pk])
    form = filled(client.get(address))
    client.post(reverse("task-delete", args=[task.pk]))
    answer = client.post(address, {name: texts for name, texts in {**form, **typed}.items() if texts is not None})
    assert answer.status_code == 404
    return text(answer)


def test_only_what_was_changed_is_told_by_its_label(as_alice: Client, task: ScheduledTask) -> None:
    typed = {
        "name": "Weekly",
        "schedule.kind": "weekly",
        "schedule.weekly.days": ["tue", "fri"],
        "schedule.of.1.daily.time": "18:00",
        "payload.timeout_seconds": "45",
        "queue": "critical",
        "notify_on_failure": None,
    }
    page = page_of_deleted(as_alice, task, typed)
    told = page.partition("What you had changed ")[2].partition(" Save it again")[0]
    assert told == (
        "Name Weekly When it runs Weekly Weekly, On Tue, Fri Rule 2, At 18:00 Time limit 45 Queue critical"
        " Mail when a run has failed for good no"
    )


@pytest.mark.parametrize(
    "schedule",
    [
        None,
        {"kind": "once", "run_at": "2031-05-06T07:00:00Z"},
        {"kind": "any", "of": [{"kind": "cron", "expression": "5 4 * * *"}, {"kind": "daily", "time": "03:00"}]},
    ],
)
def test_what_was_left_as_it_was_is_not_told(as_alice: Client, make: MakeTask, schedule: dict[str, Any] | None) -> None:
    task = make("Left", schedule=schedule)
    assert "What you had changed" not in page_of_deleted(as_alice, task, {})
