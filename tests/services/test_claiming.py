"""Which run is taken next, and that each is taken once, whoever takes at the same moment."""

import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from random import Random
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection, connections, transaction

from tasks_app.models import Queue, RunEvent, TaskRun, db_now
from tasks_app.services import claiming
from tests import runs
from tests.live.surroundings import eventually

pytestmark = pytest.mark.django_db

LEASE = 60.0


def claim(*queues: str, worker: str = "w") -> TaskRun | None:
    """Claim as a child would."""
    return claiming.claim_next(queues=queues or ("default",), worker=worker, lease_seconds=LEASE)


def claim_all(*queues: str) -> list[TaskRun]:
    """Claim until there is nothing left."""
    return list(iter(lambda: claim(*queues), None))


def order(*queues: Queue, busy: int = 0, children: int = 2, seed: int = 3) -> list[str]:
    """Give the order for one claim; the seed is one for which the usual order holds."""
    return claiming.queue_order(queues, busy_in_background=busy, children=children, rng=Random(seed))


CRITICAL, DEFAULT = Queue(name="critical", rank=1), Queue(name="default", rank=5)
LOW = Queue(name="low-priority", rank=9, is_background=True)


# -- one claim


def test_a_claim_gives_the_run_to_the_worker_with_a_lease(alice: User) -> None:
    run = runs.make_run(alice)
    before = db_now()
    claimed = claim(worker="worker@here")
    assert claimed is not None
    after = runs.fresh(run)
    assert (claimed.id, after.status, after.reason) == (run.id, "running", "")
    assert (after.worker, after.claim_no, after.version) == ("worker@here", 1, 2)
    assert after.lease_until is not None
    assert after.started_at is not None
    assert timedelta(seconds=LEASE) <= after.lease_until - before < timedelta(seconds=LEASE + 10)
    assert before <= after.started_at
    event = RunEvent.objects.get(run=run, target="running")
    assert (event.source, event.actor, event.claim_no) == ("queued", "worker:worker@here", 1)


def test_a_claim_forgets_what_the_attempt_before_it_said(alice: User) -> None:
    run = runs.make_run(alice)
    runs.claim(run)
    runs.progress(run)
    runs.rescue(run)
    claimed = claim()
    assert claimed is not None
    assert (claimed.claim_no, claimed.progress, claimed.progress_seq, claimed.error) == (2, None, 0, "")


def test_priority_goes_first_and_then_age(alice: User) -> None:
    made = [runs.make_run(alice, priority=priority) for priority in (5, 9, 0, 5, 9)]
    assert [run.id for run in claim_all()] == [made[index].id for index in (1, 4, 0, 3, 2)]


def test_a_retry_keeps_its_age(alice: User) -> None:
    older, _ = runs.make_run(alice), runs.make_run(alice)
    runs.claim(older)
    runs.retry_later(older)
    runs.queue(older)
    claimed = claim()
    assert claimed is not None
    assert claimed.id == older.id


@pytest.mark.parametrize(
    "fields",
    [
        {"status": "scheduled", "reason": "delayed", "queued_at": None, "due_at": db_now},
        {"status": "waiting", "reason": "", "queued_at": None},
        {"status": "skipped", "reason": "missed", "queued_at": None, "finished_at": db_now},
        {"queue": "other"},
    ],
)
def test_what_is_not_queued_here_is_not_claimed(fields: dict[str, Any], alice: User) -> None:
    values = {name: value() if callable(value) else value for name, value in fields.items()}
    runs.make_run(alice, **values)
    assert claim() is None
    assert claiming.has_eligible(["default"]) is None


def test_the_first_queue_that_has_work_gives_it(alice: User) -> None:
    low = runs.make_run(alice, queue="low-priority", priority=9)
    default = runs.make_run(alice, queue="default", priority=0)
    assert claiming.has_eligible(["critical", "default", "low-priority"]) == "default"
    assert [run.id for run in claim_all("critical", "default", "low-priority")] == [default.id, low.id]


# -- serial tasks


def test_of_a_serial_task_one_run_runs_and_the_next_waits(alice: User) -> None:
    task = runs.make_task(alice)
    first, second = (runs.make_run(alice, task, is_serial=True) for _ in range(2))
    assert [run.id for run in claim_all()] == [first.id]
    runs.succeed(first)
    assert [run.id for run in claim_all()] == [second.id]


def test_a_waiting_serial_run_does_not_hold_up_the_others(alice: User) -> None:
    task = runs.make_task(alice)
    held, *_ = [runs.make_run(alice, task, is_serial=True, priority=9) for _ in range(20)]
    runs.claim(held)
    other = runs.make_run(alice, priority=0)
    assert [run.id for run in claim_all()] == [other.id]


def test_a_serial_run_waits_for_a_run_from_before_the_task_became_serial(alice: User) -> None:
    task = runs.make_task(alice)
    runs.claim(runs.make_run(alice, task, is_serial=False))
    runs.make_run(alice, task, is_serial=True)
    assert claim() is None


def test_runs_that_may_go_side_by_side_do(alice: User) -> None:
    task = runs.make_task(alice, overlap="allow")
    for _ in range(3):
        runs.make_run(alice, task)
    assert len(claim_all()) == 3


@pytest.mark.postgres
def test_a_row_that_cannot_be_claimed_does_not_block_its_queue(alice: User) -> None:
    broken = runs.make_run(alice, priority=9, claim_no=2**31 - 1)
    good = runs.make_run(alice)
    assert [run.id for run in claim_all()] == [good.id]
    assert runs.fresh(broken).status == "queued"


# -- queue order


def test_lower_ranks_go_first() -> None:
    assert order(LOW, DEFAULT, CRITICAL) == ["critical", "default", "low-priority"]


def test_a_paused_queue_is_left_out() -> None:
    assert order(CRITICAL, Queue(name="default", rank=5, paused_at=db_now())) == ["critical"]


@pytest.mark.parametrize(
    ("children", "busy", "takes_background"), [(1, 0, True), (2, 0, True), (2, 1, False), (4, 2, True), (4, 3, False)]
)
def test_one_child_is_kept_free_of_background_work(children: int, busy: int, takes_background: bool) -> None:
    assert ("low-priority" in order(DEFAULT, LOW, busy=busy, children=children)) is takes_background


def test_a_tenth_of_the_claims_looks_at_the_lower_queues_first() -> None:
    rng = Random(1)
    firsts = Counter(
        claiming.queue_order([CRITICAL, DEFAULT, LOW], busy_in_background=0, children=2, rng=rng)[0]
        for _ in range(5000)
    )
    assert set(firsts) == {"critical", "low-priority"}
    assert 0.08 < firsts["low-priority"] / 5000 < 0.12


# -- at the same moment


@pytest.fixture
def at_once(transactional_db: None, valkey: str) -> Iterator[ThreadPoolExecutor]:
    """Threads that close their connections."""
    with ThreadPoolExecutor(4) as pool:
        yield pool


def race(pool: ThreadPoolExecutor, queues: Sequence[str], most: int) -> list[TaskRun]:
    """Claim in four threads that begin together, until each has found nothing a few times."""
    start = threading.Barrier(4)

    def take(number: int) -> list[TaskRun]:
        taken: list[TaskRun] = []
        try:
            start.wait(10)
            for _ in range(most):
                run = claim(*queues, worker=f"w{number}")
                if run is not None:
                    taken.append(run)
        finally:
            connections.close_all()
        return taken

    return [run for taken in pool.map(take, range(4)) for run in taken]


def test_each_run_is_claimed_once_by_one_of_many(alice: User, at_once: ThreadPoolExecutor) -> None:
    made = [runs.make_run(alice) for _ in range(24)]
    taken = race(at_once, ["default"], most=24)
    assert Counter(run.id for run in taken) == Counter(run.id for run in made)
    assert set(TaskRun.objects.values_list("claim_no", flat=True)) == {1}
    assert RunEvent.objects.filter(target="running").count() == 24
    for run in taken:
        assert runs.fresh(run).worker == run.worker


def test_a_serial_task_never_runs_twice_at_once(alice: User, at_once: ThreadPoolExecutor) -> None:
    tasks = [runs.make_task(alice, name=f"t{number}") for number in range(3)]
    for task in tasks:
        for _ in range(4):
            runs.make_run(alice, task, is_serial=True)
    taken = race(at_once, ["default"], most=6)
    assert Counter(run.task_id for run in taken) == Counter(task.id for task in tasks)


@pytest.mark.postgres
def test_a_run_that_somebody_holds_is_passed_over_without_waiting(alice: User, at_once: ThreadPoolExecutor) -> None:
    held, free = runs.make_run(alice, priority=9), runs.make_run(alice)

    def take() -> TaskRun | None:
        try:
            return claim()
        finally:
            connections.close_all()

    with transaction.atomic():
        list(TaskRun.objects.select_for_update().filter(id=held.id))
        taken = at_once.submit(take).result(10)
    assert taken is not None
    assert taken.id == free.id


@pytest.mark.postgres
def test_a_claim_locks_the_one_run_that_it_takes(alice: User, at_once: ThreadPoolExecutor) -> None:
    made = [runs.make_run(alice) for _ in range(3)]

    def take() -> TaskRun | None:
        try:
            return claim()
        finally:
            connections.close_all()

    with transaction.atomic():
        mine = claim()
        theirs = at_once.submit(take).result(10)
    assert mine is not None
    assert theirs is not None
    assert [mine.id, theirs.id] == [made[0].id, made[1].id]


@pytest.mark.postgres
def test_who_comes_second_to_a_serial_task_passes_it_over_and_takes_the_next_run(
    alice: User, at_once: ThreadPoolExecutor
) -> None:
    task = runs.make_task(alice)
    first, second = (runs.make_run(alice, task, is_serial=True, priority=9) for _ in range(2))
    other = runs.make_run(alice)

    def take() -> TaskRun | None:
        try:
            return claim(worker="theirs")
        finally:
            connections.close_all()

    with transaction.atomic():
        mine = claim(
            worker="mine"
        )  # nobody sees yet that it runs, so another takes its neighbour, and waits at the index
        taking = at_once.submit(take)
        eventually(lambda: somebody_waits_for_this() or taking.done(), what="the second claim to wait for the first")
        assert not taking.done()
    theirs = taking.result(10)
    assert mine is not None
    assert theirs is not None, "that it lost one run keeps it from no other"
    assert [mine.id, theirs.id] == [first.id, other.id]
    assert runs.fresh(second).status == "queued"


def somebody_waits_for_this() -> bool:
    """Whether another transaction waits for the end of this one."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT 1 FROM pg_locks WHERE NOT granted AND transactionid = pg_current_xact_id()::xid)"
        )
        return bool(cursor.fetchone()[0])
