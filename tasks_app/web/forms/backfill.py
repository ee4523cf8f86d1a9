"""The form of a backfill: a range, what of it runs, and how much at a time."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.http import QueryDict

from tasks_app.errors import FieldError, Invalid
from tasks_app.models import Overlap, ScheduledTask
from tasks_app.recurrence import ScheduleError, check_timezone
from tasks_app.recurrence.moments import Unreadable, read_instant
from tasks_app.recurrence.zones import load_zone
from tasks_app.services.backfill_slots import Reprocess, some_ago
from tasks_app.services.backfills import MOST_AT_ONCE, BackfillSpec, overlap_of
from tasks_app.web.forms.field import Choice, Field, messages
from tasks_app.web.forms.policies import whole

NAMES = ("from", "to", "reprocess", "max_concurrency", "overlap")
REPROCESS = {
    Reprocess.NONE.value: "Only what has not run",
    Reprocess.FAILED.value: "Also what failed",
    Reprocess.ALL.value: "Everything, from scratch",
}
OVERLAPS = {
    Overlap.QUEUE_ALL.value: "Wait for it, one at a time",
    Overlap.ALLOW.value: "Run side by side",
}
_SHOWN_SLOTS = 14
# The field has whole minutes: the one in which the task was made lies behind it.
_ALMOST_A_MINUTE = timedelta(seconds=59, microseconds=999_999)
_WALL = "%Y-%m-%dT%H:%M"


_SPANS = (("Last day", 1), ("Last 7 days", 7), ("Last 30 days", 30))


@dataclass(frozen=True)
class Span:
    """A range to choose, and the query that does."""

    label: str
    query: str


@dataclass
class BackfillForm:
    """What the fields hold, as text, and what is wrong with it."""

    task: ScheduledTask
    values: dict[str, str]
    errors: dict[str, list[FieldError]] = field(default_factory=dict)

    @classmethod
    def of(cls, task: ScheduledTask, data: QueryDict, *, now: datetime) -> "BackfillForm":
        """Take what was typed; for what was not, the last fortnight of slots."""
        values = {
            "reprocess": Reprocess.NONE.value,
            "max_concurrency": "1",
            "overlap": overlap_of(task, None),
            **{name: str(data[name]).strip() for name in NAMES if name in data},
        }
        zone = _zone(task)
        for name, moment in (("from", _start(task, now)), ("to", now)):
            values.setdefault(name, moment.astimezone(zone).strftime(_WALL))
        return cls(task, values)

    def spec(self) -> BackfillSpec:
        """Give the same for the service; raises Invalid."""
        faults: dict[str, list[FieldError]] = {}
        instants = {}
        for name in ("from", "to"):
            try:
                instants[name] = read_instant(self.values[name], _zone(self.task))
            except Unreadable as error:
                said = error.problem.message
                faults[name] = [FieldError(error.problem.code, f"{said[:1].upper()}{said[1:]}.")]
        if faults:
            raise Invalid("The backfill was not accepted; see the fields.", fields=faults)
        return BackfillSpec(
            start=instants["from"],
            end=instants["to"],
            reprocess=self.values["reprocess"],
            overlap=self.values["overlap"],
            max_concurrency=whole(self.values["max_concurrency"]) or 0,
        )

    def spans(self, now: datetime) -> list[Span]:
        """Give ranges that people often mean, up to now, with what else was chosen."""
        end = now.astimezone(_zone(self.task))
        kept = {name: self.values[name] for name in NAMES}
        found = []
        for label, days in _SPANS:
            times = {"from": (end - timedelta(days=days)).strftime(_WALL), "to": end.strftime(_WALL)}
            found.append(Span(label, urlencode({**kept, **times})))
        return found

    def fields(self) -> dict[str, Field]:
        """Give the fields, by name."""
        found = (
            self._field("from", "From", kind="datetime"),
            self._field("to", "To", kind="datetime", help=f"Both included; {self.task.timezone} time."),
            self._field("reprocess", "What runs", kind="radio", choices=self._choices("reprocess", REPROCESS)),
            self._field(
                "overlap",
                "While another run of the task has not ended",
                kind="enum",
                choices=self._choices("overlap", OVERLAPS),
            ),
            self._field(
                "max_concurrency",
                "At a time",
                kind="int",
                help="How many of its runs are under way at once.",
                attributes={"min": "1", "max": str(MOST_AT_ONCE)},
            ),
        )
        return {one.path: one for one in found}

    def _field(self, name: str, label: str, **more: Any) -> Field:
        value, errors = self.values[name], messages(self.errors, name)
        return Field(path=name, label=label, value=value, is_required=True, errors=errors, **more)

    def _choices(self, name: str, options: Mapping[str, str]) -> list[Choice]:
        return [Choice(key, words, key == self.values[name]) for key, words in options.items()]


def _start(task: ScheduledTask, now: datetime) -> datetime:
    """Where to begin, unless said otherwise: a few slots ago, but not before the task was there.

    A task that starts at a moment of its own has its slots from there, even where that lies further back. One that has
    had no slot yet can only be filled from before.
    """
    try:
        last, found = some_ago(task, now, 1), some_ago(task, now, _SHOWN_SLOTS)
    except ValueError:  # the service says that the schedule cannot be read
        return now
    since = min(now, task.starts_at or task.created_at + _ALMOST_A_MINUTE)
    return max(found, since) if last >= since else found


def _zone(task: ScheduledTask) -> ZoneInfo:
    """The task's zone; one that has gone is for the service to say, and UTC stands in for it."""
    try:
        return load_zone(check_timezone(task.timezone))
    except ScheduleError:
        return load_zone("UTC")
