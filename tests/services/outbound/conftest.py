"""A service to call, and a trap that nobody may walk into."""

from collections.abc import Iterator

import pytest

from tests.kinds.service import Service, Trap, running


@pytest.fixture
def service() -> Iterator[Service]:
    """A service on loopback."""
    with running() as found:
        yield found


@pytest.fixture
def trap() -> Iterator[Trap]:
    """A listener that must stay alone."""
    found = Trap()
    yield found
    assert found.visits() == 0
    found.close()
