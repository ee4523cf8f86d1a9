"""The only writer of PeriodicTask rows: each task with a schedule has its mirror in django-celery-beat.

The mirror is what the Django admin shows. Rows are written by queryset statements, not `save()`: a save locks the one
PeriodicTasks row and makes every beat reload. Where no django-celery-beat schedule says the same, the mirror is the
nearest wider crontab, and the description holds the exact sentence.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from django.db.models import F, Model, Q, QuerySet
from django_celery_beat.models import ClockedSchedule, CrontabSchedule, IntervalSchedule, PeriodicTask

from tasks_app import recurrence
from tasks_app.models import CalendarPolicy, ScheduledTask
from tasks_app.recurrence.anchors import anchors_of
from tasks_app.recurrence.cutting import whole_sentence
from tasks_app.recurrence.nearest import nearest_crontab
from tasks_app.states import TaskStatus

FIRE = "tasks_app.fire"
_MODELS: Mapping[str, type[Model]] = {
    "interval": IntervalSchedule,
    "clocked": ClockedSchedule,
    "crontab": CrontabSchedule,
}
_AT_ONCE = 500


class Shown(NamedTuple):
    """What a mirror shows of a schedule: whether that is exact, the column, and what the row that it names says."""

    is_exact: bool
    column: str
    says: Mapping[str, Any]

    @property
    def key(self) -> tuple[object, ...]:
        """Tell one row from another."""
        return self.column, *map(_plain, self.says.values())


def mirror(task: ScheduledTask) -> None:
    """Make the PeriodicTask of the task say what the task says; a manual or deleted task has none."""
    if task.schedule is None or task.is_deleted:
        remove([task])
        return
    shown = _shown(task)
    values = _values(task, shown, _rows([shown])[shown.key])
    if task.periodic_task_id is not None and PeriodicTask.objects.filter(pk=task.periodic_task_id).update(**values):
        return
    row = _new(task, values)
    PeriodicTask.objects.bulk_create([row])
    task.periodic_task_id = PeriodicTask.objects.values_list("pk", flat=True).get(name=row.name)
    ScheduledTask.objects.filter(pk=task.pk).update(periodic_task_id=task.periodic_task_id)


def mirror_new(tasks: Iterable[ScheduledTask]) -> None:
    """Make the mirrors of tasks that are about to be inserted, in a few statements, and let the tasks name them."""
    found = [(task, _shown(task)) for task in tasks if task.schedule is not None]
    rows = _rows([shown for _, shown in found])
    made = [_new(task, _values(task, shown, rows[shown.key])) for task, shown in found]
    for (task, _), row in zip(found, PeriodicTask.objects.bulk_create(made, batch_size=_AT_ONCE), strict=True):
        task.periodic_task_id = row.pk


def switch(tasks: Iterable[ScheduledTask]) -> None:
    """Say on the mirrors whether the tasks are active, where nothing else about them has changed."""
    rows = list(tasks)
    for task in rows:
        if task.schedule is not None and task.periodic_task_id is None:  # its schedule could not be read so far
            mirror(task)
    for is_active in (True, False):
        ids = [task.periodic_task_id for task in rows if (task.status == TaskStatus.ACTIVE) is is_active]
        if any(ids):
            PeriodicTask.objects.filter(pk__in=[one for one in ids if one is not None]).update(enabled=is_active)


def switch_off(tasks: Iterable[ScheduledTask]) -> None:
    """Say on the mirrors that the tasks are not active: a flag, for a schedule that cannot be read has no mirror."""
    ids = [task.periodic_task_id for task in tasks if task.periodic_task_id is not None]
    if ids:
        PeriodicTask.objects.filter(pk__in=ids).update(enabled=False)


def remove(tasks: Iterable[ScheduledTask]) -> None:
    """Take the mirrors of tasks away, in two statements for all."""
    having = [task for task in tasks if task.periodic_task_id is not None]
    if not having:
        return
    ScheduledTask.objects.filter(pk__in=[task.pk for task in having]).update(periodic_task_id=None)
    remove_unnamed(having)


def remove_unnamed(tasks: Iterable[ScheduledTask]) -> None:
    """Take the mirrors of tasks away whose rows do not name them any more."""
    having = [task for task in tasks if task.periodic_task_id is not None]
    if not having:
        return
    rows = PeriodicTask.objects.filter(pk__in=[task.periodic_task_id for task in having])
    rows._raw_delete(PeriodicTask.objects.db)
    for task in having:
        task.periodic_task_id = None


def stale_counts(tasks: QuerySet[ScheduledTask]) -> QuerySet[ScheduledTask]:
    """Give those of the tasks whose mirror does not show their last run yet."""
    behind = Q(periodic_task__last_run_at=None) | Q(periodic_task__last_run_at__lt=F("last_run_at"))
    return tasks.filter(behind, periodic_task__isnull=False)


def record_fired(task: ScheduledTask) -> None:
    """Note on the mirror when its task last ran and how often."""
    mirrored = PeriodicTask.objects.filter(pk=task.periodic_task_id)
    mirrored.update(last_run_at=task.last_run_at, total_run_count=task.slots_fired)


def unused_clocks(before: datetime) -> QuerySet[ClockedSchedule]:
    """Give the clocked schedules of instants before that one which no PeriodicTask uses.

    Those to come are left alone: a task that is being made may have found one of them for itself.
    """
    unused: QuerySet[ClockedSchedule] = ClockedSchedule.objects.filter(clocked_time__lt=before, periodictask=None)
    return unused.order_by("id")


def drop_unused_clocks(before: datetime, most: int) -> int:
    """Delete some of them, without waking the beats; gives their number."""
    ids = list(unused_clocks(before).values_list("id", flat=True)[:most])
    return ClockedSchedule.objects.filter(id__in=ids)._raw_delete(ClockedSchedule.objects.db) if ids else 0


def _new(task: ScheduledTask, values: Mapping[str, Any]) -> PeriodicTask:
    return PeriodicTask(name=f"carillon:{task.id}", task=FIRE, kwargs=json.dumps({"task_id": str(task.id)}), **values)


def _values(task: ScheduledTask, shown: Shown, row: Model) -> dict[str, Any]:
    exact = "" if shown.is_exact else f"{_shown_as(task)}. Exactly: "
    is_clocked = shown.column == "clocked"
    return {
        "interval": None,
        "crontab": None,
        "clocked": None,
        "solar": None,
        shown.column: row,
        "enabled": task.status == TaskStatus.ACTIVE,
        "one_off": is_clocked,
        "start_time": None if is_clocked else task.starts_at,
        "expires": None if is_clocked else task.ends_at,
        "queue": task.queue,
        "description": f"{task.name}: {exact}{_sentence(task)}{_shift(task)}",
    }


def _sentence(task: ScheduledTask) -> str:
    """Give the whole sentence, which the column of the task may be too short for."""
    return whole_sentence(task.schedule_text, task.schedule, task.timezone)


def _shown_as(task: ScheduledTask) -> str:
    assert task.schedule is not None
    rule = recurrence.build(task.schedule, task.timezone)
    parts = [_meaning(part, task.timezone) for part in rule.meaning.get("of", [])]
    moments = [*anchors_of(rule), *(datetime.fromisoformat(part["run_at"]) for part in parts if "run_at" in part)]
    if any(part.get("seconds", 0) % 60 for part in parts) or any(moment.second for moment in moments):
        return "Shown roughly, as no crontab says seconds"
    return "Shown as the nearest wider crontab"


def _shift(task: ScheduledTask) -> str:
    """Say what moves the starts and what ends them, which no schedule row can."""
    latest = task.spread_seconds + task.jitter_seconds
    later = f"; starts up to {latest} s later" if latest else ""
    return later + (f"; runs {task.max_runs} times at most" if task.max_runs else "")


def _shown(task: ScheduledTask) -> Shown:
    """Say which row of django-celery-beat's shows the schedule, and whether that says exactly the same."""
    assert task.schedule is not None
    schedule = _meaning(task.schedule, task.timezone)
    may_be_exact = task.calendar_id is None
    if schedule["kind"] == "every":
        return Shown(may_be_exact, "interval", _interval(schedule))
    if schedule["kind"] == "once":
        return Shown(may_be_exact, "clocked", {"clocked_time": datetime.fromisoformat(schedule["run_at"])})
    is_moved = task.calendar_id is not None and task.calendar_policy != CalendarPolicy.SKIP
    # What a calendar moves to another day may come into another month.
    crontab, is_exact = nearest_crontab(recurrence.build(task.schedule, task.timezone), on_any_day=is_moved)
    return Shown(is_exact and may_be_exact, "crontab", {"timezone": task.timezone, **crontab._asdict()})


def _meaning(schedule: Mapping[str, Any], timezone: str) -> Mapping[str, Any]:
    """Give the schedule object that says it: of a text what it means."""
    return recurrence.build(schedule, timezone).meaning if schedule["kind"] == "text" else schedule


def _rows(wanted: Sequence[Shown]) -> dict[tuple[object, ...], Model]:
    """Find or make the rows of schedules; in bulk, because a saved one makes every beat reload."""
    found: dict[tuple[object, ...], Model] = {}
    by_column: dict[str, dict[tuple[object, ...], Shown]] = defaultdict(dict)
    for shown in wanted:
        by_column[shown.column][shown.key] = shown
    for column, of_column in by_column.items():
        manager = _MODELS[column]._default_manager
        found |= _known(column, list(of_column.values()))
        missing = [shown for key, shown in of_column.items() if key not in found]
        manager.bulk_create([manager.model(**shown.says) for shown in missing], batch_size=_AT_ONCE)
        found |= _known(column, missing)
    return found


def _known(column: str, wanted: Sequence[Shown]) -> dict[tuple[object, ...], Model]:
    """Give the rows that there are, among some more; of several alike, which nothing forbids, the first."""
    if not wanted:
        return {}
    names = list(wanted[0].says)
    any_of = {
        f"{name}__in": list({_plain(shown.says[name]): shown.says[name] for shown in wanted}.values()) for name in names
    }
    rows = _MODELS[column]._default_manager.filter(**any_of).order_by("-pk")
    return {Shown(True, column, {name: getattr(row, name) for name in names}).key: row for row in rows}


def _plain(value: object) -> object:
    """Give a value by which equal ones are told: a zone by its name, an instant in whatever zone it is written."""
    return value if isinstance(value, datetime) else str(value)


def _interval(schedule: Mapping[str, Any]) -> dict[str, Any]:
    unit = next(unit for unit in ("seconds", "minutes", "hours", "days") if schedule.get(unit))
    return {"every": schedule[unit], "period": unit}
