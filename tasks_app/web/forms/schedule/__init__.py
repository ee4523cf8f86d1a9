"""The schedule part of the task form: when it runs, in which zone, within which window."""

from tasks_app.web.forms.schedule import window
from tasks_app.web.forms.schedule.form import ScheduleForm

__all__ = ["SHOWN", "ScheduleForm"]

# The fields of a task, beside its schedule, that this part shows with their errors.
SHOWN = ("timezone", *window.NAMES)
