"""What the page of components shows of tasks and of what they plan: made up, never saved."""

import uuid
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import User
from django.utils import timezone

from tasks_app.models import Calendar, ScheduledTask
from tasks_app.selectors.planned import NamedTask
from tasks_app.states import Status, TaskStatus
from tasks_app.web.calendar_words import holds
from tasks_app.web.calendar_year import draw_year
from tasks_app.web.gallery_examples import NOBODY
from tasks_app.web.spread import CHOICES
from tasks_app.web.upcoming import CrowdRow

_HOUR = timedelta(hours=1)
_NAMES = ("Nightly orders", "Weekly report", "Look for new mail")


def plans(user: User, now: datetime) -> dict[str, Any]:
    """Give rows of tasks, crowded minutes and the days off of a year."""
    office = Calendar(
        owner=user,
        name="Office",
        country="DE",
        weekend=["sat", "sun"],
        days=[{"date": "12-24", "name": "Christmas Eve", "source": "typed"}],
    )
    named = [NamedTask(uuid.uuid4(), name, "UTC", "", 0, 0, "") for name in _NAMES]
    return {
        "task_rows": list(_tasks(user, now)),
        "crowded_finding": "4 crowded minutes, with up to 25 tasks at once",
        "crowd_size": 10,
        "choices": CHOICES,
        "everything": [("task", str(NOBODY))],
        "crowds": [
            CrowdRow("example", "15:00", "and 3 more like it, to Mon 18:00", 25, 20, named, 22),
            CrowdRow("example", "16:30", "", 10, 0, named[:1], 9),
        ],
        "year": draw_year(office, timezone.localdate()),
        "holds": holds(office),
    }


def _tasks(user: User, now: datetime) -> Iterable[dict[str, Any]]:
    told: list[dict[str, Any]] = [
        {"last_run_status": Status.SUCCEEDED, "tags": ["example-orders"], "next_due_at": now + _HOUR},
        {"last_run_status": Status.FAILED, "status": TaskStatus.PAUSED, "pause_note": "until the new tax rates are in"},
        {},
    ]
    for number, (name, fields) in enumerate(zip(_NAMES, told, strict=True)):
        task = ScheduledTask(
            owner=user,
            name=name,
            created_at=now - 30 * 24 * _HOUR,
            last_run_at=now - _HOUR if "last_run_status" in fields else None,
            **{"status": TaskStatus.ACTIVE, "schedule_text": "Every day at 02:30, Berlin time.", **fields},
        )
        yield {"task": task, "running": int(not number), "slots": [task.next_due_at] if task.next_due_at else []}
