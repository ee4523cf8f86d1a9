"""One cluster for all trials; each begins with all of it at work, and ends with the checker's verdict."""

from collections.abc import Iterator

import pytest

from tests import postgres
from tests.faults.cluster import Cluster, running_cluster
from tests.faults.judging import judge
from tests.faults.nemesis import Nemesis
from tests.faults.sinks import Sink, running_sink
from tests.faults.trial import Trial
from tests.faults.workload import Workload, working

SEED = 1


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every trial, and skip it visibly where PostgreSQL is not installed."""
    for item in items:
        if "tests/faults/trials/" not in str(item.path):
            continue
        item.add_marker(pytest.mark.slow)
        item.add_marker(pytest.mark.faults)
        item.add_marker(pytest.mark.timeout(420))
        if postgres.installed_binaries() is None:
            item.add_marker(pytest.mark.skip(reason="PostgreSQL's programs are not installed"))


@pytest.fixture(scope="package")
def sink() -> Iterator[Sink]:
    """The witness outside."""
    with running_sink() as found:
        yield found


@pytest.fixture(scope="package")
def cluster() -> Iterator[Cluster]:
    """2 webs, 2 workers of 2 children, a beat, on a PostgreSQL and a Redis of their own."""
    with running_cluster() as found:
        yield found


@pytest.fixture
def trial(cluster: Cluster, sink: Sink) -> Iterator[Trial]:
    """The cluster at work; whatever the test does to it, afterwards every invariant must have held."""
    cluster.heal()
    workload = Workload(cluster, sink, SEED)
    with working(workload):
        yield Trial(cluster, workload, Nemesis(cluster, SEED), sink)
    judge(cluster, workload, sink)
    trim(cluster)


def trim(cluster: Cluster) -> None:
    """End what a trial has started beyond the whole."""
    for kind, count in (("web", 2), ("worker", 2), ("beat", 1)):
        for spare in cluster.living(kind)[count:]:
            spare.stop()
