"""Processes that die or freeze with runs in their hands."""

import os
import signal

import pytest

from tests.live import inside
from tests.live.freezing import frozen
from tests.live.platform import Platform
from tests.live.surroundings import eventually, state

pytestmark = pytest.mark.live


def test_a_run_whose_child_is_killed_runs_again(platform: Platform) -> None:
    run = platform.run("probe.sleep", seconds=6)
    platform.running(run)
    neighbour = platform.run("probe.sleep", seconds=6)
    platform.running(neighbour)
    os.kill(platform.ledger.of(run, "start")[0].pid, signal.SIGKILL)
    story = platform.ended(run)
    assert story.path == ["queued/due", "running", "queued/rescued", "running", "succeeded"]
    assert (story.failures, story.crashes) == (0, 1)
    assert [attempt.outcome for attempt in story.attempts] == ["worker_lost"]
    assert [entry.attempt for entry in platform.ledger.of(run, "end")] == [2]
    assert platform.ended(neighbour).path == ["queued/due", "running", "succeeded"], "its neighbour is not charged"


def test_a_run_that_kills_its_process_ends_after_three_crashes(platform: Platform) -> None:
    run = platform.run("probe.die")
    story = platform.ended(run)
    assert story.ending == ("failed", "worker_lost")
    assert (story.failures, story.crashes) == (0, 3)
    assert [attempt.outcome for attempt in story.attempts] == ["worker_lost"] * 3
    assert len(platform.ledger.of(run, "start")) == 3
    eventually(lambda: len(platform["worker"].children()) >= 2, what="the pool is whole again")


def test_runs_of_a_worker_that_dies_whole_are_done_by_another(platform: Platform) -> None:
    runs = [platform.run("probe.sleep", seconds=5) for _ in range(3)]
    for run in runs[:2]:
        platform.running(run)
    platform["worker"].kill()
    second = platform.start("worker")
    stories = [platform.ended(run) for run in runs]
    assert [story.status for story in stories] == ["succeeded"] * 3
    assert all(story.worker.startswith(f"{second.title}@") for story in stories)
    assert sum(story.crashes for story in stories) == 2, "the one that had not started is not charged"


def test_children_whose_parent_is_killed_alone_do_no_harm(platform: Platform) -> None:
    run = platform.run("probe.sleep", seconds=5)
    platform.running(run)
    worker = platform["worker"]
    orphans = worker.children()
    worker.send(signal.SIGKILL)
    worker.wait()
    second = platform.start("worker")
    assert platform.ended(run).status == "succeeded"
    assert len(platform.ledger.of(run, "end")) == 1
    assert platform.ended(platform.run("probe.echo")).worker.startswith(f"{second.title}@")
    eventually(lambda: not any(state(pid) for pid in orphans), what="the orphans have gone")


def test_a_child_that_is_frozen_beyond_its_lease_writes_nothing_more(platform: Platform) -> None:
    run = platform.run("probe.sleep", seconds=5)
    platform.running(run)
    first = platform.ledger.of(run, "start")[0].pid
    with frozen(platform, first):
        eventually(lambda: len(platform.ledger.of(run, "start")) == 2, what="another child has begun the run again")
    eventually(lambda: state(first) in ("", "Z"), what="the frozen child has ended itself")
    platform.until(run, lambda story: any(event.target == "fenced" for event in story.events))  # refused, and kept
    story = platform.ended(run)
    assert story.path == ["queued/due", "running", "queued/rescued", "running", "succeeded"]
    assert [(entry.word, entry.pid == first) for entry in platform.ledger.of(run)] == [
        ("start", True),
        ("start", False),
        ("end", False),
    ]


def test_a_worker_that_is_frozen_whole_leaves_its_runs_to_another(platform: Platform) -> None:
    run = platform.run("probe.sleep", seconds=5)
    platform.running(run)
    worker = platform["worker"]
    with frozen(platform, worker.pid, *worker.children()):
        second = platform.start("worker")
        story = platform.ended(run)
        assert story.worker.startswith(f"{second.title}@")
    assert len(platform.ledger.of(run, "end")) == 1
    again = platform.ended(platform.run("probe.echo"))
    assert again.status == "succeeded"


def test_a_child_whose_run_is_taken_from_it_ends_itself_in_the_middle_of_its_lease(platform: Platform) -> None:
    for other in platform.living("worker"):
        other.stop()
    platform.wait_until_ready(platform.start("worker", LEASE_SECONDS="20"))
    run = platform.run("probe.deaf", seconds=8)
    platform.running(run)
    platform.do(inside.take_away, run)
    story = platform.ended(run)
    assert story.path == ["queued/due", "running", "queued/handed_back", "running", "succeeded"]
    assert (story.failures, story.crashes, story.claim_no) == (0, 0, 2)
    starts, ends = platform.ledger.of(run, "start"), platform.ledger.of(run, "end")
    assert [entry.pid for entry in ends] == [starts[1].pid], "who had lost it did not come to its end"
    assert starts[0].pid not in platform["worker"].children()
