"""Figures that upkeep keeps: they say what a count of all runs would say, each run once."""

from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import User
from django.db import connection

from tasks_app.models import RollupMark, RunRollup, TaskRun, db_now
from tasks_app.selectors.run_sums import Sums
from tasks_app.services import rollup_checks, rollup_writes, rollups, upkeep
from tasks_app.services.rollup_writes import Key
from tests import runs
from tests.clocks import Clock
from tests.services.conftest import START
from tests.services.ended import ALL, check_all, count_all, ended, expected, insert, kept, random_history

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)


def go(clock: Clock, by: timedelta) -> None:
    """Let time go by."""
    clock.move_to(db_now() + by)


@pytest.mark.parametrize("seed", range(4))
def test_figures_are_what_counting_every_run_would_give(
    seed: int, alice: User, bob: User, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rollups, "PIECE", (7, 40, 5000, 90)[seed])
    monkeypatch.setitem(rollups.SUMS, connection.vendor, (500, 3, 500, 20)[seed])
    tasks = [runs.make_task(alice), runs.make_task(bob, name="Other")]
    random_history([alice, bob, None], tasks, (START - 25 * HOUR, START - HOUR), count=200, seed=seed)
    count_all()
    assert kept() == expected(*ALL)
    check_all()
    assert kept() == expected(*ALL), "nothing was late, so a check changes nothing"


def test_the_order_in_which_runs_come_in_does_not_matter(alice: User, clock: Clock) -> None:
    history = [ended(alice, START - timedelta(minutes=n), ms=n * 7) for n in range(30)]
    for run in reversed(history):
        insert([run])
    for moved in (0, 60, 3):
        go(clock, timedelta(seconds=moved))
        insert([ended(alice, START + timedelta(seconds=moved - 3), status="failed")] if moved == 60 else [])
        count_all()
    assert kept() == expected(*ALL)


def test_runs_that_ended_at_one_instant_are_never_parted(
    alice: User, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rollups, "PIECE", 10)
    at = START - HOUR
    insert([ended(alice, at) for _ in range(35)] + [ended(alice, at + timedelta(microseconds=n)) for n in range(12)])
    count_all()
    assert kept() == expected(*ALL)


def test_no_piece_writes_more_rows_than_others_may_wait_for(
    alice: User, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(rollups.SUMS, connection.vendor, 5)
    add, written = rollup_writes.add_figures, []

    def measured(figures: dict[Key, Sums]) -> None:
        written.append(len(figures))
        add(figures)

    monkeypatch.setattr(rollups, "add_figures", measured)
    random_history([alice], [], (START - HOUR, START - timedelta(minutes=1)), count=60, seed=1)
    count_all()
    assert len(written) > 10
    assert max(written) <= 6 * 7, "of six sums, each in seven rows at most"
    assert kept() == expected(*ALL)


def test_what_has_just_ended_waits_for_those_who_are_still_writing(alice: User, clock: Clock) -> None:
    insert([ended(alice, START - timedelta(seconds=1))])
    count_all()
    assert kept() == {}
    go(clock, timedelta(seconds=5))
    count_all()
    assert kept() == expected(*ALL)


def test_a_run_that_was_written_late_is_counted_by_the_check_of_its_hour(alice: User, clock: Clock) -> None:
    task = runs.make_task(alice)
    insert([ended(alice, START + timedelta(minutes=n), task) for n in range(5)])
    go(clock, timedelta(minutes=30))
    count_all()
    insert([ended(alice, START + timedelta(minutes=4, seconds=5), task, ms=77_000, status="failed", failures=1)])
    insert([ended(None, START + timedelta(minutes=2))])
    count_all()
    assert kept("hour") != expected("hour"), "it lies behind the mark"
    go(clock, timedelta(minutes=39))
    count_all()
    check_all()
    assert kept("hour") != expected("hour"), "others may be late still"
    go(clock, timedelta(minutes=2))
    count_all()
    check_all()
    late = ("hour", "day", "hours", "days", "ever")
    assert kept(*late) == expected(*late)


def test_runs_deleted_since_stay_counted(alice: User, clock: Clock) -> None:
    task = runs.make_task(alice)
    gone = insert([ended(alice, START, task), ended(alice, START)])
    insert([ended(alice, START, task, status="failed")])
    before = expected(*ALL)
    go(clock, timedelta(minutes=30))
    count_all()
    TaskRun.objects.filter(id__in=[run.id for run in gone]).delete()
    go(clock, HOUR)
    count_all()
    check_all()
    assert kept() == before


def test_an_hour_that_clean_up_may_have_reached_is_not_counted_again(alice: User, clock: Clock) -> None:
    insert([ended(alice, START)])
    go(clock, timedelta(minutes=30))
    count_all()
    insert([ended(alice, START)])
    go(clock, timedelta(hours=30))
    count_all()
    before = kept()
    check_all()
    assert kept() == before
    assert RollupMark.objects.get().checked_to > START + timedelta(hours=28), "and it holds nobody up"


def test_a_skipped_range_counts_for_its_slots_once_these_are_known(alice: User, clock: Clock) -> None:
    (range_,) = insert([ended(alice, START, status="skipped", range_to=START)])
    go(clock, timedelta(minutes=30))
    count_all()
    assert RunRollup.objects.get(grain="hour").skipped == 1
    TaskRun.objects.filter(id=range_.id).update(range_count=300)
    go(clock, HOUR)
    count_all()
    check_all()
    assert set(RunRollup.objects.exclude(grain="minute").values_list("grain", "skipped")) == {
        ("hour", 300),
        ("day", 300),
        ("hours", 300),
        ("days", 300),
        ("ever", 300),
    }


def test_a_count_that_fails_leaves_no_part_of_its_piece(
    alice: User, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rollups, "PIECE", 10)
    random_history([alice], [], (START - HOUR, START - timedelta(minutes=1)), count=60, seed=1)
    add, pieces = rollup_writes.add_figures, []

    def dies_after_writing(figures: dict[Key, Sums]) -> None:
        add(figures)
        pieces.append(1)
        if len(pieces) == 3:
            raise MemoryError

    monkeypatch.setattr(rollups, "add_figures", dies_after_writing)
    with pytest.raises(MemoryError):
        rollups.rollup_count("upkeep:here")
    mark = RollupMark.objects.get().counted_to
    assert kept() == expected(*ALL, runs=TaskRun.objects.filter(finished_at__lt=mark))
    count_all()
    assert kept() == expected(*ALL)


def test_an_old_history_is_counted_without_rows_that_would_be_dropped_at_once(alice: User, clock: Clock) -> None:
    insert([ended(alice, START - timedelta(days=days)) for days in (500, 200, 20, 10, 0)])
    go(clock, timedelta(minutes=1))
    count_all()
    rows = RunRollup.objects.order_by("start").values_list("grain", "start")
    assert {grain: sum(one == grain for one, _ in rows) for grain in ALL} == {
        "minute": 2,
        "hour": 2,
        "day": 4,
        "hours": 4,
        "days": 8,
        "ever": 1,
    }
    assert RunRollup.objects.get(grain="ever").succeeded == 5


def test_figures_go_when_their_time_is_over_and_totals_stay(alice: User, clock: Clock) -> None:
    insert([ended(alice, START - timedelta(seconds=10))])
    count_all()
    left = []
    for moved in (timedelta(hours=25), timedelta(hours=2), timedelta(days=14), timedelta(days=390)):
        go(clock, moved)
        rollups.rollup_prune("upkeep:here")
        left.append(sorted(RunRollup.objects.values_list("grain", flat=True)))
    kept_longest, days, hours = ["ever"], ["day", "days", "days"], ["hour", "hours", "hours"]
    assert left == [
        sorted([*kept_longest, *days, *hours, "minute", "minute"]),
        sorted([*kept_longest, *days, *hours]),
        sorted([*kept_longest, *days]),
        kept_longest,
    ]


def test_a_round_of_upkeep_counts(alice: User) -> None:
    insert([ended(alice, db_now() - timedelta(minutes=3))])
    upkeep.upkeep(actor="upkeep:here")
    assert kept() == expected(*ALL)


def test_nothing_is_counted_where_nothing_has_ended(db: None) -> None:
    assert rollups.rollup_count("upkeep:here") == 0
    assert rollup_checks.rollup_check("upkeep:here") == 0
    assert RollupMark.objects.get().counted_to > datetime(2020, 1, 1, tzinfo=UTC)
