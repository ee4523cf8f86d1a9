"""The database goes away for a moment, or is held by somebody else."""

import sqlite3

import pytest

from scheduler_project.settings import IS_SQLITE
from tests.live import inside
from tests.live.platform import Platform
from tests.live.surroundings import eventually

pytestmark = pytest.mark.live


@pytest.mark.postgres
def test_connections_that_are_cut_are_opened_again(platform: Platform) -> None:
    runs = [platform.run("probe.sleep", seconds=5) for _ in range(2)]
    for run in runs:
        platform.running(run)
    for _ in range(3):
        waiting = platform.run("probe.echo", delay=0.5)
        assert platform.do(inside.cut_connections) > 0
        runs.append(platform.ended(waiting).run_id)
    assert [platform.ended(run).status for run in runs] == ["succeeded"] * 5
    assert [platform.story(run).path for run in runs[:2]] == [["queued/due", "running", "succeeded"]] * 2
    assert platform["worker"].is_alive
    assert platform["beat"].is_alive


@pytest.mark.skipif(not IS_SQLITE, reason="SQLite has one writer; PostgreSQL has many")
def test_a_writer_that_holds_the_database_for_seconds_delays_and_loses_nothing(platform: Platform) -> None:
    run = platform.run("probe.sleep", seconds=4)
    platform.running(run)
    waiting = platform.run("probe.echo")
    other = sqlite3.connect(platform.directory / "db.sqlite3", timeout=60, isolation_level=None)
    try:
        other.execute("BEGIN IMMEDIATE")
        eventually(lambda: platform.ledger.of(run, "end"), what="the handler has ended, and cannot say so")
        other.execute("ROLLBACK")
    finally:
        other.close()
    assert platform.ended(run).path == ["queued/due", "running", "succeeded"]
    assert platform.ended(waiting).path == ["queued/due", "running", "succeeded"]
