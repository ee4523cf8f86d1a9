"""Who may do what with a task: owners, those it is shared with, and the roles."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import Group, Permission, User
from pytest_django import DjangoAssertNumQueries, Settings

from tasks_app.errors import Forbidden, NotFound
from tasks_app.handlers import registry
from tasks_app.models import ScheduledTask, TaskShare, TypeRule
from tasks_app.selectors import access, type_rules
from tasks_app.selectors.access import Deed
from tasks_app.selectors.runs import run_get
from tasks_app.selectors.tasks import task_get
from tasks_app.services.payloads import meant_payload
from tasks_app.services.roles import roles_ensure
from tasks_app.services.specs import TaskSpec
from tasks_app.services.tasks import task_create
from tests import runs

pytestmark = pytest.mark.django_db

NOTHING: set[str] = set()
SEES = {"view"}
RUNS = {"view", "run"}
ALL = {"view", "run", "cancel", "manage"}
PAYLOAD = {"url": "https://example.org/"}


@pytest.fixture
def task(alice: User) -> ScheduledTask:
    return task_create(owner=alice, spec=TaskSpec(name="t", type="http_request", payload=PAYLOAD), actor="tests")


Share = Callable[[str], ScheduledTask]


@pytest.fixture(params=["user", "group"])
def share(request: pytest.FixtureRequest, charlie: User, task: ScheduledTask) -> Share:
    """Share the task with charlie, by name or by a group."""
    group = Group.objects.create(name="team")
    charlie.groups.add(group)
    receiver = {"group": group} if request.param == "group" else {"user": charlie}

    def at(level: str) -> ScheduledTask:
        TaskShare.objects.create(task=task, level=level, **receiver)
        return task

    return at


def again(user: User) -> User:
    """The user as the next request finds them."""
    return User.objects.get(pk=user.pk)


def deeds(user: User, task: ScheduledTask) -> set[str]:
    """What really can be done, asked of the selector that every face goes through."""
    user, done = again(user), set()
    for deed in Deed:
        try:
            task_get(user, task.pk, deed)
        except NotFound:
            continue
        except Forbidden:
            assert access.visible_tasks(user).filter(pk=task.pk).exists()
        else:
            done.add(deed.value)
    return done


@pytest.mark.parametrize(
    ("role", "task_deeds", "run_deeds"),
    [
        ("", NOTHING, NOTHING),
        ("Viewer", SEES, SEES),
        ("Operator", {"view", "run", "cancel"}, {"view", "run", "cancel"}),
        ("Admin", ALL, ALL),
    ],
)
def test_roles_act_on_what_belongs_to_others(
    charlie: User, task: ScheduledTask, role: str, task_deeds: set[str], run_deeds: set[str]
) -> None:
    if role:
        charlie.groups.add(Group.objects.get(name=role))
    run = runs.make_run(task.owner, task)
    assert deeds(charlie, task) == task_deeds
    user = again(charlie)
    assert {deed.value for deed in Deed if access.may(user, deed, run)} == run_deeds


@pytest.mark.parametrize(
    ("level", "task_deeds", "run_deeds"),
    [("view", SEES, SEES), ("run", RUNS, {"view", "run", "cancel"}), ("manage", ALL, ALL)],
)
def test_a_share_lets_others_do_so_much(
    share: Share, charlie: User, level: str, task_deeds: set[str], run_deeds: set[str]
) -> None:
    task = share(level)
    run = runs.make_run(task.owner, task)
    other = runs.make_run(task.owner)
    assert deeds(charlie, task) == task_deeds
    user = again(charlie)
    assert {deed.value for deed in Deed if access.may(user, deed, run)} == run_deeds
    assert run_get(user, run.pk) == run
    with pytest.raises(NotFound):
        run_get(user, other.pk)


def test_of_two_shares_the_higher_counts(charlie: User, task: ScheduledTask) -> None:
    group = Group.objects.create(name="team")
    charlie.groups.add(group)
    TaskShare.objects.create(task=task, group=group, level="manage")
    TaskShare.objects.create(task=task, user=charlie, level="view")
    assert deeds(charlie, task) == ALL


def test_whoever_is_disabled_may_do_nothing(alice: User, task: ScheduledTask) -> None:
    User.objects.filter(pk=alice.pk).update(is_active=False)
    assert deeds(alice, task) == NOTHING


def test_staff_without_a_role_see_only_their_own(charlie: User, task: ScheduledTask) -> None:
    User.objects.filter(pk=charlie.pk).update(is_staff=True)
    assert deeds(charlie, task) == NOTHING


def test_a_restricted_type_needs_its_permission(alice: User, charlie: User, task: ScheduledTask) -> None:
    TypeRule.objects.create(type="http_request", is_restricted=True)
    TaskShare.objects.create(task=task, user=charlie, level="manage")
    alice.user_permissions.add(Permission.objects.get(codename="schedule_http_request"))
    other = {"url": "https://example.org/other"}
    assert meant_payload(again(alice), task, other) == other
    with pytest.raises(Forbidden, match="You may not use"):
        meant_payload(again(charlie), task, other)


def test_whoever_may_only_run_it_does_not_word_its_work(charlie: User, task: ScheduledTask) -> None:
    TaskShare.objects.create(task=task, user=charlie, level="run")
    with pytest.raises(Forbidden):
        meant_payload(again(charlie), task, {"url": "https://example.org/other"})


def test_what_an_administrator_took_from_a_role_stays_taken() -> None:
    group = Group.objects.get(name="Operator")
    group.permissions.remove(Permission.objects.get(codename="cancel_all"))
    roles_ensure()
    assert not group.permissions.filter(codename="cancel_all").exists()


def test_thousands_of_payloads_ask_for_the_rules_once(
    alice: User, settings: Settings, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    settings.TYPE_RULE_SECONDS = 60.0
    spec = registry.get("http_request")
    with django_assert_max_num_queries(1):
        assert [access.why_not(alice, spec) for _ in range(3)] == ["", "", ""]
    type_rules._kept.until = 0.0
