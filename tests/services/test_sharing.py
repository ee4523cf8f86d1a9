"""Sharing a task, and taking that back."""

import dataclasses

import pytest
from django.contrib.auth.models import AnonymousUser, Group, User
from pytest_django import Settings

from tasks_app.errors import Conflict, Forbidden, Invalid, NotFound
from tasks_app.models import ScheduledTask, TaskShare
from tasks_app.selectors.access import Deed, shared_task_ids, visible_tasks
from tasks_app.selectors.tasks import task_get
from tasks_app.services import sharing
from tasks_app.services.limiter import TooMany
from tasks_app.services.sharing import share_remove, share_set
from tests.runs import make_task

GUESSER = "user:guesser"

pytestmark = pytest.mark.django_db


@pytest.fixture
def task(alice: User) -> ScheduledTask:
    return make_task(alice)


def again(user: User) -> User:
    return User.objects.get(pk=user.pk)


def faults(task: ScheduledTask, **given: str) -> dict[str, list[str]]:
    with pytest.raises(Invalid) as refused:
        share_set(task=task, **{"level": "view", "actor": "user:alice", **given})
    return {path: [one.code for one in found] for path, found in refused.value.fields.items()}


def test_a_share_opens_the_task_and_ends_with_being_taken_back(task: ScheduledTask, charlie: User) -> None:
    share_set(task=task, user="charlie", level="view", actor="user:alice")
    assert task_get(again(charlie), task.pk) == task
    with pytest.raises(Forbidden):
        task_get(again(charlie), task.pk, Deed.RUN)
    share_remove(task=task, user="charlie", actor="user:alice")
    with pytest.raises(NotFound):
        task_get(again(charlie), task.pk)


def test_sharing_again_changes_the_level_and_makes_no_second_share(task: ScheduledTask, charlie: User) -> None:
    share_set(task=task, user="charlie", level="view", actor="user:alice")
    share_set(task=task, user="charlie", level="manage", actor="user:alice")
    [share] = TaskShare.objects.filter(task=task)
    assert (share.user, share.level, share.created_by) == (charlie, "manage", "user:alice")


def test_a_group_lets_in_whoever_joins_it_later(task: ScheduledTask, charlie: User) -> None:
    group = Group.objects.create(name="team")
    share_set(task=task, group="team", level="run", actor="user:alice")
    with pytest.raises(NotFound):
        task_get(again(charlie), task.pk)
    charlie.groups.add(group)
    assert task_get(again(charlie), task.pk, Deed.RUN) == task


def test_the_owner_needs_no_share(task: ScheduledTask) -> None:
    assert faults(task, user="alice") == {"user": ["owner"]}


@pytest.mark.parametrize("name", ["nobody", "Charlie", "gone", "a\0b", "\ud800"])
def test_who_left_is_as_unknown_as_who_never_came(task: ScheduledTask, charlie: User, name: str) -> None:
    User.objects.create_user("gone", is_active=False)
    assert faults(task, user=name) == {"user": ["unknown"]}
    assert faults(task, group=name) == {"group": ["unknown"]}


def test_a_share_names_one_receiver_and_a_level_that_there_is(task: ScheduledTask, charlie: User) -> None:
    assert faults(task) == {"user": ["required"]}
    assert faults(task, user="charlie", group="team") == {"group": ["required"]}
    assert faults(task, user="charlie", level="own") == {"level": ["unknown"]}
    with pytest.raises(NotFound):
        share_remove(task=task, user="charlie", actor="user:alice")
    assert not TaskShare.objects.exists()


def test_shares_of_a_task_are_bounded(task: ScheduledTask, charlie: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sharing, "MOST", 1)
    Group.objects.create(name="team")
    share_set(task=task, group="team", level="view", actor="user:alice")
    with pytest.raises(Conflict):
        share_set(task=task, user="charlie", level="view", actor="user:alice")
    assert share_set(task=task, group="team", level="run", actor="user:alice").level == "run"


@pytest.mark.usefixtures("empty_redis")
def test_names_that_nobody_has_are_counted_and_then_a_right_one_tells_nothing(
    task: ScheduledTask, charlie: User, settings: Settings
) -> None:
    settings.LIMITS = dataclasses.replace(settings.LIMITS, unknown_names_per_hour=3)
    for _ in range(5):
        share_set(task=task, user="charlie", level="view", actor=GUESSER)
    share_remove(task=task, user="charlie", actor=GUESSER)
    for given in ({"user": "zoe"}, {"user": "yan"}, {"group": "nobodies"}):
        assert faults(task, actor=GUESSER, **given) == {kind: ["unknown"] for kind in given}
    for given in ({"user": "charlie"}, {"user": "zoe"}, {"group": "Viewer"}):
        for actor in (GUESSER, "key:guesser/ci"):
            with pytest.raises(TooMany, match="at most 3 in an hour"):
                share_set(task=task, level="view", actor=actor, **given)
    assert not TaskShare.objects.exists()
    share_set(task=task, user="charlie", level="view", actor="user:bob")


def test_who_is_nobody_has_no_share_that_no_group_has(task: ScheduledTask, charlie: User) -> None:
    TaskShare.objects.create(task=task, user=charlie, level="manage", created_by="alice")
    assert shared_task_ids(AnonymousUser()) == frozenset()
    assert not visible_tasks(AnonymousUser()).exists()
