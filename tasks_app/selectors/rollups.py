"""Figures about the runs that ended within a span, for pages and the API.

They are read from what upkeep keeps (models/rollup.py), so their cost does not grow with the history; what is not
counted yet is added from the runs, so a run that ended a moment ago is among them.
"""

import uuid
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime

from tasks_app.models import db_now
from tasks_app.selectors.access import Person
from tasks_app.selectors.rollup_charts import Ended, day_span, per_day, per_hour, per_minute
from tasks_app.selectors.rollup_rows import Choice, steady, sums_by_type
from tasks_app.selectors.rollup_runs import Reader
from tasks_app.selectors.rollup_spans import Grain, parts
from tasks_app.selectors.run_sums import Sums, summed

__all__ = [
    "Ended",
    "Figures",
    "by_type",
    "day_span",
    "per_day",
    "per_hour",
    "per_minute",
    "span_figures",
    "whole_and_types",
]

_MEDIAN, _P95 = 0.5, 0.95


@dataclass(frozen=True)
class Figures:
    """What the runs that ended within a span come to; times are those of runs that succeeded or failed.

    `classes` counts them by `BOUNDS_MS`, from which median and p95 are told; it is empty where no times are asked for.
    `is_complete` is false where more than 20,000 runs were not counted yet.
    """

    succeeded: int
    failed: int
    cancelled: int
    skipped: int
    retries: int
    mean_ms: float | None
    median_ms: int | None
    p95_ms: int | None
    longest_ms: int | None
    success_rate: float | None
    is_complete: bool
    classes: tuple[int, ...] = ()


def span_figures(  # noqa: PLR0913  # a span, and what narrows it
    user: Person,
    start: datetime,
    end: datetime,
    *,
    type: str = "",
    task: uuid.UUID | None = None,
    with_times: bool = True,
) -> Figures:
    """Give the figures of a span, of one type or task where given; without times for 10 ms less.

    Where it begins more than 15 days ago it begins with that day of UTC.
    """
    return whole_and_types(Choice(user, type=type, task=task), start, end, with_times=with_times)[0]


def by_type(user: Person, start: datetime, end: datetime) -> dict[str, Figures]:
    """Give the figures of a span for each type that had runs in it, those with most failures first."""
    return whole_and_types(Choice(user), start, end)[1]


def whole_and_types(
    choice: Choice, start: datetime, end: datetime, *, with_times: bool = True
) -> tuple[Figures, dict[str, Figures]]:
    """Give both for the cost of one."""
    found, is_complete = _sums(choice, start, end, with_classes=with_times)
    order = sorted(found, key=lambda name: (-found[name].failed, -found[name].succeeded, name))
    of_types = {name: _figures(found[name], is_complete, with_times=with_times) for name in order}
    return _figures(summed(found.values()), is_complete, with_times=with_times), of_types


def _sums(choice: Choice, start: datetime, end: datetime, *, with_classes: bool) -> tuple[dict[str, Sums], bool]:
    """Give the sums by type, and whether all runs are in them."""
    now = db_now()

    def read(counted_to: datetime) -> tuple[dict[str, Sums], bool]:
        found: dict[str, Sums] = defaultdict(Sums)
        reader = Reader()
        for share in choice.shares():
            for part in parts(start, end, counted_to=counted_to, now=now, with_minutes=Grain.MINUTE in share.grains):
                if part.grain is None:
                    of_types = reader.by_type(share.runs, part.start, part.end)
                else:
                    rows = share.span(part.grain, part.start, part.end)
                    of_types = sums_by_type(rows, with_classes=with_classes)
                for name, sums in of_types.items():
                    found[name].add(sums)
        return found, reader.is_complete

    return steady(read)


def _figures(sums: Sums, is_complete: bool, *, with_times: bool) -> Figures:
    ended, has_times = sums.succeeded + sums.failed, with_times and sums.timed > 0
    return Figures(
        succeeded=sums.succeeded,
        failed=sums.failed,
        cancelled=sums.cancelled,
        skipped=sums.skipped,
        retries=sums.retries,
        mean_ms=round(sums.total_ms / sums.timed, 1) if has_times else None,
        median_ms=sums.quantile_ms(_MEDIAN) if with_times else None,
        p95_ms=sums.quantile_ms(_P95) if with_times else None,
        longest_ms=sums.longest_ms if has_times else None,
        success_rate=sums.succeeded / ended if ended else None,
        is_complete=is_complete,
        classes=tuple(sums.classes) if with_times else (),
    )
