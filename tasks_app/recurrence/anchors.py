"""The instants that the intervals of a schedule are counted from."""

from collections.abc import Iterator
from datetime import datetime

from tasks_app.recurrence.recurrence import Recurrence
from tasks_app.recurrence.walkers import DaySteps, EveryWalker, FixedWalker, parts_of
from tasks_app.recurrence.zones import first_instant, to_aware_utc


def anchors_of(rule: Recurrence) -> Iterator[datetime]:
    """Give them, aware and in UTC; they say where the counting passes, not where it begins."""
    for part in parts_of(rule.walker):
        if isinstance(part, EveryWalker):
            yield to_aware_utc(part.anchor)
        elif isinstance(part, FixedWalker) and isinstance(part.walls, DaySteps):
            yield to_aware_utc(first_instant(part.zone, part.walls.anchor))
