"""Seeing a schedule before it is saved."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from django.contrib.auth.models import AbstractBaseUser

from tasks_app.errors import Invalid
from tasks_app.models import ScheduledTask, db_now
from tasks_app.services import planning, specs
from tasks_app.services.specs import TaskSpec

MOST = 100


@dataclass(frozen=True)
class SchedulePreview:
    """What a schedule means: the sentence, its cron (None where none says it), the next instants, what to know."""

    description: str
    cron: str | None
    next: list[datetime]
    warnings: list[str]
    schedule: dict[str, object] | None


def schedule_preview(
    *, spec: TaskSpec, owner: AbstractBaseUser | None = None, count: int = 10, after: datetime | None = None
) -> SchedulePreview:
    """Explain the schedule fields of `spec`; nothing is stored. Raises Invalid with the fields at fault."""
    if not 1 <= count <= MOST:
        raise Invalid.at("count", "out_of_range", f"Must be between 1 and {MOST}.")
    timing = specs.timing_of(spec, owner=owner)
    fields = timing.fields
    task = ScheduledTask(
        starts_at=timing.starts_at,
        ends_at=timing.ends_at,
        max_runs=spec.max_runs,
        slots_fired=0,
        schedule=fields["schedule"],
        timezone=fields["timezone"],
        calendar=fields["calendar"],
        calendar_policy=fields["calendar_policy"],
    )
    slots = planning.upcoming(task, after or db_now(), count)
    return SchedulePreview(
        description=fields["schedule_text"],
        cron=fields["cron_expression"],
        next=slots,
        warnings=_warnings(task, slots),
        schedule=fields["schedule"],
    )


def _warnings(task: ScheduledTask, slots: list[datetime]) -> list[str]:
    if task.schedule is None:
        return []
    if not slots:
        return ["This never comes due: it lies in the past, or outside its window."]
    zone = ZoneInfo(task.timezone)
    return [
        f"The clocks change between {before.astimezone(zone):%d %b %H:%M} and {after.astimezone(zone):%d %b %H:%M}."
        for before, after in pairwise(slots)
        if before.astimezone(zone).utcoffset() != after.astimezone(zone).utcoffset()
    ] + _shifted(slots, zone)


def _shifted(slots: list[datetime], zone: ZoneInfo) -> list[str]:
    """Name the slots that stand right after a gap in local time."""
    return [
        f"On {slot.astimezone(zone):%d %b} the clocks skip an hour; it runs at {slot.astimezone(zone):%H:%M}."
        for slot in slots
        if _offset(slot - timedelta(microseconds=1), zone) < _offset(slot, zone)
    ]


def _offset(instant: datetime, zone: ZoneInfo) -> timedelta:
    return instant.astimezone(zone).utcoffset() or timedelta()
