"""Handing a person's tasks over: each goes once, with its whole history, and what stays is told with its reason."""

import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.contrib.auth.models import Group, User
from django.db import connections

from tasks_app.errors import Conflict, Forbidden, NotFound
from tasks_app.models import AuditEntry, ScheduledTask, TaskRevision, TaskRun
from tasks_app.services import hand_overs, handing_over, steps
from tasks_app.services.hand_overs import (
    HandOver,
    hand_over_begin,
    hand_over_go_on,
    hand_over_kept,
    hand_over_progress,
    hand_overs_recent,
)
from tasks_app.services.handing_over import HandedOver, history_follow, task_give, tasks_hand_over
from tasks_app.services.tasks import task_delete
from tests import runs
from tests.services.conftest import Make

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("empty_redis")]
SECONDS = 20


@pytest.fixture
def in_small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each press of the button is one step, and each step does the least that it can."""
    monkeypatch.setattr(steps, "SECONDS", 0.0)
    for name in ("_SQLITE_SECONDS", "_SECONDS"):
        monkeypatch.setattr(steps, name, 0.0)


def begun(by: User, giver: User, receiver: User) -> uuid.UUID:
    token = uuid.uuid4()
    hand_over_begin(by=by, token=token, giver=giver, receiver=receiver)
    return token


def gone_on(by: User, token: uuid.UUID) -> list[HandOver]:
    """Go on until it is through; gives how far it was each time."""
    found = [hand_over_go_on(by=by, token=token)]
    while not found[-1].is_finished:
        found.append(hand_over_go_on(by=by, token=token))
    return found


def told(by: User, token: uuid.UUID, page: int = 1) -> list[tuple[str, str]]:
    progress = hand_over_progress(by=by, token=token)
    return [(name, why) for _, name, why in hand_over_kept(by=by, token=token, progress=progress, page=page)]


def noted() -> int:
    return AuditEntry.objects.filter(action="task.hand_over").count()


def test_a_task_that_has_gone_meanwhile_is_not_given_again(make: Make, admin: User, alice: User, charlie: User) -> None:
    task, other = make(), make(name="Deleted")
    tasks_hand_over(by=admin, giver=alice, receiver=charlie)
    task_delete(task=ScheduledTask.objects.get(pk=other.pk), actor="tests")
    versions = dict(ScheduledTask.objects.values_list("pk", "version"))
    for one in (task, other):
        assert task_give(one.pk, by=admin, giver=alice, receiver=charlie) is None
    assert task_give(other.pk, by=admin, giver=charlie, receiver=alice) is None
    assert dict(ScheduledTask.objects.values_list("pk", "version")) == versions
    assert noted() == TaskRevision.objects.filter(task=task).count() == 2


def test_a_history_follows_to_whoever_has_the_task_by_then(
    make: Make, admin: User, alice: User, bob: User, charlie: User
) -> None:
    task = make()
    run = runs.make_run(alice, task)
    assert task_give(task.pk, by=admin, giver=alice, receiver=charlie)
    assert task_give(task.pk, by=admin, giver=charlie, receiver=bob)
    assert history_follow(task.pk, alice.pk, is_over=lambda: False)
    assert runs.fresh(run).owner == bob
    assert task_give(task.pk, by=admin, giver=bob, receiver=alice)
    assert history_follow(task.pk, alice.pk, is_over=lambda: False), "it is hers again, and stays"


@pytest.mark.usefixtures("in_small_steps")
def test_many_go_step_by_step_and_each_once(make: Make, admin: User, alice: User, charlie: User) -> None:
    tasks = [make(name=f"t{number}") for number in range(3)]
    make(name="bound", key="k")
    make(name="hers", key="k", owner=charlie)
    token = begun(admin, alice, charlie)
    found = gone_on(admin, token)
    assert [one.left for one in found] == [3, 2, 1, 0]
    assert [(one.moved, one.kept) for one in found] == [(1, 0), (2, 0), (3, 0), (3, 1)]
    assert hand_over_go_on(by=admin, token=token) == found[-1]
    assert noted() == 3
    assert ScheduledTask.objects.filter(owner=charlie, pk__in=[task.pk for task in tasks]).count() == 3
    assert told(admin, token) == [("bound", "charlie has a task with the key k already.")]


@pytest.mark.usefixtures("in_small_steps")
def test_a_long_history_follows_over_several_steps(
    make: Make, admin: User, alice: User, charlie: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handing_over, "_AT_ONCE", 2)
    task = make()
    for _ in range(5):
        runs.make_run(alice, task)
    token = begun(admin, alice, charlie)
    first = hand_over_go_on(by=admin, token=token)
    assert (first.moved, first.left, first.is_finished) == (1, 0, False)
    assert first.moving == str(task.pk)
    assert TaskRun.objects.filter(owner=charlie).count() == 2
    last = gone_on(admin, token)[-1]
    assert (last.moving, TaskRun.objects.filter(owner=charlie).count()) == ("", 5)


def test_all_that_stayed_are_told_page_by_page(
    make: Make, admin: User, alice: User, charlie: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hand_overs, "AT_ONCE", 2)
    monkeypatch.setattr(hand_overs, "SHOWN", 4)
    for number in range(7):
        make(name=f"t{number}", key=f"k{number}")
        make(name="hers", key=f"k{number}", owner=charlie)
    token = begun(admin, alice, charlie)
    assert gone_on(admin, token)[-1].kept == 7
    pages = [told(admin, token, page) for page in (1, 2, 3)]
    assert [[name for name, _ in page] for page in pages] == [["t0", "t1", "t2", "t3"], ["t4", "t5", "t6"], []]
    assert all(f"the key k{name[1:]} already" in why for page in pages for name, why in page)
    [recent] = hand_overs_recent(by=admin, giver=alice)
    assert (recent.token, recent.receiver, recent.progress.kept) == (token, "charlie", 7)
    assert hand_overs_recent(by=admin, giver=charlie) == []


def test_it_is_begun_once_and_is_nobody_elses(make: Make, admin: User, staff: User, alice: User, charlie: User) -> None:
    make()
    token = begun(admin, alice, charlie)
    gone_on(admin, token)
    hand_over_begin(by=admin, token=token, giver=alice, receiver=charlie)
    assert hand_over_progress(by=admin, token=token).moved == 1
    with pytest.raises(NotFound):
        hand_over_progress(by=staff, token=token)
    with pytest.raises(Conflict, match="already"):
        begun(admin, alice, alice)


def test_whose_rights_end_meanwhile_goes_no_further(make: Make, admin: User, alice: User, charlie: User) -> None:
    task = make()
    token = begun(admin, alice, charlie)
    admin.groups.remove(Group.objects.get(name="Admin"))
    with pytest.raises(Forbidden):
        hand_over_go_on(by=User.objects.get(pk=admin.pk), token=token)
    assert ScheduledTask.objects.get(pk=task.pk).owner == alice


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_of_two_at_once_one_gives_a_task_and_its_runs_go_the_same_way(
    make: Make, admin: User, alice: User, bob: User, charlie: User
) -> None:
    tasks = [make(name=f"t{number}") for number in range(20)]
    made = [runs.make_run(alice, task) for task in tasks for _ in range(3)]

    def give(receiver: User) -> HandedOver:
        try:
            return tasks_hand_over(by=admin, giver=alice, receiver=receiver)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as pool:
        found = [one.result(SECONDS) for one in [pool.submit(give, one) for one in (bob, charlie)]]
    assert sum(len(one.moved) for one in found) == noted() == len(tasks)
    owners = dict(ScheduledTask.objects.values_list("pk", "owner_id"))
    assert alice.pk not in owners.values()
    assert [runs.fresh(run).owner_id for run in made] == [owners[run.task_id] for run in made if run.task_id]
