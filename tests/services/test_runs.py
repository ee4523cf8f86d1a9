"""What people and programs do with runs: start, cancel, run again, dismiss; each only where it makes sense."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connections, transaction

from tasks_app.errors import Conflict, Invalid, NotFound
from tasks_app.events import Change, RunChanged, run_changed
from tasks_app.models import RunEvent, ScheduledTask, TaskRun, db_now
from tasks_app.services import cleaning
from tasks_app.services import runs as services
from tasks_app.services.runs import run_cancel, run_dismiss, run_retry, run_undismiss
from tests import runs
from tests.handler_types import declared

pytestmark = pytest.mark.django_db

PAYLOAD = {"url": "https://example.org/"}


def enqueue(owner: User | None, **fields: Any) -> TaskRun:
    """Start a run as the API would."""
    values = {"type": "http_request", "payload": PAYLOAD, "actor": "key:alice/ci", **fields}
    return services.run_enqueue(owner=owner, **values)


def delayed(owner: User) -> TaskRun:
    """Make a run that waits for its time."""
    return runs.make_run(owner, status="scheduled", reason="delayed", queued_at=None, due_at=db_now())


def ended(owner: User, move: Callable[[TaskRun], None] = runs.fail, **fields: Any) -> TaskRun:
    """Make a run that has ended."""
    run = runs.make_run(owner, **fields)
    runs.claim(run)
    move(run)
    return runs.fresh(run)


# -- enqueue


def test_a_new_run_is_queued_at_once_with_the_policies_of_its_type(alice: User) -> None:
    run = enqueue(alice, priority=7, tags=("a",))
    assert (run.status, run.reason, run.trigger, run.actor) == ("queued", "due", "api", "key:alice/ci")
    assert (run.priority, run.tags, run.queue, run.slot, run.task_id) == (7, ["a"], "default", None, None)
    assert run.queued_at is not None
    assert run.scheduled_for is not None
    event = RunEvent.objects.get(run=run)
    assert (event.source, event.target, event.version, event.actor) == ("", "queued", 1, "key:alice/ci")


@pytest.mark.parametrize(("delay", "status"), [(0, "queued"), (0.5, "scheduled"), (3600, "scheduled")])
def test_a_delayed_run_waits_in_the_database(delay: float, status: str, alice: User) -> None:
    assert enqueue(alice, delay_seconds=delay).status == status


def test_a_run_for_a_moment_ago_is_due_now(alice: User) -> None:
    run = enqueue(alice, run_at=db_now() - timedelta(seconds=5))
    assert (run.status, run.due_at) == ("queued", None)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"type": "no.such"}, {"type": "unknown"}),
        ({"payload": {"url": 1}}, {"payload.url": "string_type"}),
        ({"payload": "x"}, {"payload": "not_an_object"}),
        ({"delay_seconds": -1}, {"delay_seconds": "out_of_range"}),
        ({"delay_seconds": float("nan")}, {"delay_seconds": "out_of_range"}),
        ({"delay_seconds": 1e12}, {"delay_seconds": "out_of_range"}),
        ({"delay_seconds": 1, "run_at": datetime(2100, 1, 1, tzinfo=UTC)}, {"run_at": "conflict"}),
        ({"run_at": datetime(2020, 1, 1, tzinfo=UTC)}, {"run_at": "in_past"}),
        ({"run_at": datetime(2200, 1, 1, tzinfo=UTC)}, {"run_at": "out_of_range"}),
        ({"run_at": datetime(2027, 1, 1)}, {"run_at": "type"}),
        ({"queue": "nowhere"}, {"queue": "unknown"}),
        ({"priority": 10}, {"priority": "out_of_range"}),
        ({"max_retries": 51}, {"max_retries": "out_of_range"}),
        ({"timeout_seconds": -1}, {"timeout_seconds": "out_of_range"}),
    ],
)
def test_each_fault_is_named_at_its_field(fields: dict[str, Any], expected: dict[str, str], alice: User) -> None:
    with pytest.raises(Invalid) as refusal:
        enqueue(alice, **fields)
    assert {path: found[0].code for path, found in refusal.value.fields.items()} == expected
    assert not TaskRun.objects.exists()


# -- cancel


@pytest.mark.parametrize("make", [runs.make_run, delayed])
def test_a_run_that_waits_is_cancelled_at_once(make: Callable[[User], TaskRun], alice: User) -> None:
    run = run_cancel(run=make(alice), actor="user:alice")
    assert (run.status, run.reason, run.due_at) == ("cancelled", "user", None)
    assert run.finished_at is not None
    assert RunEvent.objects.get(run=run, target="cancelled").actor == "user:alice"


def test_a_running_run_is_asked_to_stop_once(alice: User) -> None:
    run = runs.make_run(alice)
    runs.claim(run)
    asked = run_cancel(run=run, actor="user:alice")
    again = run_cancel(run=run, actor="user:bob")
    assert (asked.status, asked.can_cancel, again.cancel_requested_by) == ("running", False, "user:alice")
    assert again.version == asked.version == 3


def test_a_cancel_reads_where_the_run_stands_now(alice: User) -> None:
    seen_queued = runs.make_run(alice)
    runs.claim(seen_queued)
    assert run_cancel(run=seen_queued, actor="user:alice").cancel_requested_at is not None


@pytest.mark.parametrize("move", [runs.succeed, runs.fail, runs.skip, runs.stop])
def test_what_has_ended_is_not_cancelled(move: Callable[[TaskRun], None], alice: User) -> None:
    run = ended(alice, move)
    with pytest.raises(Conflict, match=run.status):
        run_cancel(run=run, actor="user:alice")
    assert runs.fresh(run).version == run.version


# -- run again


@pytest.mark.parametrize("move", [runs.succeed, runs.fail, runs.skip, runs.stop])
def test_whatever_has_ended_can_be_run_again_as_a_new_run(move: Callable[[TaskRun], None], alice: User) -> None:
    planned = datetime(2026, 1, 1, tzinfo=UTC)
    task = runs.make_task(alice, queue="q", max_retries=7)
    run = ended(alice, move, task=task, slot=planned, scheduled_for=planned, priority=8, tags=["a"])
    again = run_retry(run=run, actor="user:alice")
    assert (again.status, again.trigger, again.actor) == ("queued", "retry", "user:alice")
    assert (again.rerun_of_id, again.root_run_id, again.task_id) == (run.id, run.id, task.id)
    assert (again.slot, again.scheduled_for) == (None, planned)
    assert (again.priority, again.queue, again.max_retries, again.tags) == (8, "q", 7, ["a"])
    assert (again.failures, again.crashes, again.claim_no, again.result, again.error) == (0, 0, 0, None, "")
    assert runs.fresh(run).version == run.version


def test_the_root_of_a_chain_is_its_first_run(alice: User) -> None:
    first = ended(alice)
    second = run_retry(run=first, actor="user:alice")
    runs.claim(second)
    runs.fail(second)
    third = run_retry(run=runs.fresh(second), actor="user:alice")
    assert (third.rerun_of_id, third.root_run_id) == (second.id, first.id)


def test_another_payload_is_checked_and_used(alice: User) -> None:
    run = ended(alice, payload=PAYLOAD)
    other = {"url": "https://example.org/other"}
    assert run_retry(run=run, actor="user:alice", payload=other).payload == other
    with pytest.raises(Invalid) as refusal:
        run_retry(run=run, actor="user:alice", payload={"url": 3})
    assert set(refusal.value.fields) == {"payload.url"}
    assert run_retry(run=run, actor="user:alice").payload == PAYLOAD


def test_a_run_of_a_task_is_run_again_by_what_the_task_says_by_now(alice: User) -> None:
    task = runs.make_task(alice)
    run = ended(alice, task=task, timeout_seconds=5, max_retries=0, payload={**PAYLOAD, "method": "HEAD"})
    ScheduledTask.objects.filter(id=task.id).update(timeout_seconds=900, max_retries=7, queue="q")
    again = run_retry(run=TaskRun.objects.get(id=run.id), actor="user:alice")
    assert (again.timeout_seconds, again.max_retries, again.queue) == (900, 7, "q")
    assert again.payload == {**PAYLOAD, "method": "HEAD"}


def test_a_run_whose_code_was_removed_can_be_run_again_as_it_was(alice: User) -> None:
    with declared(lambda ctx, payload: None) as name:
        run = ended(alice, type=name)
    assert run_retry(run=run, actor="user:alice").type == name


@pytest.mark.parametrize("make", [runs.make_run, delayed])
def test_what_has_not_ended_is_not_run_again(make: Callable[[User], TaskRun], alice: User) -> None:
    with pytest.raises(Conflict):
        run_retry(run=make(alice), actor="user:alice")
    assert TaskRun.objects.count() == 1


def test_a_range_of_skipped_slots_is_not_run_again(alice: User) -> None:
    now = db_now()
    run = runs.make_run(
        alice, status="skipped", reason="paused", queued_at=None, finished_at=now, scheduled_for=now, range_to=now
    )
    with pytest.raises(Conflict, match="many skipped slots"):
        run_retry(run=run, actor="user:alice")


def test_what_was_cleaned_away_since_it_was_read_is_neither_cancelled_nor_run_again(alice: User) -> None:
    run = ended(alice)
    TaskRun.objects.filter(id=run.id).delete()
    for deed in (run_cancel, run_retry):
        with pytest.raises(NotFound, match="any more"):
            deed(run=run, actor="user:alice")
    assert not TaskRun.objects.exists()


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_a_run_is_not_cleaned_away_while_it_is_run_again(alice: User) -> None:
    run = ended(alice)

    def clean() -> int:
        try:
            return sum(cleaning.delete_ended([run.id], cleaning.Pace()))
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            again = run_retry(run=run, actor="user:alice")
            assert pool.submit(clean).result(20) == 0
        assert pool.submit(clean).result(20) == 0, "an open run points to it"
    assert again.rerun_of_id == run.id
    assert set(TaskRun.objects.values_list("id", flat=True)) == {run.id, again.id}


# -- dismiss


def test_a_dismissed_failure_needs_nobody(alice: User) -> None:
    run = ended(alice)
    assert run.needs_person
    after = run_dismiss(run=run, actor="user:bob", note="known")
    assert (after.needs_person, after.status) == (False, "failed")
    assert (after.dismissed_by, after.dismiss_note, after.version) == ("user:bob", "known", run.version + 1)


@pytest.mark.django_db(transaction=True)
def test_who_watches_hears_of_a_dismissal_and_of_its_end(alice: User) -> None:
    """Told as it stands since its end: no list takes it for one that has come just now."""
    heard: list[Change] = []

    def hear(changes: tuple[Change, ...], **_: object) -> None:
        heard.extend(changes)

    run = ended(alice)
    run_changed.connect(hear)
    try:
        for deed in (run_dismiss, run_undismiss):
            deed(run=run, actor="user:bob")
    finally:
        run_changed.disconnect(hear)
    told = [(one.run_id, one.status, one.version, one.at) for one in heard if isinstance(one, RunChanged)]
    assert told == [(str(run.id), "failed", run.version + more, run.finished_at) for more in (1, 2)]


def test_only_a_failure_is_dismissed_and_only_once(alice: User) -> None:
    failed = ended(alice)
    run_dismiss(run=failed, actor="user:alice")
    for run in (failed, ended(alice, runs.succeed), runs.make_run(alice)):
        with pytest.raises(Conflict):
            run_dismiss(run=run, actor="user:alice")
