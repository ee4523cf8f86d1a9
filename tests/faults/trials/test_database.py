"""PostgreSQL crashes, throws everybody out, cannot be reached, or is slow: F13, F14, F16, F18."""

import pytest

from tests.faults.trial import Trial
from tests.live.surroundings import eventually


@pytest.mark.ci
def test_f13_a_database_that_crashes_leaves_no_half_of_anything(trial: Trial) -> None:
    before = {process.pid for process in trial.cluster.processes if process.is_alive}
    for seconds in (1, 6):
        trial.nemesis.crash_postgres()
        trial.nemesis.last(seconds)
        trial.nemesis.start_postgres()
        trial.more_runs(4)
    assert before <= {process.pid for process in trial.cluster.processes if process.is_alive}, "nobody has to restart"


def test_f13_ten_crashes_of_the_database_in_a_row(trial: Trial) -> None:
    for number in range(10):
        trial.nemesis.crash_postgres()
        trial.nemesis.last(number % 3)
        trial.nemesis.start_postgres()
        trial.more_runs(2)


def test_f14_connections_that_are_cut_every_few_seconds_are_opened_again(trial: Trial) -> None:
    for _ in range(5):
        trial.nemesis.cut_connections()
        trial.more_runs(2)


def test_f16_a_worker_that_cannot_reach_the_database_ends_its_runs_itself(trial: Trial) -> None:
    run = trial.workload.run("probe.once", lasts=30)
    entry = trial.begun(run)
    worker = next(one for one in trial.cluster.living("worker") if entry.pid in one.children())
    trial.nemesis.cross("drop", worker.title, "db")
    other = eventually(lambda: trial.cluster.ledger.of(run, "start")[1:], 60, "another has taken the run over")[0]
    assert other.pid != entry.pid
    trial.cluster.heal()
    trial.workload.cancel(run)


@pytest.mark.parametrize(("kind", "mode", "options"), [
    ("beat", "drop", {}),
    ("*", "drop", {}),
    ("*", "half_open", {"direction": "up"}),
    ("*", "half_open", {"direction": "down"}),
    ("web", "rst", {}),
    ("*", "delay", {"seconds": 0.05}),
])  # fmt: skip
def test_f18_a_wire_to_the_database_that_is_cut_or_slow_costs_nothing_for_good(
    trial: Trial, kind: str, mode: str, options: dict[str, object]
) -> None:
    trial.nemesis.cross(mode, kind, "db", **options)
    trial.nemesis.last(12)
    trial.cluster.heal()
    trial.more_runs()
