"""Commands that will not end by themselves, whatever happens to the run and to its process."""

import os
import signal
from pathlib import Path

import pytest

from tests.live import inside
from tests.live.platform import Platform
from tests.live.surroundings import eventually, state

pytestmark = pytest.mark.live


def stubborn(directory: Path) -> str:
    """A line whose program, child and grandchild (in a session of its own) ignore all polite wishes.

    Run again, it ends at once.
    """
    directory.mkdir()
    deaf = "trap '' TERM INT HUP"
    inner = f'sh -c "{deaf}; echo \\$\\$ > {directory}/grandchild; while :; do sleep 1; done"'
    child = f"{deaf}; echo $$ > {directory}/child; setsid {inner} & while :; do sleep 1; done"
    again = f"[ -e {directory}/again ] && exit 0; touch {directory}/again"
    return f"{again}; {deaf}; echo $$ > {directory}/program; sh -c '{child}' & while :; do sleep 1; done"


def family(directory: Path) -> list[int]:
    """Wait until all three are there, and give their numbers."""
    paths = [directory / name for name in ("program", "child", "grandchild")]
    eventually(lambda: all(path.exists() and path.read_text() for path in paths), what="three processes")
    return [int(path.read_text()) for path in paths]


def are_gone(pids: list[int]) -> bool:
    return all(state(pid) in ("", "Z") for pid in pids)


def test_a_cancelled_commands_whole_family_is_ended(platform: Platform) -> None:
    directory = platform.directory / "cancelled-command"
    platform.do(inside.allow_command, "cancelled", stubborn(directory))
    run = platform.do(inside.enqueue, "shell_command", {"command": "cancelled"})
    pids = family(directory)
    platform.do(inside.cancel, run)
    assert platform.ended(run).path == ["queued/due", "running", "cancelled/user"]
    eventually(lambda: are_gone(pids), what="the whole family has ended")


def test_a_commands_whole_family_goes_with_its_killed_child_and_the_run_runs_again(platform: Platform) -> None:
    directory = platform.directory / "orphaned-command"
    platform.do(inside.allow_command, "orphaned", stubborn(directory))
    run = platform.do(inside.enqueue, "shell_command", {"command": "orphaned"})
    pids = family(directory)
    supervisor = parent(pids[0])
    child = parent(supervisor)
    assert child in platform["worker"].children()
    os.kill(child, signal.SIGKILL)
    eventually(lambda: are_gone([*pids, supervisor]), what="the whole family has ended")
    story = platform.ended(run)
    assert story.path == ["queued/due", "running", "queued/rescued", "running", "succeeded"]
    assert story.crashes == 1


def parent(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
