"""The first page: how many of what, where to go, what is wrong."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.db.models import Model
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from tasks_app.models import (
    Beat,
    Queue,
    RollupMark,
    RunRollup,
    ScheduledTask,
    TaskRevision,
    TaskRun,
    Worker,
    db_now,
)
from tasks_app.selectors import trouble
from tasks_app.services.tasks import task_pause
from tests import runs as moves
from tests.admin.conftest import make_task
from tests.admin.pages import address, read

pytestmark = pytest.mark.usefixtures("valkey")


@pytest.fixture(autouse=True)
def asked_anew() -> Iterator[None]:
    """What other tests have found is not believed."""
    trouble.forget()
    yield
    trouble.forget()


@pytest.fixture
def html(desk: Client, task: ScheduledTask, failed_run: TaskRun) -> str:
    """The first page of a platform with some of everything."""
    task_pause(task=make_task(task.owner, name="Paused"), actor="tests")
    moves.make_run(task.owner)
    for _ in range(2):
        moves.claim(moves.make_run(task.owner))
    now = db_now()
    queues = ["default"]
    Worker.objects.create(
        name="w", hostname="h", pid=1, queues=queues, started_at=now, heartbeat_at=now + timedelta(hours=1)
    )
    return read(desk, reverse("admin:index"))


@pytest.mark.parametrize(
    ("shown", "model", "query"),
    [
        ("<strong>1</strong> <span>active tasks</span>", ScheduledTask, "?status__exact=active"),
        ("<strong>1</strong> <span>paused tasks</span>", ScheduledTask, "?status__exact=paused"),
        ("<strong>2</strong> <span>running</span>", TaskRun, "?status__exact=running"),
        ("<strong>1</strong> <span>need a person</span>", TaskRun, "?needs=person"),
        ("<strong>1</strong> <span>worker alive</span>", Worker, ""),
    ],
)
def test_each_number_leads_to_its_list(html: str, shown: str, model: type[Model], query: str) -> None:
    _, found, card = html.partition(f'href="{address(model, "changelist")}{query}">')
    assert found
    assert " ".join(card.partition("</a>")[0].split()) == shown


def test_what_needs_a_person_stands_there_with_its_error(html: str, failed_run: TaskRun) -> None:
    assert address(TaskRun, "change", failed_run.pk) in html
    assert "ValueError: no" in html


def told(desk: Client) -> str:
    """What the page says is wrong, now."""
    trouble.forget()
    return read(desk, reverse("admin:index")).partition('aria-label="What is wrong"')[2].partition("</ul>")[0]


def test_what_is_wrong_with_the_platform_is_said(desk: Client, html: str) -> None:
    assert "no beat has ever run" in html
    Beat.objects.create(name="beat:h:1", started_at=db_now(), last_tick_at=db_now() + timedelta(hours=1))
    assert "no beat has ever run" not in told(desk)
    Queue.objects.create(name="lonely")
    moves.make_run(None, queue="lonely")
    assert "no worker serves lonely" in told(desk)


def test_it_says_since_when_and_what_to_do(desk: Client) -> None:
    Beat.objects.create(name="beat:h:1", started_at=db_now(), last_tick_at=db_now() - timedelta(days=2))
    said = told(desk)
    silent = said[said.index("<b>beat</b>") :].partition("</li>")[0]
    assert "the last beat fell silent" in silent
    assert "since <time" in silent
    assert "Start celery beat" in silent


def test_a_redis_that_is_away_and_tables_that_are_not_there_are_said_too(desk: Client, settings: Settings) -> None:
    assert "<b>broker</b>" not in (said := told(desk))
    assert "<b>migrations</b>" not in said
    settings.REDIS_URL = "unix:///nowhere/redis.sock"
    recorder = MigrationRecorder(connection)
    recorder.record_unapplied(*max(name for name in recorder.applied_migrations() if name[0] == "tasks_app"))
    said = told(desk)
    assert "Redis does not answer" in said
    assert "Start Redis" in said
    assert "1 migrations are not applied" in said


def test_it_leads_to_the_pages(html: str) -> None:
    for name in ("home", "task-list", "run-list"):
        assert f'href="{reverse(name)}"' in html


def test_queues_are_for_those_who_may_see_them(desk: Client, client: Client, viewer_user: User) -> None:
    User.objects.filter(pk=viewer_user.pk).update(is_staff=True)
    client.force_login(viewer_user)
    for person, is_told in ((desk, True), (client, False)):
        assert ('href="/queues/"' in read(person, reverse("admin:index"))) is is_told


def test_figures_are_seen_by_those_who_see_runs(client: Client, viewer_user: User, alice: User) -> None:
    User.objects.all().update(is_staff=True)
    for person, status in ((viewer_user, 200), (alice, 403)):
        client.force_login(person)
        for model in (RunRollup, RollupMark, TaskRevision):
            assert client.get(address(model, "changelist")).status_code == status
