"""A dump that was taken under load, restored beside a Redis that knows of later things: F32."""

import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests import postgres
from tests.faults.cluster import Cluster, running_cluster
from tests.faults.judging import judge
from tests.faults.nemesis import Nemesis
from tests.faults.sinks import running_sink
from tests.faults.trial import Trial
from tests.faults.workload import Workload
from tests.live import inside

# What was done after the dump, the restored database cannot know.
LOST = frozenset({"H4", "H5", "H7", "H8"})


@pytest.fixture
def alone() -> Iterator[Trial]:
    """A cluster of its own: it loses its memory."""
    with running_cluster() as cluster, running_sink() as sink:
        yield Trial(cluster, Workload(cluster, sink, seed=1), Nemesis(cluster, seed=1), sink)


def test_f32_a_dump_under_load_is_restored_beside_an_old_redis(alone: Trial) -> None:
    cluster, workload = alone.cluster, alone.workload
    for seconds in (1, 2, 3):
        workload.schedule(seconds=seconds)
    workload.schedule(cron="* * * * *")
    before = [workload.run("probe.once") for _ in range(10)]
    with ThreadPoolExecutor(1) as pool:
        file = str(cluster.directory / "dump")
        dump = pool.submit(postgres_program, cluster, "pg_dump", "-Fc", "-f", file, "carillon")
        during = [workload.run(type) for type in ("probe.once", "probe.sleep") * 5]
        dump.result()
    alone.more_slots(3)
    after = [workload.run("probe.sleep", lasts=3) for _ in range(10)]
    for process in [one for kind in ("beat", "worker", "web") for one in cluster.living(kind)]:
        cluster.kill_group(process)
    cluster.do(inside.wake, "default", 20)
    restore(cluster)
    cluster.heal()
    ends = {(story.status, story.reason) for story in map(alone.ended, before)}
    # The dump may have been made between the intent and the word of an effect: what came of it, it cannot know.
    assert ("succeeded", "") in ends
    assert ends <= {("succeeded", ""), ("failed", "effect_unknown")}
    known = {story.run_id for story in cluster.do(inside.stories)}
    assert not known & set(after), "it is the state of the dump"
    history = judge(cluster, workload, alone.sink, except_for=LOST)
    assert all(story.is_final for story in history.stories if story.run_id in during)
    assert sum(story.slot is not None for story in history.stories) > 5


def restore(cluster: Cluster) -> None:
    """Put the dump in the place of the database."""
    cluster.note("restore", "db")
    postgres_program(cluster, "createdb", "restored")
    postgres_program(cluster, "pg_restore", "-d", "restored", str(cluster.directory / "dump"))
    cluster.do(inside.cut_connections)
    for statement in ("ALTER DATABASE carillon RENAME TO lost", "ALTER DATABASE restored RENAME TO carillon"):
        end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname IN ('carillon', 'restored')"
        postgres_program(cluster, "psql", "-d", "postgres", "-c", end, "-c", statement)


def postgres_program(cluster: Cluster, name: str, *words: str) -> None:
    """Run one of PostgreSQL's programs against the cluster's server."""
    binaries = postgres.installed_binaries()
    assert binaries is not None
    assert cluster.postgres is not None
    where = ["-h", "127.0.0.1", "-p", str(cluster.postgres.port), "-U", "carillon"]
    subprocess.run([str(binaries / name), *where, *words], check=True)
