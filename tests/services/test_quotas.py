"""What one person may take: counted for people, by every face alike, and never for code."""

import dataclasses
from datetime import timedelta
from typing import Any

import pytest
import redis
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from tasks_app import jobs
from tasks_app.errors import Conflict
from tasks_app.models import TaskRun
from tasks_app.services import backfills, firing, quotas, runs, tasks
from tasks_app.services.backfills import BackfillSpec
from tasks_app.services.limiter import TooMany
from tests import runs as moves
from tests.clocks import Clock
from tests.services.conftest import PAYLOAD, START, Make

pytestmark = pytest.mark.django_db
BY_HAND, BY_KEY = "user:alice", "key:alice/ci"


def limit(settings: Settings, **limits: int) -> None:
    """Set some of the limits."""
    settings.LIMITS = dataclasses.replace(settings.LIMITS, **limits)


def outcomes() -> list[str]:
    """Give what became of each run, oldest first."""
    return [f"{run.status}/{run.reason}" for run in TaskRun.objects.order_by("id")]


@pytest.mark.parametrize(
    ("actor", "person"),
    [
        ("user:alice", "alice"),
        ("key:alice/ci: nightly", "alice"),
        ("code", None),
        ("beat:host:1", None),
        ("edit:user:a", None),
    ],
)
def test_a_person_is_told_from_code(actor: str, person: str | None) -> None:
    assert quotas.person_of(actor) == person


def test_tasks_are_made_at_a_pace_and_a_refused_one_is_not_there(
    alice: User, make: Make, empty_redis: redis.Redis, settings: Settings
) -> None:
    limit(settings, creates_per_minute=2)
    first = make()
    tasks.task_duplicate(task=first, owner=alice, actor=BY_KEY)
    with pytest.raises(TooMany, match="at most 2 in a minute"):
        make()
    assert alice.scheduled_tasks.count() == 2
    jobs.recurring("from-code", "http_request", PAYLOAD, "0 3 * * *", owner=alice)
    with pytest.raises(TooMany):
        tasks.task_duplicate(task=first, owner=alice, actor=BY_HAND)


def test_one_person_has_so_many_tasks_until_some_are_deleted(
    alice: User, bob: User, make: Make, settings: Settings
) -> None:
    limit(settings, tasks_per_user=2)
    first = make()
    make()
    with pytest.raises(Conflict) as refused:
        make()
    assert refused.value.error_code == "limit"
    make(owner=bob)
    tasks.task_delete(task=first, actor=BY_HAND)
    make()


def start_by(deed: str, make: Make, alice: User) -> Any:
    """Start runs in one of the ways that people have."""
    if deed == "run_now":
        return tasks.task_run_now(task=make(), actor=BY_HAND)
    if deed == "enqueue":
        return runs.run_enqueue(owner=alice, type="http_request", payload=PAYLOAD, actor=BY_KEY)
    if deed == "retry":
        run = moves.make_run(alice, type="http_request")
        moves.claim(run)
        moves.fail(run)
        return runs.run_retry(run=moves.fresh(run), actor=BY_HAND)
    spec = BackfillSpec(start=START - timedelta(minutes=30), end=START - timedelta(minutes=20))
    return backfills.backfill_create(task=make(), spec=spec, actor=BY_HAND)


@pytest.mark.usefixtures("empty_redis", "clock")
@pytest.mark.parametrize("deed", ["run_now", "enqueue", "retry", "backfill"])
@pytest.mark.parametrize("limits", [{"run_now_per_minute": 1}, {"runs_per_hour": 2}])
def test_every_way_to_start_runs_is_counted(
    deed: str, limits: dict[str, int], make: Make, alice: User, settings: Settings
) -> None:
    limit(settings, **limits)
    tasks.task_run_now(task=make(), actor=BY_HAND)
    if "runs_per_hour" in limits:
        tasks.task_run_now(task=make(), actor=BY_HAND)
    with pytest.raises(TooMany) as refused:
        start_by(deed, make, alice)
    assert refused.value.retry_after >= 1
    jobs.enqueue("http_request", PAYLOAD, owner=alice)


def test_the_pace_is_the_callers_and_the_hour_is_the_owners(
    make: Make, alice: User, bob: User, empty_redis: redis.Redis, settings: Settings
) -> None:
    limit(settings, run_now_per_minute=1, runs_per_hour=2)
    task = make()
    tasks.task_run_now(task=task, actor="user:bob")
    tasks.task_run_now(task=task, actor=BY_HAND)
    with pytest.raises(TooMany, match="in an hour"):
        tasks.task_run_now(task=task, actor="user:ada")


def test_slots_beyond_the_hour_are_skipped_and_others_are_not_touched(
    make: Make, bob: User, empty_redis: redis.Redis, clock: Clock, settings: Settings
) -> None:
    limit(settings, runs_per_hour=3)
    crowd = [make(overlap="allow") for _ in range(5)]
    make(owner=bob)
    clock.move_to(START + timedelta(minutes=10))
    firing.fire_due(actor="test")
    assert sorted(outcomes()) == ["queued/due"] * 4 + ["skipped/limit"] * 2
    assert TaskRun.objects.filter(owner=bob, status="queued").count() == 1
    clock.move_to(START + timedelta(minutes=20))
    firing.fire_due(actor="test")
    assert TaskRun.objects.filter(reason="limit").count() == 7
    for task in crowd:
        task.refresh_from_db()
        assert task.next_slot == START + timedelta(minutes=30)


def test_a_skipped_slot_uses_up_no_run_and_stops_none(
    make: Make, empty_redis: redis.Redis, clock: Clock, settings: Settings
) -> None:
    limit(settings, runs_per_hour=1)
    task = make(overlap="cancel_running", max_runs=2)
    for minutes in (10, 20):
        clock.move_to(START + timedelta(minutes=minutes))
        firing.fire_due(actor="test")
    task.refresh_from_db()
    assert outcomes() == ["queued/due", "skipped/limit"]
    assert (task.status, task.slots_fired) == ("active", 1)


def test_no_limit_costs_nothing_and_a_missing_redis_stops_nobody(make: Make, clock: Clock, settings: Settings) -> None:
    task = make()
    clock.move_to(START + timedelta(minutes=10))
    with CaptureQueriesContext(connection) as free:
        firing.fire_due(actor="test")
    limit(settings, runs_per_hour=1, run_now_per_minute=1, creates_per_minute=1)
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    TaskRun.objects.update(status="cancelled", finished_at=START)
    clock.move_to(START + timedelta(minutes=20))
    with CaptureQueriesContext(connection) as limited:
        firing.fire_due(actor="test")
    assert len(limited) == len(free)
    make()
    tasks.task_run_now(task=task, actor=BY_HAND)
    tasks.task_run_now(task=task, actor=BY_HAND)
    assert TaskRun.objects.filter(reason="limit").count() == 0
