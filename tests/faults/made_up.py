"""Histories made by hand, for the checker's own tests."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from tasks_app.states import FINAL
from tests.live.ledger import Entry
from tests.live.story import Attempt, Event, Story

T0 = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)
TASK = UUID(int=1)
RUN = UUID(int=100)


def at(seconds: float) -> datetime:
    """Give an instant of the history."""
    return T0 + timedelta(seconds=seconds)


def stamp(seconds: float) -> float:
    """Give an instant of the history as the witnesses tell it."""
    return at(seconds).timestamp()


def events(*moves: tuple[float, str]) -> tuple[Event, ...]:
    """Make a chain of events: when, and `target/reason`."""
    found, before, claim = [], "", 0
    for version, (seconds, where) in enumerate(moves, start=1):
        target, _, reason = where.partition("/")
        claim += target == "running"
        actor = "beat:here:1" if version == 1 else "worker:w@here"
        found.append(Event(version, before, target, reason, actor, claim, "", at(seconds)))
        before = target
    return tuple(found)


GOOD = ((0.1, "queued/due"), (0.3, "running"), (1.0, "succeeded"))


def story(number: int = 0, *moves: tuple[float, str], **fields: Any) -> Story:
    """Make a run whose record is sound; `fields` may spoil it."""
    chain = events(*(moves or GOOD))
    last, claims = chain[-1], sum(event.target == "running" for event in chain)
    crashes = sum(event.reason == "rescued" for event in chain)
    ended = last.at if last.target in FINAL else None
    whole = Story(
        run_id=UUID(int=RUN.int + number),
        task_id=TASK,
        type="probe.sleep",
        payload={"seconds": 0.5},
        trigger="schedule",
        queue="default",
        status=last.target,
        reason=last.reason,
        version=len(chain),
        slot=T0,
        scheduled_for=T0,
        range_to=None,
        range_count=None,
        started_at=None,
        finished_at=ended,
        failures=0,
        crashes=crashes,
        claim_no=claims,
        worker="w@here",
        error="",
        result=None,
        is_asked_to_stop=False,
        is_dismissed=False,
        attempts=tuple(Attempt(number, "worker_lost", "") for number in range(crashes)),
        events=chain,
    )
    return replace(whole, **fields)


def line(seconds: float, word: str, number: int = 0, attempt: int = 1, pid: int = 11) -> Entry:
    """Make a line of the ledger."""
    return Entry(word, UUID(int=RUN.int + number), attempt, pid, stamp(seconds))


WITNESS = (line(0.4, "start"), line(0.9, "end"))
