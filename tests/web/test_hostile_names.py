"""Names that want to be more than names: lists that write their HTML in one go say them as they are."""

import re
from html import unescape

import pytest
from django.contrib.auth.models import User
from django.test import Client

from tasks_app.models import ScheduledTask, TaskRun, TaskShare
from tests import runs
from tests.web.conftest import MakeTask

pytestmark = pytest.mark.django_db

NAME = "\"'><script>alert(1)</script>&amp;{{ 7|add:1 }}\u202egnp.\u2066😀</td>"
BROKEN = re.compile(r"""<[a-z][^>]*?="[^"]*"['"]""")
PAGES = (
    "/",
    "/tasks/",
    "/runs/",
    "/upcoming/",
    "/calendar/?task={task}",
    "/tasks/{task}/",
    "/tasks/{task}/edit/",
    "/runs/?task={task}",
    "/runs/groups/",
    "/tasks/{task}/versions/",
)


@pytest.fixture
def hostile(make: MakeTask, alice: User, bob: User) -> ScheduledTask:
    """A task whose words are all markup, with runs, shared."""
    task = make(NAME, description=NAME, schedule={"kind": "every", "minutes": 1})
    ScheduledTask.objects.filter(id=task.id).update(pause_note=NAME, tags=[NAME[:40]])
    TaskShare.objects.create(task=task, user=bob, level="manage", created_by=NAME[:20])
    for fails in (True, False):
        run = runs.make_run(alice, task)
        runs.claim(run)
        (runs.fail if fails else runs.succeed)(run)
        TaskRun.objects.filter(id=run.id).update(error=NAME, worker=NAME[:100], tags=[NAME[:40]])
    task.refresh_from_db()
    return task


@pytest.mark.parametrize("address", PAGES)
def test_no_name_is_markup(address: str, hostile: ScheduledTask, as_alice: Client) -> None:
    response = as_alice.get(address.format(task=hostile.pk))
    assert response.status_code == 200
    page = response.content.decode()
    assert "<script>alert" not in page
    assert not BROKEN.search(page)
    assert NAME[:3] in unescape(page), "it is there, as it is"
