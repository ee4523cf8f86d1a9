"""A share lends nobody the owner's eyes and hands: a run acts for the owner, whoever has worded its payload."""

from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from pytest_django import Settings

from tasks_app.errors import Invalid
from tasks_app.models import EmailTemplate, ScheduledTask, StoredFile, TaskShare, TypeRule
from tasks_app.services.payloads import meant_payload
from tests.runs import make_task

pytestmark = pytest.mark.django_db
URL = {"url": "https://example.com/"}
MAIL = {"subject": "s", "text": "t", "recipients": [{"email": "x@example.org"}]}
SYNC = {**URL, "collection": "theirs", "key": "id"}


@pytest.fixture
def task(admin: User, charlie: User) -> ScheduledTask:
    """A task of somebody who sees and may do everything, shared with somebody who has nothing."""
    return shared(make_task(admin, payload=URL), charlie)


def shared(task: ScheduledTask, user: User) -> ScheduledTask:
    TaskShare.objects.create(task=task, user=user, level="manage")
    return task


def again(user: User) -> User:
    return User.objects.get(pk=user.pk)


def refused(user: User, task: ScheduledTask, payload: dict[str, Any], type_name: str = "") -> dict[str, list[str]]:
    """Give the codes of the faults when `user` means this payload."""
    with pytest.raises(Invalid) as found:
        meant_payload(again(user), task, payload, type_name=type_name or task.type)
    return {path: [one.code for one in faults] for path, faults in found.value.fields.items()}


def test_a_report_is_not_turned_to_what_its_owner_sees(task: ScheduledTask, charlie: User, viewer_user: User) -> None:
    for source in ("tasks", "runs"):
        assert refused(charlie, task, {"source": source}, "export_report") == {"payload.source": ["not_allowed"]}
    report = shared(make_task(task.owner, type="export_report", payload={"source": "runs"}), charlie)
    mine = {"source": "runs", "email": ["charlie@example.org"]}
    assert refused(charlie, report, mine) == {"payload.source": ["not_allowed"]}
    assert meant_payload(again(charlie), report, {"source": "runs"}) == {"source": "runs"}
    shared(report, viewer_user)
    assert meant_payload(again(viewer_user), report, {"source": "tasks"}) == {"source": "tasks"}


def test_nothing_of_the_owners_is_deleted_or_overwritten(task: ScheduledTask, charlie: User) -> None:
    rules = {"rules": [{"what": "runs", "older_than_days": 1}]}
    assert refused(charlie, task, rules, "cleanup") == {"payload.rules": ["not_allowed"]}
    assert refused(charlie, task, SYNC, "sync_external_service") == {"payload.collection": ["not_allowed"]}
    sync = shared(make_task(task.owner, type="sync_external_service", payload=SYNC), charlie)
    assert refused(charlie, sync, {**SYNC, "collection": "other"}) == {"payload.collection": ["not_allowed"]}
    meant = {**SYNC, "timeout_seconds": 60}
    assert meant_payload(again(charlie), sync, meant) == meant


def test_nobody_mails_what_is_the_owners_or_to_where_only_the_owner_may(task: ScheduledTask, charlie: User) -> None:
    EmailTemplate.objects.create(owner=task.owner, name="private", subject="s", text="t")
    file = StoredFile.objects.create(owner=task.owner, name="a", path="a", content_type="text/csv", size=1)
    inside = {**MAIL, "recipients": [{"email": "x@example.org"}]}
    templated = {"template": "private", "recipients": MAIL["recipients"]}
    outside = {**MAIL, "recipients": [{"email": "x@elsewhere.example"}]}
    for payload in (templated, outside, {**inside, "attachments": [str(file.pk)]}):
        assert refused(charlie, task, payload, "send_email")


def test_a_right_to_private_networks_is_not_borrowed(task: ScheduledTask, charlie: User, settings: Settings) -> None:
    settings.PRIVATE_NETWORKS_BY_PERMISSION = True
    inside = {"url": "http://10.0.0.1/"}
    assert "payload.url" in refused(charlie, task, inside)
    charlie.user_permissions.add(Permission.objects.get(codename="reach_private_networks"))
    assert meant_payload(again(charlie), task, inside) == inside


def test_what_an_administrator_has_fixed_does_not_hide_the_rest(task: ScheduledTask, charlie: User) -> None:
    TypeRule.objects.create(type="export_report", locked={"source": "runs"})
    assert refused(charlie, task, {}, "export_report") == {"payload.source": ["not_allowed"]}


def test_who_manages_everything_and_the_owner_say_what_they_want(admin: User, alice: User) -> None:
    task = make_task(alice, payload=URL)
    for user in (admin, alice):
        assert meant_payload(again(user), task, {"source": "runs"}, type_name="export_report") == {"source": "runs"}
