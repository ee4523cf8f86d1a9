"""The shared memory between a worker's parent and its children."""

import contextlib
import mmap
import os
import tempfile
import time
import uuid
from collections.abc import Callable
from typing import Any

import pytest

from tasks_app.models.platform import GROUP_MOST
from tasks_app.services.execution.board import CHILDREN, Board, Deadline, Held, Slot

RUN = uuid.UUID("0190a0b1-c2d3-7e4f-8a5b-6c7d8e9f0a1b")


def slot(index: int = 0, **fields: object) -> Slot:
    """Make what a child would write."""
    values: dict[str, object] = {"pid": 4711, "run_id": RUN, "claim_no": 3, "is_background": False, **fields}
    return Slot(index, **values)  # type: ignore[arg-type]


def test_a_new_board_is_empty_and_asks_nobody_to_stop() -> None:
    board = Board()
    assert board.busy() == []
    assert board.stop_by is None
    assert board.read(0) is None


def test_what_is_written_is_read_until_it_is_cleared() -> None:
    board = Board()
    written = slot(5, is_background=True, deadline=Deadline.LEASE, ends_at=12.5)
    board.write(5, written)
    assert board.read(5) == written
    assert board.busy() == [written]
    board.clear(5)
    assert board.busy() == []


def test_slots_do_not_touch_their_neighbours() -> None:
    board = Board()
    most = slot(1, pid=2**32 - 1, claim_no=2**32 - 1, ends_at=1e18, deadline=Deadline.SHUTDOWN)
    for index in (0, 1, 2, CHILDREN * 2 - 1):
        board.write(index, slot(index))
    board.write(1, most)
    assert board.busy() == [slot(0), most, slot(2), slot(CHILDREN * 2 - 1)]
    board.clear(1)
    assert [found.index for found in board.busy()] == [0, 2, CHILDREN * 2 - 1]


class Watched:
    """A memory that is looked at after each write."""

    def __init__(self, board: Board, look: Callable[[], None]) -> None:
        self._memory: Any = board._memory
        self._look = look

    def __getitem__(self, at: Any) -> Any:
        return self._memory[at]

    def __setitem__(self, at: Any, value: Any) -> None:
        self._memory[at] = value
        self._look()


def test_a_deadline_that_is_being_set_is_at_no_moment_one_that_has_come() -> None:
    board, seen = Board(), []

    def look() -> None:
        found = board.read(0)
        assert found is not None
        seen.append(found.died_of(1000.0))

    board._memory = Watched(board, look)  # type: ignore[assignment]
    board.write(0, slot())
    for deadline, ends_at in ((Deadline.LEASE, 1030.0), (Deadline.HARD_LIMIT, 1010.0), (Deadline.LEASE, 1040.0)):
        board.set_deadline(0, deadline, ends_at)
    assert len(seen) == 7
    assert set(seen) == {Deadline.NONE}


def test_a_deadline_is_set_on_a_busy_slot_only() -> None:
    board = Board()
    board.set_deadline(0, Deadline.CANCEL, 9.0)
    assert board.read(0) is None
    board.write(0, slot())
    board.set_deadline(0, Deadline.CANCEL, 9.0)
    found = board.read(0)
    assert found is not None
    assert (found.deadline, found.ends_at, found.run_id, found.claim_no) == (Deadline.CANCEL, 9.0, RUN, 3)


@pytest.mark.parametrize(
    ("deadline", "ends_at", "now", "died_of"),
    [
        (Deadline.HARD_LIMIT, 10.0, 10.1, Deadline.HARD_LIMIT),
        (Deadline.HARD_LIMIT, 10.0, 9.9, Deadline.NONE),
        (Deadline.NONE, 0.0, 10.0, Deadline.NONE),
    ],
)
def test_a_child_died_of_its_deadline_only_when_that_had_come(
    deadline: Deadline, ends_at: float, now: float, died_of: Deadline
) -> None:
    assert slot(deadline=deadline, ends_at=ends_at).died_of(now) == died_of


def test_an_earlier_wish_to_stop_wins_over_a_later_one() -> None:
    board = Board()
    board.ask_stop(by=100.0)
    board.ask_stop(by=50.0)
    board.ask_stop(by=80.0)
    assert board.stop_by == 50.0


def test_a_new_child_leaves_the_unsettled_run_of_its_predecessor_alone() -> None:
    board = Board()
    first = board.free_bank(3)
    board.write(first, slot(first))
    second = board.free_bank(3)
    assert second != first
    board.write(second, slot(second))
    assert {found.index for found in board.busy()} == {first, second}
    board.clear(first)
    assert board.free_bank(3) == first


def test_more_children_than_places_share_them() -> None:
    board = Board()
    assert board.free_bank(CHILDREN + 2) == board.free_bank(2)


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")  # newer Pythons on a fork beside threads
def test_parent_and_child_see_the_same_board() -> None:
    board = Board()
    child = os.fork()
    if not child:
        board.write(0, slot(pid=os.getpid()))
        deadline = time.monotonic() + 10
        while board.stop_by is None and time.monotonic() < deadline:
            time.sleep(0.01)
        os._exit(0 if board.stop_by == 7.0 else 1)
    deadline = time.monotonic() + 10
    while not board.busy() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert [found.pid for found in board.busy()] == [child]
    board.ask_stop(by=7.0)
    assert os.waitpid(child, 0)[1] == 0


def test_what_a_child_holds_of_a_group_is_read_until_it_holds_nothing() -> None:
    board = Board()
    claims = [(uuid.uuid4(), number) for number in range(GROUP_MOST)]
    for index in (0, 1, CHILDREN * 2 - 1):
        board.hold(Held(index, 4711, claims[: index + 2]))
    board.hold(Held(1, 4712, claims, is_background=True))
    assert board.held(0).claims == claims[:2], "its neighbour has not touched it"
    assert board.held(1) == Held(1, 4712, claims, is_background=True)
    board.hold(Held(1, 4712, []))
    assert [held.index for held in board.all_held()] == [0, CHILDREN * 2 - 1]
    assert board.busy() == []


class Killed(Exception):
    """Raised where a kill would come."""


class UntilKilled:
    """Memory whose user is killed after so many bytes that it has written."""

    def __init__(self, memory: mmap.mmap, after: int) -> None:
        self.memory, self.left = memory, after

    def __getitem__(self, where: Any) -> Any:
        return self.memory[where]

    def __setitem__(self, where: Any, value: Any) -> None:
        start, data = (where.start, value) if isinstance(where, slice) else (where, bytes([value]))
        written = data[: self.left]
        self.memory[start : start + len(written)] = written
        self.left -= len(written)
        if len(written) < len(data):
            raise Killed


def test_a_child_that_is_killed_at_any_byte_of_a_note_leaves_the_one_before_or_the_new_one() -> None:
    before = Held(1, 4711, [(uuid.uuid4(), number) for number in range(3)], is_background=True)
    after = Held(1, 4711, [(uuid.uuid4(), number) for number in range(2)], is_background=True)
    found = []
    for byte in range(80):
        board = Board()
        board.hold(before)
        memory = board._memory
        board._memory = UntilKilled(memory, byte)  # type: ignore[assignment]  # as much of one as is used
        with contextlib.suppress(Killed):
            board.hold(after)
        board._memory = memory
        found.append(board.held(1))
    assert [held for held in found if held not in (before, after)] == []
    assert (found[0], found[-1]) == (before, after)


def test_a_new_child_leaves_what_its_predecessor_held() -> None:
    board = Board()
    board.hold(Held(3, 4711, [(RUN, 1)]))
    assert board.free_bank(3) == 3 + CHILDREN


def test_a_child_with_background_work_is_counted_once_whatever_shows_it() -> None:
    board = Board()
    board.write(0, slot(is_background=True))
    board.hold(Held(0, 4711, [(RUN, 1)], is_background=True))
    board.hold(Held(1, 4712, [(RUN, 1)], is_background=True))
    board.write(2, slot(2))
    assert board.in_background() == 2
    board.clear(0)
    assert board.in_background() == 2, "between two runs of its group"


@pytest.mark.skipif(not hasattr(os, "memfd_create"), reason="there a lock needs a file on a disk")
def test_a_board_needs_no_room_on_any_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", "/nowhere")
    with Board().background_turn() as is_mine:
        assert is_mine
