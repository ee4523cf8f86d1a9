"""Figures of spans: kept ones and runs together say what a count of all runs would say, at any moment."""

import random
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.contrib.auth.models import AnonymousUser, User

from tasks_app.models import RunRollup, TaskRun, TaskShare, db_now
from tasks_app.selectors import rollup_runs, rollups
from tasks_app.selectors.access import Person, visible_runs
from tasks_app.services.rollups import rollup_prune
from tests import runs
from tests.clocks import Clock
from tests.services.conftest import START
from tests.services.ended import COUNTS, count_all, ended, insert, random_history

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def told(found: rollups.Figures) -> dict[str, int]:
    """Give the counts."""
    return {name: getattr(found, name) for name in (*COUNTS, "retries")}


def counted(user: Person, start: datetime, end: datetime, **only: Any) -> dict[str, int]:
    """Count the runs that the user sees one by one."""
    sums = dict.fromkeys((*COUNTS, "retries"), 0)
    for run in visible_runs(user).filter(finished_at__gte=start, finished_at__lt=end, **only):
        sums[run.status] += run.range_count if run.range_to and run.range_count is not None else 1
        sums["retries"] += max(0, run.failures + run.crashes - (1 if run.status == "failed" else 0))
    return sums


@pytest.mark.parametrize("seed", range(3))
def test_any_span_is_what_its_runs_come_to(seed: int, alice: User, bob: User, staff: User, clock: Clock) -> None:
    tasks = [runs.make_task(alice), runs.make_task(bob, name="Other")]
    TaskShare.objects.create(task=tasks[1], user=alice, level="view", created_by=bob.username)
    random_history([alice, bob, None], tasks, (START - 10 * DAY, START), count=250, seed=seed)
    random_history([alice, bob, None], tasks, (START - 2 * HOUR, START + 3 * HOUR), count=250, seed=seed + 10)
    count_all()
    clock.move_to(START + 3 * HOUR)
    dice = random.Random(seed)
    for _ in range(25):
        end = START + timedelta(seconds=dice.uniform(-20 * 3600, 3 * 3600))
        start = end - timedelta(seconds=dice.choice([30, 4000, 90_000, 900_000]) * dice.uniform(0.5, 1))
        for user in (alice, staff):
            assert told(rollups.span_figures(user, start, end)) == counted(user, start, end)
        only: Any = {"type": "send_email", "task": tasks[1].id}
        assert told(rollups.span_figures(alice, start, end, **only)) == counted(alice, start, end, **only)
        of_types = rollups.by_type(staff, start, end)
        assert {name: told(found) for name, found in of_types.items() if any(told(found).values())} == {
            name: sums
            for name in ("http_request", "send_email")
            if any((sums := counted(staff, start, end, type=name)).values())
        }


def test_nobody_sees_figures_of_runs_that_they_may_not_see(
    alice: User, bob: User, charlie: User, viewer_user: User, clock: Clock
) -> None:
    insert([ended(alice, START - 5 * HOUR, runs.make_task(alice)), ended(None, START - 5 * HOUR)])
    count_all()
    span = (START - DAY, START)
    seen = {
        user: rollups.span_figures(user, *span).succeeded for user in (alice, charlie, viewer_user, AnonymousUser())
    }
    assert list(seen.values()) == [1, 0, 2, 0]
    assert sum(bar.succeeded for bar in rollups.per_hour(charlie, 24)) == 0
    alice.is_active = False
    assert rollups.span_figures(alice, *span).succeeded == 0


def test_a_run_that_ended_a_moment_ago_is_in_the_figures(alice: User) -> None:
    insert([ended(alice, db_now() - HOUR)])
    count_all()
    run = runs.make_run(alice)
    runs.claim(run)
    runs.succeed(run)
    now = db_now()
    assert rollups.span_figures(alice, now - DAY, now).succeeded == 2
    assert rollups.per_minute(alice)[-1].succeeded + rollups.per_minute(alice)[-2].succeeded >= 1
    assert sum(bar.succeeded for bar in rollups.per_day(alice, 2, UTC)) == 2


def test_figures_of_days_that_hold_no_hours_any_more_are_those_of_whole_days(alice: User, clock: Clock) -> None:
    insert([ended(alice, START - 30 * DAY), ended(alice, START - 30 * DAY - 8 * HOUR), ended(alice, START - DAY)])
    count_all()
    rollup_prune("upkeep:here")
    TaskRun.objects.all().delete()
    assert rollups.span_figures(alice, START - 30 * DAY - HOUR, START).succeeded == 3
    assert rollups.span_figures(alice, START - 29 * DAY, START).succeeded == 1


def test_times_are_told_from_classes(alice: User, clock: Clock) -> None:
    insert(ended(alice, START - HOUR, ms=ms) for ms in [*[40] * 94, *[900] * 6])
    insert([ended(alice, START - HOUR, status="cancelled", ms=10**7)])
    count_all()
    found = rollups.span_figures(alice, START - DAY, START)
    assert found.mean_ms == round((94 * 40 + 6 * 900) / 100, 1)
    assert found.longest_ms == 900
    assert found.p95_ms is not None
    assert 500 < found.p95_ms <= 900
    assert found.success_rate == 1.0


def test_nothing_ended_has_no_times_and_no_rate(alice: User) -> None:
    found = rollups.span_figures(alice, db_now() - DAY, db_now())
    assert (found.mean_ms, found.p95_ms, found.longest_ms, found.success_rate) == (None, None, None, None)
    assert found.is_complete


def test_more_than_may_be_read_is_said_to_be_incomplete(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rollup_runs, "MOST", 5)
    now = db_now()
    insert(ended(alice, now - timedelta(minutes=5)) for _ in range(6))
    found = rollups.span_figures(alice, now - DAY, now)
    assert (found.succeeded, found.is_complete) == (5, False)
    count_all()
    found = rollups.span_figures(alice, now - DAY, now)
    assert (found.succeeded, found.is_complete) == (6, True)


def test_bars_have_no_gaps_and_hold_shared_tasks(alice: User, bob: User, clock: Clock) -> None:
    task = runs.make_task(bob)
    TaskShare.objects.create(task=task, user=alice, level="view", created_by=bob.username)
    insert([ended(bob, START - timedelta(minutes=7), task), ended(alice, START - timedelta(minutes=7))])
    insert([ended(alice, START - timedelta(minutes=3), status="failed"), ended(bob, START - timedelta(minutes=3))])
    count_all()
    just_now = START - timedelta(seconds=1)
    insert([ended(alice, just_now), ended(alice, just_now, status="cancelled")])
    insert([ended(alice, just_now, status="skipped", range_to=just_now, range_count=70)])
    clock.move_to(START + timedelta(seconds=9))
    bars = rollups.per_minute(alice, 10)
    assert [bar.start for bar in bars] == [START - timedelta(minutes=ago) for ago in reversed(range(10))]
    assert [bar[1:3] for bar in bars] == [(0, 0), (0, 0), (2, 0), *[(0, 0)] * 3, (0, 1), (0, 0), (1, 0), (0, 0)]
    assert bars[-2][3:] == (1, 70)
    assert [bar[1:3] for bar in rollups.per_hour(alice, 2)] == [(3, 1), (0, 0)]


@pytest.mark.parametrize("name", ["UTC", "Europe/Berlin", "America/New_York", "Asia/Tokyo"])
def test_days_are_those_of_the_zone(name: str, alice: User, clock: Clock) -> None:
    zone = ZoneInfo(name)
    task = runs.make_task(alice)
    random_history([alice], [task], (START - 9 * DAY, START), count=200, seed=3)
    count_all()
    bars = rollups.per_day(alice, 8, zone)
    assert [bar.start.date() for bar in bars] == [START.date() - timedelta(days=ago) for ago in reversed(range(8))]
    for bar in bars:
        sums = counted(alice, bar.start, bar.start + DAY)
        assert bar[1:] == tuple(sums[name] for name in COUNTS)
    of_task = rollups.per_day(alice, 8, zone, task=task.id)
    assert (
        sum(bar.succeeded for bar in of_task)
        == TaskRun.objects.filter(task=task, status="succeeded", finished_at__gte=bars[0].start).count()
    )


def test_days_before_the_kept_hours_are_those_of_utc(alice: User, clock: Clock) -> None:
    zone = ZoneInfo("Asia/Tokyo")
    insert(ended(alice, START - days * DAY - HOUR) for days in range(30))
    count_all()
    rollup_prune("upkeep:here")
    assert [bar.succeeded for bar in rollups.per_day(alice, 30, zone)] == [1] * 30


def test_the_cost_does_not_grow_with_the_history(alice: User, clock: Clock, django_assert_max_num_queries: Any) -> None:
    random_history([alice], [], (START - 20 * DAY, START), count=300, seed=1)
    count_all()
    with django_assert_max_num_queries(12):
        rollups.span_figures(alice, START - 10 * DAY - timedelta(seconds=5), START)
    with django_assert_max_num_queries(7):
        rollups.per_day(alice, 30, ZoneInfo("Europe/Berlin"))
    assert RunRollup.objects.filter(grain="ever").count() == 2
