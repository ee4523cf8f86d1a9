"""Workers that die, freeze, or are used up by what they run: F01, F02, F03, F08, F24."""

import os
import resource
import signal
from pathlib import Path

import pytest

from tests.faults.trial import Trial
from tests.live import inside
from tests.live.surroundings import eventually, state

LEASE_SECONDS = 5
CRASHES = ("after_delivery", "after_claim", "before_finish", "inside_finish", "after_finish")


@pytest.mark.ci
def test_f01_a_run_whose_child_is_killed_runs_again(trial: Trial) -> None:
    runs = [trial.workload.run(type, lasts=3) for type in ("probe.sleep", "probe.once", "probe.idem")]
    for run in runs:
        entry = trial.begun(run)
        trial.cluster.note("kill -9", f"child {entry.pid}")
        os.kill(entry.pid, signal.SIGKILL)
    for run in runs:
        assert trial.ended(run).crashes >= 1
    trial.more_runs()


def test_f02_a_worker_that_is_killed_whole_is_missed_by_nobody(trial: Trial) -> None:
    runs = [trial.workload.run(lasts=4) for _ in range(4)]
    for run in runs:
        trial.begun(run)
    for worker in trial.cluster.living("worker"):
        trial.cluster.kill_group(worker)
    trial.nemesis.last(10)
    trial.cluster.heal()
    assert [trial.ended(run).status for run in runs] == ["succeeded"] * 4


@pytest.mark.parametrize("point", CRASHES)
def test_f03_a_child_may_die_at_any_point_of_a_run(trial: Trial, point: str) -> None:
    file = trial.cluster.arm("worker", point)
    eventually(lambda: not file.exists(), 60, f"a child has died {point}")
    trial.more_runs()


def test_f03_a_child_may_die_between_an_effect_and_its_confirmation(trial: Trial) -> None:
    ledger = trial.cluster.probe(message="idempotent")
    again = trial.cluster.do(inside.enqueue, "probe.die_in_effect", ledger)
    never = trial.cluster.do(inside.enqueue, "probe.die_in_effect", {**ledger, "message": ""})
    assert trial.ended(again).status == "succeeded"
    assert len({entry.word for entry in trial.cluster.ledger.of(again, "effect")}) == 1, "one key"
    assert trial.ended(never).ending == ("failed", "effect_unknown")
    assert len(trial.cluster.ledger.of(never, "effect")) == 1


@pytest.mark.ci
def test_f08_a_worker_that_is_frozen_beyond_its_lease_is_fenced(trial: Trial) -> None:
    runs = [trial.workload.run(type, lasts=4) for type in ("probe.sleep", "probe.once", "probe.idem") * 2]
    entry = trial.begun(runs[0])
    frozen = next(worker for worker in trial.cluster.living("worker") if entry.pid in worker.children())
    trial.cluster.note("SIGSTOP", frozen.title, lasts=True)
    frozen.send_group(signal.SIGSTOP)
    trial.nemesis.last(2.5 * LEASE_SECONDS)
    eventually(lambda: len(trial.cluster.ledger.of(runs[0], "start")) > 1, 40, "another has taken the run over")
    trial.cluster.heal()
    eventually(lambda: state(entry.pid) in ("", "Z"), 20, "the frozen child has ended itself")
    assert trial.ended(runs[0]).status == "succeeded"


@pytest.mark.ci
def test_f24_a_run_that_uses_up_its_process_ends_after_three_crashes(trial: Trial) -> None:
    poison = [trial.cluster.run("probe.greedy") for _ in range(2)]
    neighbours = [trial.workload.run(lasts=2) for _ in range(3)]
    for run in poison:
        story = trial.ended(run)
        assert (*story.ending, story.crashes) == ("failed", "worker_lost", 3)
        assert len(trial.cluster.ledger.of(run, "start")) == 3
    assert all(trial.ended(run).crashes == 0 for run in neighbours), "no other is charged"


def test_f24_a_run_that_is_given_no_more_memory_fails_alone(trial: Trial) -> None:
    children = [child for worker in trial.cluster.living("worker") for child in worker.children()]
    trial.cluster.note("prlimit --as", f"children {children}")
    for child in children:
        used = int(Path(f"/proc/{child}/statm").read_text(encoding="ascii").split()[0]) * resource.getpagesize()
        resource.prlimit(child, resource.RLIMIT_AS, (used + 300_000_000, used + 300_000_000))
    hungry = [trial.cluster.run("probe.hungry") for _ in range(3)]
    neighbours = [trial.workload.run(type, lasts=1) for type in ("probe.sleep", "probe.once", "probe.idem")]
    for run in hungry:
        story = trial.ended(run)
        assert (*story.ending, story.crashes) == ("failed", "handler_error", 0)
        assert "MemoryError" in story.error
    assert [trial.ended(run).status for run in neighbours] == ["succeeded"] * 3
    for worker in trial.cluster.living("worker"):
        trial.nemesis.deploy("worker")
        worker.wait()
