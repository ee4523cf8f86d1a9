"""When things run: cron and friendly schedules in time zones, without Django and without a clock of its own."""

from tasks_app.recurrence.building import build, normalise, parse
from tasks_app.recurrence.errors import Problem, ScheduleError
from tasks_app.recurrence.recurrence import Recurrence
from tasks_app.recurrence.zones import check_timezone, zone_names

__all__ = ["Problem", "Recurrence", "ScheduleError", "build", "check_timezone", "normalise", "parse", "zone_names"]
