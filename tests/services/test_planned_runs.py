"""What thousands of tasks have planned is worked out beforehand; what is told is what working it out would say."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from pytest_django import DjangoAssertNumQueries

from tasks_app.models import PlannedRuns, ScheduledTask, TaskShare, db_now
from tasks_app.models.rollup import EVERYBODY
from tasks_app.selectors import brief
from tasks_app.selectors.planned import PlannedFilters
from tasks_app.services import planned_runs
from tests import clocks
from tests.clocks import Clock
from tests.services.planned import START, daily, plan

pytestmark = pytest.mark.django_db

ALL = PlannedFilters()
ACTOR = "upkeep:here"


def week(user: User, filters: PlannedFilters = ALL) -> list[int]:
    """How many runs start in each minute of the week from now on."""
    return list(planned_runs.minutes_planned(user, filters, db_now()).runs)


def total(user: User, filters: PlannedFilters = ALL) -> int:
    """How many runs start within the week."""
    return sum(week(user, filters))


@pytest.fixture
def clock() -> Iterator[Clock]:
    """The database's clock, which stands at the `START` of these plans until it is moved."""
    with clocks.stopped_at(START) as clock:
        yield clock


@pytest.fixture
def stranger(db: None) -> User:
    """Somebody who has nothing."""
    return User.objects.create_user("dora", "dora@example.org", "dora-password")


@pytest.fixture
def tasks(alice: User, charlie: User, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> list[ScheduledTask]:
    """Two daily tasks of Alice, who has many by that, and one of Charlie's."""
    monkeypatch.setattr(planned_runs, "MANY", 2)
    return [plan(alice, daily("09:00")), plan(alice, daily("17:30")), plan(charlie, daily("12:00"))]


def test_what_was_worked_out_beforehand_is_what_working_it_out_says(
    tasks: list[ScheduledTask], alice: User, staff: User, stranger: User, clock: Clock
) -> None:
    everybody = (alice, tasks[2].owner, staff, stranger)
    live = [week(user) for user in everybody]
    assert planned_runs.planned_keep(ACTOR) == 2
    assert set(PlannedRuns.objects.values_list("owner_id", flat=True)) == {alice.pk, EVERYBODY}
    assert [week(user) for user in everybody] == live
    assert [sum(minutes) for minutes in live] == [14, 7, 21, 0]
    clock.move_to(START + timedelta(minutes=11))
    later = [week(user) for user in everybody]
    PlannedRuns.objects.all().delete()
    assert later == [week(user) for user in everybody]


def test_what_was_worked_out_is_told_for_some_minutes_only(
    tasks: list[ScheduledTask], staff: User, clock: Clock
) -> None:
    planned_runs.planned_keep(ACTOR)
    ScheduledTask.objects.filter(id=tasks[2].id).update(next_due_at=None)
    assert total(staff) == 21
    clock.move_to(START + timedelta(minutes=4))
    assert planned_runs.planned_keep(ACTOR) == 0
    assert total(staff) == 21
    clock.move_to(START + timedelta(minutes=6))
    assert planned_runs.planned_keep(ACTOR) == 2
    assert total(staff) == 14
    ScheduledTask.objects.filter(id=tasks[1].id).update(next_due_at=None)
    clock.move_to(START + timedelta(minutes=22))
    assert total(staff) == 7, "nobody keeps it any more"


def test_who_asks_is_told_when_it_was_worked_out(tasks: list[ScheduledTask], alice: User, charlie: User) -> None:
    assert planned_runs.minutes_planned(alice, ALL, db_now()).made_at is None
    planned_runs.planned_keep(ACTOR)
    assert planned_runs.minutes_planned(alice, ALL, db_now()).made_at == START
    assert planned_runs.minutes_planned(charlie, ALL, db_now()).made_at is None


def test_what_took_long_for_somebody_with_shares_is_kept_until_a_task_is_edited(
    tasks: list[ScheduledTask],
    charlie: User,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    for task in tasks[:2]:
        TaskShare.objects.create(task=task, user=charlie)
    reader = User.objects.get(pk=charlie.pk)
    assert total(reader) == 21
    monkeypatch.setattr(brief, "SLOW", 0)
    live = week(reader)
    clock.move_to(START + timedelta(minutes=11))
    with django_assert_max_num_queries(2):  # the clock, and whether a task was edited
        later = week(reader)
    assert later[:100] == live[11:111]
    monkeypatch.setattr(brief, "SLOW", float("inf"))
    assert planned_runs.minutes_planned(reader, ALL, db_now()).made_at == START
    ScheduledTask.objects.filter(id=tasks[1].id).update(next_due_at=None, version=9)
    assert (total(reader), planned_runs.minutes_planned(reader, ALL, db_now()).made_at) == (14, None)


def test_a_clock_that_is_behind_is_told_the_whole_week(tasks: list[ScheduledTask], alice: User) -> None:
    planned_runs.planned_keep(ACTOR)
    found = planned_runs.minutes_planned(alice, ALL, START - timedelta(seconds=90))
    assert (found.start, sum(found.runs)) == (int(START.replace(second=0).timestamp()), 14)


def test_few_tasks_are_planned_as_they_are_now(
    tasks: list[ScheduledTask], charlie: User, staff: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(planned_runs, "MANY", 4)
    assert planned_runs.planned_keep(ACTOR) == 0
    plan(charlie, daily("13:00"))
    assert (total(charlie), total(staff)) == (14, 28)


def test_what_was_worked_out_for_others_is_told_to_nobody(
    tasks: list[ScheduledTask], alice: User, charlie: User, stranger: User
) -> None:
    planned_runs.planned_keep(ACTOR)
    TaskShare.objects.create(task=tasks[0], user=charlie, level="view", created_by=alice.username)
    assert (total(charlie), total(stranger)) == (14, 0)
    TaskShare.objects.create(task=tasks[2], user=alice, level="view", created_by=charlie.username)
    assert total(User.objects.get(pk=alice.pk)) == 21
    stranger.is_superuser, stranger.is_active = True, False
    assert total(stranger) == 0


def test_some_of_the_tasks_are_asked_for_themselves(tasks: list[ScheduledTask], alice: User) -> None:
    planned_runs.planned_keep(ACTOR)
    assert total(alice, PlannedFilters(task=tasks[0].id)) == 7
    assert total(alice, PlannedFilters(type="nothing")) == 0
