"""Every pair of states: allowed moves move, write one event and announce once; all others change nothing."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction

from tasks_app.events import Change, RunChanged, run_changed
from tasks_app.models import RunEvent, TaskRun, db_now
from tasks_app.services import lifecycle
from tasks_app.services.lifecycle import Claim
from tasks_app.states import Reason, Status, can_move
from tests import runs

Move = Callable[[TaskRun], TaskRun | None]
ERROR = "ValueError: no"


def _claim(run: TaskRun) -> TaskRun | None:
    now = db_now()
    return lifecycle.claim(run, worker="w", lease_until=now + timedelta(seconds=60), now=now)


def _retry(run: TaskRun) -> TaskRun | None:
    return lifecycle.retry_later(_as_worker(run), due_at=db_now(), error=ERROR, failures=1)


def _fail(run: TaskRun) -> TaskRun | None:
    told = lifecycle.Told(ERROR)
    return lifecycle.fail(_as_worker(run), reason=Reason.HANDLER_ERROR, told=told, failures=1, crashes=0)


def _as_worker(run: TaskRun) -> Claim:
    return Claim(run.id, run.claim_no, run.worker)


MOVES: dict[str, tuple[Status, frozenset[Status], Move]] = {
    "queue": (
        Status.QUEUED,
        frozenset({Status.WAITING, Status.SCHEDULED}),
        lambda run: lifecycle.queue(run, reason=Reason.DUE, actor="test") if run.status != "running" else None,
    ),
    "claim": (Status.RUNNING, frozenset({Status.QUEUED}), _claim),
    "succeed": (
        Status.SUCCEEDED,
        frozenset({Status.RUNNING}),
        lambda run: lifecycle.succeed(_as_worker(run), result=1),
    ),
    "fail": (Status.FAILED, frozenset({Status.RUNNING}), _fail),
    "retry_later": (Status.SCHEDULED, frozenset({Status.RUNNING}), _retry),
    "hand_back": (
        Status.QUEUED,
        frozenset({Status.RUNNING}),
        lambda run: lifecycle.hand_back(_as_worker(run), actor="test"),
    ),
    "rescue": (
        Status.QUEUED,
        frozenset({Status.RUNNING}),
        lambda run: lifecycle.rescue(_as_worker(run), actor="test", crashes=1, error="lost"),
    ),
    "skip": (Status.SKIPPED, frozenset({Status.RUNNING}), lambda run: lifecycle.skip(_as_worker(run), error="no")),
    "stop": (
        Status.CANCELLED,
        frozenset({Status.RUNNING}),
        lambda run: lifecycle.stop(_as_worker(run), reason=Reason.USER, actor="test"),
    ),
    "cancel": (
        Status.CANCELLED,
        frozenset({Status.WAITING, Status.SCHEDULED, Status.QUEUED}),
        lambda run: lifecycle.cancel(run, reason=Reason.USER, actor="test"),
    ),
}


@pytest.fixture
def announced() -> Iterator[list[Change]]:
    """Collect what is announced."""
    heard: list[Change] = []

    def hear(changes: tuple[Change, ...], **_: object) -> None:
        heard.extend(changes)

    run_changed.connect(hear)
    yield heard
    run_changed.disconnect(hear)


def _in(status: Status, owner: User) -> TaskRun:
    """Make a run that stands in `status`."""
    now = db_now()
    fields: dict[str, object] = {}
    if status == Status.RUNNING:
        fields = {"lease_until": now + timedelta(seconds=60), "claim_no": 1, "worker": "w"}
    elif status == Status.SCHEDULED:
        fields = {"due_at": now}
    elif status not in (Status.QUEUED, Status.WAITING):
        fields = {"finished_at": now}
    return TaskRun.objects.create(type="x", trigger="manual", owner=owner, status=status, **fields)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("source", list(Status))
@pytest.mark.parametrize("verb", list(MOVES))
def test_a_move_is_made_exactly_where_it_is_allowed(
    verb: str, source: Status, alice: User, announced: list[Change]
) -> None:
    target, sources, move = MOVES[verb]
    run = _in(source, alice)
    moved = move(TaskRun.objects.get(id=run.id))
    after = TaskRun.objects.get(id=run.id)
    if source in sources:
        assert can_move(source, target)
        assert moved is not None
        assert (after.status, after.version) == (target, 2)
        event = RunEvent.objects.get(run=run)
        assert (event.source, event.target, event.version) == (source, target, 2)
        assert [(change.status, change.version) for change in announced if isinstance(change, RunChanged)] == [
            (target, 2)
        ]
    else:
        assert moved is None
        assert (after.status, after.version) == (source, 1)
        assert not RunEvent.objects.exists()
        assert not announced


@pytest.mark.django_db(transaction=True)
def test_a_second_claim_voids_the_first(alice: User) -> None:
    run = runs.make_run(alice)
    first = runs.hold(run)
    runs.hand_back(run)
    second = runs.hold(run)
    assert second.claim_no == first.claim_no + 1
    assert lifecycle.succeed(first, result="stale") is None
    assert lifecycle.succeed(second, result="mine") is not None
    assert runs.fresh(run).result == "mine"


@pytest.mark.django_db(transaction=True)
def test_a_stale_reader_cannot_cancel_what_has_moved_on(alice: User) -> None:
    run = runs.make_run(alice)
    read_before = runs.fresh(run)
    runs.hold(run)
    runs.hand_back(run)
    assert lifecycle.cancel(read_before, reason=Reason.USER, actor="test") is None
    assert runs.fresh(run).status == Status.QUEUED


@pytest.mark.django_db(transaction=True)
def test_what_is_rolled_back_is_neither_written_nor_announced(alice: User, announced: list[Change]) -> None:
    run = runs.make_run(alice)
    announced.clear()
    with transaction.atomic():
        assert lifecycle.cancel(runs.fresh(run), reason=Reason.USER, actor="test") is not None
        transaction.set_rollback(True)
    assert runs.fresh(run).status == Status.QUEUED
    assert RunEvent.objects.filter(run=run).count() == 1
    assert not announced


@pytest.mark.django_db
def test_the_first_event_of_each_of_many_new_runs_tells_its_own_status() -> None:
    now = db_now()
    common = {"type": "http_request", "trigger": "api"}
    made = [
        TaskRun(**common, status="queued", reason="due", queued_at=now),
        TaskRun(**common, status="scheduled", reason="delayed", due_at=now),
        TaskRun(**common, status="waiting"),
        TaskRun(**common, status="skipped", reason="missed", finished_at=now, error="too late"),
    ]
    assert lifecycle.create(made, actor="a" * 300) == made
    told = RunEvent.objects.filter(run__in=made).order_by("run_id")
    assert [(event.run_id, event.target, event.reason, event.error) for event in told] == [
        (run.id, run.status, run.reason, run.error) for run in sorted(made, key=lambda run: run.id)
    ]
    assert {(event.version, event.source, event.actor, event.claim_no) for event in told} == {(1, "", "a" * 200, 0)}


@pytest.mark.django_db(transaction=True)
def test_a_receiver_that_raises_does_not_reach_the_engine(alice: User) -> None:
    def broken(**_: object) -> None:
        raise RuntimeError("a receiver's fault")

    run_changed.connect(broken)
    try:
        run = runs.make_run(alice)
    finally:
        run_changed.disconnect(broken)
    assert runs.fresh(run).status == Status.QUEUED


@pytest.mark.django_db(transaction=True)
def test_the_version_counts_events_without_a_gap(alice: User) -> None:
    run = runs.make_run(alice)
    runs.claim(run)
    runs.retry_later(run)
    runs.queue(run)
    runs.claim(run)
    runs.succeed(run)
    versions = list(RunEvent.objects.filter(run=run).order_by("id").values_list("version", flat=True))
    assert versions == list(range(1, 7)) == [*range(1, runs.fresh(run).version + 1)]


@pytest.mark.django_db(transaction=True)
def test_asking_to_stop_is_a_field_and_happens_once(alice: User, announced: list[Change]) -> None:
    run = runs.make_run(alice)
    runs.claim(run)
    announced.clear()
    runs.ask_to_stop(run)
    after = runs.fresh(run)
    assert after.status == Status.RUNNING
    assert after.cancel_requested_at is not None
    assert len(announced) == 1
    assert lifecycle.ask_to_stop(after, actor="again") is None


def test_a_stale_reader_cannot_ask_a_later_attempt_to_stop(alice: User, db: None) -> None:
    run = runs.make_run(alice)
    runs.claim(run)
    seen = runs.fresh(run)
    runs.hand_back(run)
    runs.claim(run)
    assert lifecycle.ask_to_stop(seen, actor="beat:a") is None
    after = runs.fresh(run)
    assert (after.status, after.version, after.cancel_requested_at) == ("running", 4, None)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "fields",
    [
        {"status": "nonsense"},
        {"status": "succeeded"},
        {"status": "queued", "finished_at": "now"},
        {"status": "running"},
        {"status": "scheduled"},
    ],
)
def test_the_database_refuses_impossible_rows(fields: dict[str, object], alice: User) -> None:
    values = {name: db_now() if value == "now" else value for name, value in fields.items()}
    with pytest.raises(IntegrityError), transaction.atomic():
        TaskRun.objects.create(type="x", trigger="manual", owner=alice, **values)
