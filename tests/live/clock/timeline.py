"""What tests with a moving clock share: a platform that begins at an instant, and the history of a task in lines."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from uuid import UUID

from tests.faults.conftest import SHORT, check_records
from tests.live import inside
from tests.live.platform import Platform, platform_from
from tests.live.story import Story
from tests.live.surroundings import WAIT_SECONDS, eventually

PROCESSES = ("redis", "worker", "beat")


@contextmanager
def platform_at(instant: datetime) -> Iterator[Platform]:
    """Run the engine from that instant on; at its end the record of every run is sound."""
    with platform_from(instant, *PROCESSES, **SHORT) as platform:
        yield platform
        check_records(platform.do(inside.stories))


def make(platform: Platform, name: str, type: str = "probe.echo", *, seconds: float = 0, **spec: Any) -> UUID:
    """Make a task of a probe."""
    return platform.do(inside.task, name, type, platform.probe(seconds=seconds), **spec)


def stories(platform: Platform, task: UUID) -> list[Story]:
    """Give what the history holds of the task, by its slots."""
    found = platform.do(inside.stories, task_id=task)
    return sorted(found, key=lambda story: (story.scheduled_for or story.events[0].at, story.run_id))


def lines(found: list[Story]) -> list[str]:
    """Tell the history, a line per row."""
    return [story.line for story in found]


def until(platform: Platform, task: UUID, expected: list[str], seconds: float = WAIT_SECONDS) -> list[Story]:
    """Wait until the history of the task is this, and no more."""
    found: list[Story] = []

    def is_there() -> bool:
        found[:] = stories(platform, task)
        return lines(found) == expected

    try:
        eventually(is_there, seconds)
    except AssertionError:
        assert lines(found) == expected
    return found


def outage(platform: Platform, until: datetime) -> None:
    """Stop every process in good order, let the time pass, start them again as at the first start."""
    platform.stop()
    platform.processes.clear()
    platform.clock.move_to(until)
    platform.launch(*PROCESSES)
