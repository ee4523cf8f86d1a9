"""Redis is full, slow, half there, or comes back with nothing: nobody has to be started again, and nothing is lost."""

import shutil

import httpx
import pytest

from tests.faults.trial import Trial
from tests.faults.workload import look
from tests.live.surroundings import eventually


def pids(trial: Trial) -> set[int]:
    """Give the processes that must not need anybody's hand."""
    return {process.pid for kind in ("web", "worker", "beat") for process in trial.cluster.living(kind)}


def webs_are_ready(trial: Trial) -> bool:
    return all(httpx.get(f"{url}/readyz", trust_env=False, timeout=10).is_success for url in trial.cluster.urls)


def test_a_full_redis_is_said_and_work_goes_on_when_there_is_room(trial: Trial) -> None:
    before = pids(trial)
    trial.nemesis.fill_redis()
    runs = [trial.workload.run() for _ in range(3)]
    eventually(lambda: not look(trial.cluster.url).is_well, 20, "/statusz says so")
    assert webs_are_ready(trial)
    trial.nemesis.last(10)
    assert pids(trial) == before, "nobody has ended"
    trial.cluster.heal()
    assert [trial.ended(run).status for run in runs] == ["succeeded"] * 3
    trial.more_runs()
    assert pids(trial) == before, "and nobody was started again"


def test_a_redis_that_comes_back_with_nothing_is_used_again(trial: Trial) -> None:
    before = pids(trial)
    trial.nemesis.kill_redis()
    runs = [trial.workload.run() for _ in range(3)]
    shutil.rmtree(trial.cluster.directory / "redis")
    assert webs_are_ready(trial)
    trial.nemesis.last(5)
    assert pids(trial) == before
    trial.cluster.heal()
    assert [trial.ended(run).status for run in runs] == ["succeeded"] * 3
    trial.more_runs()
    assert pids(trial) == before


@pytest.mark.parametrize(("mode", "options"), [("delay", {"seconds": 0.3}), ("throttle", {"bytes_per_second": 20_000})])
def test_a_slow_redis_slows_work_and_stops_nothing(trial: Trial, mode: str, options: dict[str, float]) -> None:
    before = pids(trial)
    trial.nemesis.cross(mode, "*", "redis", **options)
    run = trial.workload.run()
    assert trial.ended(run).status == "succeeded", "while it is slow"
    trial.more_runs()
    trial.cluster.heal()
    assert pids(trial) == before


@pytest.mark.parametrize("kind", ["web", "worker", "beat"])
def test_a_half_open_wire_of_one_kind_of_process_is_mended_by_itself(trial: Trial, kind: str) -> None:
    before = pids(trial)
    trial.nemesis.cross("half_open", kind, "redis", direction="down")
    runs = [trial.workload.run() for _ in range(3)]
    trial.nemesis.last(15)
    trial.cluster.heal()
    assert [trial.ended(run).status for run in runs] == ["succeeded"] * 3
    assert pids(trial) == before
