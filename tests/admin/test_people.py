"""Users and groups: nobody gives rights beyond their own, and who owns something stays."""

from typing import Any

from django.contrib.auth.models import Group, Permission, User
from django.test import Client

from tasks_app.models import AuditEntry, RecoveryCode, ScheduledTask, SecondFactor, TokenSignIn
from tasks_app.services.tokens import sign_in_begin
from tests.admin.pages import address, read, told
from tests.letters import Committing, all_sent
from tests.second_factor import turn_on

NEW = "bells at nine"


def fields(user: User, **changes: Any) -> dict[str, Any]:
    """What the form of a user holds, changed."""
    values = {"username": user.username, "is_active": "on", "date_joined_0": "2026-01-01", "date_joined_1": "00:00:00"}
    return {**values, **changes}


def test_a_user_is_added_and_made_staff(desk: Client) -> None:
    password = "a long enough secret"
    values = {"username": "zoe", "usable_password": "true", "password1": password, "password2": password}
    told(desk.post(address(User, "add"), values))
    zoe = User.objects.get(username="zoe")
    group = Group.objects.get(name="Viewer")
    told(desk.post(address(User, "change", zoe.pk), fields(zoe, is_staff="on", groups=[group.pk])))
    zoe.refresh_from_db()
    assert zoe.is_staff
    assert list(zoe.groups.all()) == [group]


def test_only_a_superuser_makes_superusers(deputy: Client, desk: Client, alice: User) -> None:
    url = address(User, "change", alice.pk)
    told(deputy.post(url, fields(alice, is_superuser="on", user_permissions=["1"])))
    alice.refresh_from_db()
    assert not alice.is_superuser
    assert alice.user_permissions.count() == 0
    told(desk.post(url, fields(alice, is_superuser="on")))
    alice.refresh_from_db()
    assert alice.is_superuser


def test_a_superusers_account_is_for_superusers(deputy: Client, staff: User) -> None:
    read(deputy, address(User, "change", staff.pk))
    assert deputy.post(address(User, "change", staff.pk), fields(staff, username="mine")).status_code == 403
    password = f"/admin/auth/user/{staff.pk}/password/"
    assert deputy.post(password, {"password1": "x", "password2": "x"}).status_code == 403
    assert deputy.post(address(User, "delete", staff.pk), {"post": "yes"}).status_code == 403


def test_who_owns_something_is_not_deleted(desk: Client, task: ScheduledTask, charlie: User) -> None:
    assert desk.post(address(User, "delete", task.owner.pk), {"post": "yes"}).status_code == 403
    told(desk.post(address(User, "delete", charlie.pk), {"post": "yes"}))
    assert list(User.objects.filter(username__in=["alice", "charlie"])) == [task.owner]
    chosen = {"action": "delete_selected", "_selected_action": [task.owner.pk], "post": "yes"}
    desk.post(address(User, "changelist"), chosen)
    assert User.objects.filter(pk=task.owner.pk).exists()


def remove_factor(browser: Client, user: User) -> None:
    """Take somebody's second factor away, on their page."""
    url = address(User, "remove_second_factor_here", user.pk)
    assert browser.post(url, {"_form_submitted": "True"}).status_code in (200, 302)


def test_who_manages_people_removes_a_lost_second_factor(deputy: Client, alice: User) -> None:
    turn_on(alice)
    assert "Remove the second factor" in read(deputy, address(User, "change", alice.pk))
    remove_factor(deputy, alice)
    assert (SecondFactor.objects.count(), RecoveryCode.objects.count()) == (0, 0)
    assert "Remove the second factor" not in read(deputy, address(User, "change", alice.pk))


def test_a_superusers_second_factor_is_removed_by_superusers_only(deputy: Client, staff: User) -> None:
    turn_on(staff)
    remove_factor(deputy, staff)
    deputy.post(address(User, "changelist"), {"action": "remove_second_factor", "_selected_action": [staff.pk]})
    assert SecondFactor.objects.count() == 1
    other = Client()
    other.force_login(User.objects.create_superuser("root"))
    remove_factor(other, staff)
    assert SecondFactor.objects.count() == 0


def test_nobody_gives_by_a_group_what_they_have_not(deputy: Client, alice: User) -> None:
    group = Group.objects.create(name="readers")
    group.permissions.add(Permission.objects.get(codename="see_payloads"))
    url = address(User, "change", alice.pk)
    assert any("may do more than you" in text for text in told(deputy.post(url, fields(alice, groups=[group.pk]))))
    assert not alice.groups.exists()
    told(deputy.post(url, fields(alice, groups=[Group.objects.get(name="Viewer").pk])))
    assert alice.groups.exists()


def test_what_a_group_holds_is_for_superusers_to_say(deputy: Client) -> None:
    group = Group.objects.get(name="Admin")
    right = Permission.objects.get(codename="see_payloads")
    told(deputy.post(address(Group, "change", group.pk), {"name": "Admin", "permissions": [right.pk]}))
    assert not group.permissions.filter(pk=right.pk).exists()


def test_nobody_disables_themselves(deputy: Client, admin: User) -> None:
    values = fields(admin, is_staff="on", groups=[Group.objects.get(name="Admin").pk])
    values.pop("is_active")
    assert told(deputy.post(address(User, "change", admin.pk), values)) == [
        "Nobody disables themselves; ask another administrator."
    ]
    admin.refresh_from_db()
    assert admin.is_active


def strong(charlie: User) -> User:
    """Make charlie somebody who may do one thing that no role holds."""
    charlie.user_permissions.add(Permission.objects.get(codename="see_payloads"))
    return charlie


def test_taking_active_away_disables_as_the_page_does(deputy: Client, task: ScheduledTask, alice: User) -> None:
    browser = Client()
    browser.force_login(alice)
    page, values = address(User, "change", alice.pk), fields(alice)
    values.pop("is_active")
    assert deputy.post(page, values).status_code == 302
    task.refresh_from_db()
    assert (task.status, task.pause_note) == ("paused", "alice was disabled")
    assert deputy.post(page, fields(alice)).status_code == 302
    assert browser.get("/settings/").status_code == 302
    alice.refresh_from_db()
    assert (alice.is_active, alice.profile.token_epoch) == (True, 1)


def test_who_may_do_more_than_oneself_is_out_of_reach(deputy: Client, charlie: User) -> None:
    turn_on(strong(charlie))
    assert deputy.post(address(User, "change", charlie.pk), fields(charlie, username="mine")).status_code == 403
    assert deputy.post(address(User, "delete", charlie.pk), {"post": "yes"}).status_code == 403
    remove_factor(deputy, charlie)
    deputy.post(address(User, "changelist"), {"action": "remove_second_factor", "_selected_action": [charlie.pk]})
    assert SecondFactor.objects.count() == 1


def test_nobody_but_a_superuser_becomes_somebody_else(deputy: Client, desk: Client, alice: User) -> None:
    page, typed = f"/admin/auth/user/{alice.pk}/password/", {"password1": NEW, "password2": NEW}
    assert deputy.post(page, {**typed, "set-password": "1"}).status_code == 403
    told(deputy.post(address(User, "change", alice.pk), fields(alice, email="deputy@example.org")))
    alice.refresh_from_db()
    assert (alice.email, alice.check_password("alice-password")) == ("alice@example.org", True)
    told(desk.post(page, {**typed, "set-password": "1"}))
    told(desk.post(address(User, "change", alice.pk), fields(alice, email="new@example.org")))
    alice.refresh_from_db()
    assert (alice.email, alice.check_password(NEW)) == ("new@example.org", True)


def test_who_was_invited_may_still_be_given_another_address(deputy: Client) -> None:
    zoe = User(username="zoe", email="wrong@example.org")
    zoe.set_unusable_password()
    zoe.save()
    told(deputy.post(address(User, "change", zoe.pk), fields(zoe, email="zoe@example.org")))
    zoe.refresh_from_db()
    assert zoe.email == "zoe@example.org"


def test_ones_own_password_factor_and_address_are_changed_in_the_settings_only(
    desk: Client, deputy: Client, staff: User, admin: User
) -> None:
    for browser, user in ((desk, staff), (deputy, admin)):
        turn_on(user)
        page = f"/admin/auth/user/{user.pk}/password/"
        assert browser.get(page)["Location"] == "/settings/password/"
        assert browser.post(page, {"password1": NEW, "password2": NEW, "set-password": "1"}).status_code == 302
        remove_factor(browser, user)
        browser.post(address(User, "changelist"), {"action": "remove_second_factor", "_selected_action": [user.pk]})
        told(browser.post(address(User, "change", user.pk), fields(user, email="x@example.org", is_staff="on")))
        now = User.objects.get(pk=user.pk)
        assert (now.email, now.password) == (user.email, user.password)
    assert SecondFactor.objects.count() == 2


def test_a_superusers_hand_on_password_and_address_is_told_of(
    desk: Client, alice: User, django_capture_on_commit_callbacks: Committing
) -> None:
    turn_on(alice)
    tokens = sign_in_begin(user=alice, address="")
    page = f"/admin/auth/user/{alice.pk}/password/"
    with django_capture_on_commit_callbacks(execute=True):
        told(desk.post(page, {"password1": NEW, "password2": NEW, "set-password": "1"}))
        told(desk.post(address(User, "change", alice.pk), fields(alice, email="new@example.org")))
        remove_factor(desk, alice)
    letters = {str(letter.subject).partition(": ")[2]: letter for letter in all_sent()}
    assert {what: letter.to for what, letter in letters.items()} == {
        "your password was changed": ["alice@example.org"],
        "the mail address of your account was changed": ["alice@example.org"],
        "your second factor was turned off": ["new@example.org"],
    }
    assert all(" by staff: " in letter.body for letter in letters.values())
    assert not TokenSignIn.objects.filter(revoked_at=None).exists(), tokens
    assert AuditEntry.objects.filter(action="password.change", actor="user:staff", owner_id=alice.pk).exists()


def test_a_password_that_is_taken_away_is_told_of_too(
    desk: Client, alice: User, django_capture_on_commit_callbacks: Committing
) -> None:
    page = f"/admin/auth/user/{alice.pk}/password/"
    with django_capture_on_commit_callbacks(execute=True):
        told(desk.post(page, {"usable_password": "false", "unset-password": "1"}))
    alice.refresh_from_db()
    assert not alice.has_usable_password()
    assert [letter.to for letter in all_sent()] == [["alice@example.org"]]
