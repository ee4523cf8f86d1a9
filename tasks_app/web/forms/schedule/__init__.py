"""The schedule part of the task form: when it runs, in which zone, within which window."""

from tasks_app.web.forms.schedule import window
from tasks_app.web.forms.schedule.form import ScheduleForm
from tasks_app.web.forms.schedule.rule import DAYS_NEEDED

__all__ = ["DAYS_NEEDED", "SHOWN", "ScheduleForm"]

# The fields of a task, beside its schedule, that this part shows with their errors.
SHOWN = ("timezone", *window.NAMES)
