"""A PeriodicTask that mirrors a task follows it: read-only but for its switch, and never deleted by itself."""

from html import unescape
from typing import Any

import pytest
from django.test import Client
from django_celery_beat.models import CrontabSchedule, PeriodicTask, PeriodicTasks

from tasks_app.models import ScheduledTask, TaskRun
from tasks_app.services.tasks import task_pause
from tests.admin.conftest import make_task
from tests.admin.pages import address, press, read, select, told


@pytest.fixture
def mirror(task: ScheduledTask) -> PeriodicTask:
    """The row that mirrors alice's task."""
    return PeriodicTask.objects.get(scheduled_task=task)


def fresh(task: ScheduledTask) -> ScheduledTask:
    return ScheduledTask.objects.get(pk=task.pk)


def values(row: PeriodicTask) -> dict[str, Any]:
    return dict(PeriodicTask.objects.values().get(pk=row.pk))


def test_it_leads_to_its_task_and_shows_its_sentence(desk: Client, mirror: PeriodicTask, task: ScheduledTask) -> None:
    html = read(desk, address(PeriodicTask, "change", mirror.pk))
    assert address(ScheduledTask, "change", task.pk) in html
    assert 'name="enabled"' in html
    for name in ("name", "task", "regtask", "args", "kwargs", "crontab", "queue"):
        assert f'name="{name}"' not in html, name
    listed = read(desk, address(PeriodicTask, "changelist"))
    assert "Morning report" in listed
    assert task.schedule_text in listed


def test_each_field_says_who_writes_it_and_where_it_is_changed(
    desk: Client, mirror: PeriodicTask, task: ScheduledTask
) -> None:
    html = " ".join(unescape(read(desk, address(PeriodicTask, "change", mirror.pk))).split())
    assert f'href="/tasks/{task.pk}/">Morning report</a>' in html
    assert html.count("Written by Carillon") == 12
    assert html.count(f'href="/tasks/{task.pk}/edit/">Change it in the task</a>') == 9
    assert html.count("Counted by Carillon") == 2
    assert "Off pauses the task, on resumes it." in html
    plain = PeriodicTask.objects.create(name="own", task="celery.backend_cleanup", crontab=mirror.crontab)
    assert "Written by Carillon" not in read(desk, address(PeriodicTask, "change", plain.pk))


def test_a_task_that_is_over_is_not_offered_to_be_changed(
    desk: Client, mirror: PeriodicTask, task: ScheduledTask
) -> None:
    press(desk, task, "cancel")
    assert f"/tasks/{task.pk}/edit/" not in read(desk, address(PeriodicTask, "change", mirror.pk))


def test_disabling_it_pauses_the_task_and_enabling_resumes(
    desk: Client, mirror: PeriodicTask, task: ScheduledTask
) -> None:
    url = address(PeriodicTask, "change", mirror.pk)
    told(desk.post(url, {}))
    paused = fresh(task)
    assert (paused.status, paused.pause_note) == ("paused", "Disabled in the admin by staff")
    assert values(mirror)["enabled"] is False
    told(desk.post(url, {"enabled": "on"}))
    assert (fresh(task).status, values(mirror)["enabled"]) == ("active", True)


def test_nothing_else_of_it_can_be_posted(desk: Client, mirror: PeriodicTask) -> None:
    before = values(mirror)
    other = CrontabSchedule.objects.create(minute="1", hour="1")
    forged = {"name": "x", "task": "celery.backend_cleanup", "regtask": "celery.backend_cleanup", "args": "[1]"}
    forged |= {"kwargs": "{}", "crontab": str(other.pk), "queue": "critical", "description": "x", "one_off": "on"}
    told(desk.post(address(PeriodicTask, "change", mirror.pk), {"enabled": "on", **forged}))
    assert values(mirror) == before


def test_saving_it_does_not_make_every_beat_reload(desk: Client, mirror: PeriodicTask) -> None:
    before = PeriodicTasks.last_change()
    told(desk.post(address(PeriodicTask, "change", mirror.pk), {}))
    assert PeriodicTasks.last_change() == before


def test_it_is_deleted_with_its_task_only(desk: Client, mirror: PeriodicTask, task: ScheduledTask) -> None:
    url = address(PeriodicTask, "delete", mirror.pk)
    for response in (desk.get(url), desk.post(url, {"post": "yes"})):
        assert "delete the task" in told(response)[0]
    assert f"{mirror.pk}/delete/" not in read(desk, address(PeriodicTask, "change", mirror.pk))
    assert "delete the task" in select(desk, PeriodicTask, "delete_selected", mirror, post="yes")[0]
    assert PeriodicTask.objects.filter(pk=mirror.pk).exists()
    desk.post(address(ScheduledTask, "delete", task.pk), {"post": "yes"})
    assert not PeriodicTask.objects.filter(pk=mirror.pk).exists()


def test_actions_go_through_the_task(desk: Client, mirror: PeriodicTask, task: ScheduledTask) -> None:
    assert select(desk, PeriodicTask, "disable_tasks", mirror) == ["Morning report: paused."]
    assert fresh(task).status == "paused"
    assert "resumed" in select(desk, PeriodicTask, "enable_tasks", mirror)[0]
    assert fresh(task).status == "active"
    select(desk, PeriodicTask, "toggle_tasks", mirror)
    assert fresh(task).status == "paused"
    (said,) = select(desk, PeriodicTask, "run_tasks", mirror)
    run = TaskRun.objects.get(task=task)
    assert str(run.pk) in said
    assert (run.trigger, run.actor) == ("manual", "user:staff")


def test_a_refusal_is_a_message(desk: Client, mirror: PeriodicTask, task: ScheduledTask) -> None:
    other = make_task(task.owner, name="Other")
    press(desk, other, "cancel")
    ended = PeriodicTask.objects.get(scheduled_task=other)
    assert "only a paused task can be resumed" in select(desk, PeriodicTask, "enable_tasks", ended)[0]
    (said,) = told(desk.post(address(PeriodicTask, "change", ended.pk), {"enabled": "on"}))
    assert "only a paused task can be resumed" in said
    assert values(ended)["enabled"] is False


def test_an_enabled_mirror_of_a_paused_task_is_not_resumed_by_a_save(
    desk: Client, mirror: PeriodicTask, task: ScheduledTask
) -> None:
    task_pause(task=task, actor="tests")
    told(desk.post(address(PeriodicTask, "change", mirror.pk), {}))
    assert fresh(task).pause_note == ""


def test_a_schedule_that_a_mirror_uses_is_only_to_be_seen(desk: Client, mirror: PeriodicTask) -> None:
    crontab = mirror.crontab
    html = read(desk, address(CrontabSchedule, "change", crontab.pk))
    assert "Morning report" in html
    assert 'name="_save"' not in html
    posted = {"minute": "1", "hour": "1", "day_of_month": "*", "month_of_year": "*", "day_of_week": "*"}
    assert desk.post(address(CrontabSchedule, "change", crontab.pk), {**posted, "timezone": "UTC"}).status_code == 403
    assert desk.post(address(CrontabSchedule, "delete", crontab.pk), {"post": "yes"}).status_code == 403
    assert PeriodicTask.objects.filter(pk=mirror.pk, crontab=crontab).exists()
