"""What the page of a mirror says at each of its fields: who writes it, and where it is changed."""

from collections.abc import Mapping

from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from tasks_app.admin.shown import link
from tasks_app.models import ScheduledTask
from tasks_app.states import TaskStatus

_SCHEDULE = "Written by Carillon from the task's schedule; where no {} says it exactly, the description does."
_WRITTEN = {
    "description": "Written by Carillon: the task's name and its schedule, exactly.",
    "name": "Written by Carillon from the task's id; it never changes.",
    "task": "Written by Carillon: it fires what is due, and is the same for all tasks.",
    "interval": _SCHEDULE.format("interval"),
    "crontab": _SCHEDULE.format("crontab"),
    "clocked": "Written by Carillon for a task that runs once.",
    "solar": "Never used by Carillon.",
    "one_off": "Written by Carillon: on for a task that runs once.",
    "start_time_shown": "Written by Carillon: “Not before” of the task.",
    "expires_shown": "Written by Carillon: “Not after” of the task.",
    "args": "Written by Carillon; what the task works on is its payload.",
    "kwargs": "Written by Carillon; what the task works on is its payload.",
    "queue": "Written by Carillon: the queue of the task.",
}
_EDITED = frozenset(
    {"description", "interval", "crontab", "clocked", "one_off", "start_time_shown", "expires_shown", "queue", "kwargs"}
)
_COUNTED = ("last_run_at_shown", "total_run_count")


def mirror_help(task: ScheduledTask) -> Mapping[str, str]:
    """Give the help of each field of the row that mirrors this task."""
    if task.is_deleted or task.status == TaskStatus.CANCELLED:
        edit = SafeString("")
    else:
        edit = format_html(" {}", link(reverse("task-edit", args=[task.pk]), "Change it in the task"))
    runs = link(f"{reverse('run-list')}?task={task.pk}", "All its runs")
    found: dict[str, str] = {
        "task_link": "The task that this row mirrors.",
        "enabled": "Off pauses the task, on resumes it.",
    }
    for name, words in _WRITTEN.items():
        found[name] = format_html("{}{}", words, edit if name in _EDITED else "")
    return found | dict.fromkeys(_COUNTED, format_html("Counted by Carillon from the task's runs. {}", runs))


def mirror_words(task: ScheduledTask) -> SafeString:
    """Say above the fields what this row is."""
    return format_html(
        "This row mirrors the task {}: Carillon writes it, and only its switch is moved here. Disabling it pauses the "
        "task, enabling it resumes the task. All else is edited, and deleted, on the page of the task.",
        link(reverse("task-detail", args=[task.pk]), task.name),
    )
