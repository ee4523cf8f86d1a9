"""A worker is replaced by another while work goes on."""

import signal

import pytest

from tests.live.platform import Platform

pytestmark = pytest.mark.live


def test_a_worker_that_is_asked_to_stop_gives_its_work_to_the_next(platform: Platform) -> None:
    first = platform["worker"]
    second = platform.start("worker")
    platform.wait_until_ready(second)
    long = [platform.run("probe.sleep", seconds=3) for _ in range(4)]
    for run in long:
        platform.running(run)
    short = [platform.run("probe.echo") for _ in range(30)]
    first.send(signal.SIGTERM)  # to the parent alone, as a container's stop does
    assert first.wait() == 0
    stories = [platform.ended(run) for run in [*long, *short]]
    assert [story.status for story in stories] == ["succeeded"] * len(stories)
    assert {(story.failures, story.crashes) for story in stories} == {(0, 0)}, "no attempt is used"
    handed_back = [story for story in stories if "queued/handed_back" in story.path]
    assert [story.worker.partition("@")[0] for story in handed_back] == [second.title] * 2
    for run in long:
        assert len(platform.ledger.of(run, "end")) == 1
    for run in short:
        assert len(platform.ledger.of(run, "start")) == 1
