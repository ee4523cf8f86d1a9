"""A wish to stop that arrives while a transaction of the handler ends waits for that, and the run ends as wished."""

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection, transaction
from pytest_django import Settings

from tasks_app.models import Effect, Queue, TaskRun
from tasks_app.services import lifecycle
from tasks_app.services.execution.attempt import SOFT_SIGNAL
from tasks_app.services.execution.child import Child
from tests import runs
from tests.handler_types import declared
from tests.services import test_urgent_ends
from tests.services.test_locks import holding
from tests.services.test_urgent_ends import wait_for

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("valkey"), pytest.mark.postgres]
child = test_urgent_ends.child
HELD = "SELECT pg_advisory_lock(%s)"
LOCK = 20260
WAITING = "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND objid = %s AND NOT granted"


@pytest.fixture(autouse=True)
def long_graces(settings: Settings) -> None:
    """Let a test that waits in vain fail before the process is ended."""
    settings.LEASE_SECONDS = settings.STOP_GRACE_SECONDS = settings.CANCEL_GRACE_SECONDS = 120


@pytest.fixture
def wishes(child: Child) -> Iterator[list[int]]:
    """Let wishes reach the handler as in a child of its own; each that does is noted."""
    sent: list[int] = []

    def hear(number: int, frame: FrameType | None) -> None:
        sent.append(number)
        child._interrupted(number, frame)

    before = signal.signal(SOFT_SIGNAL, hear)
    yield sent
    signal.signal(SOFT_SIGNAL, before)


@contextmanager
def slow_commit(model: type[Queue] | type[Effect], until: Callable[[], object]) -> Iterator[None]:
    """Let the commit of a new row of the model take until something holds."""
    table = model._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE FUNCTION wait_there() RETURNS trigger LANGUAGE plpgsql AS"
            f" 'BEGIN PERFORM pg_advisory_xact_lock({LOCK}); RETURN NULL; END';"
            f"CREATE CONSTRAINT TRIGGER wait_there AFTER INSERT ON {table}"
            " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION wait_there()"
        )
    with holding("psql", HELD, LOCK) as other:

        def let_go() -> None:
            wait_for(lambda: bool(other.execute(WAITING, [LOCK]).fetchone() and until()))
            other.execute("SELECT pg_advisory_unlock(%s)", [LOCK])

        thread = threading.Thread(target=let_go)
        thread.start()
        try:
            yield
        finally:
            thread.join()
            with connection.cursor() as cursor:
                cursor.execute("DROP FUNCTION wait_there CASCADE")


def ask(child: Child, how: str) -> None:
    """Want the run at hand to stop, and have asked it nicely for as long as is due."""
    attempt = child._current
    assert attempt is not None
    half = 60
    if how == "handed_back":
        child._place.board.ask_stop(by=time.monotonic() + half)
    elif how == "user":
        lifecycle.ask_to_stop(runs.fresh(attempt.run), actor="user:alice")
        attempt.cancel_asked_at = time.monotonic() - half
    else:
        attempt.soft_ends_at = time.monotonic()


def end_of(run: TaskRun) -> tuple[str, str, str]:
    """Give how the run stands, and what is held against its handler."""
    row = runs.fresh(run)
    return row.status, row.reason, row.error_type


@pytest.mark.parametrize(
    "end",
    [("queued", "handed_back", ""), ("cancelled", "user", ""), ("failed", "timeout", "SoftTimeout")],
    ids=lambda end: end[1],
)
def test_a_wish_that_arrives_in_a_commit_is_no_fault_of_the_handler(
    end: tuple[str, str, str], child: Child, wishes: list[int], alice: User
) -> None:
    told: list[str] = []

    def handler(_ctx: Any, _payload: Any) -> None:
        ask(child, end[1])
        with transaction.atomic():
            Queue.objects.create(name="made")
            transaction.on_commit(lambda: told.append("committed"))
        wait_for(lambda: False)

    with declared(handler) as name, slow_commit(Queue, lambda: wishes):
        run = runs.make_run(alice, type=name, max_retries=0)
        child.work("default")
    assert end_of(run) == end
    assert Queue.objects.filter(name="made").exists()
    assert told == ["committed"]


def test_a_wish_that_arrives_while_an_intent_is_committed_leaves_nothing_unknown(
    child: Child, wishes: list[int], alice: User
) -> None:
    done: list[str] = []

    def handler(ctx: Any, _payload: Any) -> None:
        if not child._place.board.stop_by:
            ask(child, "handed_back")
        with ctx.effect("letter"):
            done.append("sent")

    with declared(handler) as name, slow_commit(Effect, lambda: wishes):
        run = runs.make_run(alice, type=name, max_retries=0)
        child.work("default")
    assert end_of(run) == ("queued", "handed_back", "")
    assert (done, [effect.state for effect in Effect.objects.all()]) == ([], ["not_done"])
