"""The three health addresses: what each asks, and that none hangs."""

import re
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import redis
from django.contrib.auth.models import User
from django.db import connection, transaction
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.test import AsyncClient, Client
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from scheduler_project import health as probes
from tasks_app.models import Beat, Queue, RunEvent, ScheduledTask, TaskRun, Worker, db_now
from tasks_app.selectors import health, liveness, trouble
from tasks_app.selectors.health import Finding
from tasks_app.services.upkeep import upkeep
from tests import runs
from tests.handler_types import declared
from tests.ops.conftest import make_beat, make_worker

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("valkey")]


@pytest.fixture(autouse=True)
def nothing_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probes, "_known", {})


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
    names = ["database", "migrations", "broker", "beat", "workers", "claims", "schedule", "upkeep"]
    assert list(client.get("/statusz").json()["checks"]) == names


@pytest.mark.usefixtures("platform")
def test_a_broker_that_is_away_is_said(client: Client, no_redis: None) -> None:
    assert "Redis does not answer" in faults(client)["broker"]


@pytest.mark.usefixtures("platform")
def test_a_broker_that_is_full_is_said(client: Client, empty_redis: redis.Redis) -> None:
    with empty_redis as server:
        server.config_set("maxmemory", "1")
        try:
            assert "Redis takes nothing: command not allowed" in faults(client)["broker"]
        finally:
            server.config_set("maxmemory", "0")
    assert faults(client) == {}


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
    make_beat("beat:there:3", age_seconds=60)
    assert faults(client) == {}
    assert "beat:there:3 has been silent for 1 min" in client.get("/statusz").json()["checks"]["beat"]["detail"]


@pytest.mark.usefixtures("platform")
@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda: Worker.objects.all().delete(), "no worker serves critical, default, low-priority"),
        (lambda: Worker.objects.update(heartbeat_at=db_now() - timedelta(seconds=16)), "no worker serves critical"),
        (lambda: Worker.objects.update(stopped_at=db_now()), "no worker serves critical"),
        (lambda: Worker.objects.update(queues=["critical", "default"]), "no worker serves low-priority"),
    ],
    ids=["none", "silent", "stopped", "one queue"],
)
def test_a_queue_without_a_worker_is_said(change: Callable[[], object], words: str, client: Client) -> None:
    change()
    assert words in faults(client)["workers"]


@pytest.mark.usefixtures("platform")
def test_a_queue_that_nobody_uses_yet_needs_no_worker(client: Client) -> None:
    Queue.objects.create(name="reports")
    assert faults(client) == {}


@pytest.mark.usefixtures("platform")
def test_a_queue_needs_a_worker_once_a_run_waits_in_it(client: Client, alice: User) -> None:
    Queue.objects.create(name="reports")
    runs.make_run(alice, queue="reports")
    assert faults(client)["workers"].startswith("no worker serves reports")


@pytest.mark.usefixtures("platform")
def test_a_queue_needs_a_worker_for_what_is_due_within_a_day(client: Client, alice: User) -> None:
    Queue.objects.create(name="reports")
    task = runs.make_task(alice, queue="reports", next_due_at=db_now() + timedelta(days=2))
    assert faults(client) == {}
    ScheduledTask.objects.filter(id=task.id).update(next_due_at=db_now() + timedelta(hours=23))
    assert faults(client)["workers"].startswith("no worker serves reports")


@pytest.mark.usefixtures("platform")
def test_a_queue_still_needs_the_worker_that_has_served_it(client: Client) -> None:
    Queue.objects.create(name="reports")
    make_worker("reporter", queues=["reports"], stopped_at=db_now())
    assert faults(client)["workers"].startswith("no worker serves reports")


@pytest.mark.usefixtures("platform")
def test_how_long_it_has_lasted_is_said_in_words(client: Client, alice: User) -> None:
    runs.make_run(alice, queued_at=db_now() - timedelta(seconds=340))
    assert re.search(r"has waited in default for \d min N s and nobody", faults(client)["claims"])


@pytest.mark.usefixtures("platform")
def test_a_paused_queue_needs_no_worker(client: Client) -> None:
    Queue.objects.create(name="reports", paused_at=db_now())
    assert faults(client) == {}


def wait_long(owner: User, **fields: Any) -> None:
    runs.make_run(owner, queued_at=db_now() - timedelta(seconds=31), **fields)


def busy(owner: User, count: int, queue: str = "default") -> None:
    """Let children have so many runs in hand, for longer than a claim excuses anything."""
    for _ in range(count):
        runs.claim(runs.make_run(owner, queue=queue))
    RunEvent.objects.update(at=db_now() - timedelta(minutes=1))


@pytest.mark.usefixtures("platform")
def test_a_run_that_nobody_takes_is_said(client: Client, alice: User) -> None:
    wait_long(alice)
    assert faults(client) == {"claims": "a run has waited in default for N s and nobody takes it"}


@pytest.mark.usefixtures("platform")
@pytest.mark.parametrize(
    "why",
    [
        lambda owner: Queue.objects.filter(name="default").update(paused_at=db_now()),
        lambda owner: busy(owner, 2),
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
def test_children_that_stand_still_excuse_nothing_once_their_leases_have_ended(
    client: Client, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their parent still reports them as busy."""
    monkeypatch.setattr(runs, "WORKER", "carillon@here")
    Worker.objects.update(running=2)
    wait_long(alice)
    busy(alice, 2)
    assert faults(client) == {}
    TaskRun.objects.filter(status="running").update(lease_until=db_now() - timedelta(seconds=1))
    assert "nobody takes it" in faults(client)["claims"]
    assert "Restart carillon@here" in client.get("/statusz").json()["checks"]["claims"]["todo"]


@pytest.mark.usefixtures("platform")
@pytest.mark.parametrize(("held_in", "is_well"), [("low-priority", True), ("default", False)])
def test_background_work_waits_for_a_child_of_its_own(
    client: Client, alice: User, monkeypatch: pytest.MonkeyPatch, held_in: str, is_well: bool
) -> None:
    """It never takes a worker's last free child from other work."""
    monkeypatch.setattr(runs, "WORKER", "carillon@here")
    Queue.objects.filter(name="low-priority").update(is_background=True)
    wait_long(alice, queue="low-priority")
    busy(alice, 1, queue=held_in)
    assert (faults(client) == {}) is is_well


@pytest.mark.usefixtures("platform")
@pytest.mark.parametrize(("age", "rounds", "is_well"), [(50, 5, True), (61, 5, False), (290, 100, True)])
def test_upkeep_that_is_silent_is_said(
    client: Client, settings: Settings, age: int, rounds: int, is_well: bool
) -> None:
    settings.UPKEEP_SECONDS = rounds
    Worker.objects.update(last_upkeep_at=db_now() - timedelta(seconds=age))
    found = faults(client)
    assert (found == {}) is is_well
    assert is_well or "no worker has ended a round of upkeep for 1 min N s" in found["upkeep"]
    make_worker("other@here")
    assert faults(client) == {}, "one of them is enough"


@pytest.mark.usefixtures("platform")
def test_a_worker_that_has_just_started_has_time_for_its_first_round(client: Client) -> None:
    Worker.objects.update(last_upkeep_at=None, started_at=db_now())
    assert faults(client) == {}


def test_a_round_of_upkeep_is_noted(db: None) -> None:
    worker = make_worker(last_upkeep_at=None)
    upkeep(actor=f"upkeep:{worker.name}")
    worker.refresh_from_db()
    assert worker.last_upkeep_at is not None


@pytest.mark.usefixtures("platform")
def test_a_platform_whose_queues_are_all_paused_needs_nobody(client: Client, alice: User) -> None:
    wait_long(alice)
    Queue.objects.update(paused_at=db_now())
    assert faults(client) == {}


@pytest.mark.usefixtures("platform")
def test_a_fault_says_since_when_and_what_to_do(client: Client, alice: User) -> None:
    Worker.objects.update(heartbeat_at=db_now() - timedelta(minutes=5))
    wait_long(alice)
    checks = client.get("/statusz").json()["checks"]
    assert checks["workers"]["since"] == f"{Worker.objects.get().heartbeat_at:%Y-%m-%dT%H:%M:%S}Z"
    assert "Start a worker that serves critical, default, low-priority" in checks["workers"]["todo"]
    assert checks["claims"]["since"].endswith("Z")
    assert "Start a worker that serves default" in checks["claims"]["todo"]
    assert set(checks["beat"]) == {"ok", "detail"}


@pytest.mark.usefixtures("platform")
def test_to_ask_is_cheap_however_much_waits(client: Client, alice: User) -> None:
    for _ in range(50):
        wait_long(alice)
    with CaptureQueriesContext(connection) as asked:
        answers = [liveness.claims(), liveness.upkeep(), health.workers(), health.beat(), health.schedule()]
    assert [one.ok for one in answers] == [False, True, True, True, True]
    statements = [one["sql"] for one in asked if one["sql"].startswith("SELECT")]
    assert len(statements) <= 20
    assert all(
        "LIMIT" in sql
        or "tasks_app_queue" in sql
        or "tasks_app_worker" in sql
        or "lease_until" in sql
        or "clock_timestamp" in sql
        or "statement_timeout" in sql
        for sql in statements
    ), statements


@pytest.mark.postgres
@pytest.mark.usefixtures("platform")
def test_a_database_that_is_slow_is_an_answer_too(client: Client, alice: User) -> None:
    """Somebody holds a lock on a table; each question gives up by itself."""
    locked, done = threading.Event(), threading.Event()

    def hold() -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("LOCK TABLE tasks_app_worker IN ACCESS EXCLUSIVE MODE")
            locked.set()
            done.wait(90)
        connection.close()

    thread = threading.Thread(target=hold)
    thread.start()
    try:
        assert locked.wait(60)
        found = faults(client)
        trouble.forget()
        of_pages = trouble.troubles()
    finally:
        done.set()
        thread.join()
        trouble.forget()
    assert "the database does not answer" in found["workers"]
    assert "beat" not in found
    assert [(one.name, one.is_asked) for one in of_pages] == [("workers", False)]
    assert faults(client) == {}
    assert trouble.troubles() == []
    trouble.forget()


@pytest.mark.usefixtures("platform")
def test_a_quiet_worker_is_told_of_and_is_not_taken_for_stuck(client: Client, alice: User) -> None:
    wait_long(alice)
    Worker.objects.update(is_quiet=True, wish="quiet", wished_at=db_now())
    words = "every worker of critical, default, low-priority is quiet and takes nothing"
    assert faults(client) == {"workers": words}
    assert "take work again" in client.get("/statusz").json()["checks"]["workers"]["todo"]
    make_worker("other@here", queues=["critical"])
    assert faults(client) == {"workers": words.replace("critical, ", "")}
    Queue.objects.filter(name="low-priority").update(paused_at=db_now())
    make_worker("third@here", queues=["default"])
    assert list(faults(client)) == ["claims"], "this one should have taken it"
    TaskRun.objects.all().delete()
    assert faults(client) == {}
    assert "carillon@here is quiet" in client.get("/statusz").json()["checks"]["workers"]["detail"]


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
    assert faults(client) == {"schedule": "a task has been due for 1 min N s and was not fired"}
    ScheduledTask.objects.filter(id=task.id).update(next_due_at=db_now() - timedelta(seconds=5))
    assert faults(client) == {}


async def test_a_question_that_hangs_is_an_answer_too(monkeypatch: pytest.MonkeyPatch) -> None:
    may_end = threading.Event()

    def hangs() -> Finding:
        may_end.wait(60)
        return Finding("database", True, "")

    monkeypatch.setattr(probes, "READY", (hangs,))
    monkeypatch.setattr(probes, "READY_SECONDS", 0.1)
    try:
        answer = await AsyncClient().get("/readyz")
    finally:
        may_end.set()
    assert answer.status_code == 503
    assert b"no answer within 0.1 s" in answer.content


@pytest.mark.usefixtures("platform")
def test_a_queue_that_only_a_type_names_is_watched_too(client: Client, alice: User) -> None:
    with declared(lambda ctx, payload: None, queue="reports") as name:
        runs.make_run(alice, type=name, queue="reports", queued_at=db_now() - timedelta(hours=2))
        assert "a run has waited in reports" in faults(client)["claims"]


@pytest.mark.usefixtures("platform")
def test_a_long_backlog_of_one_task_hides_nobody_behind_it(
    client: Client, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(liveness, "NEXT", 5)
    task = runs.make_task(alice, overlap="queue_all")
    runs.claim(runs.make_run(alice, task, is_serial=True))
    long_ago = db_now() - timedelta(hours=2)
    for _ in range(5):
        runs.make_run(alice, task, is_serial=True, priority=9, queued_at=long_ago)
    RunEvent.objects.all().delete()
    assert "claims" not in faults(client)
    runs.make_run(alice, priority=1, queued_at=long_ago)
    RunEvent.objects.all().delete()
    assert "a run has waited in default" in faults(client)["claims"]


@pytest.mark.usefixtures("platform")
def test_who_comes_behind_a_backlog_is_looked_for_so_far(
    client: Client, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(liveness, "NEXT", 2)
    monkeypatch.setattr(liveness, "BEHIND", 4)
    task = runs.make_task(alice, overlap="queue_all")
    runs.claim(runs.make_run(alice, task, is_serial=True))
    held_back = [runs.make_run(alice, task, is_serial=True, priority=9) for _ in range(4)]
    wait_long(alice, priority=1)
    RunEvent.objects.all().delete()
    assert "claims" not in faults(client)
    runs.cancel(held_back[0])
    RunEvent.objects.all().delete()
    assert "a run has waited in default" in faults(client)["claims"]


@pytest.mark.usefixtures("platform")
def test_empty_queues_are_asked_about_together(alice: User) -> None:
    def asked() -> int:
        with CaptureQueriesContext(connection) as found:
            assert not liveness.claims().ok
        return len(found)

    wait_long(alice)
    few = asked()
    for number in range(5):
        Queue.objects.create(name=f"more-{number}")
    assert asked() == few
