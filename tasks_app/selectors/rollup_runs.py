"""Runs that are in no figures yet, added up by the database: thousands of them cost a page no more than a few."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from django.db.models import Case, F, Func, IntegerField, Q, QuerySet, Value, When
from django.db.models.functions import Coalesce, Greatest, TruncMinute

from tasks_app.models import TaskRun
from tasks_app.models.rollup import BOUNDS_MS
from tasks_app.selectors.grouped import grouped
from tasks_app.selectors.run_sums import Sums
from tasks_app.states import Status

MOST = 20_000
ENDINGS = (Status.SUCCEEDED, Status.FAILED, Status.CANCELLED, Status.SKIPPED)


class _Milliseconds(Func):
    """How long it took from one instant to another."""

    output_field = IntegerField()
    template = "ROUND(EXTRACT(EPOCH FROM (%(expressions)s)) * 1000)::bigint"
    arg_joiner = " - "

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        """SQLite has no instants; Django gives it a function for them."""
        template = "CAST(ROUND(django_timestamp_diff(%(expressions)s) / 1000.0) AS integer)"
        return self.as_sql(compiler, connection, template=template, arg_joiner=", ", **context)


_TOOK = Case(
    When(
        Q(status__in=(Status.SUCCEEDED, Status.FAILED), started_at__isnull=False),
        then=Greatest(_Milliseconds("finished_at", "started_at"), Value(0)),
    ),
    default=None,
    output_field=IntegerField(),
)
_WITHIN = " ".join(f"WHEN took <= {bound} THEN {place}" for place, bound in enumerate(BOUNDS_MS))
_PLACE = f"CASE {_WITHIN} ELSE {len(BOUNDS_MS)} END"
_SLOTS = Case(
    When(range_to=None, then=Value(1)), default=Coalesce("range_count", Value(1)), output_field=IntegerField()
)
_RETRIES = Greatest(
    F("failures") + F("crashes") - Case(When(status=Status.FAILED, then=Value(1)), default=Value(0)),
    Value(0),
    output_field=IntegerField(),
)


class Reader:
    """Adds ended runs up, the newest first, up to `MOST` of them in all."""

    def __init__(self) -> None:
        self.left = MOST
        self.is_complete = True

    def by_type(self, runs: QuerySet[TaskRun], start: datetime, end: datetime) -> dict[str, Sums]:
        """Give the sums of the runs that ended from one instant to another."""
        found: dict[str, Sums] = defaultdict(Sums)
        with_sums = runs.annotate(took=_TOOK, slots=_SLOTS, retries=_RETRIES)
        chosen = with_sums.values("type", "status", "slots", "retries", "took")
        wanted = f"type, status, {_PLACE}, COUNT(took), SUM(slots), SUM(retries), SUM(took), MAX(took)"
        for type_name, status, place, timed, slots, retries, took, longest in self._grouped(
            chosen, start, end, wanted, by="1, 2, 3"
        ):
            sums = found[type_name]
            setattr(sums, status, getattr(sums, status) + int(slots))
            sums.retries += int(retries)
            sums.total_ms += int(took or 0)
            sums.longest_ms = max(sums.longest_ms, longest or 0)
            sums.classes[place] += timed
        return found

    def by_minute(
        self, runs: QuerySet[TaskRun], start: datetime, end: datetime
    ) -> Iterator[tuple[datetime, list[int]]]:
        """Give the minutes in which such runs ended, and how many in each of the ENDINGS."""
        with_slots = runs.annotate(minute=TruncMinute("finished_at", tzinfo=UTC), slots=_SLOTS)
        chosen = with_slots.values("minute", "status", "slots")
        for minute, status, count in self._grouped(chosen, start, end, "minute, status, SUM(slots)", by="1, 2"):
            at = minute if isinstance(minute, datetime) else datetime.fromisoformat(minute)
            yield at.replace(tzinfo=UTC), [int(count) * (status == one) for one in ENDINGS]

    def _grouped(self, chosen: Any, start: datetime, end: datetime, wanted: str, *, by: str) -> list[tuple[Any, ...]]:
        """Group what is chosen of the newest runs of a span."""
        if start >= end:
            return []
        found = chosen.filter(finished_at__gte=start, finished_at__lt=end).order_by("-finished_at")
        rows = grouped(found[: self.left], wanted, by=by) if self.left else []
        count = sum(row[-1] for row in rows)
        if count == self.left and found[self.left : self.left + 1].exists():
            self.is_complete = False
        self.left -= count
        return [row[:-1] for row in rows]
