"""Deleting runs and logs: what goes with them, what never goes, and how little it disturbs."""

import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection

from tasks_app.models import Effect, RunAttempt, RunEvent, RunLog, StoredFile, TaskRun, db_now
from tasks_app.services import cleaning
from tasks_app.services.cleaning import Pace, RunChoice, Whose
from tests import runs
from tests.services.aging import aged, effect, left, logged

pytestmark = pytest.mark.django_db


def older(days: float, **fields: Any) -> RunChoice:
    return RunChoice(before=db_now() - timedelta(days=days), **fields)


def clean(owner: User | None, choice: RunChoice, **options: Any) -> int:
    return sum(cleaning.clean_runs(Whose(owner.pk if owner else None), choice, **options))


def test_a_run_goes_with_all_that_it_left_but_its_files(alice: User) -> None:
    run = aged(alice, 10)
    logged(run)
    effect(run)
    RunAttempt.objects.create(run=run, claim_no=1, number=1, outcome="timeout", finished_at=db_now())
    file = StoredFile.objects.create(owner=alice, run=run, name="a", path="a", content_type="text/csv", size=1)
    assert clean(alice, older(9)) == 1
    for rows in (TaskRun, RunEvent, RunLog, RunAttempt, Effect):
        assert not rows._default_manager.exists(), rows.__name__
    file.refresh_from_db()
    assert file.run_id is None
    assert clean(alice, older(9)) == 0


def test_only_ones_own_go_unless_everybodys_are_meant(alice: User, bob: User) -> None:
    aged(alice, 10)
    kept = {aged(bob, 10).id, aged(None, 10).id}
    clean(alice, older(9))
    assert left() == kept
    clean(None, older(9))
    assert left() == set(kept) & {run.id for run in TaskRun.objects.filter(owner=bob)}
    sum(cleaning.clean_runs(Whose(alice.pk, is_everybody=True), older(9)))
    assert left() == set()


@pytest.mark.parametrize("status", ["waiting", "scheduled", "queued", "running"])
def test_what_has_not_ended_never_goes(status: str, alice: User) -> None:
    run = aged(alice, 100, status)
    assert clean(alice, older(9, statuses=(status, "succeeded"))) == 0
    assert clean(alice, RunChoice(keep_last=1, statuses=(status, "succeeded"))) == 0
    assert list(cleaning.delete_ended([run.id], Pace())) == [0]
    assert left() == {run.id}


def test_a_run_that_ended_late_is_as_old_as_its_end(alice: User) -> None:
    aged(alice, 100, finished_at=db_now() - timedelta(days=1))
    assert clean(alice, older(9)) == 0


@pytest.mark.parametrize("field", ["rerun_of", "parent"])
def test_what_an_open_run_goes_back_to_stays_over_any_number_of_steps(field: str, alice: User) -> None:
    first = aged(alice, 30)
    back_to_first: dict[str, Any] = {field: first}
    second = aged(alice, 20, **back_to_first)
    back_to_second: dict[str, Any] = {field: second}
    last = aged(alice, 10, "scheduled", **back_to_second)
    aged(alice, 25)
    assert clean(alice, older(9), dry_run=True) == 1
    assert clean(alice, older(9)) == 1
    assert left() == {first.id, second.id, last.id}
    TaskRun.objects.filter(id=last.id).update(status="cancelled", due_at=None, finished_at=db_now())
    assert clean(alice, older(9)) == 2
    assert left() == {last.id}


def test_side_effects_are_known_until_the_last_run_of_their_root_has_gone(alice: User) -> None:
    first = aged(alice, 30)
    again = aged(alice, 5, rerun_of=first, root_run_id=first.id)
    effect(first)
    assert clean(alice, older(9)) == 1
    assert Effect.objects.count() == 1, "a retry of the retry must not do it twice"
    assert clean(alice, older(4)) == 1
    assert left() == set()
    assert not Effect.objects.exists()
    assert again.root_run_id == first.id


def test_failed_runs_that_need_a_person_stay_unless_said_otherwise(alice: User) -> None:
    needing = aged(alice, 10, "failed")
    aged(alice, 10, "failed", dismissed_at=db_now())
    assert clean(alice, older(9)) == 1
    assert left() == {needing.id}
    assert clean(alice, older(9, needing_person=True)) == 1


def test_a_choice_is_kept_to_its_statuses_its_task_and_its_type(alice: User) -> None:
    task, other = runs.make_task(alice), runs.make_task(alice)
    chosen = aged(alice, 10, "skipped", task, type="a")
    kept = {
        aged(alice, 10, "succeeded", task, type="a").id,
        aged(alice, 10, "skipped", other, type="a").id,
        aged(alice, 10, "skipped", task, type="b").id,
    }
    assert clean(alice, older(9, statuses=("skipped",), task_id=task.id, type="a")) == 1
    assert left() == kept
    assert chosen.id not in left()


def test_the_last_of_each_task_are_kept(alice: User, bob: User) -> None:
    mine, small, theirs = runs.make_task(alice), runs.make_task(alice), runs.make_task(bob)
    of_mine = [aged(alice, day, "succeeded", mine).id for day in range(1, 8)]
    kept = {aged(alice, day, "succeeded", small).id for day in (50, 60)}
    kept |= {aged(bob, day, "succeeded", theirs).id for day in range(1, 8)}
    kept |= {aged(alice, 99).id, aged(alice, 99, "running", mine).id}
    assert clean(alice, RunChoice(keep_last=3)) == 4
    assert left() == kept | set(of_mine[:3])
    assert clean(alice, RunChoice(keep_last=3)) == 0


def test_an_age_and_a_number_must_both_hold(alice: User) -> None:
    task = runs.make_task(alice)
    ids = [aged(alice, day, "succeeded", task).id for day in range(1, 8)]
    assert clean(alice, older(5.5, keep_last=2)) == 2
    assert left() == set(ids[:5])


def test_a_choice_without_a_bound_is_refused() -> None:
    with pytest.raises(ValueError, match="bound"):
        RunChoice()


def test_a_dry_run_counts_what_would_go_and_deletes_nothing(alice: User) -> None:
    for _ in range(3):
        logged(aged(alice, 10))
    before = left()
    assert clean(alice, older(9), dry_run=True) == 3
    whose = Whose(alice.pk)
    assert sum(cleaning.clean_logs(whose, older(9), dry_run=True)) == 9
    assert (left(), RunLog.objects.count()) == (before, 3)


def test_logs_go_and_their_runs_stay(alice: User) -> None:
    old, young, needing = aged(alice, 10), aged(alice, 5), aged(alice, 10, "failed")
    for run in (old, young, needing):
        logged(run, chunks=120)
    assert sum(cleaning.clean_logs(Whose(alice.pk), older(9))) == 360
    assert {log.run_id for log in RunLog.objects.all()} == {young.id, needing.id}
    assert left() == {old.id, young.id, needing.id}
    assert runs.fresh(old).log_lines == 0
    assert sum(cleaning.clean_logs(Whose(alice.pk), older(9))) == 0


def test_it_can_be_left_between_two_batches_and_goes_on_where_it_stopped(alice: User) -> None:
    for _ in range(120):
        aged(alice, 10)
    batches: Iterator[int] = cleaning.clean_runs(Whose(alice.pk), older(9))
    first = next(batches)
    assert 0 < first < 120
    assert len(left()) == 120 - first
    assert clean(alice, older(9)) == 120 - first


def test_a_run_with_a_long_log_goes_in_small_transactions(alice: User) -> None:
    run = aged(alice, 10)
    logged(run, chunks=300, lines=20)
    assert clean(alice, older(9)) == 1
    assert not RunLog.objects.exists()


def test_the_pace_learns_from_how_long_it_takes() -> None:
    pace = Pace(size=100)
    with pace.turn():
        time.sleep(0.09)
    assert pace.size == 50
    with pace.turn():
        pass
    assert pace.size == 100


def test_old_runs_are_found_along_an_index(alice: User) -> None:
    task = runs.make_task(alice)
    aged(alice, 10, "succeeded", task)
    choices = [older(9), older(9, task_id=task.id), older(9, type="x"), RunChoice(keep_last=1)]
    for whose in (Whose(alice.pk), Whose(None, is_everybody=True)):
        for choice in choices:
            for rows in choice.found(whose):
                plan = rows.order_by("id").values_list("id")[:500].explain()
                assert "USE TEMP B-TREE" not in plan, plan
                if connection.vendor == "sqlite":
                    assert "SEARCH" in plan, plan
