"""One deed on all runs that match: in steps, once, and only where it is allowed."""

import threading
import uuid
from dataclasses import replace
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import redis
from django.contrib.auth.models import User
from django.db import connections, transaction
from django.db.models.signals import post_save
from pytest_django import Settings

from tasks_app.errors import Conflict, NotFound
from tasks_app.models import AuditEntry, IdempotencyKey, ScheduledTask, TaskRun, TaskShare, db_now
from tasks_app.selectors import run_walk
from tasks_app.selectors.run_list import RunFilters
from tasks_app.selectors.run_terms import qualifiers
from tasks_app.selectors.search_text import read
from tasks_app.services import runs as run_service
from tasks_app.services import steps, sweep_state, sweeps
from tasks_app.services.sweep_state import Progress, Verb
from tasks_app.services.sweeps import sweep_begin, sweep_go_on, sweep_plan, sweep_progress, sweep_undo
from tests import runs

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("empty_redis")]
BERLIN = ZoneInfo("Europe/Berlin")


def failed(owner: User, count: int, task: ScheduledTask | None = None) -> list[TaskRun]:
    made = [runs.make_run(owner, task) for _ in range(count)]
    for run in made:
        runs.claim(run)
        runs.fail(run)
    return made


def begun(user: User, verb: Verb, *, note: str = "", **filters: Any) -> uuid.UUID:
    """Take a sweep down over all that the user sees and that match; gives its token."""
    token = uuid.uuid4()
    plan, _ = sweep_plan(user=user, verb=verb, filters=RunFilters(**filters))
    sweep_begin(user=user, token=token, plan=plan, note=note)
    return token


def gone_on(user: User, token: uuid.UUID) -> Progress:
    return sweep_go_on(user=user, token=token, actor=f"user:{user.username}")


def swept(user: User, verb: Verb, **more: Any) -> Progress:
    return gone_on(user, begun(user, verb, **more))


def reruns() -> int:
    return TaskRun.objects.filter(rerun_of__isnull=False).count()


@pytest.fixture
def small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three runs to a step."""
    monkeypatch.setattr(sweeps, "AT_ONCE", 3)


@pytest.mark.usefixtures("small_steps")
def test_a_group_is_retried_once_however_often_it_is_sent(alice: User) -> None:
    made = failed(alice, 8)
    token = begun(alice, Verb.RETRY, needs=True)
    first = gone_on(alice, token)
    assert (first.done, first.left, first.is_finished) == (8, {}, True)
    assert gone_on(alice, token) == first
    plan, _ = sweep_plan(user=alice, verb=Verb.RETRY, filters=RunFilters(needs=True))
    assert sweep_begin(user=alice, token=token, plan=plan) == first
    assert reruns() == 8
    assert {run.reruns.count() for run in made} == {1}
    with pytest.raises(Conflict, match="something else"):
        sweep_begin(user=alice, token=token, plan=replace(plan, verb=Verb.CANCEL))


@pytest.mark.usefixtures("small_steps")
def test_what_was_run_again_before_is_left_alone(alice: User) -> None:
    failed(alice, 4)
    swept(alice, Verb.RETRY)
    again = swept(alice, Verb.RETRY)
    assert (again.done, again.left) == (0, {run_service.AGAIN: 4})
    assert reruns() == 4


@pytest.mark.usefixtures("small_steps")
def test_when_the_time_is_up_it_can_be_gone_on_with(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    failed(alice, 7)
    token = begun(alice, Verb.RETRY)
    with monkeypatch.context() as patched:
        patched.setattr(steps, "SECONDS", 0.0)
        half = gone_on(alice, token)
        assert (half.done, half.seen, half.is_finished) == (3, 3, False)
        assert sweep_progress(user=alice, token=token) == half
        patched.setattr(steps, "_SQLITE_SECONDS", 0.0)
        patched.setattr(steps, "_SECONDS", 0.0)
        assert gone_on(alice, token).done == 4, "a step whose time is up has done one at least"
    rest = gone_on(alice, token)
    assert (rest.done, rest.is_finished, reruns()) == (7, True, 7)


@pytest.mark.usefixtures("small_steps")
def test_what_comes_while_it_goes_on_is_not_part_of_it(alice: User) -> None:
    failed(alice, 2)
    token = begun(alice, Verb.DISMISS)
    later = failed(alice, 1)[0]
    assert gone_on(alice, token).done == 2
    assert runs.fresh(later).dismissed_at is None


@pytest.mark.usefixtures("small_steps")
def test_it_is_about_what_was_looked_at_when_it_was_counted(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_walk, "WALK", 4)
    made = failed(alice, 6)
    token = begun(alice, Verb.DISMISS, status="failed", queue="default")
    assert sweep_progress(user=alice, token=token).plan.total == 4
    failed(alice, 3)
    assert gone_on(alice, token).done == 4
    assert [runs.fresh(run).dismissed_at is None for run in made] == [True] * 2 + [False] * 4


def test_every_filter_is_kept_as_it_was(alice: User) -> None:
    task = runs.make_task(alice)
    now = db_now()
    search = read("word -other status:failed,cancelled -tag:old", qualifiers())
    told: dict[str, Any] = {"status": "failed", "tag": "a", "ids": (uuid.uuid4(), task.pk), "ended_to": now}
    filters = RunFilters(
        task=task.pk, batch=uuid.uuid4(), read=search, now=now, created_from=now, ended_from=now, zone=BERLIN, **told
    )
    runs.make_run(alice, task)
    token = uuid.uuid4()
    sweep_begin(user=alice, token=token, plan=sweep_state.Plan(Verb.CANCEL, filters, 3, uuid.uuid4(), uuid.uuid4()))
    kept = sweep_progress(user=alice, token=token).plan.filters
    assert kept.read is not None
    assert (kept.read.words, kept.read.terms) == (search.words, search.terms)
    short = timedelta(milliseconds=1)
    for at in (kept.now, kept.created_from, kept.ended_from, kept.ended_to):
        assert at is not None
        assert abs(at - now) < short
    assert replace(kept, read=search, now=now, created_from=now, ended_from=now, ended_to=now) == filters


def test_rights_are_asked_run_by_run(alice: User, charlie: User) -> None:
    shared, seen = runs.make_task(alice, name="Shared"), runs.make_task(alice, name="Seen")
    TaskShare.objects.create(task=shared, user=charlie, level="run")
    TaskShare.objects.create(task=seen, user=charlie, level="view")
    failed(alice, 2)
    failed(alice, 2, shared)
    failed(alice, 3, seen)
    told = swept(charlie, Verb.RETRY)
    assert (told.done, told.left) == (2, {sweeps.FORBIDDEN: 3})
    assert {run.task_id for run in TaskRun.objects.filter(rerun_of__isnull=False)} == {shared.pk}


@pytest.mark.usefixtures("small_steps")
def test_rights_that_end_on_the_way_end_with_the_step(
    alice: User, charlie: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweeps, "AT_ONCE", 1)
    task = runs.make_task(alice)
    share = TaskShare.objects.create(task=task, user=charlie, level=TaskShare.Level.RUN)
    failed(alice, 2, task)

    def end_rights(**_: object) -> None:
        TaskShare.objects.filter(pk=share.pk).update(level=TaskShare.Level.VIEW)

    post_save.connect(end_rights, sender=AuditEntry)
    try:
        progress = swept(charlie, Verb.DISMISS)
    finally:
        post_save.disconnect(end_rights, sender=AuditEntry)
    assert (progress.done, progress.left) == (1, {sweeps.FORBIDDEN: 1})


def test_cancel_ends_what_waits_and_asks_what_runs(alice: User) -> None:
    waits, goes_on, over = (runs.make_run(alice) for _ in range(3))
    runs.claim(goes_on)
    runs.cancel(over)
    assert swept(alice, Verb.CANCEL).done == 2
    assert runs.fresh(waits).status == "cancelled"
    assert runs.fresh(goes_on).cancel_requested_by == "user:alice"


def test_cancel_among_runs_of_any_state_looks_no_further_back_than_a_list_does(
    staff: User, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An index knows the runs of a type, and another those that wait: none knows which of that type wait."""
    monkeypatch.setattr(run_walk, "WALK", 3)
    early, *over = (runs.make_run(alice) for _ in range(3))
    for run in over:
        runs.cancel(run)
    late = runs.make_run(alice)
    plan, found = sweep_plan(user=staff, verb=Verb.CANCEL, filters=RunFilters(type=late.type))
    assert (plan.total, plan.floor) == (1, over[0].id)
    assert found.since is not None
    assert sweep_plan(user=staff, verb=Verb.CANCEL, filters=RunFilters(status="queued"))[0].total == 2
    assert swept(staff, Verb.CANCEL, type=late.type).done == 1
    assert [runs.fresh(run).status for run in (early, late)] == ["queued", "cancelled"]


def test_dismiss_keeps_the_note_and_each_is_in_the_audit_log(alice: User) -> None:
    made = failed(alice, 3)
    swept(alice, Verb.DISMISS, note="the relay was down")
    assert {(run.dismiss_note, run.dismissed_by) for run in TaskRun.objects.all()} == {
        ("the relay was down", "user:alice")
    }
    entries = AuditEntry.objects.filter(action="run.dismiss")
    assert {entry.object_id for entry in entries} == {str(run.id) for run in made}


def test_nobody_goes_on_with_what_others_have_begun(alice: User, charlie: User) -> None:
    failed(alice, 1)
    token = begun(alice, Verb.RETRY)
    with pytest.raises(NotFound):
        gone_on(charlie, token)
    assert reruns() == 0


@pytest.mark.usefixtures("small_steps")
def test_where_one_may_start_no_more_for_now_it_stops_and_says_so(
    alice: User, settings: Settings, empty_redis: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweeps, "RUNS_OF_A_START", 3)
    failed(alice, 5)
    token = begun(alice, Verb.RETRY)
    settings.LIMITS = replace(settings.LIMITS, run_now_per_minute=1)
    half = gone_on(alice, token)
    assert (half.done, reruns()) == (3, 3)
    assert half.stopped.startswith("You start runs too fast")
    empty_redis.flushdb()
    assert gone_on(alice, token).done == 5
    assert reruns() == 5


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("small_steps")
def test_two_who_send_it_at_the_same_moment_do_it_once(alice: User) -> None:
    failed(alice, 10)
    token, told = begun(alice, Verb.RETRY), []

    def send() -> None:
        try:
            told.append(gone_on(alice, token))
        finally:
            connections.close_all()

    at_once([threading.Thread(target=send) for _ in range(2)])
    assert [one.done for one in told] == [10, 10]
    assert reruns() == 10


@pytest.mark.django_db(transaction=True)
def test_two_sweeps_over_the_same_runs_start_each_once(alice: User) -> None:
    failed(alice, 10)
    tokens, told = [begun(alice, Verb.RETRY, needs=True) for _ in range(2)], []
    meet = threading.Barrier(2)

    def send(token: uuid.UUID) -> None:
        try:
            meet.wait(30)
            told.append(gone_on(alice, token))
        finally:
            connections.close_all()

    at_once([threading.Thread(target=send, args=[token]) for token in tokens])
    assert [one.seen for one in told] == [10, 10]
    assert reruns() == 10


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(
    "connections['default'].vendor == 'sqlite'", reason="there all writers wait for one lock, as long as others do"
)
def test_who_gets_no_turn_in_time_is_told_how_far_it_is(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(steps, "SECONDS", 0.2)
    failed(alice, 2)
    token, told = begun(alice, Verb.RETRY), []

    def send() -> None:
        try:
            told.append(gone_on(alice, token))
        finally:
            connections.close_all()

    with transaction.atomic():
        IdempotencyKey.objects.select_for_update().get(key=str(token))
        thread = threading.Thread(target=send)
        thread.start()
        thread.join(30)
    [one] = told
    assert (one.done, one.is_finished, reruns()) == (0, False, 0)
    assert gone_on(alice, token).done == 2


def at_once(threads: list[threading.Thread]) -> None:
    """Let them all run, and wait for their ends."""
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


@pytest.mark.usefixtures("small_steps")
def test_a_dismissal_is_taken_back_once_but_for_what_has_changed_since(alice: User) -> None:
    untouched = failed(alice, 2)[0]
    run_service.run_dismiss(run=untouched, actor="user:bob", note="before")
    made = failed(alice, 8)
    token = begun(alice, Verb.DISMISS, needs=True, note="relay down")
    with pytest.raises(Conflict, match="no way back"):
        sweep_undo(user=alice, token=token)
    assert gone_on(alice, token).can_undo
    again, changed, gone = made[:3]
    run_service.run_again(run=runs.fresh(again), actor="user:alice")
    run_service.run_undismiss(run=runs.fresh(changed), actor="user:alice")
    run_service.run_dismiss(run=runs.fresh(changed), actor="user:alice", note="by hand")
    TaskRun.objects.filter(id=gone.id).delete()
    undo = sweep_undo(user=alice, token=token)
    assert sweep_undo(user=alice, token=token) == undo
    told = gone_on(alice, undo)
    assert (told.done, told.is_finished) == (6, True)
    assert told.left == {sweeps.GONE: 1, sweeps.CHANGED: 1, run_service.AGAIN: 1}
    assert gone_on(alice, undo) == told
    assert not told.can_undo
    back = TaskRun.objects.filter(status="failed", dismissed_at=None)
    assert untouched not in back
    assert {run.id for run in back} >= {run.id for run in made[3:]}
    assert set(back.values_list("dismiss_note", flat=True)) == {""}
    assert AuditEntry.objects.filter(action="run.undismiss", actor="user:alice").count() == 6 + 1


def test_only_so_many_are_kept_in_mind_and_of_more_there_is_no_way_back(
    alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweeps, "AT_ONCE", 2)
    monkeypatch.setattr(sweeps, "CAP", 3)
    failed(alice, 5)
    token = begun(alice, Verb.DISMISS, needs=True)
    told = gone_on(alice, token)
    assert (told.done, told.known, told.can_undo) == (5, 2, False)
    with pytest.raises(Conflict, match="no way back"):
        sweep_undo(user=alice, token=token)


def test_who_has_lost_the_right_meanwhile_puts_nothing_back(alice: User, charlie: User) -> None:
    task = runs.make_task(alice)
    share = TaskShare.objects.create(task=task, user=charlie, level="run")
    failed(alice, 2, task)
    token = begun(charlie, Verb.DISMISS, needs=True)
    assert gone_on(charlie, token).done == 2
    with pytest.raises(NotFound):
        sweep_undo(user=alice, token=token)
    TaskShare.objects.filter(pk=share.pk).update(level="view")
    later = User.objects.get(pk=charlie.pk)
    told = gone_on(later, sweep_undo(user=later, token=token))
    assert (told.done, told.left) == (0, {sweeps.FORBIDDEN: 2})
