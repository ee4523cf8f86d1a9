"""The small shared memory between a worker's parent and its children.

A header carries the parent's wish to stop or to be quiet; each child has a slot that says which run it works on, so
that the parent can settle that run at once when the child is gone. Made in the parent before it forks. Each slot has
two banks: a new child takes the one that its predecessor did not leave behind.
"""

import contextlib
import fcntl
import mmap
import os
import struct
import tempfile
import time
import uuid
import weakref
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum

from tasks_app.models.platform import GROUP_MOST

CHILDREN = 256
_BANKS = 2
_HEADER = struct.Struct("=dd")
_LAST_CLAIM = struct.Struct("=d")
_QUIET_AT = _HEADER.size + _LAST_CLAIM.size
_SLOTS_AT = _QUIET_AT + 8
_SLOT = struct.Struct("=BBBxdII16s")
_ENDS_AT, _ENDS = 4, struct.Struct("=d")
_HELD = struct.Struct("=IIB")
_MEMBER = struct.Struct("=16sI")
_LIST_SIZE = _HELD.size + GROUP_MOST * _MEMBER.size
_LISTS = 2
_HELD_SIZE = 1 + _LISTS * _LIST_SIZE  # which of its lists holds, and the lists
_HELD_AT = _SLOTS_AT + CHILDREN * _BANKS * _SLOT.size


class Deadline(IntEnum):
    """Why a child would be ended next; what its death by SIGALRM then means."""

    NONE = 0
    HARD_LIMIT = 1
    LEASE = 2
    CANCEL = 3
    SHUTDOWN = 4


@dataclass(frozen=True)
class Slot:
    """What a child was doing: its run and claim, and which deadline comes first, at which monotonic instant."""

    index: int
    pid: int
    run_id: uuid.UUID
    claim_no: int
    is_background: bool
    deadline: Deadline = Deadline.NONE
    ends_at: float = 0.0

    def died_of(self, now: float) -> Deadline:
        """Say which deadline ended the child; NONE when it died before any of them had come (a crash)."""
        return self.deadline if self.deadline and now >= self.ends_at else Deadline.NONE


@dataclass(frozen=True)
class Held:
    """What a child holds of a group: run ids, each with its claim."""

    index: int
    pid: int
    claims: list[tuple[uuid.UUID, int]]
    is_background: bool = False


class Board:
    """The shared memory itself."""

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, _HELD_AT + CHILDREN * _BANKS * _HELD_SIZE)
        self._background = _nameless_file()
        weakref.finalize(self, os.close, self._background)

    @contextlib.contextmanager
    def background_turn(self) -> Iterator[bool]:
        """Let one child at a time count and claim background work; False when it is another's turn.

        The kernel gives the turn back when its holder dies. Nobody waits for it: its holder may be frozen.
        """
        try:
            fcntl.lockf(self._background, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            yield False
            return
        try:
            yield True
        finally:
            fcntl.lockf(self._background, fcntl.LOCK_UN)

    def ask_stop(self, *, by: float) -> None:
        """Ask the children to end by the monotonic instant `by`; a second, earlier wish wins."""
        _, before = self._header()
        self._memory[: _HEADER.size] = _HEADER.pack(1.0, min(by, before) if before else by)

    @property
    def stop_by(self) -> float | None:
        """The monotonic instant by which the children must have ended; None while nobody asked."""
        is_asked, by = self._header()
        return by if is_asked else None

    def be_quiet(self, is_quiet: bool) -> None:
        """Ask the children to end what they have and take nothing more, or to take work again."""
        self._memory[_QUIET_AT] = is_quiet

    @property
    def is_quiet(self) -> bool:
        """Whether the children take nothing more for now."""
        return bool(self._memory[_QUIET_AT])

    @property
    def takes_work(self) -> bool:
        """Whether a child may claim another run."""
        return self.stop_by is None and not self.is_quiet

    def note_claim(self) -> None:
        """Say that a child took a run just now."""
        self._memory[_HEADER.size : _QUIET_AT] = _LAST_CLAIM.pack(time.time())

    @property
    def last_claim(self) -> float | None:
        """The Unix time at which a child last took a run; None while none has."""
        return _LAST_CLAIM.unpack(self._memory[_HEADER.size : _QUIET_AT])[0] or None

    def free_bank(self, child: int) -> int:
        """Give the slot index for a new child: one that holds no unsettled run."""
        for bank in range(_BANKS):
            index = child % CHILDREN + bank * CHILDREN
            if self.read(index) is None and not self.held(index).claims:
                return index
        return child % CHILDREN

    def write(self, index: int, slot: Slot) -> None:
        """Say what the child works on."""
        packed = _SLOT.pack(
            1, slot.deadline, slot.is_background, slot.ends_at, slot.pid, slot.claim_no, slot.run_id.bytes
        )
        self._memory[self._at(index) : self._at(index) + _SLOT.size] = packed

    def set_deadline(self, index: int, deadline: Deadline, ends_at: float) -> None:
        """Say which deadline comes first, and when: that before the other, for somebody may look in between, and a
        deadline with the instant 0 of a new slot would have come long ago."""
        start = self._at(index)
        if self._memory[start]:
            self._memory[start + _ENDS_AT : start + _ENDS_AT + _ENDS.size] = _ENDS.pack(ends_at)
            self._memory[start + 1] = deadline

    def clear(self, index: int) -> None:
        """Say that the child works on nothing."""
        self._memory[self._at(index)] = 0

    def read(self, index: int) -> Slot | None:
        """Give what stands in a slot; None when it is free."""
        start = self._at(index)
        if not self._memory[start]:
            return None
        packed = self._memory[start : start + _SLOT.size]
        _, deadline, background, ends_at, pid, claim_no, run = _SLOT.unpack(packed)
        return Slot(index, pid, uuid.UUID(bytes=run), claim_no, bool(background), Deadline(deadline), ends_at)

    def busy(self) -> list[Slot]:
        """Give the slots in use."""
        return [slot for index in range(CHILDREN * _BANKS) if (slot := self.read(index)) is not None]

    def hold(self, held: Held) -> None:
        """Say which runs of a group the child holds, beside the one it works on: not begun, or ended and not written.

        Written beside the list that holds, which one byte then replaces: who dies in between leaves the one or the
        other, and its parent gives back at once what it names.
        """
        chosen = _HELD_AT + held.index * _HELD_SIZE
        other = 1 - self._memory[chosen]
        start = chosen + 1 + other * _LIST_SIZE
        packed = _HELD.pack(held.pid, len(held.claims), held.is_background)
        packed += b"".join(_MEMBER.pack(run_id.bytes, claim_no) for run_id, claim_no in held.claims)
        self._memory[start : start + len(packed)] = packed
        self._memory[chosen] = other

    def held(self, index: int) -> Held:
        """Give the runs of a group that the child holds."""
        chosen = _HELD_AT + index * _HELD_SIZE
        start = chosen + 1 + self._memory[chosen] * _LIST_SIZE
        pid, count, background = _HELD.unpack(self._memory[start : start + _HELD.size])
        start += _HELD.size
        members = _MEMBER.iter_unpack(self._memory[start : start + count * _MEMBER.size])
        claims = [(uuid.UUID(bytes=run), claim_no) for run, claim_no in members]
        return Held(index, pid, claims, bool(background))

    def all_held(self) -> list[Held]:
        """Give what the children hold."""
        return [held for index in range(CHILDREN * _BANKS) if (held := self.held(index)).claims]

    def in_background(self) -> int:
        """Give how many children have background work in hand."""
        found = {slot.index for slot in self.busy() if slot.is_background}
        return len(found | {held.index for held in self.all_held() if held.is_background})

    def _header(self) -> tuple[float, float]:
        is_asked, by = _HEADER.unpack(self._memory[: _HEADER.size])
        return is_asked, by

    def _at(self, index: int) -> int:
        return _SLOTS_AT + index * _SLOT.size


def _nameless_file() -> int:
    """Open a file for a lock of the kernel, which needs no name; on Linux not even room on a disk."""
    if hasattr(os, "memfd_create"):
        return os.memfd_create("carillon")
    number, path = tempfile.mkstemp(prefix="carillon-")
    os.unlink(path)
    return number


@dataclass(frozen=True)
class Place:
    """Where a child stands: the shared memory and its slot there, and the worker that it belongs to."""

    board: Board
    index: int
    worker: str

    def hold(self, claims: list[tuple[uuid.UUID, int]], *, is_background: bool) -> None:
        """Say which runs of a group this process holds."""
        self.board.hold(Held(self.index, os.getpid(), claims, is_background))
