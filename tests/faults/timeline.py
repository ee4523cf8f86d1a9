"""A counter-example in the order of time: what the rows, the witnesses and the nemesis say about one run or task."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from tests.faults.history import History
from tests.live.story import Story

_LINES = 80
_AROUND_SECONDS = 60.0


@dataclass(frozen=True)
class Violation:
    """An invariant that does not hold, and about which run or task."""

    invariant: str
    sentence: str
    subject: UUID | None = None

    def __str__(self) -> str:
        return f"{self.invariant}: {self.sentence}"


def tell(violation: Violation, history: History) -> str:
    """Tell the counter-example, a line per happening."""
    stories = [one for one in history.stories if violation.subject in (one.run_id, one.task_id)]
    own = sorted(_own_lines(violation.subject, stories, history), key=_when)
    first, last = (own[0][0], own[-1][0]) if own else (float("-inf"), float("inf"))
    near = [
        (one.at, f"nemesis  {one.op} {one.target}")
        for one in history.operations
        if first - _AROUND_SECONDS <= one.at <= last + _AROUND_SECONDS
    ]
    lines = [f"{_clock(at)}  {text}" for at, text in sorted(own + near, key=_when)]
    if len(lines) > _LINES:
        lines[_LINES // 2 : -_LINES // 2] = [f"… {len(lines) - _LINES} lines left out"]
    return "\n".join([str(violation), *(f"  {line}" for line in lines)])


def _own_lines(subject: UUID | None, stories: list[Story], history: History) -> Iterator[tuple[float, str]]:
    ids = {subject, *(story.run_id for story in stories)}
    for story in stories:
        yield story.events[0].at.timestamp(), f"row      {story.run_id} {story.type} slot {story.slot} {story.ending}"
        for event in story.events:
            words = f"{event.source or 'new'} → {event.target} {event.reason} claim {event.claim_no} by {event.actor}"
            yield event.at.timestamp(), f"event    {story.run_id} {words} {event.error}".rstrip()
    for entry in (entry for entry in history.ledger if entry.run_id in ids):
        yield entry.at, f"ledger   {entry.run_id} {entry.word} attempt {entry.attempt} in process {entry.pid}"
    for sent in (sent for sent in history.sent if sent.run_id in ids):
        yield sent.at, f"sink     {sent.run_id} key {sent.key}"
    for one in (one for one in history.requests if one.subject is not None and one.subject in ids):
        yield one.sent_at, f"request  {one.deed} {one.subject} {one.mark} → {one.status}"


def _when(line: tuple[float, str]) -> float:
    return line[0]


def _clock(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%H:%M:%S.%f")[:-3]
