"""A run with its events and attempts, as it stood at one moment; and what must hold for any run, whatever happened."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from tasks_app.states import FINAL, Status, can_move


@dataclass(frozen=True)
class Event:
    """One transition."""

    version: int | None
    source: str
    target: str
    reason: str
    actor: str
    claim_no: int
    error: str
    at: datetime


@dataclass(frozen=True)
class Attempt:
    """One attempt that did not succeed."""

    number: int
    outcome: str
    error: str


@dataclass(frozen=True)
class Story:
    """The run."""

    run_id: UUID
    task_id: UUID | None
    type: str
    payload: Any
    trigger: str
    queue: str
    status: str
    reason: str
    version: int
    slot: datetime | None
    scheduled_for: datetime | None
    range_to: datetime | None
    range_count: int | None
    started_at: datetime | None
    finished_at: datetime | None
    failures: int
    crashes: int
    claim_no: int
    worker: str
    error: str
    result: Any
    is_asked_to_stop: bool
    is_dismissed: bool
    attempts: tuple[Attempt, ...]
    events: tuple[Event, ...]

    @property
    def is_final(self) -> bool:
        """Nothing can change it any more."""
        return self.status in FINAL

    @property
    def line(self) -> str:
        """The run as a line of a history: "10 07:00 succeeded", "10 07:01 - 10 11:59 (299) skipped/missed"."""
        span = f" - {self.range_to:%d %H:%M} ({self.range_count})" if self.range_to else ""
        return f"{self.scheduled_for:%d %H:%M}{span} {self.status}{self.reason and f'/{self.reason}'}"

    @property
    def ending(self) -> tuple[str, str]:
        """Status and reason."""
        return self.status, self.reason

    @property
    def moves(self) -> tuple[Event, ...]:
        """The transitions, without refused writes and what people have said about side effects."""
        return tuple(event for event in self.events if event.target not in ("fenced", "settled"))

    @property
    def path(self) -> list[str]:
        """Where it has been, in order: `status` or `status/reason`."""
        return [f"{event.target}/{event.reason}" if event.reason else event.target for event in self.moves]

    def faults(self) -> list[str]:
        """Say what is wrong with the run's record; nothing is, whatever happened to the processes."""
        return [*self._chain_faults(), *self._version_faults(), *self._count_faults()]

    def _chain_faults(self) -> list[str]:
        faults = []
        before = ""
        for event in self.moves:
            if event.source != before:
                faults.append(f"an event comes from {event.source!r}, but the run was {before!r}")
            if before and not can_move(Status(before), Status(event.target)):
                faults.append(f"{before} → {event.target} is no arrow")
            before = event.target
        last = self.moves[-1] if self.moves else None
        if last is None or (last.target, last.reason) != self.ending:
            faults.append(f"the events end at {last}, the run at {self.ending}")
        return faults

    def _version_faults(self) -> list[str]:
        versions = [event.version for event in self.moves]
        numbers = [version for version in versions if version is not None]
        faults = []
        if len(numbers) < len(versions) or numbers != sorted(set(numbers)) or numbers[:1] != [1]:
            faults.append(f"the versions of the events are {versions}")
        # A wish to stop and a dismissal are visible changes without a transition.
        silent = self.version - len(numbers)
        if silent not in range(self.is_asked_to_stop + self.is_dismissed + 1):
            faults.append(f"version {self.version} after {len(numbers)} events")
        return faults

    def _count_faults(self) -> list[str]:
        claims = sum(event.target == Status.RUNNING for event in self.moves)
        faults = [] if claims == self.claim_no else [f"claimed {claims} times, but claim_no is {self.claim_no}"]
        if len(self.attempts) < self.failures + self.crashes:
            faults.append(f"{self.failures} failures and {self.crashes} crashes, but {len(self.attempts)} attempts")
        return faults
