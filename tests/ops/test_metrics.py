"""`/metrics`: who may read it, and that its numbers are true, in a text that Prometheus reads."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from prometheus_client.parser import text_string_to_metric_families
from pytest_django import Settings

from scheduler_project.checked import metrics_token
from scheduler_project.env import Env, SettingFault
from tasks_app.models import Queue, RunRollup, TaskCount, TaskRun, db_now
from tasks_app.selectors import metrics, task_counts
from tasks_app.selectors.operations import queue_states
from tasks_app.selectors.rollup_spans import EVER_START
from tasks_app.services.rollups import rollup_count
from tasks_app.services.task_counts import task_counts_keep
from tasks_app.states import TaskStatus
from tests import runs
from tests.ops.conftest import make_beat, make_worker
from tests.services.ended import ended, insert

pytestmark = pytest.mark.django_db

TOKEN = "a-token-of-enough-characters"


@pytest.fixture
def scrape(client: Client, settings: Settings) -> Any:
    """Read the metrics as Prometheus does; gives values by name and labels."""
    settings.METRICS_TOKEN = TOKEN

    def scrape() -> dict[tuple[str, ...], float]:
        answer = client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
        assert answer.status_code == 200
        assert answer["Content-Type"].startswith("text/plain")
        assert "no-store" in answer["Cache-Control"]
        families = text_string_to_metric_families(answer.content.decode())
        samples = [sample for family in families for sample in family.samples]
        order = ("type", "queue", "status", "le")
        return {(one.name, *(one.labels[name] for name in order if name in one.labels)): one.value for one in samples}

    return scrape


@pytest.mark.parametrize(
    "given", ["", "Bearer", "Bearer ", "Bearer wrong", f"Basic {TOKEN}", f"Bearer {TOKEN}x", TOKEN, "Bearer é"]
)
def test_metrics_do_not_exist_without_the_token(given: str, client: Client, settings: Settings) -> None:
    settings.METRICS_TOKEN = TOKEN
    assert client.get("/metrics", headers={"Authorization": given}).status_code == 404


@pytest.mark.parametrize("given", ["", "Bearer", "Bearer "])
def test_no_token_opens_nothing(given: str, client: Client, settings: Settings) -> None:
    settings.METRICS_TOKEN = ""
    assert client.get("/metrics", headers={"Authorization": given}).status_code == 404


def test_operators_read_metrics_signed_in(client: Client, bob: User, alice: User, viewer_user: User) -> None:
    statuses = []
    for person in (bob, alice, viewer_user):
        client.force_login(person)
        statuses.append(client.get("/metrics").status_code)
    assert statuses == [200, 404, 404]
    client.force_login(bob)
    assert client.post("/metrics").status_code == 405


def test_ended_runs_are_counted_and_timed_by_type(alice: User, scrape: Any) -> None:
    at = db_now() - timedelta(minutes=5)
    insert(ended(alice, at, ms=ms) for ms in (1, 40, 400, 9_000_000))
    insert([ended(alice, at, ms=30, status="failed", failures=3), ended(None, at, type='a "b"', status="cancelled")])
    rollup_count("upkeep:here")
    told = scrape()
    assert told["carillon_runs_total", "http_request", "succeeded"] == 4
    assert told["carillon_runs_total", "http_request", "failed"] == 1
    assert told["carillon_runs_total", 'a "b"', "cancelled"] == 1
    assert told["carillon_run_retries_total", "http_request"] == 2
    buckets = {
        key[2]: value for key, value in told.items() if key[:2] == ("carillon_run_seconds_bucket", "http_request")
    }
    chosen = ("0.001", "0.025", "0.05", "0.25", "0.5", "7200.0", "+Inf")
    assert [buckets[limit if limit != "7200.0" else "7200"] for limit in chosen] == [1, 1, 3, 3, 4, 4, 5]
    assert told["carillon_run_seconds_count", "http_request"] == 5
    assert told["carillon_run_seconds_sum", "http_request"] == pytest.approx(9000.471)


def test_counters_do_not_sink_when_runs_are_deleted(alice: User, scrape: Any) -> None:
    insert([ended(alice, db_now() - timedelta(minutes=5))])
    rollup_count("upkeep:here")
    TaskRun.objects.all().delete()
    assert scrape()["carillon_runs_total", "http_request", "succeeded"] == 1


def test_what_waits_runs_and_reports_is_told(alice: User, scrape: Any) -> None:
    now = db_now()
    make_worker("one@here", queues=["default"], concurrency=3)
    make_worker("two@here", queues=["default", "other"], concurrency=2)
    make_beat()
    Queue.objects.update_or_create(name="default", defaults={"paused_at": now})
    task = runs.make_task(alice, next_due_at=now - timedelta(minutes=2), next_slot=now - timedelta(minutes=2))
    runs.make_task(alice, name="over", status="completed")
    runs.make_task(alice, name="gone", status="cancelled", deleted_at=now)
    for _ in range(3):
        runs.make_run(alice, task, queued_at=now - timedelta(seconds=90))
    runs.claim(TaskRun.objects.earliest("id"))
    insert([ended(alice, now, status="failed")])
    told = scrape()
    names = ("depth", "running", "workers", "paused")
    assert [told[f"carillon_queue_{name}", "default"] for name in names] == [2, 1, 2, 1]
    assert told["carillon_queue_oldest_waiting_seconds", "default"] >= 90
    assert [told["carillon_workers_alive",], told["carillon_worker_children",]] == [2, 5]
    assert told["carillon_beat_last_tick_age_seconds",] >= 0
    assert told["carillon_overdue_seconds",] >= 120
    assert told["carillon_runs_needing_person",] == 1
    assert {key[1]: value for key, value in told.items() if key[0] == "carillon_tasks" and value} == {
        "active": 1,
        "completed": 1,
    }


def test_the_longest_wait_counts_from_when_a_run_was_last_queued(alice: User, scrape: Any) -> None:
    Queue.objects.get_or_create(name="default")
    now = db_now()
    again, *_ = [runs.make_run(alice, queued_at=now - timedelta(seconds=ago)) for ago in (500, 90, 10)]
    runs.claim(again)
    runs.rescue(again)
    told = scrape()
    assert told["carillon_queue_depth", "default"] == 3
    assert 90 <= told["carillon_queue_oldest_waiting_seconds", "default"] < 500


def test_where_more_wait_than_are_counted_the_one_that_was_made_first_is_looked_at_too(alice: User) -> None:
    Queue.objects.get_or_create(name="default")
    now = db_now()
    runs.make_run(alice, priority=1, queued_at=now - timedelta(seconds=500))
    for ago in (90, 10, 10):
        runs.make_run(alice, queued_at=now - timedelta(seconds=ago))
    found = {state.queue.name: state for state in queue_states(counted=2)}["default"]
    assert found.queued == 2
    assert found.oldest_queued_at == now - timedelta(seconds=500)


def test_many_tasks_are_told_as_upkeep_has_counted_them(
    alice: User, scrape: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def told() -> list[float]:
        found = scrape()
        return [found["carillon_tasks", status.value] for status in (TaskStatus.ACTIVE, TaskStatus.PAUSED)]

    for status in ("active", "active", "paused"):
        runs.make_task(alice, status=status)
    assert task_counts_keep("upkeep:here") == len(TaskStatus)
    runs.make_task(alice)
    assert told() == [3, 1], "few are counted now"
    monkeypatch.setattr(task_counts, "MANY", 3)
    assert told() == [2, 1]
    assert task_counts_keep("upkeep:here") == 0, "not twice a minute"
    TaskCount.objects.update(counted_at=db_now() - timedelta(minutes=2))
    assert told() == [2, 1]
    TaskCount.objects.update(counted_at=db_now() - timedelta(minutes=16))
    assert told() == [3, 1], "nobody has counted for long"
    assert task_counts_keep("upkeep:here") == len(TaskStatus)
    runs.make_task(alice, deleted_at=db_now())
    assert told() == [3, 1]


def test_the_number_of_series_has_a_bound(scrape: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics, "TYPES_MOST", 3)
    RunRollup.objects.bulk_create(
        RunRollup(grain="ever", start=EVER_START, type=f"type_{number}", succeeded=number) for number in range(9)
    )
    assert {key[1] for key in scrape() if key[0] == "carillon_runs_total"} == {"type_6", "type_7", "type_8"}


@pytest.mark.parametrize("token", ["short", "with a space in the middle", "not-ascii-é-but-long-enough"])
def test_a_token_that_could_be_guessed_or_not_be_sent_stops_the_start(token: str) -> None:
    with pytest.raises(SettingFault):
        metrics_token(Env({"METRICS_TOKEN": token}))
    assert metrics_token(Env({"METRICS_TOKEN": TOKEN})) == TOKEN
    assert metrics_token(Env({})) == ""
