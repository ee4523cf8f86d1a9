"""The three health addresses: what each asks, and that none hangs."""

import re
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.test import AsyncClient, Client
from pytest_django import Settings

from scheduler_project import health
from tasks_app.models import Beat, Queue, ScheduledTask, Worker, db_now
from tasks_app.selectors.health import Finding
from tests import runs
from tests.ops.conftest import make_beat, make_worker

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("valkey")]


@pytest.fixture(autouse=True)
def nothing_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "_known", {})


@pytest.fixture
def no_redis(settings: Settings) -> None:
    settings.REDIS_URL = "unix:///nowhere/redis.sock"


def faults(client: Client) -> dict[str, str]:
    """Ask `/statusz`; gives what needs a person, without the ages, which depend on how busy this machine is."""
    answer = client.get("/statusz")
    checks = answer.json()["checks"]
    found = {name: re.sub(r"\d+ s\b", "N s", check["detail"]) for name, check in checks.items() if not check["ok"]}
    assert answer.status_code == (503 if found else 200), answer.content
    assert answer.json()["status"] == ("needs_attention" if found else "ok")
    return found


@pytest.mark.parametrize("address", ["/healthz", "/readyz", "/statusz", "/healthz/", "/readyz/", "/statusz/"])
@pytest.mark.usefixtures("platform")
def test_all_is_well_and_nothing_is_kept(address: str, client: Client) -> None:
    answer = client.get(address)
    assert answer.status_code == 200
    assert "no-store" in answer["Cache-Control"]
    assert client.head(address).status_code == 200
    assert client.post(address).status_code == 405


def test_the_process_is_up_without_asking_anybody(
    client: Client, no_redis: None, django_assert_num_queries: Any
) -> None:
    with django_assert_num_queries(0):
        assert client.get("/healthz").content == b"ok\n"


def test_a_web_process_is_ready_while_redis_and_all_others_are_away(client: Client, no_redis: None) -> None:
    answer = client.get("/readyz")
    assert (answer.status_code, list(answer.json()["checks"])) == (200, ["database", "migrations"])


def test_it_is_not_ready_while_migrations_are_missing(client: Client) -> None:
    recorder = MigrationRecorder(connection)
    (last,) = MigrationLoader(connection).graph.leaf_nodes("tasks_app")
    recorder.record_unapplied(*last)
    try:
        answer = client.get("/readyz")
        assert answer.status_code == 503
        assert "manage.py migrate" in answer.json()["checks"]["migrations"]["detail"]
    finally:
        recorder.record_applied(*last)
    assert client.get("/readyz").status_code == 200


@pytest.mark.usefixtures("platform")
def test_a_platform_at_rest_needs_nobody(client: Client) -> None:
    assert faults(client) == {}
    names = ["database", "migrations", "broker", "beat", "workers", "claims", "schedule"]
    assert list(client.get("/statusz").json()["checks"]) == names


@pytest.mark.usefixtures("platform")
def test_a_broker_that_is_away_is_said(client: Client, no_redis: None) -> None:
    assert "Redis does not answer" in faults(client)["broker"]


@pytest.mark.usefixtures("platform")
@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda: Beat.objects.all().delete(), "no beat has ever run"),
        (lambda: Beat.objects.update(last_tick_at=db_now() - timedelta(seconds=11)), "fell silent N s ago"),
        (lambda: Beat.objects.update(stopped_at=db_now()), "stopped N s ago"),
    ],
    ids=["never", "silent", "stopped"],
)
def test_a_beat_that_does_not_tick_is_said(change: Callable[[], object], words: str, client: Client) -> None:
    change()
    assert list(found := faults(client)) == ["beat"]
    assert words in found["beat"]


@pytest.mark.usefixtures("platform")
def test_one_of_two_beats_is_enough(client: Client) -> None:
    make_beat("beat:there:2", age_seconds=3600, stopped_at=db_now())
    assert faults(client) == {}


@pytest.mark.usefixtures("platform")
@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda: Worker.objects.all().delete(), "no worker serves critical, default, low-priority"),
        (lambda: Worker.objects.update(heartbeat_at=db_now() - timedelta(seconds=16)), "no worker serves critical"),
        (lambda: Worker.objects.update(stopped_at=db_now()), "no worker serves critical"),
        (lambda: Worker.objects.update(queues=["critical", "default"]), "no worker serves low-priority"),
        (lambda: Queue.objects.create(name="reports"), "no worker serves reports"),
    ],
    ids=["none", "silent", "stopped", "one queue", "new queue"],
)
def test_a_queue_without_a_worker_is_said(change: Callable[[], object], words: str, client: Client) -> None:
    change()
    assert words in faults(client)["workers"]


@pytest.mark.usefixtures("platform")
def test_a_paused_queue_needs_no_worker(client: Client) -> None:
    Queue.objects.create(name="reports", paused_at=db_now())
    assert faults(client) == {}


def wait_long(owner: User, **fields: Any) -> None:
    runs.make_run(owner, queued_at=db_now() - timedelta(seconds=31), **fields)


@pytest.mark.usefixtures("platform")
def test_a_run_that_nobody_takes_is_said(client: Client, alice: User) -> None:
    wait_long(alice)
    assert faults(client) == {"claims": "a run has waited in default for N s and nobody takes it"}


@pytest.mark.usefixtures("platform")
@pytest.mark.parametrize(
    "why",
    [
        lambda owner: Queue.objects.filter(name="default").update(paused_at=db_now()),
        lambda owner: Worker.objects.update(running=2),
        lambda owner: runs.claim(runs.make_run(owner)),
    ],
    ids=["the queue is paused", "all children are busy", "the worker takes others"],
)
def test_a_run_that_waits_for_a_reason_needs_nobody(
    why: Callable[[User], object], client: Client, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs, "WORKER", "carillon@here")
    wait_long(alice)
    why(alice)
    assert faults(client) == {}


@pytest.mark.usefixtures("platform")
def test_a_serial_task_waits_for_itself(client: Client, alice: User) -> None:
    task = runs.make_task(alice)
    running = runs.make_run(alice, task, is_serial=True)
    runs.claim(running)
    wait_long(alice, task=task, is_serial=True)
    assert faults(client) == {}
    runs.succeed(running)
    assert list(faults(client)) == ["claims"]


@pytest.mark.usefixtures("platform")
def test_another_worker_that_takes_runs_does_not_excuse_this_one(client: Client, alice: User) -> None:
    make_worker("other@here", queues=["critical"])
    wait_long(alice)
    runs.claim(runs.make_run(alice, queue="critical"))
    assert list(faults(client)) == ["claims"]


@pytest.mark.usefixtures("platform")
def test_an_overdue_task_is_said(client: Client, alice: User) -> None:
    task = runs.make_task(alice, kind="recurring", next_due_at=db_now() - timedelta(seconds=61))
    assert faults(client) == {"schedule": "a task has been due for N s and was not fired"}
    ScheduledTask.objects.filter(id=task.id).update(next_due_at=db_now() - timedelta(seconds=5))
    assert faults(client) == {}


async def test_a_question_that_hangs_is_an_answer_too(monkeypatch: pytest.MonkeyPatch) -> None:
    def hangs() -> Finding:
        time.sleep(1)
        return Finding("database", True, "")

    monkeypatch.setattr(health, "READY", (hangs,))
    monkeypatch.setattr(health, "READY_SECONDS", 0.1)
    began_at = time.monotonic()
    answer = await AsyncClient().get("/readyz")
    assert time.monotonic() - began_at < 0.9
    assert answer.status_code == 503
    assert b"no answer within 0.1 s" in answer.content
