"""Databases without room, or held by somebody else: F22 on SQLite, F23 on PostgreSQL."""

import contextlib
import sqlite3
from collections.abc import Iterator

import httpx
import pytest

from tests.faults.cluster import Cluster, running_cluster
from tests.faults.disk import Disk, can_mount
from tests.faults.judging import judge
from tests.faults.nemesis import Nemesis
from tests.faults.sinks import running_sink
from tests.faults.trial import Trial
from tests.faults.workload import Workload, working
from tests.live.surroundings import eventually

pytestmark = pytest.mark.skipif(not can_mount(), reason="only root may make a small disk")

REFUSALS = {httpx.codes.SERVICE_UNAVAILABLE, httpx.codes.INSUFFICIENT_STORAGE}


@contextlib.contextmanager
def on_a_small_disk(megabytes: int, *, on_postgres: bool) -> Iterator[Trial]:
    """Give a cluster at work on it; in the end every invariant must have held."""
    with running_sink() as sink, running_cluster(on_postgres=on_postgres, disk=Disk(megabytes)) as cluster:
        workload = Workload(cluster, sink, seed=1)
        with working(workload):
            yield Trial(cluster, workload, Nemesis(cluster, seed=1), sink)
        judge(cluster, workload, sink)


def ask(trial: Trial) -> httpx.Response:
    """Ask for a run, of which nothing is expected."""
    headers = {"Authorization": f"Bearer {trial.workload.key}"}
    run = {"type": "probe.sleep", "payload": trial.cluster.probe(seconds=0.1)}
    return httpx.post(f"{trial.cluster.url}/api/runs", json=run, headers=headers, timeout=40, trust_env=False)


def refused(trial: Trial) -> httpx.Response | None:
    """Ask until it is refused; any refusal must be an answer that a program can read."""
    with contextlib.suppress(httpx.TransportError):
        answer = ask(trial)
        assert answer.is_success or answer.status_code in REFUSALS, answer.text
        assert answer.headers["content-type"].partition(";")[0].endswith("json"), answer.text
        return None if answer.is_success else answer
    return None


def is_sound(cluster: Cluster) -> bool:
    """Let SQLite look at its file."""
    assert cluster.disk is not None
    with contextlib.closing(sqlite3.connect(cluster.disk.path / "db.sqlite3", timeout=30)) as connection:
        return bool(connection.execute("PRAGMA integrity_check").fetchone() == ("ok",))


def test_f22_a_full_disk_under_sqlite_refuses_and_spoils_nothing() -> None:
    with on_a_small_disk(24, on_postgres=False) as trial:
        trial.more_runs(3)
        trial.nemesis.fill_disk()
        eventually(lambda: refused(trial), 60, "a request is refused")
        trial.nemesis.last(10)
        trial.cluster.heal()
        trial.more_runs(5, 120)
        assert is_sound(trial.cluster)


def test_f22_a_writer_that_holds_sqlite_for_twenty_seconds_costs_nothing_for_good() -> None:
    with on_a_small_disk(64, on_postgres=False) as trial:
        trial.more_runs(3)
        assert trial.cluster.disk is not None
        path = trial.cluster.disk.path / "db.sqlite3"
        with contextlib.closing(sqlite3.connect(path, timeout=30, isolation_level=None)) as writer:
            writer.execute("BEGIN IMMEDIATE")
            trial.cluster.note("locked", "db", lasts=True)
            trial.nemesis.last(20)
            writer.execute("ROLLBACK")
        trial.cluster.heal()
        trial.more_runs(5, 120)
        assert is_sound(trial.cluster)


def test_f23_a_full_disk_under_postgresql_refuses_and_spoils_nothing() -> None:
    with on_a_small_disk(300, on_postgres=True) as trial:
        trial.more_runs(3)
        trial.nemesis.fill_disk()
        eventually(lambda: refused(trial), 120, "a request is refused")
        trial.nemesis.last(10)
        trial.cluster.heal()
        trial.more_runs(5, 120)
