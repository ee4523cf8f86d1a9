"""Tasks that are handed to another: their figures go with them, and no run counts twice for it."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db.models import QuerySet

from tasks_app.models import ScheduledTask, TaskRun
from tasks_app.selectors import rollups
from tasks_app.services import rollup_checks
from tasks_app.services import rollups as rollups_of
from tasks_app.services.handing_over import tasks_hand_over
from tasks_app.services.rollup_moves import rollups_hand_over
from tasks_app.services.specs import TaskSpec
from tasks_app.services.tasks import task_create
from tests.clocks import Clock
from tests.services.conftest import START
from tests.services.ended import check_all, count_all, ended, expected, insert, kept, random_history

pytestmark = pytest.mark.django_db

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
LASTING = ("hour", "day", "hours", "days", "ever")


def make(owner: User, name: str = "t") -> ScheduledTask:
    """Give a task that anybody may have."""
    spec = TaskSpec(name=name, type="http_request", payload={"url": "https://example.org/"}, cron="0 7 * * *")
    return task_create(owner=owner, spec=spec, actor="tests")


def test_a_run_whose_task_went_to_another_is_not_counted_a_second_time(
    alice: User, bob: User, admin: User, clock: Clock
) -> None:
    task = make(alice)
    insert([ended(alice, START - HOUR + timedelta(minutes=n), task) for n in (1, 2, 3)])
    count_all()
    assert tasks_hand_over(by=admin, giver=alice, receiver=bob).moved
    late = insert([ended(bob, START - HOUR + timedelta(minutes=4), task)])
    clock.move_to(START + HOUR)
    count_all()
    check_all()
    assert late
    assert kept("ever") == expected("ever")
    assert kept(*LASTING) == expected(*LASTING)


def test_an_hour_is_checked_while_a_task_goes_to_another(alice: User, bob: User, clock: Clock) -> None:
    task = make(alice)
    first, *_ = insert([ended(alice, START - HOUR + timedelta(minutes=n), task) for n in (1, 2, 3)])
    clock.move_to(START + HOUR)
    count_all()
    TaskRun.objects.filter(id=first.id).update(owner=bob)  # as half-way through its history
    before = kept()
    check_all()
    assert kept() == before


def test_figures_go_with_the_task_and_nobody_gains_or_loses(alice: User, bob: User, admin: User, clock: Clock) -> None:
    given, kept_back = make(alice), make(alice, "mine")
    tasks, span = [given, kept_back, make(bob, "his")], (START - 3 * DAY, START - HOUR)
    random_history([alice, bob], tasks, span, count=200, seed=8)
    count_all()
    ScheduledTask.objects.filter(id=kept_back.id).update(owner=bob)  # only the other one is hers to give
    everybody = {key: row for key, row in kept(*LASTING).items() if key[2] in {-1, 0}}
    assert [task.pk for task in tasks_hand_over(by=admin, giver=alice, receiver=bob).moved] == [given.pk]
    rollups_hand_over(given.pk, giver_id=alice.pk, receiver_id=bob.pk)
    assert kept(*LASTING) == expected(*LASTING)
    assert {key: row for key, row in kept(*LASTING).items() if key[2] in {-1, 0}} == everybody


def test_the_new_owner_is_told_what_the_task_did_and_the_former_is_not(
    alice: User, bob: User, admin: User, clock: Clock
) -> None:
    task = make(alice)
    insert([ended(alice, START - DAY, task), ended(alice, START - DAY, task, status="failed", ms=90_000)])
    count_all()
    tasks_hand_over(by=admin, giver=alice, receiver=bob)
    span = (START - 2 * DAY, START)
    for person, count in ((alice, 0), (bob, 1)):
        assert rollups.span_figures(person, *span).failed == count
        assert rollups.span_figures(person, *span, task=task.pk).failed == count
        assert sum(bar.failed for bar in rollups.per_hour(person, 40)) == count


def test_what_is_brought_in_while_an_hour_is_checked_counts_once(
    alice: User, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = make(alice)
    insert([ended(alice, START - HOUR + timedelta(minutes=1), task)])
    clock.move_to(START + HOUR)
    count_all()
    look = rollup_checks._counts

    def look_late(runs: QuerySet[TaskRun]) -> dict[Any, dict[str, int]]:
        if TaskRun.objects.count() == 1:  # just after the figures were read, and before the runs are
            [brought] = insert([ended(alice, START - HOUR + timedelta(minutes=2), task)])
            rollups_of.rollup_add(TaskRun.objects.filter(id=brought.id))
        return look(runs)

    monkeypatch.setattr(rollup_checks, "_counts", look_late)
    check_all()
    assert TaskRun.objects.count() == 2
    assert kept(*LASTING) == expected(*LASTING)
