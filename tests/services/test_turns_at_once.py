"""Turns when everything happens in the same moment: never one too many, none forgotten, and nobody waits for ever."""

import contextlib
import random
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections

from tasks_app.errors import Conflict
from tasks_app.models import Batch, ScheduledTask, TaskRun
from tasks_app.services import claiming, outcomes, turns, upkeep
from tasks_app.services.batches import batch_cancel
from tasks_app.services.lifecycle import Claim
from tasks_app.services.runs import run_cancel, run_retry
from tests.services.batches import HOURLY, backfill, by_status, hour
from tests.services.conftest import Make
from tests.services.ends import failure

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("valkey")]
THREADS, RUNS, MOST = 4, 40, 3
SECONDS = 60


@pytest.fixture
def task(make: Make) -> ScheduledTask:
    """A task for every full hour, whose runs may run side by side."""
    return make(cron=HOURLY, overlap="allow", max_retries=0)


@pytest.fixture
def at_once(transactional_db: None) -> Iterator[ThreadPoolExecutor]:
    """Threads that close their connections."""
    with ThreadPoolExecutor(THREADS) as pool:
        yield pool


class Watch:
    """Counts what is under way, whenever somebody looks."""

    def __init__(self, batch: Batch) -> None:
        self.batch = batch
        self.most = 0
        self._lock = threading.Lock()

    def look(self) -> None:
        """Look."""
        count = TaskRun.objects.filter(batch=self.batch, status__in=turns.UNDER_WAY).count()
        with self._lock:
            self.most = max(self.most, count)

    @property
    def is_over(self) -> bool:
        """All of it has ended."""
        return Batch.objects.filter(id=self.batch.id, finished_at__isnull=False).exists()


def together(pool: ThreadPoolExecutor, *deeds: Callable[[], None]) -> None:
    """Do all at once; a fault in one is a fault of the test."""
    start = threading.Barrier(len(deeds))

    def do(deed: Callable[[], None]) -> None:
        try:
            start.wait(10)
            deed()
        finally:
            connections.close_all()

    for future in [pool.submit(do, deed) for deed in deeds]:
        future.result(SECONDS)


def work(watch: Watch, *, chance: random.Random, until_half: threading.Event | None = None) -> None:
    """Claim and end runs until the batch is over; one in five fails.

    Not more than half of them before `until_half` is set: SQLite may let a writer wait until all others are done.
    """
    while not watch.is_over:
        if until_half is not None and by_status(watch.batch).get("waiting", 0) <= RUNS // 2:
            until_half.wait(SECONDS)
        run = claiming.claim_next(queues=["default"], worker="w", lease_seconds=60)
        watch.look()
        if run is None:
            continue
        held = Claim(run.id, run.claim_no, "w")
        if run.trigger == "backfill" and chance.random() < 0.2:
            outcomes.attempt_failed(held, failure(is_permanent=True))
        else:
            outcomes.attempt_succeeded(held, result=None)
        watch.look()


def test_never_more_than_allowed_are_under_way_and_all_have_their_turn(
    task: ScheduledTask, at_once: ThreadPoolExecutor
) -> None:
    watch = Watch(backfill(task, RUNS, max_concurrency=MOST))
    together(at_once, *(lambda n=n: work(watch, chance=random.Random(n)) for n in range(THREADS)))
    assert 1 < watch.most <= MOST
    counts = by_status(watch.batch)
    assert sum(counts.values()) == RUNS
    assert set(counts) <= {"succeeded", "failed"}


def test_cancels_retries_and_upkeep_in_between_neither_block_nor_let_too_many_in(
    task: ScheduledTask, at_once: ThreadPoolExecutor
) -> None:
    watch = Watch(backfill(task, RUNS, max_concurrency=MOST))

    def meddle() -> None:
        chance = random.Random(7)
        for _ in range(RUNS):
            runs = list(TaskRun.objects.filter(batch=watch.batch).order_by("id"))
            run = chance.choice(runs)
            with contextlib.suppress(Conflict):
                (run_retry if run.is_final and len(runs) < 2 * RUNS else run_cancel)(run=run, actor="t")
            watch.look()

    def keep_up() -> None:
        for _ in range(RUNS):
            upkeep.advance_batches("upkeep:here")
            watch.look()

    workers = (lambda n=n: work(watch, chance=random.Random(n)) for n in range(2))
    together(at_once, *workers, meddle, keep_up)
    while not watch.is_over:  # a retry may have come behind the last look of the workers
        work(watch, chance=random.Random(1))
    assert watch.most <= MOST
    assert not set(by_status(watch.batch)) & {"waiting", "queued", "scheduled"}
    assert {run.scheduled_for for run in TaskRun.objects.filter(batch=watch.batch)} == {
        hour(number) for number in range(1, RUNS + 1)
    }


def test_whoever_ends_a_run_while_its_batch_is_cancelled_lets_nobody_in(
    task: ScheduledTask, at_once: ThreadPoolExecutor
) -> None:
    for _ in range(5):
        TaskRun.objects.all().delete()
        watch = Watch(backfill(task, RUNS, max_concurrency=MOST))

        is_cancelled = threading.Event()

        def cancel(batch: Batch = watch.batch, is_cancelled: threading.Event = is_cancelled) -> None:
            batch_cancel(batch=batch, actor="t")
            is_cancelled.set()

        def take(watch: Watch = watch, is_cancelled: threading.Event = is_cancelled) -> None:
            work(watch, chance=random.Random(1), until_half=is_cancelled)

        together(at_once, *[take] * 3, cancel)
        assert set(by_status(watch.batch)) <= {"succeeded", "failed", "cancelled"}
        assert by_status(watch.batch)["cancelled"] > 0
