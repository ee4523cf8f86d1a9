"""Groups of short runs: claimed, ended and given back together, each run as truly as if it were alone."""

import os
import time
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.db import OperationalError, connection, transaction
from django.test.utils import CaptureQueriesContext

from tasks_app.events import Change, RunChanged, run_changed
from tasks_app.models import RunEvent, ScheduledTask, TaskRun, db_now, new_id
from tasks_app.services import claiming, group_moves, group_outcomes, lifecycle, outcomes, upkeep
from tasks_app.services.doubts import Claimer
from tasks_app.services.execution.board import Board, Place, Slot
from tasks_app.services.execution.group import Group
from tasks_app.services.execution.parent import Parent
from tasks_app.services.group_moves import Ended
from tasks_app.services.lifecycle import Claim
from tests import runs
from tests.services.conftest import Make

pytestmark = pytest.mark.django_db


def most(type: str) -> int:
    """Types that begin with "long" go alone."""
    return 1 if type.startswith("long") else 50


def claim() -> list[TaskRun]:
    """Claim as a child would."""
    return claiming.claim_group(queue="default", claimer=Claimer("w", settings.LEASE_SECONDS), most=most)


def ended(run: TaskRun, result: object = None) -> Ended:
    """End a run of a group that was claimed just now."""
    now = db_now()
    return Ended(run, Claim(run.id, run.claim_no, "w"), now - timedelta(milliseconds=2), now, result)


def path(run: TaskRun) -> list[str]:
    """Give the statuses that a run's events tell, which must lead to where it stands."""
    events = list(RunEvent.objects.filter(run=run, version__isnull=False).order_by("version"))
    assert events[-1].target == runs.fresh(run).status
    assert [event.source for event in events] == ["", *(event.target for event in events[:-1])]
    return [event.target for event in events]


def test_short_runs_that_wait_are_claimed_together_in_their_order(alice: User) -> None:
    made = [runs.make_run(alice, priority=priority) for priority in (5, 5, 9)]
    claimed = claim()
    assert [run.id for run in claimed] == [made[2].id, made[0].id, made[1].id]
    rows = [runs.fresh(run) for run in claimed]
    assert {(row.status, row.claim_no, row.worker, row.started_at) for row in rows} == {("running", 1, "w", None)}
    assert [(run.version, run.claim_no) for run in claimed] == [(row.version, row.claim_no) for row in rows]
    assert all(path(run) == ["queued", "running"] for run in made)


def test_one_run_that_waits_is_claimed_alone_and_begins_at_once(alice: User) -> None:
    runs.make_run(alice)
    (run,) = claim()
    assert run.started_at is not None


def test_a_group_ends_before_a_run_that_must_go_alone(alice: User, make: Make) -> None:
    first = [runs.make_run(alice) for _ in range(2)]
    long = runs.make_run(alice, type="long")
    last = runs.make_run(alice)
    assert [run.id for run in claim()] == [run.id for run in first]
    assert [(run.id, run.started_at is None) for run in claim()] == [(long.id, False)]
    assert [run.id for run in claim()] == [last.id]


@pytest.mark.parametrize("why", ["crashed", "rescued", "run again"])
def test_a_run_that_was_rescued_or_has_crashed_or_is_run_again_goes_alone(why: str, alice: User) -> None:
    ended_badly = runs.make_run(alice, status="failed", reason="worker_lost", queued_at=None, finished_at=db_now())
    known: dict[str, dict[str, Any]] = {"crashed": {"crashes": 1}, "rescued": {"reason": "rescued"}}
    fields = known.get(why, {})
    if why == "run again":
        fields = {"rerun_of": ended_badly, "root_run_id": ended_badly.id}
    first, suspect, last = runs.make_run(alice), runs.make_run(alice, **fields), runs.make_run(alice)
    claimed = [claim() for _ in range(3)]
    assert [[run.id for run in group] for group in claimed] == [[first.id], [suspect.id], [last.id]]
    assert claimed[1][0].started_at is not None, "its start is on record, so that its crashes are charged"


def test_of_a_task_whose_runs_exclude_each_other_one_is_in_a_group(alice: User, make: Make) -> None:
    task = make(manual=True)
    one, two = (runs.make_run(alice, task, is_serial=True) for _ in range(2))
    other = runs.make_run(alice, make(manual=True), is_serial=True)
    assert [run.id for run in claim()] == [one.id]
    assert [run.id for run in claim()] == [other.id]
    assert runs.fresh(two).status == "queued"


def test_a_group_of_many_tasks_is_claimed_whole(alice: User, make: Make) -> None:
    made = [runs.make_run(alice, make(manual=True), is_serial=True) for _ in range(5)]
    assert [run.id for run in claim()] == [run.id for run in made]


@pytest.mark.django_db(transaction=True)
def test_the_ends_of_a_group_are_written_and_told_together(alice: User, make: Make) -> None:
    task = make(manual=True)
    ScheduledTask.objects.filter(id=task.id).update(failures_in_row=2)
    made = [runs.make_run(alice, task), runs.make_run(alice), runs.make_run(None)]
    told: list[tuple[Change, ...]] = []

    def hear(changes: tuple[Change, ...], **_: object) -> None:
        told.append(changes)

    claimed = claim()
    run_changed.connect(hear)
    try:
        group_outcomes.tell(
            group_outcomes.attempts_succeeded(
                [ended(run, result) for run, result in zip(claimed, ({"n": 1}, "two", None), strict=True)]
            )
        )
    finally:
        run_changed.disconnect(hear)
    rows = [runs.fresh(run) for run in made]
    assert [row.result for row in rows] == [{"n": 1}, "two", None]
    assert all(row.started_at and row.finished_at and row.finished_at > row.started_at for row in rows)
    assert all(path(row) == ["queued", "running", "succeeded"] for row in rows)
    (changes,) = told
    assert [(change.run_id, change.status, change.version) for change in changes if isinstance(change, RunChanged)] == [
        (str(row.id), "succeeded", row.version) for row in rows
    ]
    task = ScheduledTask.objects.get(id=task.id)
    assert (task.last_run_status, task.last_run_id, task.failures_in_row) == ("succeeded", made[0].id, 0)
    assert task.last_run_at == rows[0].started_at


def test_an_end_under_a_void_claim_is_refused_and_the_others_are_written(alice: User) -> None:
    made = [runs.make_run(alice) for _ in range(3)]
    claimed = claim()
    lost = Claim(claimed[1].id, claimed[1].claim_no, "w")
    outcomes.attempt_handed_back(lost, actor="tests")
    group_outcomes.attempts_succeeded([ended(run) for run in claimed])
    assert [runs.fresh(run).status for run in made] == ["succeeded", "queued", "succeeded"]
    fenced = RunEvent.objects.get(target="fenced")
    assert (fenced.run_id, fenced.error) == (made[1].id, "refused: succeeded")


def test_an_end_is_refused_once_somebody_else_has_claimed_the_run(alice: User) -> None:
    made = [runs.make_run(alice) for _ in range(2)]
    claimed = claim()
    for run in claimed:
        outcomes.attempt_handed_back(Claim(run.id, run.claim_no, "w"), actor="tests")
    again = claim()
    assert group_outcomes.attempts_succeeded([ended(run) for run in claimed]) == []
    assert [runs.fresh(run).status for run in made] == ["running", "running"]
    group_outcomes.attempts_succeeded([ended(run) for run in again])
    assert [runs.fresh(run).status for run in made] == ["succeeded", "succeeded"]


def test_what_has_not_begun_is_given_back_at_no_cost(alice: User) -> None:
    made = [runs.make_run(alice) for _ in range(3)]
    claimed = claim()
    asked = lifecycle.ask_to_stop(runs.fresh(made[1]), actor="user:alice")
    assert asked is not None
    given = group_moves.hand_back_all([Claim(run.id, run.claim_no, "w") for run in claimed], actor="worker:w")
    assert given == {made[0].id, made[2].id}, "who was asked to stop is not given back"
    rows = [runs.fresh(run) for run in made]
    assert [(row.status, row.reason, row.failures, row.crashes) for row in (rows[0], rows[2])] == [
        ("queued", "handed_back", 0, 0)
    ] * 2
    assert path(made[0]) == ["queued", "running", "queued"]
    assert {run.id for run in claim()} == given, "and is claimed again, as a group"


def test_a_group_whose_worker_is_gone_is_rescued_uncharged_and_then_goes_alone(alice: User) -> None:
    made = [runs.make_run(alice) for _ in range(2)]
    claim()
    TaskRun.objects.update(lease_until=db_now() - timedelta(seconds=1))
    assert upkeep.rescue_expired("upkeep") == 2
    assert {(row.status, row.reason, row.crashes) for row in map(runs.fresh, made)} == {("queued", "rescued", 0)}
    (alone,) = claim()
    TaskRun.objects.filter(id=alone.id).update(lease_until=db_now() - timedelta(seconds=1))
    upkeep.rescue_expired("upkeep")
    assert runs.fresh(alone).crashes == 1, "alone it is known to have begun"


def test_a_run_whose_start_is_on_record_is_charged(alice: User) -> None:
    made = [runs.make_run(alice) for _ in range(2)]
    claimed = claim()
    began = db_now()
    noted = lifecycle.note_start(Claim(claimed[0].id, claimed[0].claim_no, "w"), started_at=began)
    assert noted is not None
    assert (noted.started_at, noted.version) == (began, claimed[0].version)
    TaskRun.objects.update(lease_until=began - timedelta(seconds=1))
    upkeep.rescue_expired("upkeep")
    assert [runs.fresh(run).crashes for run in made] == [1, 0]


def test_a_start_under_a_void_claim_is_not_noted(alice: User) -> None:
    run = runs.make_run(alice)
    stale = runs.hold(run)
    runs.hand_back(run)
    assert lifecycle.note_start(stale, started_at=db_now()) is None


def test_what_could_not_be_given_back_is_never_begun_and_given_back_later(alice: User) -> None:
    """After a fault nobody knows whether the database has given it back, and another child may be at it."""
    runs.make_run(alice)
    runs.make_run(alice)
    board = Board()
    group = Group(claim(), Place(board, 0, "w"), is_background=False, claimed_at=time.monotonic())
    begun = group.next()
    assert begun is not None
    with pytest.raises(OperationalError), connection.execute_wrapper(broken):
        group.give_back()
    assert group.next() is None
    is_done = group.is_empty
    assert not is_done
    assert len(board.held(0).claims) == 2, "the parent still sees it"
    group.give_back()
    assert group.is_empty
    assert [row.status for row in TaskRun.objects.order_by("id")] == ["running", "queued"]
    assert not RunEvent.objects.filter(target="fenced").exists()


@pytest.mark.postgres
def test_no_move_of_a_group_walks_the_table(alice: User) -> None:
    alike = TaskRun(id=new_id(), owner=alice, type="short", status="queued", queued_at=db_now())
    group_moves.create_alike(alike, [{}] * 3000, actor="tests")
    with connection.cursor() as cursor:
        cursor.execute(f"ANALYZE {TaskRun._meta.db_table}")
        for move in (claim_and_end, claim_and_give_back):
            with transaction.atomic(), CaptureQueriesContext(connection) as asked:
                move()
                transaction.set_rollback(True)
            updates = [
                query["sql"] for query in asked.captured_queries if query["sql"].startswith(("WITH moved", "WITH v"))
            ]
            assert len(updates) == 2
            for sql in updates:
                cursor.execute(f"EXPLAIN {sql}")
                plan = "\n".join(line for (line,) in cursor.fetchall())
                assert "Seq Scan" not in plan, plan


def claim_and_end() -> None:
    """Let a group come to a good end."""
    group_outcomes.attempts_succeeded([ended(run) for run in claim()])


def claim_and_give_back() -> None:
    """Let a group not begin."""
    group_moves.hand_back_all([Claim(run.id, run.claim_no, "w") for run in claim()], actor="worker:w")


def test_the_parent_charges_the_run_that_had_begun_and_gives_the_others_back(alice: User) -> None:
    made = [runs.make_run(alice) for _ in range(3)]
    board = Board()
    place = Place(board, 0, "w")
    group = Group(claim(), place, is_background=False, claimed_at=time.monotonic())
    begun = group.next()
    assert begun is not None
    board.write(0, Slot(0, os.getpid(), begun.id, begun.claim_no, False))
    Parent(board, name="w", queues=["default"], children=1, version="1").settle_lost(alive=())
    rows = [runs.fresh(run) for run in made]
    assert [(row.status, row.reason, row.crashes) for row in rows] == [
        ("queued", "rescued", 1),
        ("queued", "handed_back", 0),
        ("queued", "handed_back", 0),
    ]
    assert not RunEvent.objects.filter(target="fenced").exists(), "and each is settled once"
    assert board.all_held() == []


def test_the_times_of_a_group_count_from_its_claim_whatever_was_done_before_its_first_run(alice: User) -> None:
    for _ in range(2):
        runs.make_run(alice)
    claimed_at, woken_at = 100.0, 103.0  # as monotonic clocks tell; a broker that hung was waited for in between
    claimed = claim()
    group = Group(claimed, Place(Board(), 0, "w"), is_background=False, claimed_at=claimed_at)
    event = RunEvent.objects.get(run=claimed[0], target="running")
    assert group.instant(woken_at) == event.at + timedelta(seconds=3)


def broken(*_: object, **__: object) -> None:
    """Be a database that is away."""
    raise OperationalError("away")
