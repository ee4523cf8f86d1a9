"""What should have begun by now says that it is overdue, wherever its time is told, and counts down until then."""

import re
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from tasks_app.models import ScheduledTask, db_now
from tests import runs
from tests.web.reading import text

OVERDUE = re.compile(r'<time [^>]* data-due class="is-late">overdue for 2 h</time>')


def part(client: Client, address: str, name: str) -> str:
    """One live part of a page."""
    return client.get(address, headers={"HX-Request": "true", "HX-Target": name}).content.decode()


@pytest.mark.parametrize("place", ["home-head", "home-next", "task-head"])
def test_a_task_that_should_have_begun_is_overdue(as_alice: Client, task: ScheduledTask, place: str) -> None:
    ScheduledTask.objects.update(next_due_at=db_now() - timedelta(hours=2))
    address = reverse("task-detail", args=[task.pk]) if place == "task-head" else "/"
    assert len(OVERDUE.findall(part(as_alice, address, place))) == 1
    ScheduledTask.objects.update(next_due_at=db_now() + timedelta(hours=2, minutes=1))
    assert " data-due>in 2 h</time>" in part(as_alice, address, place)


def test_a_run_that_should_have_begun_is_overdue(as_alice: Client, alice: User) -> None:
    for shift, said in ((-2, "Start: overdue for 2 h."), (2, "Start: in 2 h.")):
        due_at = db_now() + timedelta(hours=shift, minutes=1 if shift > 0 else 0)
        run = runs.make_run(alice, status="scheduled", reason="delayed", queued_at=None, due_at=due_at)
        page = as_alice.get(reverse("run-detail", args=[run.pk]))
        assert said in re.sub(r" (?=\.)", "", text(page))
