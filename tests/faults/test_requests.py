"""A request whose sender dies before it hears the answer: the receiver has it, the platform can't know."""

import os
import signal

import pytest

from tests.kinds.service import running
from tests.live import inside
from tests.live.platform import Platform
from tests.live.surroundings import eventually

pytestmark = pytest.mark.live


@pytest.mark.parametrize(
    ("is_repeatable", "ending", "times"),
    [(True, ("succeeded", ""), 2), (False, ("failed", "effect_unknown"), 1)],
)
def test_a_post_whose_sender_was_killed(
    platform: Platform, is_repeatable: bool, ending: tuple[str, str], times: int
) -> None:
    with running() as service:
        payload = {"method": "POST", "url": service.url("/hold"), "json": {}, "repeatable": is_repeatable}
        run = platform.do(inside.enqueue, "http_request", payload)
        eventually(lambda: service.asked, what="the request has arrived")
        for child in platform["worker"].children():
            os.kill(child, signal.SIGKILL)
        story = platform.ended(run)
        assert story.ending == ending
        assert story.crashes == 1
        assert len(service.asked) == times
        assert len({asked.headers["idempotency-key"] for asked in service.asked}) == 1
