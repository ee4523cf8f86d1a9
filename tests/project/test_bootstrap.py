"""The first set-up: what it makes, and that doing it again changes nothing."""

from io import StringIO
from pathlib import Path

import pytest
from django.contrib.auth import authenticate
from django.contrib.auth.models import Group, User
from django.core.management import call_command
from django.test import Client
from pytest_django import Settings

from tasks_app.handlers import registry
from tasks_app.models import Queue, ScheduledTask
from tasks_app.services.first_sign_in import password_file
from tasks_app.services.tasks import task_delete, task_update
from tasks_app.states import TaskStatus

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def own_directory(settings: Settings, tmp_path: Path) -> None:
    settings.VAR_DIR = tmp_path


def bootstrap() -> str:
    said = StringIO()
    call_command("bootstrap", stdout=said)
    return said.getvalue()


def test_the_printed_password_signs_the_first_administrator_in() -> None:
    said = bootstrap()
    user, password = password_file().read_text(encoding="utf-8").split()
    assert f"user {user}, one-time password {password}" in said
    admin = authenticate(username=user, password=password)
    assert admin is not None
    assert admin.is_superuser
    assert password not in User.objects.values_list("password", flat=True)


def test_the_password_is_readable_by_this_user_alone_and_gone_after_its_first_use() -> None:
    bootstrap()
    assert password_file().stat().st_mode & 0o777 == 0o600
    user, password = password_file().read_text(encoding="utf-8").split()
    assert not Client().login(username=user, password="a guess")
    assert password_file().exists()
    assert Client().login(username=user, password=password)
    assert not password_file().exists()


def test_somebody_else_signing_in_leaves_the_password_where_it_is(alice: User) -> None:
    bootstrap()
    assert Client().login(username="alice", password="alice-password")
    assert password_file().exists()


def test_there_are_groups_queues_three_paused_examples_and_a_clean_up() -> None:
    bootstrap()
    assert set(Group.objects.values_list("name", flat=True)) >= {"Viewer", "Operator", "Admin"}
    assert list(Queue.objects.values_list("name", "is_background")) == [
        ("critical", False),
        ("default", False),
        ("low-priority", True),
    ]
    tasks = ScheduledTask.objects.exclude(key="cleanup")
    assert len(tasks) == 3
    assert {(task.status, task.owner.username, task.next_due_at) for task in tasks} == {
        (TaskStatus.PAUSED, "admin", None)
    }


def test_the_groups_differ_in_what_they_may_do() -> None:
    bootstrap()
    rights = {
        name: set(Group.objects.get(name=name).permissions.values_list("codename", flat=True))
        for name in ("Viewer", "Operator", "Admin")
    }
    assert "view_taskrun" in rights["Viewer"] < rights["Operator"] < rights["Admin"]
    assert "cancel_all" in rights["Operator"] - rights["Viewer"]
    assert "add_user" in rights["Admin"] - rights["Operator"]


def test_a_second_time_says_and_changes_nothing() -> None:
    bootstrap()
    ScheduledTask.objects.filter(key="example-http-check").delete()
    Queue.objects.filter(name="default").update(rank=3)
    Group.objects.get(name="Viewer").permissions.clear()
    before = User.objects.get(username="admin").password
    assert bootstrap() == ""
    assert User.objects.get(username="admin").password == before
    assert ScheduledTask.objects.count() == 3
    assert Queue.objects.get(name="default").rank == 3
    assert not Group.objects.get(name="Viewer").permissions.exists()


def test_it_cleans_up_every_night() -> None:
    bootstrap()
    task = ScheduledTask.objects.get(key="cleanup")
    assert (task.type, task.status, task.owner.username) == ("cleanup", TaskStatus.ACTIVE, "admin")
    assert task.next_due_at is not None
    assert (task.next_due_at.hour, task.next_due_at.minute) == (3, 30)
    registry.validate_for(task.owner, task.type, task.payload)


def test_a_clean_up_that_somebody_deleted_does_not_come_back() -> None:
    bootstrap()
    task = ScheduledTask.objects.get(key="cleanup")
    task_update(task=task, changes={"key": "mine"}, actor="user:admin")
    bootstrap()
    task_delete(task=ScheduledTask.objects.get(id=task.id), actor="user:admin")
    bootstrap()
    assert ScheduledTask.objects.filter(type="cleanup").count() == 1


def test_an_administrator_made_by_hand_is_enough() -> None:
    User.objects.create_superuser("root")
    assert bootstrap() == ""
    assert ScheduledTask.objects.get().owner.username == "root"
    assert not User.objects.filter(username="admin").exists()
    assert not password_file().exists()
