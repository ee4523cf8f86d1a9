"""What a sweep is about and how far it has come, and how that is written down between its steps."""

import uuid
from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from tasks_app.selectors.access import Deed
from tasks_app.selectors.run_list import RunFilters
from tasks_app.selectors.search_text import Search, Term, Word
from tasks_app.services.steps import State

CAP = 10_000


class Verb(StrEnum):
    """What is done with each run."""

    RETRY = "retry"
    DISMISS = "dismiss"
    CANCEL = "cancel"
    UNDISMISS = "undismiss"
    """Only as the way back."""

    @property
    def deed(self) -> Deed:
        """What one must be allowed with each of the runs."""
        return Deed.CANCEL if self is Verb.CANCEL else Deed.RUN


@dataclass(frozen=True)
class Plan:
    """What a sweep is about, as counted before it: `total` is taken to 10,001 at most.

    `cursor` lies just behind the newest run; `floor` is the oldest that was looked at, where not all were.
    """

    verb: Verb
    filters: RunFilters
    total: int = 0
    cursor: uuid.UUID | None = None
    floor: uuid.UUID | None = None

    @property
    def is_capped(self) -> bool:
        """There are more than are counted."""
        return self.total > CAP


@dataclass(frozen=True)
class Progress:
    """How far a sweep is: runs older than `plan.cursor` are to come; None at the end.

    `left` counts what was left alone, by the reason.
    """

    plan: Plan
    note: str = ""
    done: int = 0
    left: dict[str, int] = field(default_factory=dict)
    stopped: str = ""
    """Why it paused before its time, in a sentence."""
    granted: int = 0
    """How many more runs the start that was counted last is good for."""
    known: int = 0
    """Of how many the way back is kept in mind: all that were dismissed, up to 10,000."""

    @property
    def is_finished(self) -> bool:
        """Nothing is left to do."""
        if self.plan.verb is Verb.UNDISMISS:
            return self.seen >= self.plan.total
        return self.plan.cursor is None

    @property
    def can_undo(self) -> bool:
        """All that was done can be taken back at once."""
        return self.is_finished and self.plan.verb is Verb.DISMISS and 0 < self.done == self.known

    @property
    def seen(self) -> int:
        """How many runs were looked at."""
        return self.done + sum(self.left.values())


def written(progress: Progress) -> State:
    """Write it down."""
    state = asdict(progress)
    state["plan"]["filters"]["zone"] = getattr(progress.plan.filters.zone, "key", "UTC")
    return state


def read(state: State) -> Progress:
    """Read it back."""
    plan = state["plan"]
    read = Plan(
        Verb(plan["verb"]), _filters(plan["filters"]), plan["total"], _as_id(plan["cursor"]), _as_id(plan["floor"])
    )
    return Progress(**{**state, "plan": read})


def _filters(stored: dict[str, Any]) -> RunFilters:
    found = {one.name: stored[one.name] for one in fields(RunFilters) if stored.get(one.name) not in (None, "")}
    for name in ("task", "batch"):
        found |= {name: uuid.UUID(found[name])} if name in found else {}
    found["ids"] = tuple(map(uuid.UUID, found.get("ids", ())))
    for name in ("now", "created_from", "created_to", "ended_from", "ended_to"):
        found |= {name: datetime.fromisoformat(found[name])} if name in found else {}
    if "read" in found:
        terms = tuple(Term(one["name"], tuple(one["values"]), one["is_not"]) for one in found["read"]["terms"])
        found["read"] = Search(tuple(Word(**one) for one in found["read"]["words"]), terms)
    return RunFilters(**{**found, "zone": UTC if found["zone"] == "UTC" else ZoneInfo(found["zone"])})


def _as_id(text: str | uuid.UUID | None) -> uuid.UUID | None:
    return uuid.UUID(str(text)) if text else None
