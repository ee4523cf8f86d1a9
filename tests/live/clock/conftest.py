"""One engine for tests that go from year to year: its clock never goes back, and each test has a year of its own."""

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import count

import pytest

from tests.live import inside
from tests.live.clock import timeline
from tests.live.platform import Platform

FIRST_YEAR = 2026


@pytest.fixture(scope="package")
def lasting() -> Iterator[tuple[Platform, Iterator[int]]]:
    """The engine, and the years to come."""
    with timeline.platform_at(datetime(FIRST_YEAR, 1, 1, tzinfo=UTC)) as platform:
        yield platform, count(FIRST_YEAR)


@pytest.fixture
def year(lasting: tuple[Platform, Iterator[int]]) -> int:
    """A year that the engine has not seen yet."""
    return next(lasting[1])


@pytest.fixture
def platform(lasting: tuple[Platform, Iterator[int]]) -> Iterator[Platform]:
    """The engine; the tasks of a test end with it."""
    yield lasting[0]
    lasting[0].do(inside.end_tasks)
