"""One deed on all runs that match: in steps, once, and only where it is allowed."""

import threading
from dataclasses import replace
from typing import Any

import pytest
import redis
from django.contrib.auth.models import User
from django.db import connections
from pytest_django import Settings

from tasks_app.models import AuditEntry, ScheduledTask, TaskRun, TaskShare
from tasks_app.selectors.access import visible_runs
from tasks_app.services import sweeps
from tasks_app.services.sweeps import Progress, Sweep, Verb, sweep_on
from tests import runs

pytestmark = pytest.mark.django_db


def failed(owner: User, count: int, task: ScheduledTask | None = None) -> list[TaskRun]:
    made = [runs.make_run(owner, task) for _ in range(count)]
    for run in made:
        runs.claim(run)
        runs.fail(run)
    return made


def sweep_of(user: User, verb: Verb, **fields: Any) -> Sweep:
    values = {"token": "one", "rows": visible_runs(user), **fields}
    return Sweep(verb, user, f"user:{user.username}", **values)


def beginning() -> Progress:
    newest = TaskRun.objects.order_by("-id").values_list("id", flat=True)[0]
    return Progress(type(newest)(int=newest.int + 1))


def reruns() -> int:
    return TaskRun.objects.filter(rerun_of__isnull=False).count()


@pytest.fixture
def small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three runs to a step."""
    monkeypatch.setattr(sweeps, "STEP", 3)


@pytest.mark.usefixtures("small_steps")
def test_a_group_is_retried_once_however_often_it_is_sent(alice: User) -> None:
    made = failed(alice, 8)
    begin = beginning()
    first = sweep_on(sweep_of(alice, Verb.RETRY), begin)
    assert (first.done, first.left, first.cursor) == (8, {}, None)
    assert sweep_on(sweep_of(alice, Verb.RETRY), begin) == first
    assert reruns() == 8
    assert {run.reruns.count() for run in made} == {1}


@pytest.mark.usefixtures("small_steps")
def test_what_was_run_again_before_is_left_alone(alice: User) -> None:
    failed(alice, 4)
    sweep_on(sweep_of(alice, Verb.RETRY), beginning())
    again = sweep_on(sweep_of(alice, Verb.RETRY, token="two"), beginning())
    assert (again.done, again.left) == (0, {sweeps.AGAIN: 4})
    assert reruns() == 4


@pytest.mark.usefixtures("small_steps")
def test_when_the_time_is_up_it_can_be_gone_on_with(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    failed(alice, 7)
    begin = beginning()
    with monkeypatch.context() as patched:
        patched.setattr(sweeps, "SECONDS", 0.0)
        assert sweep_on(sweep_of(alice, Verb.RETRY), begin) == begin
    half = sweeps._step(sweep_of(alice, Verb.RETRY), begin)
    assert (half.done, half.seen) == (3, 3)
    assert half.cursor is not None
    rest = sweep_on(sweep_of(alice, Verb.RETRY), half)
    assert (rest.done, rest.cursor, reruns()) == (7, None, 7)


@pytest.mark.usefixtures("small_steps")
def test_what_comes_while_it_goes_on_is_not_part_of_it(alice: User) -> None:
    failed(alice, 2)
    begin = beginning()
    later = failed(alice, 1)[0]
    assert sweep_on(sweep_of(alice, Verb.DISMISS), begin).done == 2
    assert runs.fresh(later).dismissed_at is None


def test_rights_are_asked_run_by_run(alice: User, charlie: User) -> None:
    shared, seen = runs.make_task(alice, name="Shared"), runs.make_task(alice, name="Seen")
    TaskShare.objects.create(task=shared, user=charlie, level="run")
    TaskShare.objects.create(task=seen, user=charlie, level="view")
    failed(alice, 2)
    failed(alice, 2, shared)
    failed(alice, 3, seen)
    told = sweep_on(sweep_of(charlie, Verb.RETRY), beginning())
    assert (told.done, told.left) == (2, {sweeps.FORBIDDEN: 3})
    assert {run.task_id for run in TaskRun.objects.filter(rerun_of__isnull=False)} == {shared.pk}


def test_cancel_ends_what_waits_and_asks_what_runs(alice: User) -> None:
    waits, goes_on, over = (runs.make_run(alice) for _ in range(3))
    runs.claim(goes_on)
    runs.cancel(over)
    told = sweep_on(sweep_of(alice, Verb.CANCEL), beginning())
    assert told.done == 2
    assert runs.fresh(waits).status == "cancelled"
    assert runs.fresh(goes_on).cancel_requested_by == "user:alice"


def test_dismiss_keeps_the_note_and_each_is_in_the_audit_log(alice: User) -> None:
    made = failed(alice, 3)
    sweep_on(sweep_of(alice, Verb.DISMISS, note="the relay was down"), beginning())
    assert {(run.dismiss_note, run.dismissed_by) for run in TaskRun.objects.all()} == {
        ("the relay was down", "user:alice")
    }
    entries = AuditEntry.objects.filter(action="run.dismiss")
    assert {entry.object_id for entry in entries} == {str(run.id) for run in made}


@pytest.mark.usefixtures("small_steps")
def test_where_one_may_start_no_more_for_now_it_stops_and_says_so(
    alice: User, settings: Settings, empty_redis: redis.Redis
) -> None:
    failed(alice, 5)
    begin, sweep = beginning(), sweep_of(alice, Verb.RETRY)
    settings.LIMITS = replace(settings.LIMITS, run_now_per_minute=1)
    half = sweep_on(sweep, begin)
    assert (half.done, reruns()) == (3, 3)
    assert half.stopped.startswith("You start runs too fast")
    empty_redis.flushdb()
    assert sweep_on(sweep, half).done == 5
    assert reruns() == 5


@pytest.mark.django_db(transaction=True)
def test_two_who_send_it_at_the_same_moment_do_it_once(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweeps, "STEP", 4)
    failed(alice, 10)
    begin, told = beginning(), []

    def send() -> None:
        try:
            told.append(sweep_on(sweep_of(alice, Verb.RETRY), begin))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=send) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [one.done for one in told] == [10, 10]
    assert reruns() == 10
