"""One platform for all faults; after each test every run has ended and its record is sound."""

from collections.abc import Collection, Iterator
from uuid import UUID

import pytest

from tests.live import inside
from tests.live.conftest import pytest_runtest_makereport
from tests.live.platform import ENGINE, Platform, running_platform
from tests.live.story import Story
from tests.live.surroundings import eventually

__all__ = ["pytest_runtest_makereport"]  # what the processes said, when a test has failed

SHORT = {
    "LEASE_SECONDS": "5",
    "UPKEEP_SECONDS": "1",
    "CANCEL_GRACE_SECONDS": "2",
    "STOP_GRACE_SECONDS": "3",
    "MIN_INTERVAL_SECONDS": "1",
    "CREATES_PER_MINUTE": "0",  # a thousand tasks are made for one second
    "WORKER_CONCURRENCY": "2",
    # The services that the tests bring along are on loopback.
    "ALLOW_PRIVATE_ADDRESSES": "1",
    "ALLOW_SHELL_COMMANDS": "1",
}


@pytest.fixture(scope="package")
def shared_platform() -> Iterator[Platform]:
    """The engine with short times: Redis, mailbox, one worker with two children, one beat."""
    with running_platform(*ENGINE, **SHORT) as platform:
        yield platform


@pytest.fixture
def platform(shared_platform: Platform) -> Iterator[Platform]:
    """The engine, whole; a test may break it. Whatever it does, every run ends, and the record says how."""
    seen = {story.run_id for story in shared_platform.do(inside.stories)}
    yield shared_platform
    _start_missing(shared_platform)
    check_all(shared_platform, seen)
    _end_spare(shared_platform)


def check_all(platform: Platform, seen: Collection[UUID] = ()) -> None:
    """Wait until every run has ended, and look at the record of each that was not seen before."""
    eventually(
        lambda: not platform.do(inside.stories, status__in=["waiting", "queued", "scheduled", "running"]),
        what="all ended",
    )
    check_records([story for story in platform.do(inside.stories) if story.run_id not in seen])


def check_records(stories: Collection[Story]) -> None:
    """See that each run's record is sound, and that no slot has two runs."""
    faults = {f"{story.type} {story.run_id} {story.path}": found for story in stories if (found := story.faults())}
    assert not faults, faults
    slots = [(story.task_id, story.slot) for story in stories if story.slot]
    assert len(slots) == len(set(slots)), "one run row per slot"


def _start_missing(platform: Platform) -> None:
    started = [platform.start(kind) for kind in ENGINE if not platform.living(kind)]
    if started:
        platform.wait_until_ready(*started)


def _end_spare(platform: Platform) -> None:
    for kind in ENGINE:
        for spare in platform.living(kind)[:-1]:
            spare.kill()
