"""What a schedule means: its sentence, its cron line, and the instants that follow, on the clocks of both zones."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.utils import timezone

from tasks_app.errors import FieldError, Invalid
from tasks_app.models import ScheduledTask
from tasks_app.recurrence.wording import zone_words
from tasks_app.services.borrowing import check_calendar
from tasks_app.services.planning import Coming
from tasks_app.services.schedules import Note, SchedulePreview, schedule_preview
from tasks_app.services.specs import TaskSpec
from tasks_app.web import words
from tasks_app.web.forms.field import messages
from tasks_app.web.forms.schedule import DAYS_NEEDED, ScheduleForm

COUNT = 10
_EMPTY = frozenset({"required", "cron_empty"})


@dataclass(frozen=True)
class Planned:
    """One instant: on the task's clock, on the reader's, what happens there, and from which day it was moved."""

    at: datetime
    local: datetime
    theirs: datetime
    notes: Sequence[str] = ()
    instead_of: str = ""


@dataclass(frozen=True)
class Instants:
    """Instants in order; `theirs` names the reader's zone where its clock shows something else."""

    rows: Sequence[Planned] = ()
    zone: str = "UTC"
    theirs: str = ""

    def __bool__(self) -> bool:
        return bool(self.rows)


@dataclass(frozen=True)
class Preview:
    """What the box beside the form says. `is_waiting`: nothing is wrong, but something has not been typed yet."""

    sentence: str = ""
    cron: str | None = None
    pace: str = ""
    instants: Instants = Instants()
    later: Sequence[str] = ()
    warnings: Sequence[str] = ()
    errors: Sequence[str] = ()
    is_waiting: bool = False
    faults: dict[str, list[FieldError]] = field(default_factory=dict)


def preview(
    form: ScheduleForm, *, reader: AbstractBaseUser, task: ScheduledTask | None = None, **keeps: Any
) -> Preview:
    """Say what the form's schedule means to `reader`, or what is wrong with it.

    `task` is the one that is edited; `keeps` are the fields of its calendar, one that its owner and the reader may use.
    """
    spec = TaskSpec(name="preview", type="preview", **form.fields_of_spec(), **keeps)
    try:
        check_calendar(reader, task, spec.calendar)
        seen = schedule_preview(spec=spec, owner=task.owner if task else reader, count=COUNT, task=task)
    except Invalid as error:
        placed = form.place(error.fields)
        if all(fault.code in _EMPTY for faults in placed.values() for fault in faults):
            return _waiting(placed)
        said = [one for path in placed for one in messages(placed, path, value=form.value_of(path))]
        return Preview(errors=said, faults=placed)
    return Preview(
        sentence=seen.description,
        cron=seen.cron,
        pace="" if seen.runs_per_day is None else words.pace(seen.runs_per_day),
        instants=instants(seen.coming, seen.timezone, seen.notes),
        later=_later(seen),
        warnings=seen.warnings,
    )


def _waiting(placed: dict[str, list[FieldError]]) -> Preview:
    """Nothing has been typed yet; that no day is ticked is said, because nothing in the form looks empty then."""
    days = {path: faults for path, faults in placed.items() if any(one.message == DAYS_NEEDED for one in faults)}
    said = [one for path in days for one in messages(days, path)]
    return Preview(is_waiting=not said, errors=said, faults=placed)


def instants(coming: Sequence[Coming], zone: str, notes: Sequence[Note] = ()) -> Instants:
    """Show instants on the clock of a task's zone, and on the reader's."""
    rows: list[Planned] = []
    told = [note for note in notes if note.at is not None]
    for at, instead_of in coming:
        here = [note for note in told if note.at is not None and note.at <= at]
        told = told[len(here) :]
        local = words.in_zone(at, zone)
        said = [_dated(note, zone, beside=local) for note in here]
        moved = words.day(words.in_zone(instead_of, zone), beside=local) if instead_of else ""
        rows.append(Planned(at, local, timezone.localtime(at), said, moved))
    differs = any(row.local.utcoffset() != row.theirs.utcoffset() for row in rows)
    return Instants(rows, zone_words(zone), zone_words(timezone.get_current_timezone_name()) if differs else "")


def _dated(note: Note, zone: str, *, beside: datetime) -> str:
    """Say a note, with its day where it is not that of the run below which it stands."""
    local = beside if note.at is None else words.in_zone(note.at, zone)
    return note.message if local.date() == beside.date() else f"{words.date(local)}: {note.message}"


def _later(seen: SchedulePreview) -> list[str]:
    """Say what concerns runs that are not shown, or all of them."""
    last = seen.next[-1] if seen.next else None
    return [
        note.message if note.at is None else f"{words.date(words.in_zone(note.at, seen.timezone))}: {note.message}"
        for note in seen.notes
        if note.at is None or (last is not None and note.at > last)
    ]
