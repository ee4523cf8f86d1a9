"""What a schedule means: its sentence, its cron line, and the instants that follow. Nothing is stored."""

from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from tasks_app.errors import Invalid
from tasks_app.services.schedules import schedule_preview
from tasks_app.services.specs import TaskSpec
from tasks_app.web.forms.schedule import ScheduleForm

COUNT = 5


@dataclass(frozen=True)
class Preview:
    """What the box beside the form says."""

    sentence: str = ""
    cron: str | None = None
    zone: str = "UTC"
    slots: list[datetime] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


def preview(form: ScheduleForm) -> Preview:
    """Say what the form's schedule means, or what is wrong with it."""
    spec = TaskSpec(name="preview", type="preview", schedule=form.schedule(), timezone=form.zone)
    try:
        shown = schedule_preview(spec=spec, count=COUNT)
    except Invalid as error:
        return Preview(errors=[fault.message for faults in error.fields.values() for fault in faults])
    slots = [slot.astimezone(ZoneInfo(form.zone)) for slot in shown.next]
    return Preview(shown.description, shown.cron, form.zone, slots, shown.warnings)


def in_zone(instant: datetime, name: str) -> datetime:
    """Show an instant in a zone that may have gone since it was stored."""
    try:
        return instant.astimezone(ZoneInfo(name))
    except (ZoneInfoNotFoundError, ValueError):
        return instant
