"""A cluster without a fault: the harness itself works, and the promise holds."""

import pytest

from tests.faults.cluster import running_cluster
from tests.faults.judging import judge
from tests.faults.sinks import running_sink
from tests.faults.workload import Workload, working
from tests.live import inside
from tests.live.surroundings import eventually

pytestmark = [pytest.mark.slow, pytest.mark.faults, pytest.mark.timeout(300)]


def test_without_a_fault_every_invariant_holds() -> None:
    with running_cluster() as cluster, running_sink() as sink:
        workload = Workload(cluster, sink, seed=1)
        with working(workload):
            eventually(lambda: cluster.do(inside.count_runs) >= 40, 60, "forty runs")
        history = judge(cluster, workload, sink)
    assert {story.type for story in history.stories} >= {"probe.sleep", "probe.once", "probe.idem"}
    assert sum(story.slot is not None for story in history.stories) > 5
