"""Many tasks in one go are the tasks that would have been made one by one: task, mirror, version, note."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User
from django.db import connection
from django.db.models import Model
from django.test.utils import CaptureQueriesContext
from django_celery_beat.models import ClockedSchedule, CrontabSchedule, IntervalSchedule, PeriodicTask

from tasks_app.errors import Conflict, Invalid
from tasks_app.models import AuditEntry, ScheduledTask, TaskRevision, db_now
from tasks_app.selectors.audit_chain import has_mark
from tasks_app.services.calendars import calendar_create
from tasks_app.services.many_tasks import tasks_create
from tasks_app.services.specs import TaskSpec
from tasks_app.services.tasks import task_create

pytestmark = pytest.mark.django_db

CLOCKS = {"created_at", "updated_at", "date_changed", "at", "paused_at"}
OWN = {"id", "task_id", "object_id", "periodic_task_id", "name", "key", "kwargs", "digest"}
"""What two tasks never have in common; what it comes to is compared by itself."""


def specs(prefix: str, calendar: str) -> list[TaskSpec]:
    """Give a task of every kind that a mirror, a plan or a version tells apart."""
    later = datetime(2031, 5, 4, 3, 2, 1, tzinfo=UTC)
    kinds: list[dict[str, Any]] = [
        {},
        {"cron": "*/10 * * * *"},
        {"cron": "0 9 * * 1-5", "timezone": "Europe/Berlin"},
        {"cron": "0 9 * * 1-5", "timezone": "Europe/Berlin", "enabled": False},
        {"cron": "0 0 LW * *"},
        {"schedule": {"kind": "text", "text": "every other Monday at 9"}},
        {"schedule": {"kind": "every", "minutes": 15, "anchor": "2026-01-01T00:00:00Z"}},
        {"schedule": {"kind": "every", "minutes": 15, "anchor": "2026-01-01T00:00:00Z"}, "max_runs": 3},
        {"run_at": later},
        {"run_at": "2031-05-04T05:02:01+02:00"},
        {"cron": "30 6 * * *", "calendar": calendar, "calendar_policy": "next"},
        {"cron": "5 * * * *", "starts_at": later, "ends_at": later + timedelta(days=3), "tags": ("a", "b")},
        {"cron": "5 * * * *", "priority": 9, "misfire": {"policy": "all"}, "retry": {"delays": [5, 60]}},
    ]
    return [
        TaskSpec(name=f"{prefix}{n}", key=f"{prefix}{n}", type="cleanup", payload=_payload(), **more)
        for n, more in enumerate(kinds)
    ]


def _payload() -> dict[str, Any]:
    return {"rules": [{"what": "runs", "older_than_days": 90}]}


def columns(row: Model | None) -> dict[str, Any]:
    """Give what a row says, but for what is its own and when it was written."""
    if row is None:
        return {}
    values = {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}
    return {name: value for name, value in values.items() if name not in CLOCKS | OWN}


def told(task: ScheduledTask) -> list[dict[str, Any]]:
    """Give all rows that a new task comes to, the name that was chosen taken out of them."""
    entry = AuditEntry.objects.get(object_id=str(task.pk))
    rows = [task, task.periodic_task, TaskRevision.objects.get(task=task), entry]
    assert has_mark(entry)
    found = [columns(row) for row in rows]
    for row in found:
        for member, value in row.items():
            row[member] = _without(value, task.name)
    return found


def _without(value: Any, name: str) -> Any:
    if isinstance(value, dict):
        return {member: _without(one, name) for member, one in value.items()}
    return value.replace(name, "…") if isinstance(value, str) else value


def test_a_task_made_among_many_has_the_rows_of_one_made_by_itself(alice: User) -> None:
    calendar = calendar_create(owner=alice, values={"name": "Office", "country": "DE"})
    with time_machine.travel(db_now(), tick=False):
        singly = [task_create(owner=alice, spec=spec, actor="tests") for spec in specs("one", str(calendar.id))]
        many = tasks_create(owner=alice, specs=specs("two", str(calendar.id)), actor="tests")
    for one, other in zip(singly, many, strict=True):
        assert told(other) == told(one)
        assert (other.pk, other.key) != (one.pk, one.key)
        kept = ScheduledTask.objects.get(pk=other.pk)
        assert columns(kept) == columns(ScheduledTask.objects.get(pk=one.pk))
        assert kept.periodic_task_id == other.periodic_task_id
        assert (kept.paused_at is None) == (kept.status == "active")
        if kept.periodic_task is not None:
            assert kept.periodic_task.name == f"carillon:{kept.pk}"
            assert kept.periodic_task.kwargs == f'{{"task_id": "{kept.pk}"}}'


def test_schedules_that_are_the_same_share_their_row(alice: User) -> None:
    task_create(owner=alice, spec=specs("one", "")[1], actor="tests")
    before = [model.objects.count() for model in (CrontabSchedule, IntervalSchedule, ClockedSchedule)]
    tasks_create(owner=alice, specs=[specs(f"{n}-", "")[k] for n in range(3) for k in (1, 2, 6, 8, 9)], actor="tests")
    after = [model.objects.count() for model in (CrontabSchedule, IntervalSchedule, ClockedSchedule)]
    assert [now - was for now, was in zip(after, before, strict=True)] == [1, 1, 1]


def test_many_are_written_by_a_few_statements(alice: User) -> None:
    tasks_create(owner=alice, specs=specs("first", "")[1:2], actor="tests")  # and with it the row of its schedule
    few, many = (_writing(alice, [specs(f"{count}-{n}-", "")[1] for n in range(count)]) for count in (3, 60))
    assert few == many if connection.vendor == "postgresql" else many < few + 20  # SQLite takes fewer values at once


def _writing(owner: User, wanted: list[TaskSpec]) -> int:
    """Count the statements that write them."""
    with CaptureQueriesContext(connection) as captured:
        tasks_create(owner=owner, specs=wanted, actor="tests")
    return sum(not query["sql"].startswith("SELECT") for query in captured)


@pytest.mark.parametrize("is_there_before", [True, False])
def test_a_key_that_is_taken_is_named_and_nothing_is_made(alice: User, is_there_before: bool) -> None:
    known = [task_create(owner=alice, spec=specs("a", "")[0], actor="tests")] if is_there_before else []
    wanted = [specs("b", "")[1], *(specs("a", "")[0] for _ in range(2 - len(known)))]
    with pytest.raises(Conflict, match="a0") as refusal:
        tasks_create(owner=alice, specs=wanted, actor="tests")
    assert refusal.value.error_code == "key_taken"
    assert list(ScheduledTask.objects.all()) == known
    assert not PeriodicTask.objects.filter(name__startswith="carillon:").exists()


def test_one_that_is_not_accepted_lets_none_be_made(alice: User) -> None:
    wanted = [specs("a", "")[1], TaskSpec(name="", type="cleanup", payload=_payload())]
    with pytest.raises(Invalid):
        tasks_create(owner=alice, specs=wanted, actor="tests")
    assert not ScheduledTask.objects.exists()
    assert not AuditEntry.objects.filter(action="task.create").exists()
