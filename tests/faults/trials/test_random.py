"""F31: anything may happen, one or two things at a time, by a seed. `SEED=…` replays one, `FAULT_SECONDS` bounds it."""

import os
import secrets
import time

import pytest

from tests.faults.cluster import running_cluster
from tests.faults.judging import judge
from tests.faults.nemesis import Nemesis
from tests.faults.sinks import running_sink
from tests.faults.workload import Workload, working

SECONDS = float(os.environ.get("FAULT_SECONDS", "600"))
SEED = int(os.environ.get("SEED") or secrets.randbelow(10**6))


@pytest.mark.timeout(SECONDS + 900)
@pytest.mark.parametrize("on_postgres", [True, False], ids=["postgresql", "sqlite"])
def test_f31_random_faults(on_postgres: bool) -> None:
    print(f"SEED={SEED} FAULT_SECONDS={SECONDS:g}")
    with running_cluster(on_postgres=on_postgres) as cluster, running_sink() as sink:
        workload, nemesis = Workload(cluster, sink, SEED), Nemesis(cluster, SEED)
        until = time.monotonic() + SECONDS / 2
        try:
            with working(workload):
                while time.monotonic() < until:
                    nemesis.strike()
            judge(cluster, workload, sink)
        finally:
            print((cluster.directory / "nemesis.jsonl").read_text(encoding="utf-8"))
