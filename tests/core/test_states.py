"""The table of arrows."""

import pytest

from tasks_app.states import ARROWS, FINAL, OPEN, Status, can_move


def test_every_status_has_its_row() -> None:
    assert set(ARROWS) == set(Status)
    assert set(Status) == FINAL | OPEN


@pytest.mark.parametrize("status", sorted(FINAL))
def test_final_is_final(status: Status) -> None:
    assert not any(can_move(status, target) for target in Status)


@pytest.mark.parametrize("status", sorted(OPEN))
def test_every_open_status_can_reach_an_end(status: Status) -> None:
    reached = {status}
    while (more := reached.union(*(ARROWS[one] for one in reached))) != reached:
        reached = more
    assert reached & FINAL


def test_only_a_queued_run_can_begin() -> None:
    assert [source for source in Status if can_move(source, Status.RUNNING)] == [Status.QUEUED]
