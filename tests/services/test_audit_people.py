"""What is done to people and to shares stands in the audit log, and what changed nothing does not."""

import pytest
from django.contrib.auth.models import User

from tasks_app.models import AuditEntry
from tasks_app.services.handing_over import tasks_hand_over
from tasks_app.services.invitations import invitation_of
from tasks_app.services.people_admin import person_disable, person_enable, person_invite, person_role_set
from tasks_app.services.sharing import share_remove, share_set
from tasks_app.services.tokens import TokenRefused, sign_in_begin, token_refresh
from tests.runs import make_task

pytestmark = pytest.mark.django_db


def noted(prefix: str) -> list[AuditEntry]:
    """The entries whose action begins so, the first first."""
    return list(AuditEntry.objects.filter(action__startswith=prefix).order_by("id"))


def test_whoever_is_invited_raised_shut_out_and_let_in_is_an_entry_each_time(admin: User) -> None:
    zoe = person_invite(by=admin, username="zoe", email="zoe@example.org")
    _, token = invitation_of(by=admin, person=zoe)
    person_role_set(by=admin, person=zoe, role="Admin")
    person_disable(by=admin, person=zoe)
    person_enable(by=admin, person=zoe)
    entries = noted("user.")
    assert [one.action.partition(".")[2] for one in entries] == ["invite", "link", "role", "disable", "enable"]
    assert {(one.actor, one.user_id, one.object_name, one.owner_id) for one in entries} == {
        ("user:ada", admin.pk, "zoe", zoe.pk)
    }
    assert (entries[2].before, entries[2].after) == (
        {"role": [], "is_staff": False},
        {"role": ["Admin"], "is_staff": True},
    )
    assert token not in str([vars(one) for one in entries])


def test_a_task_that_goes_to_another_says_from_whom_and_to_whom(admin: User, alice: User, bob: User) -> None:
    task = make_task(alice, payload={"url": "https://example.org/"})
    assert tasks_hand_over(by=admin, giver=alice, receiver=bob).moved
    (entry,) = noted("task.hand_over")
    assert (entry.actor, entry.object_id, entry.owner_id) == ("user:ada", str(task.pk), bob.pk)
    assert (entry.before, entry.after) == ({"owner": "alice"}, {"owner": "bob"})


def test_a_share_says_with_whom_and_what_they_may_do(alice: User, charlie: User) -> None:
    task = make_task(alice)
    for level in ("view", "view", "run"):
        share_set(task=task, user="charlie", level=level, actor="user:alice")
    share_remove(task=task, user="charlie", actor="user:alice")
    told = [(one.action, one.before, one.after) for one in (*noted("task.share"), *noted("task.unshare"))]
    assert told == [
        ("task.share", {}, {"level": "view"}),
        ("task.share", {"level": "view"}, {"level": "run"}),
        ("task.unshare", {"level": "run"}, {}),
    ]
    assert {one.note for one in (*noted("task.share"), *noted("task.unshare"))} == {"with the user charlie"}


def test_a_refresh_token_used_twice_is_told_as_such(alice: User) -> None:
    pair = sign_in_begin(user=alice, address="127.0.0.1")
    token_refresh(refresh=pair.refresh, address="127.0.0.1")
    with pytest.raises(TokenRefused):
        token_refresh(refresh=pair.refresh, address="127.0.0.1")
    entries = noted("token.")
    assert [one.action for one in entries] == ["token.sign_in", "token.revoke"]
    assert [one.note for one in entries] == ["", "a refresh token was used twice"]


def test_a_sign_in_by_tokens_that_goes_on_is_noted_where_it_moves(alice: User) -> None:
    pair = sign_in_begin(user=alice, address="192.0.2.1")
    for address in ("192.0.2.1", "192.0.2.1", "192.0.2.2", "192.0.2.2"):
        pair = token_refresh(refresh=pair.refresh, address=address)
    assert AuditEntry.objects.filter(action="token.refresh").count() == 1
