"""Beats that die, are many, or wake up late: F05, F06."""

import signal

import pytest

from tests.faults.trial import Trial
from tests.live.surroundings import eventually


@pytest.mark.ci
def test_f05_a_beat_that_dies_again_and_again_loses_no_slot_and_doubles_none(trial: Trial) -> None:
    for _ in range(4):
        trial.nemesis.kill("beat")
        trial.nemesis.last(trial.nemesis.rng.uniform(0, 4))
        trial.cluster.start("beat")
        trial.more_slots(2)
    file = trial.cluster.arm("beat", "inside_fire")
    eventually(lambda: not file.exists(), 30, "beat has died with runs that are not committed")
    trial.more_slots()


def test_f05_a_beat_that_dies_twenty_times_loses_no_slot(trial: Trial) -> None:
    for number in range(20):
        if number % 4:
            trial.nemesis.last(trial.nemesis.rng.uniform(0, 3))
            trial.nemesis.kill("beat")
        else:
            file = trial.cluster.arm("beat", "inside_fire")
            eventually(lambda file=file: not file.exists(), 30, "beat has died in the middle of a transaction")  # type: ignore[misc]
        trial.nemesis.last(trial.nemesis.rng.choice([0, 0, 1, 7]))
        trial.cluster.start("beat")
    trial.more_slots()


@pytest.mark.ci
def test_f06_three_beats_of_which_one_wakes_up_late_make_one_run_of_each_slot(trial: Trial) -> None:
    spare = [trial.cluster.start("beat") for _ in range(2)]
    trial.cluster.wait_until_ready(*spare)
    trial.more_slots()
    leader = trial.cluster.living("beat")[0]
    trial.cluster.note("SIGSTOP", leader.title, lasts=True)
    leader.send_group(signal.SIGSTOP)
    trial.nemesis.last(15)
    trial.more_slots()
    leader.send_group(signal.SIGCONT)
    trial.cluster.note("heal", leader.title)
    trial.more_slots()
