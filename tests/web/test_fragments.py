"""A live region asks for what it shows and for nothing else of its page."""

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tasks_app.models import ScheduledTask
from tests import runs


@pytest.fixture
def lived_in(alice: User, task: ScheduledTask) -> ScheduledTask:
    """A task with some runs, of which one goes on."""
    for _ in range(3):
        run = runs.make_run(alice, task)
        runs.claim(run)
        runs.fail(run)
    runs.claim(runs.make_run(alice, task))
    return task


@pytest.mark.parametrize(
    ("page", "part", "most"),  # as measured
    [
        ("/tasks/{}/", "task-head", 10),
        ("/tasks/{}/", "task-strip", 8),
        ("/tasks/{}/", "task-figures", 11),
        ("/tasks/{}/", "task-history", 8),
        ("/tasks/{}/", "task-next", 7),
        ("/", "home-figures", 15),
        ("/runs/{run}/", "run-head", 9),
        ("/runs/{run}/", "run-outcome", 11),
        ("/runs/{run}/", "run-story", 9),
        ("/runs/{run}/", "run-facts", 10),
        ("/runs/", "run-tabs", 8),
        ("/runs/?task={}", "run-tabs", 7),
        ("/runs/", "run-table", 7),
        ("/runs/?reason=user&newer={}", "run-newer", 8),
    ],
)
def test_a_region_costs_what_it_shows(
    as_alice: Client, lived_in: ScheduledTask, page: str, part: str, most: int
) -> None:
    """Six of the statements say who looks, and a seventh reads the task on its page."""
    run = lived_in.runs.latest("id")
    address, headers = page.format(lived_in.pk, run=run.pk), {"HX-Request": "true", "HX-Target": part}
    as_alice.get(address, headers=headers)
    with CaptureQueriesContext(connection) as asked:
        shown = as_alice.get(address, headers=headers).content.decode()
    assert f'id="{part}"' in shown
    assert len([one for one in asked if "clock_timestamp" not in one["sql"]]) <= most
