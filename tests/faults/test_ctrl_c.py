"""Ctrl-C to all that `make run` started, with runs in flight: they are handed back, and the next start ends them."""

import pytest

from tests.faults.conftest import SHORT, check_records
from tests.live import inside
from tests.live.hand import hand_in
from tests.live.launched import launched
from tests.live.ledger import Ledger
from tests.live.surroundings import eventually, short_directory

pytestmark = [pytest.mark.live, pytest.mark.sqlite]

SETTINGS = {
    **SHORT,
    "WORKER_CONCURRENCY": "3",
    "DJANGO_SETTINGS_MODULE": "tests.live.settings",
    "ENVIRONMENT": "development",
}


def test_ctrl_c_hands_runs_back_and_the_next_start_carries_on() -> None:
    with short_directory() as directory, hand_in(directory, **SETTINGS) as hand:
        ledger = Ledger(directory / "ledger")
        with launched(directory, **SETTINGS) as platform:
            platform.ready()
            hand.do(inside.prepare)
            runs = [
                hand.do(inside.enqueue, probe, {"ledger": str(ledger.path), "seconds": 12})
                for probe in ("probe.sleep", "probe.deaf", "probe.stubborn")
            ]
            eventually(lambda: all(ledger.of(run, "start") for run in runs), what="all handlers are at work")
            assert platform.interrupt() == 0, "".join(platform.lines)
            assert platform.pids() == set(), "no orphan"
        for run in runs:
            story = hand.do(inside.story, run)
            assert story.path == ["queued/due", "running", "queued/handed_back"]
            assert (story.failures, story.crashes) == (0, 0), "no attempt is used"
            assert ledger.of(run, "end") == []
        with launched(directory, **SETTINGS) as again:
            again.ready()
            eventually(lambda: all(hand.do(inside.story, run).is_final for run in runs), what="all have ended")
            again.interrupt()
        stories = [hand.do(inside.story, run) for run in runs]
        assert [story.status for story in stories] == ["succeeded"] * 3
        assert [(story.failures, story.crashes, story.claim_no) for story in stories] == [(0, 0, 2)] * 3
        check_records(hand.do(inside.stories))
