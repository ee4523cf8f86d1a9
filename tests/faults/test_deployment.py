"""A worker is replaced by another while work goes on."""

import signal
from collections.abc import Iterator
from uuid import UUID

import pytest

from tests.live.platform import Platform
from tests.live.process import Process
from tests.live.surroundings import eventually

pytestmark = pytest.mark.live

LONG_LEASE = {"LEASE_SECONDS": "20"}  # who holds the interpreter renews no lease


def test_a_worker_that_is_asked_to_stop_gives_its_work_to_the_next(platform: Platform) -> None:
    first = platform["worker"]
    second = platform.start("worker")
    platform.wait_until_ready(second)
    long = [platform.run("probe.sleep", seconds=8) for _ in range(4)]
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


@pytest.fixture
def leaving(platform: Platform) -> Iterator[Process]:
    """A worker of six children that has all the work to itself, and that will be told to stop."""
    for other in platform.living("worker"):
        other.stop()
    worker = platform.start("worker", WORKER_CONCURRENCY="6", **LONG_LEASE)
    platform.wait_until_ready(worker)
    yield worker
    if worker.is_alive:
        worker.kill()


def at_work(platform: Platform, *probes: str) -> dict[str, UUID]:
    """Let one run of each probe begin; none ends within the grace by itself."""
    found = {probe: platform.run(probe, seconds=10) for probe in probes}
    for run in found.values():
        platform.running(run)
    return found


def has_run_twice_for_nothing(platform: Platform, found: dict[str, UUID]) -> None:
    """Wait for the end of runs that were handed back; it was not held against them.

    A child that was claiming in the very moment of the stop may take one of them, and hand it back once more.
    """
    for probe, run in found.items():
        story = platform.ended(run, 60)
        moves = [(event.target, event.reason, event.actor) for event in story.moves]
        said = f"{probe}: {moves} {[attempt.error for attempt in story.attempts]}"
        assert (story.status, story.failures, story.crashes) == ("succeeded", 0, 0), said
        assert story.claim_no > 1, said


def test_a_stop_of_the_whole_group_asks_the_handlers_and_costs_no_attempt(platform: Platform, leaving: Process) -> None:
    found = at_work(platform, "probe.asks", "probe.sleep", "probe.deaf", "probe.stubborn", "probe.gil")
    ending = platform.run("probe.echo", seconds=0.5)
    eventually(lambda: platform.ledger.of(ending, "start"), what="it has begun")
    leaving.send_group(signal.SIGTERM)  # as systemd and a terminal do
    assert leaving.wait() == 0
    asked = platform.story(found.pop("probe.asks"))
    assert len(platform.ledger.of(asked.run_id, "asked")) == 1
    for story in (asked, platform.story(ending)):
        assert (story.status, story.claim_no) == ("succeeded", 1), "who ends within the grace has ended"
    for probe, run in found.items():
        story = platform.story(run)
        assert story.path == ["queued/due", "running", "queued/handed_back"], probe
        assert (story.failures, story.crashes) == (0, 0), probe
    platform.wait_until_ready(platform.start("worker", **LONG_LEASE))
    has_run_twice_for_nothing(platform, found)


def once(words: str) -> object:
    """What a word does in the processes is no matter of the database."""
    return pytest.param(words, marks=pytest.mark.sqlite)


@pytest.mark.parametrize("words", ["TERM TERM", once("TERM QUIT"), once("INT INT"), once("QUIT"), once("TERM HUP")])
def test_a_harder_or_a_second_word_to_the_whole_group_costs_no_attempt_either(
    platform: Platform, leaving: Process, words: str
) -> None:
    found = at_work(platform, "probe.sleep", "probe.deaf", "probe.stubborn", "probe.gil")
    for word in words.split():
        leaving.send_group(signal.Signals[f"SIG{word}"])
    assert leaving.wait() == 0, "it has stopped by itself, and was not started anew"
    platform.wait_until_ready(platform.start("worker", **LONG_LEASE))
    has_run_twice_for_nothing(platform, found)


def test_a_worker_whose_terminal_is_closed_stops_in_good_order(platform: Platform, leaving: Process) -> None:
    found = at_work(platform, "probe.sleep", "probe.stubborn")
    leaving.send_group(signal.SIGHUP)
    assert leaving.wait() == 0
    platform.wait_until_ready(platform.start("worker", **LONG_LEASE))
    has_run_twice_for_nothing(platform, found)
