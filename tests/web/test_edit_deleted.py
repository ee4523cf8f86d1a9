"""Edit, and the task is deleted by the time it is saved: what was typed stays."""

import re

from django.test import Client
from django.urls import reverse

from tasks_app.models import ScheduledTask
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
