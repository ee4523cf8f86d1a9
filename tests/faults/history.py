"""All that is known after a time of faults: the rows, the witnesses outside the database, and what was done to whom."""

import json
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from uuid import UUID

from tests.live.ledger import Entry
from tests.live.story import Story


@dataclass(frozen=True)
class Operation:
    """One thing that the nemesis did; what lasts ends with its target's `start`, or with `heal` at the latest."""

    at: float
    op: str
    target: str = ""
    lasts: bool = False
    blinds: bool = False  # while it lasts, the platform must say that it needs a person

    def ends(self, other: "Operation") -> bool:
        """Say whether this is the end of what the other began."""
        return self.op == "heal" or (self.op, self.target) == ("start", other.target)


@dataclass(frozen=True)
class Request:
    """One request of the workload, answered or not (`status` 0); `mark` is in the payload of the run that it makes."""

    sent_at: float
    ended_at: float
    deed: str
    status: int
    subject: UUID | None = None
    mark: str = ""

    @property
    def is_promised(self) -> bool:
        """It was answered well: from here on its effect may not be lost."""
        return 200 <= self.status < 300


@dataclass(frozen=True)
class Sent:
    """One delivery at a sink outside: a request with its Idempotency-Key, a mail with its Message-ID."""

    at: float
    key: str
    run_id: UUID


@dataclass(frozen=True)
class Look:
    """One look at /statusz."""

    at: float
    is_well: bool


@dataclass(frozen=True)
class Expected:
    """The slots that a task must have, and those of the moments in which it was just being made, edited or ended."""

    must: frozenset[datetime]
    may: frozenset[datetime] = frozenset()


@dataclass(frozen=True)
class Bounds:
    """The promised seconds: to a run's end after the last fault, to a start, to a word on /statusz."""

    end: float = 40.0
    start: float = 40.0
    calm_start: float = 5.0
    word: float = 10.0


@dataclass(frozen=True)
class History:
    """What the checker judges."""

    stories: Collection[Story]
    ledger: Collection[Entry] = ()
    sent: Collection[Sent] = ()
    operations: Collection[Operation] = ()
    requests: Collection[Request] = ()
    expected: Mapping[UUID, Expected] = field(default_factory=dict)
    looks: Collection[Look] = ()
    remains: Mapping[str, int] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)
    canaries: Collection[str] = ()
    bounds: Bounds = Bounds()

    @property
    def healed_at(self) -> float:
        """When the last fault had ended; 0 without any."""
        return max((operation.at for operation in self.operations), default=0.0)


class Journal:
    """The nemesis' record, a line of JSON each, written before the deed."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.operations: list[Operation] = []

    def note(self, operation: Operation) -> None:
        """Write one operation down."""
        self.operations.append(operation)
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(operation)) + "\n")


def read_journal(path: Path) -> list[Operation]:
    """Read the record of a nemesis."""
    return [Operation(**json.loads(line)) for line in path.read_text(encoding="utf-8").splitlines()]
