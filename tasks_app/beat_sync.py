"""The only writer of PeriodicTask rows: each task with a schedule has its mirror in django-celery-beat.

The mirror is what the Django admin shows. Rows are written by queryset statements, not `save()`: a save locks the one
PeriodicTasks row and makes every beat reload. Where no django-celery-beat schedule says the same, the mirror is the
nearest wider crontab, and the description holds the exact sentence.
"""

import json
from datetime import datetime, timedelta
from typing import Any

from django.db.models import F, Q, QuerySet
from django_celery_beat.models import ClockedSchedule, CrontabSchedule, IntervalSchedule, PeriodicTask

from tasks_app.models import ScheduledTask
from tasks_app.states import TaskStatus

FIRE = "tasks_app.fire"
_EVERY_MINUTE = ("*", "*", "*", "*", "*")
_CRON_FIELDS = ("minute", "hour", "day_of_month", "month_of_year", "day_of_week")


def mirror(task: ScheduledTask) -> None:
    """Make the PeriodicTask of the task say what the task says; a manual or deleted task has none."""
    if task.schedule is None or task.is_deleted:
        _remove(task)
        return
    values = _values(task)
    if task.periodic_task_id is not None and PeriodicTask.objects.filter(pk=task.periodic_task_id).update(**values):
        return
    row = PeriodicTask(name=f"carillon:{task.id}", task=FIRE, kwargs=json.dumps({"task_id": str(task.id)}), **values)
    PeriodicTask.objects.bulk_create([row])
    task.periodic_task_id = PeriodicTask.objects.values_list("pk", flat=True).get(name=row.name)
    ScheduledTask.objects.filter(pk=task.pk).update(periodic_task_id=task.periodic_task_id)


def stale_counts(tasks: QuerySet[ScheduledTask]) -> QuerySet[ScheduledTask]:
    """Give those of the tasks whose mirror does not show their last run yet."""
    behind = Q(periodic_task__last_run_at=None) | Q(periodic_task__last_run_at__lt=F("last_run_at"))
    return tasks.filter(behind, periodic_task__isnull=False)


def record_fired(task: ScheduledTask) -> None:
    """Note on the mirror when its task last ran and how often."""
    mirrored = PeriodicTask.objects.filter(pk=task.periodic_task_id)
    mirrored.update(last_run_at=task.last_run_at, total_run_count=task.slots_fired)


def _remove(task: ScheduledTask) -> None:
    if task.periodic_task_id is None:
        return
    ScheduledTask.objects.filter(pk=task.pk).update(periodic_task_id=None)
    PeriodicTask.objects.filter(pk=task.periodic_task_id)._raw_delete(PeriodicTask.objects.db)
    task.periodic_task_id = None


def _values(task: ScheduledTask) -> dict[str, Any]:
    is_exact, schedule = _schedule(task)
    exact = "" if is_exact else "Shown as the nearest wider crontab. Exactly: "
    return {
        "interval": None,
        "crontab": None,
        "clocked": None,
        "solar": None,
        **schedule,
        "enabled": task.status == TaskStatus.ACTIVE,
        "one_off": "clocked" in schedule,
        "start_time": None if "clocked" in schedule else task.starts_at,
        "expires": None if "clocked" in schedule else task.ends_at,
        "queue": task.queue,
        "description": f"{task.name}: {exact}{task.schedule_text}"[:2000],
    }


def _schedule(task: ScheduledTask) -> tuple[bool, dict[str, Any]]:
    assert task.schedule is not None
    if task.schedule["kind"] == "every" and (interval := _interval(task.schedule)) is not None:
        return True, {"interval": interval}
    if task.schedule["kind"] == "once":
        instant = datetime.fromisoformat(task.schedule["run_at"])
        return True, {"clocked": ClockedSchedule.objects.get_or_create(clocked_time=instant)[0]}
    fields = (task.cron_expression or "").split()
    is_exact = len(fields) == len(_CRON_FIELDS) and _says_the_same(fields)
    crontab = dict(zip(_CRON_FIELDS, fields if is_exact else _wider(fields), strict=True))
    row = CrontabSchedule.objects.filter(timezone=task.timezone, **crontab).first()
    return is_exact, {"crontab": row or CrontabSchedule.objects.create(timezone=task.timezone, **crontab)}


def _interval(schedule: dict[str, Any]) -> IntervalSchedule | None:
    given = [(unit, schedule[unit]) for unit in ("seconds", "minutes", "hours", "days") if schedule.get(unit)]
    if len(given) != 1:
        seconds = sum(timedelta(**{unit: count}).total_seconds() for unit, count in given)
        given = [("seconds", int(seconds))]
    unit, every = given[0]
    return IntervalSchedule.objects.get_or_create(every=every, period=unit)[0]


def _says_the_same(fields: list[str]) -> bool:
    """Celery's crontab knows plain lists, ranges and steps, and requires both day fields where both are restricted."""
    plain = all(set(field) <= set("0123456789*,-/") for field in fields)
    return plain and (fields[2].startswith("*") or fields[4].startswith("*")) and "7" not in fields[4]


def _wider(fields: list[str]) -> tuple[str, ...]:
    """Keep the minute, hour and month where Celery reads them the same way, and widen the days to every day."""
    if len(fields) != len(_CRON_FIELDS) or not _says_the_same([fields[0], fields[1], "*", fields[3], "*"]):
        return _EVERY_MINUTE
    return (fields[0], fields[1], "*", fields[3], "*")
