"""Deleting many tasks in a few statements does to each what deleting one does; and what comes back is looked at."""

import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.utils import timezone
from django_celery_beat.models import PeriodicTask
from pytest_django import Settings

from tasks_app.errors import Conflict
from tasks_app.handlers import registry
from tasks_app.models import (
    AllowedCommand,
    AuditEntry,
    Credential,
    EmailTemplate,
    RunEvent,
    ScheduledTask,
    StoredFile,
    TaskRevision,
    TaskRun,
    TypeRule,
)
from tasks_app.services import needs, tasks
from tasks_app.services.bulk import Progress, bulk_begin, bulk_go_on, bulk_undo
from tasks_app.services.bulk_deeds import Order, Verb
from tasks_app.services.calendars import calendar_create, calendar_delete
from tasks_app.services.specs import TaskSpec
from tests import runs
from tests.services.credentials import make_credential

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("empty_redis")]
Make = Callable[..., ScheduledTask]
HOURLY: dict[str, Any] = {"schedule": {"kind": "hourly", "minute": 5}}
URL = {"url": "https://api.example.com/"}
MAIL = {"recipients": ["alice@example.org"]}


@pytest.fixture
def make(alice: User) -> Make:
    """Make tasks of alice's."""

    def make_task(name: str = "One", *, owner: User = alice, **fields: Any) -> ScheduledTask:
        values = {"type": "http_request", "payload": URL, **fields}
        return tasks.task_create(owner=owner, spec=TaskSpec(name=name, **values), actor="tests")

    return make_task


def deleted(user: User, *which: ScheduledTask) -> uuid.UUID:
    """Delete them as one action; gives its token."""
    token = uuid.uuid4()
    bulk_begin(user=user, token=token, order=Order(verb=Verb.DELETE), ids=[task.id for task in which])
    progress = bulk_go_on(user=user, token=token)
    assert (progress.is_finished, progress.done_count, progress.kept) == (True, len(which), [])
    return token


def back(user: User, token: uuid.UUID) -> Progress:
    return bulk_go_on(user=user, token=bulk_undo(user=user, token=token))


def fresh(task: ScheduledTask) -> ScheduledTask:
    return ScheduledTask.objects.get(pk=task.pk)


def _row(task: ScheduledTask) -> tuple[Any, ...]:
    return task.status, task.version, task.next_slot, task.next_due_at, task.periodic_task, task.pause_note


def _entry(task: ScheduledTask) -> tuple[Any, ...]:
    entry = AuditEntry.objects.get(action="task.delete", object_id=str(task.pk))
    return entry.before, entry.after, entry.actor, entry.object_name, entry.owner_id


def _events(task: ScheduledTask) -> list[tuple[Any, ...]]:
    events = RunEvent.objects.filter(run__task=task).order_by("id")
    return list(events.values_list("version", "source", "target", "reason", "actor"))


def test_many_are_deleted_as_one_is(alice: User, make: Make) -> None:
    """The rows, their notes and the events of their runs differ by nothing but names and instants."""

    def left(which: list[ScheduledTask]) -> list[Any]:
        return [(_row(fresh(task)), _entry(task), _events(task)) for task in which]

    def world() -> list[ScheduledTask]:
        active, paused, over, busy = (make(name, **HOURLY) for name in ("A", "P", "O", "B"))
        tasks.task_pause(task=paused, actor="tests", note="until Monday")
        tasks.task_cancel(task=over, actor="tests")
        tasks.task_run_now(task=active, actor="tests")
        runs.claim(tasks.task_run_now(task=busy, actor="tests"))
        return [active, paused, over, busy]

    one_by_one, together = world(), world()
    for task in one_by_one:
        tasks.task_delete(task=task, actor="user:alice")
    deleted(alice, *together)
    assert left(together) == left(one_by_one)
    [running] = TaskRun.objects.filter(task=together[3])
    assert (running.status, running.cancel_requested_by) == ("running", "user:alice")
    assert TaskRun.objects.get(task=together[0]).status == "cancelled"
    assert not PeriodicTask.objects.filter(name__startswith="carillon:").exists()


def test_a_slot_that_is_due_has_its_run_when_its_task_is_deleted_with_others(alice: User, make: Make) -> None:
    due, other = make("Due", **HOURLY), make("Other", **HOURLY)
    slot = timezone.now().replace(microsecond=0) - timedelta(seconds=5)
    ScheduledTask.objects.filter(pk=due.pk).update(next_slot=slot, next_due_at=slot)
    deleted(alice, other, due)
    assert TaskRun.objects.get(task=due, slot=slot).status == "cancelled"
    assert not TaskRun.objects.filter(task=other).exists()
    assert AuditEntry.objects.filter(action="task.delete").count() == 2


def test_the_versions_of_a_deleted_task_stay(alice: User, make: Make) -> None:
    task = make()
    deleted(alice, task)
    assert TaskRevision.objects.filter(task=task).count() == 1


@pytest.fixture
def credential(alice: User) -> Credential:
    """A credential of alice's."""
    return make_credential(alice, name="crm", hosts=["api.example.com"])


def lacking(user: User, token: uuid.UUID, task: ScheduledTask) -> str:
    """Bring the task back; gives what it says it lacks, having seen that it is paused and whole."""
    progress = back(user, token)
    now = fresh(task)
    assert (progress.done_count, progress.kept) == (1, [])
    assert (now.deleted_at, now.status, now.next_due_at) == (None, "paused", None)
    assert now.payload == task.payload
    assert now.pause_note.startswith("Came back paused, because something that it needs has gone.")
    assert progress.lacking == [[task.name, now.pause_note, str(task.pk)]]
    assert AuditEntry.objects.get(action="task.undelete").note == now.pause_note
    return now.pause_note


def test_a_note_names_nothing_inside_a_field_for_who_may_not_see_it(make: Make) -> None:
    task = make(payload=URL, **HOURLY)
    task.payload = {**URL, "headers": {"X secret name": "x"}}
    told = needs.lacking(task, calendar=None)
    assert "payload.headers: " in told
    assert "secret name" not in told


def test_a_task_comes_back_paused_without_its_credential(alice: User, make: Make, credential: Credential) -> None:
    task = make(payload={**URL, "credential": "crm"}, **HOURLY)
    token = deleted(alice, task)
    credential.delete()
    assert "payload.credential: There is no such credential" in lacking(alice, token, task)


def test_a_task_comes_back_paused_without_its_template(alice: User, make: Make) -> None:
    template = EmailTemplate.objects.create(owner=alice, name="hello", subject="s", text="t")
    task = make(type="send_email", payload={**MAIL, "template": "hello"}, **HOURLY)
    token = deleted(alice, task)
    template.delete()
    assert "payload.template: There is no such template" in lacking(alice, token, task)


def test_a_task_comes_back_paused_without_its_file(alice: User, make: Make) -> None:
    file = StoredFile.objects.create(owner=alice, name="a.csv", path="a", content_type="text/csv", size=1)
    payload = {**MAIL, "subject": "s", "text": "t", "attachments": [str(file.pk)]}
    task = make(type="send_email", payload=payload, **HOURLY)
    token = deleted(alice, task)
    file.delete()
    assert "payload.attachments: There is no such file." in lacking(alice, token, task)


@pytest.mark.parametrize("is_deleted", [True, False])
def test_a_task_comes_back_paused_without_its_calendar(alice: User, bob: User, make: Make, is_deleted: bool) -> None:
    calendar = calendar_create(owner=bob, values={"name": "Works"})
    type(calendar).objects.update(is_shared=True)
    task = make(calendar=str(calendar.pk), **HOURLY)
    token = deleted(alice, task)
    if is_deleted:
        calendar_delete(calendar=calendar, by=bob)
    type(calendar).objects.update(is_shared=False)
    said = lacking(alice, token, task)
    assert ("calendar: The calendar that it kept has been deleted" in said) is is_deleted
    assert ("calendar: Its owner may not use the calendar" in said) is not is_deleted


def test_a_task_of_a_type_that_its_owner_may_not_use_any_more_comes_back_paused(alice: User, make: Make) -> None:
    task = make(**HOURLY)
    token = deleted(alice, task)
    TypeRule.objects.create(type="http_request", is_restricted=True)
    assert "type: You may not use" in lacking(alice, token, task)


def test_a_task_whose_command_was_taken_back_comes_back_paused(alice: User, make: Make, settings: Settings) -> None:
    settings.ALLOW_SHELL_COMMANDS = True
    alice.user_permissions.add(Permission.objects.get(codename="run_shell_command"))
    command = AllowedCommand.objects.create(name="hello", command=["/bin/echo", "hello"])
    task = make(owner=User.objects.get(pk=alice.pk), type="shell_command", payload={"command": "hello"}, **HOURLY)
    token = deleted(alice, task)
    command.delete()
    assert "payload.command: " in lacking(alice, token, task)


def test_the_note_of_a_pause_stays_behind_what_is_missing(alice: User, make: Make, credential: Credential) -> None:
    task = make(payload={**URL, "credential": "crm"}, **HOURLY)
    tasks.task_pause(task=task, actor="tests", note="until Monday")
    token = deleted(alice, task)
    credential.delete()
    progress = back(alice, token)
    assert (progress.done_count, progress.lacking) == (1, [])
    assert fresh(task).pause_note.endswith(" until Monday")


def test_a_task_that_had_ended_comes_back_as_it_was_whatever_has_gone(
    alice: User, make: Make, credential: Credential
) -> None:
    task = make(payload={**URL, "credential": "crm"})
    tasks.task_cancel(task=task, actor="tests")
    token = deleted(alice, task)
    credential.delete()
    assert back(alice, token).lacking == []
    assert (fresh(task).status, fresh(task).pause_note) == ("cancelled", "")


def test_what_an_administrator_has_fixed_meanwhile_is_no_reason_to_pause(alice: User, make: Make) -> None:
    assert registry.get("http_request")
    task = make(payload={**URL, "method": "POST"}, **HOURLY)
    token = deleted(alice, task)
    TypeRule.objects.create(type="http_request", locked={"method": "GET"})
    assert back(alice, token).lacking == []
    assert fresh(task).status == "active"


def test_what_could_not_come_back_follows_once_the_cause_is_mended(alice: User, make: Make) -> None:
    held, free = make("Held", key="import", **HOURLY), make("Free", **HOURLY)
    token = deleted(alice, held, free)
    taken = make("Taken", key="import")
    undo = bulk_undo(user=alice, token=token)
    progress = bulk_go_on(user=alice, token=undo)
    assert (progress.done_count, progress.can_undo, progress.can_repeat) == (1, False, True)
    assert progress.kept == [["Held", "Its owner has another task with its key by now.", ""]]
    again = back(alice, undo)
    assert (again.total, again.done_count, again.can_repeat) == (1, 0, True)
    tasks.task_delete(task=taken, actor="tests")
    last = bulk_undo(user=alice, token=bulk_undo(user=alice, token=undo))
    progress = bulk_go_on(user=alice, token=last)
    assert (progress.total, progress.done_count, progress.can_repeat) == (1, 1, False)
    assert [fresh(task).deleted_at for task in (held, free)] == [None, None]
    assert fresh(free).version == fresh(held).version, "what had come back was not touched again"
    with pytest.raises(Conflict, match="no way back"):
        bulk_undo(user=alice, token=last)
