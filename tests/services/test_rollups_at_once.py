"""Several processes count the same runs in the same moment: each run is counted once."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import OperationalError, connections

from tasks_app.models import db_now
from tasks_app.services import rollup_checks, rollups
from tests.services.ended import ALL, count_all, ended, expected, insert, kept, random_history

pytestmark = pytest.mark.django_db(transaction=True)

THREADS = 3
SECONDS = 90
LATE = ("hour", "day", "hours", "days", "ever")


def all_at_once(work: Callable[[str], int]) -> None:
    """Let several do the same again and again, until one of them finds nothing left to do three times."""
    start = threading.Barrier(THREADS)

    def do(number: int) -> None:
        start.wait(SECONDS)
        idle = 0
        try:
            while idle < 3:
                try:
                    idle = 0 if work(f"upkeep:w{number}") else idle + 1
                except OperationalError:  # SQLite lets one write at a time, and may refuse to wait
                    connections.close_all()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(do, range(THREADS), timeout=SECONDS))


def test_processes_that_count_at_once_count_each_run_once(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rollups, "PIECE", 10)
    now = db_now()
    random_history([alice, None], [], (now - timedelta(hours=5), now - timedelta(minutes=1)), count=400, seed=5)
    all_at_once(rollups.rollup_count)
    count_all()
    assert kept() == expected(*ALL)


def test_processes_that_check_at_once_add_what_was_late_once(alice: User) -> None:
    now = db_now()
    random_history([alice, None], [], (now - timedelta(hours=9), now - timedelta(hours=2)), count=60, seed=6)
    insert([ended(alice, now - timedelta(minutes=1))])
    count_all()
    random_history([alice, None], [], (now - timedelta(hours=9), now - timedelta(hours=2)), count=60, seed=7)
    all_at_once(rollup_checks.rollup_check)
    assert kept(*LATE) == expected(*LATE)
