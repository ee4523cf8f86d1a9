"""Ways in which a run is made to stop: by a person, by its limits."""

from uuid import UUID

import pytest

from tests.live import inside
from tests.live.platform import Platform
from tests.live.story import Story

pytestmark = pytest.mark.live


def test_a_run_that_waits_is_cancelled_at_once(platform: Platform) -> None:
    platform.do(inside.queue_pause, "default")
    try:
        queued = platform.run("probe.echo")
        platform.do(inside.cancel, queued)
    finally:
        platform.do(inside.queue_resume, "default")
    delayed = platform.run("probe.echo", delay=3600)
    platform.do(inside.cancel, delayed)
    for run, path in ((queued, ["queued/due"]), (delayed, ["scheduled/delayed"])):
        assert platform.story(run).path == [*path, "cancelled/user"]
        assert platform.story(run).moves[-1].actor == inside.ACTOR
        assert platform.ledger.of(run) == []


def test_a_run_that_waits_for_its_retry_is_cancelled_at_once(platform: Platform) -> None:
    task = platform.do(inside.task, "fails", "probe.fail", platform.probe(), max_retries=1, retry={"delays": [3600]})
    run = platform.do(inside.run_now, task)
    platform.until(run, lambda story: story.ending == ("scheduled", "retry"))
    platform.do(inside.cancel, run)
    assert platform.story(run).ending == ("cancelled", "user")
    assert len(platform.ledger.of(run, "start")) == 1


@pytest.mark.parametrize("probe", ["probe.sleep", "probe.deaf", "probe.stubborn", "probe.gil"])
def test_a_running_run_is_cancelled_however_it_behaves(platform: Platform, probe: str) -> None:
    run = platform.run(probe, seconds=30)
    platform.running(run)
    platform.do(inside.cancel, run)
    story = platform.ended(run)
    assert story.path == ["queued/due", "running", "cancelled/user"]
    assert story.moves[-1].actor == inside.ACTOR
    assert (story.failures, story.crashes) == (0, 0)
    assert platform.ledger.of(run, "end") == []


def test_time_limits_hold_however_a_run_behaves(platform: Platform) -> None:
    deaf = limited(platform, "probe.deaf", soft_timeout_seconds=1)
    stubborn = limited(platform, "probe.stubborn", timeout_seconds=1)
    gil = limited(platform, "probe.gil", timeout_seconds=1)
    for run in (deaf, stubborn, gil):
        assert platform.ledger.of(run.run_id, "end") == []
        assert run.ending == ("failed", "timeout")
        assert (run.failures, run.crashes) == (1, 0), "a limit is a failure, not a crash"
        assert run.started_at is not None
        assert run.finished_at is not None
        assert 0.9 < (run.finished_at - run.started_at).total_seconds() < 20, "and not after its 30 s"


def test_limits_of_the_type_hold_unless_the_task_has_its_own(platform: Platform) -> None:
    def begin(message: str, seconds: float, **limits: int) -> UUID:
        payload = platform.probe(seconds=seconds, message=message)
        task = platform.do(inside.task, "limited", "probe.limited", payload, **limits)
        return platform.do(inside.run_now, task)

    ends, goes_on = begin("ends", 30), begin("goes on", 30)
    own = begin("goes on", 30, soft_timeout_seconds=0, timeout_seconds=1)
    none = begin("goes on", 4, soft_timeout_seconds=0, timeout_seconds=0)
    told = {run: len(platform.ledger.of(run, "told")) for run in (ends, goes_on, own, none) if platform.ended(run)}
    assert told == {ends: 1, goes_on: 1, own: 0, none: 0}, "the soft limit is told once; none is none"
    for run, says in ((ends, "the soft time limit of 1 s has passed"), (goes_on, "was ended"), (own, "was ended")):
        story = platform.story(run)
        assert story.ending == ("failed", "timeout")
        assert says in story.attempts[0].error
        assert (story.failures, story.crashes) == (1, 0)
        assert platform.ledger.of(run, "end") == []
    assert platform.story(none).status == "succeeded", "no limit was asked for, and no limit there was"


def test_a_run_beyond_its_limit_is_retried_by_its_policy(platform: Platform) -> None:
    task = platform.do(
        inside.task,
        "slow",
        "probe.stubborn",
        platform.probe(seconds=30),
        timeout_seconds=1,
        max_retries=1,
        retry={"delays": [0]},
    )
    story = platform.ended(platform.do(inside.run_now, task))
    assert story.path == ["queued/due", "running", "scheduled/retry", "queued/due", "running", "failed/timeout"]
    assert [attempt.outcome for attempt in story.attempts] == ["timeout", "timeout"]


def limited(platform: Platform, probe: str, **limits: int) -> Story:
    """Run a probe for 30 s against a limit, without a retry, to its end."""
    task = platform.do(inside.task, probe, probe, platform.probe(seconds=30), max_retries=0, **limits)
    return platform.ended(platform.do(inside.run_now, task))
