"""Editing a task in the admin: a few plain fields, through the service, and nothing else."""

from typing import Any

from django.contrib.auth.models import User
from django.test import Client

from tasks_app.models import Queue, ScheduledTask
from tasks_app.services.tasks import task_cancel, task_update
from tests.admin.conftest import make_task
from tests.admin.pages import address, read, told


def fields(task: ScheduledTask, **changes: Any) -> dict[str, Any]:
    """What the form holds, changed."""
    values = {
        "name": task.name,
        "description": task.description,
        "queue": task.queue,
        "priority": task.priority,
        "overlap": task.overlap,
        "on_exhausted": task.on_exhausted,
        "notify_on_failure": "on",
        "seen_version": task.version,
    }
    return {**values, **changes}


def fresh(task: ScheduledTask) -> ScheduledTask:
    return ScheduledTask.objects.get(pk=task.pk)


def test_an_edit_goes_through_the_service(desk: Client, task: ScheduledTask) -> None:
    Queue.objects.create(name="critical")
    url = address(ScheduledTask, "change", task.pk)
    told(desk.post(url, fields(task, name="Evening report", queue="critical", priority=9, max_retries=7)))
    after = fresh(task)
    assert (after.name, after.queue, after.priority, after.max_retries) == ("Evening report", "critical", 9, 7)
    assert after.version == task.version + 1
    assert after.periodic_task is not None
    assert after.periodic_task.description.startswith("Evening report:")
    assert after.periodic_task.queue == "critical"


def test_an_edit_of_nothing_changes_nothing(desk: Client, task: ScheduledTask) -> None:
    told(desk.post(address(ScheduledTask, "change", task.pk), fields(task)))
    assert fresh(task).version == task.version


def test_status_schedule_and_payload_are_not_in_the_form(desk: Client, task: ScheduledTask) -> None:
    changes = {"status": "cancelled", "payload": "{}", "cron_expression": "* * * * *", "next_due_at": "", "owner": "1"}
    told(desk.post(address(ScheduledTask, "change", task.pk), fields(task, **changes)))
    after = fresh(task)
    assert (after.status, after.payload, after.cron_expression) == ("active", task.payload, task.cron_expression)
    assert (after.next_due_at, after.owner_id) == (task.next_due_at, task.owner_id)


def test_faults_stand_at_their_fields(desk: Client, task: ScheduledTask) -> None:
    bad = {"name": "", "priority": 12, "max_retries": 51, "queue": "nowhere", "timeout_seconds": 99_999_999}
    for name, value in bad.items():
        response = desk.post(address(ScheduledTask, "change", task.pk), fields(task, **{name: value}))
        assert response.status_code == 200, name
        assert name in response.context["adminform"].form.errors, name
    assert fresh(task).version == task.version


def test_an_edit_of_a_task_that_has_changed_meanwhile_is_refused(desk: Client, task: ScheduledTask) -> None:
    url = address(ScheduledTask, "change", task.pk)
    assert f'name="seen_version" value="{task.version}"' in read(desk, url)
    task_update(task=task, changes={"priority": 1}, actor="tests")
    (said,) = told(desk.post(url, fields(task, name="Evening report")))
    assert "has changed since you read it" in said
    assert fresh(task).name == "Morning report"


def test_a_cancelled_task_is_only_to_be_seen(desk: Client, task: ScheduledTask) -> None:
    task_cancel(task=task, actor="tests")
    url = address(ScheduledTask, "change", task.pk)
    assert 'name="_save"' not in read(desk, url)
    assert desk.post(url, fields(task, name="Evening report")).status_code == 403


def test_a_sensitive_payload_of_others_needs_a_right_of_its_own(
    deputy: Client, alice: User, admin: User, queue: Queue
) -> None:
    payload = {"url": "https://example.org/", "body": "swordfish"}
    of_alice = make_task(alice, type="http_request", payload=payload)
    of_admin = make_task(admin, type="http_request", payload=payload)
    assert "swordfish" not in read(deputy, address(ScheduledTask, "change", of_alice.pk))
    assert "swordfish" in read(deputy, address(ScheduledTask, "change", of_admin.pk))
