"""Figures of a task that goes to another person: its hours and days go with it, and out of the totals of the giver.

Minutes do not tell tasks apart: those of the last day stay with the one who had the task then.
"""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Max, QuerySet

from tasks_app.models import RollupMark, RunRollup
from tasks_app.models.rollup import NO_TASK
from tasks_app.selectors.rollup_spans import TOTAL, Grain
from tasks_app.selectors.run_sums import COLUMNS, NUMBERS, Sums
from tasks_app.services.rollup_writes import Key, add_figures
from tasks_app.services.rollups import MARK

_Place = tuple[datetime, str]


@transaction.atomic
def rollups_hand_over(task_id: UUID, *, giver_id: int, receiver_id: int) -> None:
    """Let the figures of a task follow its runs. Doing it again changes nothing."""
    RollupMark.objects.select_for_update().filter(name=MARK).first()  # until it is done nobody counts
    for grain in (Grain.HOUR, Grain.DAY):
        rows = RunRollup.objects.filter(grain=grain, task_id=task_id, owner_id=giver_id)
        moved: dict[_Place, Sums] = {(row.start, row.type): _sums(row) for row in rows}
        if moved:
            rows.delete()
            add_figures(dict(_of_receiver(grain, task_id, receiver_id, moved)))
            _take_out(grain, giver_id, moved)


def _sums(row: RunRollup) -> Sums:
    sums = Sums()
    sums.add(row)
    return sums


def _of_receiver(
    grain: RunRollup.Grain, task_id: UUID, owner_id: int, moved: dict[_Place, Sums]
) -> Iterable[tuple[Key, Sums]]:
    for (start, type_name), sums in moved.items():
        yield Key(grain, start, owner_id, task_id, type_name), sums
        yield Key(TOTAL[grain], start, owner_id, NO_TASK, type_name), sums


def _take_out(grain: RunRollup.Grain, owner_id: int, moved: dict[_Place, Sums]) -> None:
    """Lessen the totals of the giver; one that holds nothing any more goes."""
    starts = sorted({start for start, _ in moved})
    of_owner = RunRollup.objects.filter(owner_id=owner_id, start__in=starts)
    left: list[RunRollup] = []
    for total in of_owner.filter(grain=TOTAL[grain], task_id=NO_TASK):
        sums = moved.get((total.start, total.type))
        if sums is not None:
            _lessen(total, sums)
            left.append(total)
    longest = _longest(of_owner.filter(grain=grain), left, moved)
    for total in left:
        total.longest_ms = longest.get((total.start, total.type), total.longest_ms)
    empty = [total.pk for total in left if not any(getattr(total, name) for name in NUMBERS)]
    RunRollup.objects.bulk_update(left, COLUMNS, batch_size=200)
    RunRollup.objects.filter(pk__in=empty).delete()


def _lessen(total: RunRollup, sums: Sums) -> None:
    for name in NUMBERS:
        setattr(total, name, max(0, getattr(total, name) - getattr(sums, name)))
    known = total.classes or [0] * len(sums.classes)
    total.classes = [max(0, count - less) for count, less in zip(known, sums.classes, strict=True)]


def _longest(rows: QuerySet[RunRollup], totals: Iterable[RunRollup], moved: dict[_Place, Sums]) -> dict[_Place, int]:
    """Give the longest run time of what is left, where it was the task's that was longest."""
    places = {(total.start, total.type): total.longest_ms for total in totals}
    places = {place: 0 for place, longest in places.items() if moved[place].longest_ms >= longest}
    found = rows.filter(start__in=sorted({start for start, _ in places})).order_by().values_list("start", "type")
    for start, type_name, longest in found.annotate(Max("longest_ms")):
        if (start, type_name) in places:
            places[(start, type_name)] = longest
    return places
