"""Planned tasks as they stand at one moment, and what walking each of them by itself says of its starts."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from django.contrib.auth.models import User

from tasks_app.models import Calendar, ScheduledTask
from tasks_app.services import planning
from tasks_app.services.starts import Window
from tests import runs

START = datetime(2026, 11, 29, 1, 2, 30, tzinfo=UTC)


def plan(owner: User, schedule: dict[str, Any], **fields: Any) -> ScheduledTask:
    """Make a task as it stands at START."""
    kind = "once" if schedule["kind"] == "once" else "recurring"
    task = ScheduledTask(schedule=schedule, **{"timezone": "Europe/Berlin", **fields})
    planning.plan_after(task, START)
    planned = {"id": task.id, "next_slot": task.next_slot, "next_due_at": task.next_due_at}
    return runs.make_task(owner, kind=kind, schedule=schedule, **{"timezone": "Europe/Berlin", **fields, **planned})


def daily(time: str) -> dict[str, Any]:
    return {"kind": "daily", "time": time}


def walked(task: ScheduledTask, window: Window) -> Iterator[datetime]:
    """Walk the task's slots one by one, from the next one on."""
    slot, count = task.next_slot, task.slots_fired
    while slot is not None and (placed := planning.placed(task, slot)).at.timestamp() < window.end:
        count += 1
        due_at = planning.due_at(task, slot)
        if window.start <= due_at.timestamp() < window.end:
            yield due_at
        planned = planning.next_planned(task, placed.at)
        slot = planned.slot if planned and (task.max_runs is None or count < task.max_runs) else None


def by_minute(window: Window) -> tuple[Counter[int], Counter[int]]:
    """Runs and tasks by minute, of all tasks there are."""
    counts: Counter[int] = Counter()
    tasks: Counter[int] = Counter()
    for task in ScheduledTask.objects.all():
        minutes = Counter(int(due_at.timestamp()) // 60 * 60 for due_at in walked(task, window))
        counts += minutes
        tasks += Counter(set(minutes))
    return counts, tasks


def plan_all(owner: User, some: Sequence[dict[str, Any]]) -> None:
    """Plan these tasks and no others, some of them with a calendar."""
    ScheduledTask.objects.all().delete()
    calendar, _ = Calendar.objects.get_or_create(owner=owner, name="Free", defaults={"weekend": ["sun", "tue"]})
    for fields in some:
        policy = fields["calendar_policy"]
        placed = {"calendar": calendar, "calendar_policy": policy} if policy else {"calendar_policy": "skip"}
        plan(owner, **{**fields, **placed, "slots_fired": 2 if "max_runs" in fields else 0})
