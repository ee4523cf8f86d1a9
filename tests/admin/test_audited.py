"""What is edited in the admin itself stands in the audit log, and the log stands in the admin, to be read."""

from typing import Any

import pytest
import redis
from django.contrib.auth.models import Group, User
from django.test import Client
from django_celery_beat.models import IntervalSchedule, PeriodicTask

from tasks_app.models import AllowedCommand, AuditEntry, ScheduledTask, TypeRule
from tasks_app.services import audit
from tests import runs
from tests.admin.conftest import make_task
from tests.admin.pages import address, read, select


def last(action: str) -> AuditEntry:
    return AuditEntry.objects.filter(action=action).order_by("-id")[0]


def fields_of(client: Client, user: User, **changes: object) -> dict[str, object]:
    """What the form of a user sends, with some of it changed."""
    form = client.get(address(User, "change", user.pk)).context["adminform"].form
    values = {name: form[name].value() for name in form.fields}
    values |= {"last_login_0": "", "last_login_1": "", "date_joined_0": "2026-01-01", "date_joined_1": "00:00:00"}
    return {name: value for name, value in {**values, **changes}.items() if value not in (None, False)}


def test_a_user_who_gets_a_role_is_an_entry(desk: Client, alice: User) -> None:
    role = Group.objects.get(name="Operator")
    reply = desk.post(address(User, "change", alice.pk), fields_of(desk, alice, groups=[role.pk]))
    assert reply.status_code == 302
    entry = last("user.update")
    assert (entry.actor, entry.object_name, entry.owner_id) == ("user:staff", "alice", alice.pk)
    assert (entry.before["groups"], entry.after["groups"]) == ([], ["Operator"])


def test_a_password_set_for_somebody_is_an_entry_without_it(desk: Client, alice: User) -> None:
    words = {"password1": "quite-new-canary", "password2": "quite-new-canary", "usable_password": "true"}
    assert desk.post(f"/admin/auth/user/{alice.pk}/password/", words).status_code == 302
    entry = last("user.update")
    assert entry.object_name == "alice"
    assert entry.after
    assert "canary" not in str(vars(entry))


def test_made_and_deleted_roles_are_entries(desk: Client) -> None:
    assert desk.post(address(Group, "add"), {"name": "Night shift"}).status_code == 302
    role = Group.objects.get(name="Night shift")
    assert last("group.create").object_name == "Night shift"
    assert desk.post(address(Group, "delete", role.pk), {"post": "yes"}).status_code == 302
    assert last("group.delete").object_name == "Night shift"


def test_an_allowed_command_is_an_entry_without_its_variables(desk: Client) -> None:
    values = {"name": "rebuild", "is_enabled": "on", "command": '["/bin/true"]', "environment": '{"LEVEL": "canary"}'}
    reply = desk.post(address(AllowedCommand, "add"), {**values, "arguments": "", "most_arguments": "0"})
    assert reply.status_code == 302, reply.context["adminform"].form.errors
    entry = last("command.create")
    assert entry.after["command"] == ["/bin/true"]
    assert "canary" not in str(vars(entry))


def test_a_rule_of_a_type_is_an_entry_of_its_service_without_fixed_secrets(desk: Client) -> None:
    values = {"type": "http_request", "locked": '{"headers.Authorization": "Bearer canary", "timeout_seconds": 10}'}
    reply = desk.post(address(TypeRule, "add"), values)
    assert reply.status_code == 302, reply.context["adminform"].form.errors
    made = last("type_rule.create")
    assert (made.actor, made.object_name) == ("user:staff", "http_request")
    assert set(made.after) == {"is_restricted", "locked.headers.Authorization", "locked.timeout_seconds"}
    page = address(TypeRule, "change", "http_request")
    assert desk.post(page, {"locked": '{"headers.Authorization": "Bearer canary-2"}'}).status_code == 302
    assert "locked.timeout_seconds" in last("type_rule.update").before
    assert desk.post(address(TypeRule, "delete", "http_request"), {"post": "yes"}).status_code == 302
    assert last("type_rule.delete").object_id == "http_request"
    entries = AuditEntry.objects.filter(object_type="type_rule")
    assert sorted(entry.action for entry in entries) == ["type_rule.create", "type_rule.delete", "type_rule.update"]
    assert "canary" not in str([vars(entry) for entry in entries])


def test_a_task_edited_here_is_one_entry_of_its_service(desk: Client, alice: User) -> None:
    task = runs.make_task(alice)
    form = desk.get(address(ScheduledTask, "change", task.pk)).context["adminform"].form
    values = {name: form[name].value() for name in form.fields if form[name].value() not in (None, False)}
    assert desk.post(address(ScheduledTask, "change", task.pk), {**values, "name": "Other"}).status_code == 302
    (entry,) = AuditEntry.objects.filter(object_type="task", action="task.update")
    assert entry.after == {"name": "Other"}


def test_a_sensitive_payload_shown_here_is_one_entry(desk: Client, alice: User) -> None:
    task = runs.make_task(alice, payload={"url": "https://example.org/"})
    read(desk, address(ScheduledTask, "change", task.pk))
    (entry,) = AuditEntry.objects.filter(action="payload.read")
    assert (entry.actor, entry.object_id) == ("user:staff", str(task.pk))


def test_the_log_is_read_here_and_nothing_else(deputy: Client) -> None:
    entry = audit.note("queue.pause", name="default", before={"a": 1}, after={"a": 2})
    assert "queue.pause" in read(deputy, address(AuditEntry, "changelist"))
    assert "queue.pause" in read(deputy, address(AuditEntry, "change", entry.pk))
    assert deputy.get(address(AuditEntry, "add")).status_code == 403
    assert deputy.post(address(AuditEntry, "delete", entry.pk), {"post": "yes"}).status_code == 403
    deputy.post(address(AuditEntry, "change", entry.pk), {"actor": "user:mallory"})
    assert AuditEntry.objects.get(pk=entry.pk).actor == "code"


def test_a_thing_that_is_called_like_who_changed_it_is_named(deputy: Client) -> None:
    audit.note("queue.pause", name="bob", kind="queue", actor="user:bob")
    assert "paused the queue bob" in " ".join(read(deputy, address(AuditEntry, "changelist")).split())


@pytest.mark.parametrize(
    ("action", "was", "is_now"),
    [
        ("disable_tasks", True, False),
        ("enable_tasks", False, True),
        ("toggle_tasks", True, False),
        ("toggle_tasks", False, True),
    ],
)
def test_a_plain_row_switched_in_the_list_is_an_entry(desk: Client, action: str, was: bool, is_now: bool) -> None:
    row = plain_row(enabled=was)
    select(desk, PeriodicTask, action, row)
    entry = last("periodic_task.update")
    assert (entry.actor, entry.object_id, entry.object_name) == ("user:staff", str(row.pk), str(row)[:200])
    assert (entry.before, entry.after) == ({"enabled": was}, {"enabled": is_now})


def test_what_an_action_leaves_as_it_is_is_no_entry(desk: Client) -> None:
    select(desk, PeriodicTask, "enable_tasks", plain_row(enabled=True))
    assert not AuditEntry.objects.filter(object_type="periodic_task").exists()


def test_a_plain_row_that_is_run_from_the_list_is_an_entry(desk: Client, empty_redis: redis.Redis) -> None:
    row = plain_row()
    select(desk, PeriodicTask, "run_tasks", row)
    assert last("periodic_task.run").object_id == str(row.pk)


def test_what_was_not_sent_is_no_entry(desk: Client) -> None:
    row = plain_row()
    PeriodicTask.objects.filter(pk=row.pk).update(task="gone.task")
    select(desk, PeriodicTask, "run_tasks", row)
    assert not AuditEntry.objects.filter(object_type="periodic_task").exists()


def test_plain_rows_deleted_from_the_list_are_entries(desk: Client) -> None:
    row = plain_row()
    select(desk, PeriodicTask, "delete_selected", row, post="yes")
    assert last("periodic_task.delete").object_id == str(row.pk)


def test_a_mirror_switched_in_the_list_is_an_entry_of_its_task(desk: Client, alice: User) -> None:
    task = make_task(alice)
    select(desk, PeriodicTask, "disable_tasks", PeriodicTask.objects.get(scheduled_task=task))
    assert last("task.pause").object_id == str(task.pk)
    assert not AuditEntry.objects.filter(object_type="periodic_task").exists()


def plain_row(**fields: Any) -> PeriodicTask:
    """A row that an admin has written."""
    interval = IntervalSchedule.objects.create(every=10, period="minutes")
    return PeriodicTask.objects.create(
        name="clean up", task="celery.backend_cleanup", interval=interval, queue="default", **fields
    )
