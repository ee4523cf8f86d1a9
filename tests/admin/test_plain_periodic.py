"""A plain PeriodicTask is an admin's own: edited as in stock, but only for tasks that exist."""

from typing import Any

import pytest
import redis
from django.conf import settings
from django.test import Client
from django_celery_beat.models import IntervalSchedule, PeriodicTask, PeriodicTasks

from tasks_app.models import ScheduledTask
from tests.admin.pages import address, read, select, told

CLEANUP = "celery.backend_cleanup"


@pytest.fixture
def interval(db: None) -> IntervalSchedule:
    """Every ten minutes."""
    return IntervalSchedule.objects.create(every=10, period="minutes")


@pytest.fixture
def plain(interval: IntervalSchedule) -> PeriodicTask:
    """A row that an admin has written."""
    return PeriodicTask.objects.create(name="clean up", task=CLEANUP, interval=interval, queue="default")


def fields(schedule: IntervalSchedule, **changes: Any) -> dict[str, Any]:
    """What the form holds, changed."""
    values = {"name": "fresh", "task": CLEANUP, "enabled": "on", "interval": schedule.pk, "args": "[]", "kwargs": "{}"}
    return {**values, "headers": "{}", **changes}


def test_it_is_added_and_beat_learns_of_it(desk: Client, interval: IntervalSchedule) -> None:
    before = PeriodicTasks.last_change()
    assert "Task (registered)" in read(desk, address(PeriodicTask, "add"))
    told(desk.post(address(PeriodicTask, "add"), fields(interval)))
    row = PeriodicTask.objects.get(name="fresh")
    assert (row.task, row.interval, row.enabled) == (CLEANUP, interval, True)
    assert PeriodicTasks.last_change() != before


def test_the_registered_tasks_are_offered(desk: Client, interval: IntervalSchedule) -> None:
    assert 'value="tasks_app.work"' in read(desk, address(PeriodicTask, "add"))
    told(desk.post(address(PeriodicTask, "add"), fields(interval, task="", regtask="tasks_app.work")))
    assert PeriodicTask.objects.get(name="fresh").task == "tasks_app.work"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("task", "os.system"),
        ("task", ""),
        ("regtask", "os.system"),
        ("args", "{}"),
        ("args", "not json"),
        ("args", ""),
        ("args", "[NaN]"),
        ("args", "[1e999]"),
        ("args", "[" * 30_000 + "]" * 30_000),
        ("args", f'["{"x" * 70_000}"]'),
        ("args", r'["\ud800"]'),
        ("kwargs", "[]"),
        ("kwargs", '{"a": }'),
        ("kwargs", "\u0000"),
        ("headers", "[1]"),
        ("name", "carillon:mine"),
        ("name", ""),
        ("name", "x" * 201),
        ("priority", "256"),
    ],
)
def test_what_celery_could_not_run_is_refused(desk: Client, interval: IntervalSchedule, field: str, value: str) -> None:
    response = desk.post(address(PeriodicTask, "add"), fields(interval, **{field: value}))
    assert response.status_code == 200
    assert field in response.context["adminform"].form.errors
    assert not PeriodicTask.objects.exists()


def test_it_needs_exactly_one_schedule(desk: Client, interval: IntervalSchedule) -> None:
    response = desk.post(address(PeriodicTask, "add"), fields(interval, interval=""))
    assert response.status_code == 200
    assert "must be set" in response.content.decode()


def test_it_is_edited_switched_and_deleted(desk: Client, plain: PeriodicTask, interval: IntervalSchedule) -> None:
    url = address(PeriodicTask, "change", plain.pk)
    told(desk.post(url, fields(interval, name="renamed", kwargs='{"a": 1}')))
    plain.refresh_from_db()
    assert (plain.name, plain.kwargs) == ("renamed", '{"a": 1}')
    for action, is_enabled in (("disable_tasks", False), ("enable_tasks", True), ("toggle_tasks", False)):
        before = PeriodicTasks.last_change()
        assert "1 task was successfully" in select(desk, PeriodicTask, action, plain)[0]
        plain.refresh_from_db()
        assert plain.enabled is is_enabled
        assert PeriodicTasks.last_change() != before
    select(desk, PeriodicTask, "delete_selected", plain, post="yes")
    assert not PeriodicTask.objects.exists()


def test_plain_rows_and_mirrors_are_told_apart_in_one_selection(
    desk: Client, plain: PeriodicTask, task: ScheduledTask
) -> None:
    mirror = PeriodicTask.objects.get(scheduled_task=task)
    assert len(select(desk, PeriodicTask, "disable_tasks", plain, mirror)) == 2
    plain.refresh_from_db()
    task.refresh_from_db()
    assert (plain.enabled, task.status) == (False, "paused")


def test_running_it_sends_its_celery_task(desk: Client, plain: PeriodicTask, empty_redis: redis.Redis) -> None:
    assert select(desk, PeriodicTask, "run_tasks", plain) == ["1 task was successfully run"]
    assert empty_redis.llen(f"{settings.REDIS_PREFIX}default") == 1


def test_a_task_that_is_gone_is_a_message(desk: Client, plain: PeriodicTask) -> None:
    PeriodicTask.objects.filter(pk=plain.pk).update(task="gone.task")
    assert "gone.task" in select(desk, PeriodicTask, "run_tasks", plain)[0]
