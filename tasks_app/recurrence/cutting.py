"""Sentences that are longer than their column: kept with a cut in the schedule, and made whole again to be shown."""

from collections.abc import Mapping
from typing import Any

from tasks_app.recurrence.building import build
from tasks_app.recurrence.errors import ScheduleError

CUT = " ..."
LONGEST_SENTENCE = 300


def cut_sentence(schedule: str, rest: str) -> str:
    """Give the sentence as a task keeps it: of one that is too long the schedule is cut, never what follows it."""
    if len(schedule) + len(rest) <= LONGEST_SENTENCE:
        return f"{schedule}{rest}"
    room = LONGEST_SENTENCE - len(rest) - len(CUT)
    return f"{schedule[:room].rpartition(' ')[0].rstrip(',;')}{CUT}{rest}"[:LONGEST_SENTENCE]


def whole_sentence(kept: str, schedule: Mapping[str, Any] | None, timezone: str) -> str:
    """Give it uncut; as it is kept where it is whole, or where the schedule cannot be read any more."""
    _, cut, rest = kept.partition(CUT)
    if not cut or schedule is None:
        return kept
    try:
        said = build(schedule, timezone).describe()
    except ScheduleError:
        return kept
    return kept if said in kept else f"{said}{rest}"
