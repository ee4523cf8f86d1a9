"""Totals over tasks and owners: they say what the rows of tasks say, and pages read them alone."""

import importlib
from datetime import timedelta
from io import StringIO
from types import SimpleNamespace
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import connection

from tasks_app.models import RunRollup, TaskRun, TaskShare
from tasks_app.selectors import rollups
from tasks_app.selectors.access import Person
from tasks_app.services.rollup_writes import add_figures
from tests import runs
from tests.clocks import Clock
from tests.services.conftest import START
from tests.services.ended import check_all, count_all, ended, expected, insert, kept, random_history

pytestmark = pytest.mark.django_db

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
LASTING = ("hour", "day", "hours", "days", "ever")
MIGRATION = importlib.import_module("tasks_app.migrations.0009_totals_of_figures")


def history(alice: User, bob: User, *, seed: int) -> None:
    """Make and count a few days of runs of several tasks and owners, and of none."""
    tasks = [runs.make_task(alice), runs.make_task(alice, name="Second"), runs.make_task(bob, name="Other")]
    random_history([alice, bob, None], tasks, (START - 3 * DAY, START - HOUR), count=150, seed=seed)
    random_history([alice, bob, None], tasks, (START - HOUR, START - timedelta(minutes=1)), count=50, seed=seed)
    count_all()


def told(user: Person) -> list[Any]:
    """What pages tell a user of all tasks."""
    span = (START - 2 * DAY - timedelta(minutes=7), START)
    return [rollups.span_figures(user, *span), rollups.by_type(user, *span), rollups.per_hour(user, 50)]


def test_pages_of_all_tasks_read_no_row_of_a_task(alice: User, bob: User, staff: User, clock: Clock) -> None:
    history(alice, bob, seed=1)
    before = [told(user) for user in (alice, bob, staff)]
    RunRollup.objects.filter(grain__in=("hour", "day")).delete()
    assert [told(user) for user in (alice, bob, staff)] == before
    assert before[0] != before[1]


def test_who_sees_everything_reads_no_row_of_a_person(alice: User, bob: User, staff: User, clock: Clock) -> None:
    history(alice, bob, seed=2)
    before = told(staff)
    RunRollup.objects.filter(owner_id__in=(0, alice.pk, bob.pk)).exclude(grain="ever").delete()
    assert told(staff) == before
    assert told(alice)[0].succeeded == 0


def test_what_is_not_counted_yet_comes_to_the_same(alice: User, bob: User, staff: User, clock: Clock) -> None:
    random_history([alice, bob, None], [runs.make_task(alice)], (START - DAY, START - HOUR), count=150, seed=5)
    before = [told(user) for user in (alice, staff)]
    assert not RunRollup.objects.exists()
    count_all()
    assert [told(user) for user in (alice, staff)] == before


def test_a_run_of_ones_own_in_a_shared_task_counts_once(alice: User, bob: User, clock: Clock) -> None:
    task = runs.make_task(bob)
    TaskShare.objects.create(task=task, user=alice, level="view", created_by=bob.username)
    insert([ended(alice, START - 5 * HOUR, task), ended(bob, START - 5 * HOUR, task), ended(bob, START - 5 * HOUR)])
    count_all()
    assert rollups.span_figures(alice, START - DAY, START).succeeded == 2
    assert sum(bar.succeeded for bar in rollups.per_hour(alice, 24)) == 2
    assert sum(bar.succeeded for bar in rollups.per_minute(alice, 320)) == 2


def test_the_shares_of_somebody_who_was_disabled_tell_nothing(alice: User, bob: User, clock: Clock) -> None:
    task = runs.make_task(bob)
    TaskShare.objects.create(task=task, user=alice, level="view", created_by=bob.username)
    insert([ended(bob, START - 5 * HOUR, task)])
    count_all()
    alice.is_active = False
    assert rollups.span_figures(alice, START - DAY, START).succeeded == 0


def test_totals_are_those_of_the_type_that_is_asked_for(alice: User, staff: User, clock: Clock) -> None:
    insert([ended(alice, START - HOUR, type=name) for name in ("http_request", "send_email", "send_email")])
    count_all()
    for user in (alice, staff):
        assert rollups.span_figures(user, START - DAY, START, type="send_email").succeeded == 2


def test_a_late_run_is_in_every_total(alice: User, bob: User, clock: Clock) -> None:
    history(alice, bob, seed=3)
    late = insert([ended(alice, START - HOUR + timedelta(minutes=4), ms=77_000, status="failed", failures=1)])
    clock.move_to(START + HOUR)
    count_all()
    check_all()
    assert kept(*LASTING) == expected(*LASTING)
    assert kept(*LASTING) != expected(*LASTING, runs=TaskRun.objects.exclude(id=late[0].id))


@pytest.mark.parametrize("has_totals", [False, True])
def test_an_installation_gets_the_totals_of_the_figures_that_it_has(
    has_totals: bool, alice: User, bob: User, clock: Clock
) -> None:
    history(alice, bob, seed=4)
    editor = SimpleNamespace(connection=connection)
    before = kept()
    if not has_totals:  # as before the migration; with them, as when it was interrupted
        MIGRATION.empty(apps, editor)
        assert {grain for grain, *_ in kept()} == {"minute", "hour", "day", "ever"}
        assert not RunRollup.objects.filter(owner_id=-1).exists()
    MIGRATION.fill(apps, editor)
    assert kept() == before
    assert kept(*LASTING) == expected(*LASTING)


@pytest.mark.django_db(transaction=True)  # which SQLite wants
def test_a_migration_that_may_stop_half_way_changes_no_table() -> None:
    told = StringIO()
    call_command("sqlmigrate", "tasks_app", "0009", stdout=told)
    assert [line for line in told.getvalue().splitlines() if line and not line.startswith("--")] == []


def test_adding_nothing_writes_nothing(db: None) -> None:
    add_figures({})
    assert not RunRollup.objects.exists()
