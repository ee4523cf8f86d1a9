"""Managing people: rights only go down, and one who can manage people always stays."""

import pytest
from django.contrib.auth.models import Group, Permission, User

from tasks_app.errors import CarillonError, Conflict, Forbidden, Invalid
from tasks_app.models import ScheduledTask, TaskRun, TaskShare
from tasks_app.selectors.people_list import people, person_get, role_of, roles_to_give
from tasks_app.services.api_keys import api_key_create, api_key_find
from tasks_app.services.handing_over import tasks_hand_over
from tasks_app.services.invitations import invitation_of
from tasks_app.services.people_admin import person_disable, person_enable, person_invite, person_role_set
from tasks_app.services.sharing import share_set
from tasks_app.services.specs import TaskSpec
from tasks_app.services.tasks import task_create
from tests import runs
from tests.services.credentials import make_credential

pytestmark = pytest.mark.django_db


def again(user: User) -> User:
    return User.objects.get(pk=user.pk)


def make(owner: User, name: str = "t", **fields: object) -> ScheduledTask:
    values = {"type": "http_request", "payload": {"url": "https://example.org/"}, "cron": "0 7 * * *", **fields}
    return task_create(owner=owner, spec=TaskSpec(name=name, **values), actor="tests")  # type: ignore[arg-type]  # named


def manager(charlie: User) -> User:
    """Somebody who may manage people, and little else."""
    charlie.user_permissions.add(Permission.objects.get(codename="manage_people"))
    return again(charlie)


def test_a_role_takes_the_place_of_the_one_before(admin: User, charlie: User) -> None:
    for role, is_staff in (("Operator", False), ("Admin", True), ("Viewer", False), ("", False)):
        person_role_set(by=admin, person=again(charlie), role=role)
        assert (role_of(again(charlie)), again(charlie).is_staff) == (role, is_staff)
        assert again(charlie).groups.count() == bool(role)


def test_other_groups_are_left_alone(admin: User, charlie: User) -> None:
    charlie.groups.add(Group.objects.create(name="team"))
    person_role_set(by=admin, person=again(charlie), role="Viewer")
    assert {group.name for group in charlie.groups.all()} == {"team", "Viewer"}


def test_nobody_gives_more_than_they_have(charlie: User, alice: User, admin: User) -> None:
    by = manager(charlie)
    assert roles_to_give(by) == []
    for role in ("Viewer", "Operator", "Admin"):
        with pytest.raises(Forbidden, match="may do more than you"):
            person_role_set(by=by, person=alice, role=role)
    with pytest.raises(Forbidden):
        person_role_set(by=by, person=admin, role="")
    assert roles_to_give(admin) == ["Viewer", "Operator", "Admin"]


@pytest.mark.parametrize("role", ["", "Viewer", "Operator"])
def test_who_may_not_manage_people_manages_nobody(charlie: User, alice: User, role: str) -> None:
    if role:
        charlie.groups.add(Group.objects.get(name=role))
    by = again(charlie)
    assert not people(by).exists()
    with pytest.raises(CarillonError):
        person_get(by, alice.pk)
    for deed in (person_disable, person_enable):
        with pytest.raises(Forbidden):
            deed(by=by, person=alice)
    with pytest.raises(Forbidden):
        person_role_set(by=by, person=alice, role="")
    with pytest.raises(Forbidden):
        person_invite(by=by, username="zoe", email="zoe@example.org")


def test_superusers_are_for_superusers(admin: User, staff: User) -> None:
    for deed in (person_disable, person_enable):
        with pytest.raises(Forbidden):
            deed(by=admin, person=staff)
    with pytest.raises(Forbidden):
        person_role_set(by=admin, person=staff, role="")
    assert person_disable(by=staff, person=again(admin)) == 0


def test_nobody_disables_or_demotes_themselves(admin: User, staff: User) -> None:
    for user in (admin, staff):
        with pytest.raises(Forbidden, match="themselves"):
            person_disable(by=user, person=again(user))
        with pytest.raises(Forbidden, match="their own role"):
            person_role_set(by=user, person=again(user), role="")


def test_the_last_administrator_stays(admin: User, staff: User) -> None:
    User.objects.filter(pk=staff.pk).update(is_active=False)
    ghost = again(staff)
    ghost.is_active = True  # signed in a moment ago, and disabled since
    with pytest.raises(Conflict, match="last administrator"):
        person_disable(by=ghost, person=again(admin))
    with pytest.raises(Conflict, match="last administrator"):
        person_role_set(by=ghost, person=again(admin), role="Viewer")
    assert role_of(again(admin)) == "Admin"


def test_who_is_disabled_is_out_and_their_tasks_wait(admin: User, alice: User) -> None:
    task, ended = make(alice), make(alice, "other", enabled=False)
    _, plain = api_key_create(user=alice, name="ci", scope="manage")
    assert person_disable(by=admin, person=alice) == 1
    assert api_key_find(plain) is None
    task.refresh_from_db()
    assert (task.status, task.pause_note, task.next_due_at) == ("paused", "alice was disabled", None)
    ended.refresh_from_db()
    assert ended.pause_note == "Created paused"
    assert again(alice).profile.token_epoch == 1
    person_enable(by=admin, person=again(alice))
    assert again(alice).is_active
    task.refresh_from_db()
    assert task.status == "paused"


def test_who_is_invited_has_no_password_and_perhaps_a_role(admin: User) -> None:
    zoe = person_invite(by=admin, username="zoe", email="zoe@example.org", role="Operator")
    assert not zoe.has_usable_password()
    assert role_of(again(zoe)) == "Operator"


@pytest.mark.parametrize(
    ("given", "faults"),
    [
        ({"username": "ALICE"}, {"username": ["taken"]}),
        ({"username": "a b"}, {"username": ["invalid"]}),
        ({"username": ""}, {"username": ["blank"]}),
        ({"email": "nobody"}, {"email": ["invalid"]}),
        ({"email": "", "role": "King"}, {"email": ["blank"], "role": ["unknown"]}),
    ],
)
def test_a_faulty_invitation_is_refused_at_its_fields(
    admin: User, alice: User, given: dict[str, str], faults: dict[str, list[str]]
) -> None:
    with pytest.raises(Invalid) as refused:
        person_invite(by=admin, **{"username": "zoe", "email": "zoe@example.org", **given})
    assert {path: [one.code for one in found] for path, found in refused.value.fields.items()} == faults


def test_nobody_is_invited_with_a_role_above_ones_own(charlie: User) -> None:
    with pytest.raises(Forbidden):
        person_invite(by=manager(charlie), username="zoe", email="zoe@example.org", role="Admin")


def test_nobody_becomes_somebody_else_by_a_link(admin: User, alice: User) -> None:
    with pytest.raises(Forbidden, match="chosen a password"):
        invitation_of(by=admin, person=alice)


def test_tasks_go_over_with_their_history(admin: User, alice: User, charlie: User) -> None:
    task = make(alice)
    run = runs.make_run(alice, task)
    share_set(task=task, user="charlie", level="view", actor="tests")
    done = tasks_hand_over(by=admin, giver=alice, receiver=charlie)
    assert ([one.pk for one in done.moved], done.kept) == ([task.pk], [])
    task.refresh_from_db()
    assert task.owner == charlie
    assert TaskRun.objects.get(pk=run.pk).owner == charlie
    assert not TaskShare.objects.exists()


def test_what_only_the_former_owner_has_keeps_a_task_back(admin: User, alice: User, charlie: User) -> None:
    make_credential(alice)
    call = {"url": "https://api.example.com/", "credential": "crm"}
    bound, keyed, free = make(alice, "bound", payload=call), make(alice, "keyed", key="k"), make(alice, "free")
    make(charlie, "mine", key="k")
    done = tasks_hand_over(by=admin, giver=alice, receiver=charlie)
    assert [one.pk for one in done.moved] == [free.pk]
    kept = {one.name: reason for one, reason in done.kept}
    assert "no such credential" in kept["bound"]
    assert kept["bound"].startswith("As a task of charlie it would not be accepted. credential: ")
    assert "the key k" in kept["keyed"]
    for task in (bound, keyed):
        task.refresh_from_db()
        assert task.owner == alice


def test_nobody_reads_a_hidden_payload_by_taking_the_task_over(admin: User, alice: User) -> None:
    make(alice)  # of a sensitive type
    [(_, reason)] = tasks_hand_over(by=admin, giver=alice, receiver=again(admin)).kept
    assert "hidden from you" in reason


def test_tasks_are_handed_to_nobody_who_may_do_more_or_is_gone(
    admin: User, alice: User, charlie: User, staff: User
) -> None:
    make(alice)
    User.objects.filter(pk=charlie.pk).update(is_active=False)
    for receiver in (staff, again(charlie)):
        with pytest.raises(Forbidden):
            tasks_hand_over(by=admin, giver=alice, receiver=receiver)
    with pytest.raises(Forbidden):
        tasks_hand_over(by=manager(charlie), giver=alice, receiver=alice)
