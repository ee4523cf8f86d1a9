"""`make run` heals: whichever of its processes is killed comes back, and nothing that was to be done is lost."""

import os
import re
import signal
import urllib.request

import pytest

from tests.live import inside
from tests.live.hand import hand_in
from tests.live.launched import Launched, launched
from tests.live.ledger import Ledger
from tests.live.surroundings import eventually, short_directory

pytestmark = [pytest.mark.live, pytest.mark.slow, pytest.mark.sqlite]

SETTINGS = {
    "LEASE_SECONDS": "6",
    "UPKEEP_SECONDS": "1",
    "DJANGO_SETTINGS_MODULE": "tests.live.settings",
    "ENVIRONMENT": "development",
}
WAIT_SECONDS = 60


def started(platform: Launched, part: str) -> list[int]:
    """Give the pids of a part, in the order of its starts."""
    return [int(pid) for pid in re.findall(rf"\| {part} started \(pid=(\d+)\)", "".join(list(platform.lines)))]


def kill(platform: Launched, part: str) -> None:
    """Kill it and wait until it has been started again."""
    before = started(platform, part)
    os.kill(before[-1], signal.SIGKILL)
    eventually(lambda: len(started(platform, part)) > len(before), WAIT_SECONDS, f"another {part}")


def test_whichever_process_is_killed_comes_back_and_no_run_is_lost() -> None:
    with (
        short_directory() as directory,
        launched(directory, **SETTINGS) as platform,
        hand_in(directory, **SETTINGS) as hand,
    ):
        address = platform.ready()["address"]
        hand.do(inside.prepare)
        ledger = Ledger(directory / "ledger")
        at_work = hand.do(inside.enqueue, "probe.sleep", {"ledger": str(ledger.path), "seconds": 5})
        eventually(lambda: ledger.of(at_work, "start"), WAIT_SECONDS, "a run at work")
        runs = [at_work]
        for part in ("redis", "web", "worker", "beat"):
            runs.append(hand.do(inside.enqueue, "probe.echo", {"ledger": str(ledger.path)}))
            kill(platform, part)
            runs.append(hand.do(inside.enqueue, "probe.echo", {"ledger": str(ledger.path)}))
            eventually(lambda: all(hand.do(inside.story, run).is_final for run in runs), WAIT_SECONDS, f"after {part}")
        assert {hand.do(inside.story, run).status for run in runs} == {"succeeded"}
        eventually(lambda: answers(f"{address}/readyz"), WAIT_SECONDS, "the web")
        assert platform.process.poll() is None
        assert platform.interrupt() == 0, "".join(platform.lines)
        assert platform.pids() == set(), "no orphan"


def answers(url: str) -> bool:
    """Whether it answers."""
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False
