"""Machines whose clocks are wrong and jump, beside a database whose clock is right: F19."""

from datetime import UTC, datetime, timedelta

from tests.faults.trial import Trial
from tests.live.moving import VARIABLE, FileClock
from tests.live.process import Process

WRONG = (
    ("worker", timedelta(hours=1)),
    ("worker", timedelta(hours=-1)),
    ("beat", timedelta(days=1)),
    ("beat", timedelta(minutes=-10)),
)


class Odd:
    """A process whose clock says something else."""

    def __init__(self, trial: Trial, kind: str, shift: timedelta, number: int) -> None:
        path = trial.cluster.directory / f"clock-{number}"
        self.clock = FileClock(path)
        trial.cluster.note("clock", f"{kind} {shift}")
        self.move_by(shift)
        self.process: Process = trial.cluster.start(kind, **{VARIABLE: str(path)})

    def move_by(self, shift: timedelta) -> None:
        """Let it be so far from the right time."""
        self.clock.move_to(datetime.now(UTC) + shift)


def test_f19_wrong_and_jumping_clocks_of_machines_move_no_slot_and_end_no_lease(trial: Trial) -> None:
    right = [process for kind in ("worker", "beat") for process in trial.cluster.living(kind)]
    odd = [Odd(trial, kind, shift, number) for number, (kind, shift) in enumerate(WRONG)]
    trial.cluster.wait_until_ready(*(one.process for one in odd))
    for process in right:
        trial.cluster.note("SIGTERM", process.title)
        process.stop()
    trial.more_slots(6)
    runs = [trial.workload.run(type, lasts=8) for type in ("probe.sleep", "probe.once")]
    for run in runs:
        trial.begun(run)
    for one in odd:
        trial.cluster.note("clock", f"{one.process.title} jumps by two days")
        one.move_by(timedelta(days=2))
    trial.more_slots(6)
    for run in runs:
        story = trial.ended(run)
        assert (story.status, story.crashes, story.claim_no) == ("succeeded", 0, 1), "longer than a lease, and its own"
    for one in odd:
        trial.cluster.note("clock", f"{one.process.title} jumps back")
        one.move_by(timedelta(hours=-3))
    trial.more_slots(6)
    trial.more_runs()
    for one in odd:
        trial.cluster.note("SIGTERM", one.process.title)
        one.process.stop()
    trial.cluster.heal()
