"""Task types that exist for one test, and the calling of their handlers as a worker's child would."""

import itertools
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.contrib.auth.models import User

from tasks_app.handlers import registry
from tasks_app.models import TaskRun
from tasks_app.services.execution.attempt import Attempt
from tasks_app.services.execution.board import Board, Place
from tasks_app.services.execution.call import Outcome, call
from tests import runs

_numbers = itertools.count(1)


@contextmanager
def declared(function: Any, **options: Any) -> Iterator[str]:
    """Declare the function as the handler of a new type; gives its name."""
    name = options.pop("name", f"test.type{next(_numbers)}")
    registry.handler(name, **options)(function)
    try:
        yield name
    finally:
        registry._types._by_name.pop(name, None)


@contextmanager
def attempt_at(run: TaskRun, *, stop_by: float | None = None) -> Iterator[Attempt]:
    """Claim the run and begin an attempt at it in this process; `stop_by`: the worker is to end by then."""
    claimed_at = time.monotonic()
    runs.hold(run)
    board = Board()
    if stop_by is not None:
        board.ask_stop(by=stop_by)
    attempt = Attempt(runs.fresh(run), Place(board, 0, runs.WORKER), claimed_at=claimed_at, is_background=False)
    try:
        yield attempt
    finally:
        attempt.close()


def execute(run: TaskRun) -> Outcome:
    """Claim the run, call its handler, write down its notes and its outcome; gives that."""
    with attempt_at(run) as attempt:
        outcome = call(attempt)
        attempt.notes.flush(is_last=True)
        outcome.settle()
    return outcome


def ended(owner: User, function: Any, *, payload: dict[str, Any] | None = None, **options: Any) -> TaskRun:
    """Run a handler once and give its run."""
    fields = {name: options.pop(name) for name in ("max_retries", "retry") if name in options}
    with declared(function, **options) as name:
        run = runs.make_run(owner, type=name, payload=payload or {}, **fields)
        execute(run)
    return runs.fresh(run)
