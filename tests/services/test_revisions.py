"""The versions of a task: kept with each edit, told with secrets masked, and brought back as an edit like any other."""

from datetime import timedelta
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.contrib.auth.models import User
from pytest_django import Settings

from tasks_app.errors import Forbidden, Invalid, Stale
from tasks_app.handlers.masking import MASK, SEALED
from tasks_app.models import AuditEntry, Calendar, ScheduledTask, TaskRevision, TaskShare, db_now
from tasks_app.services import resealing
from tasks_app.services.handing_over import tasks_hand_over
from tasks_app.services.revision_restoring import task_restore
from tasks_app.services.revisions import KEPT, revision_story
from tasks_app.services.sealed_payloads import opened_payload
from tasks_app.services.spreading import tasks_spread
from tasks_app.services.tasks import task_pause
from tests.services.conftest import Make
from tests.services.credentials import make_credential
from tests.services.deeds import at, fresh, update

pytestmark = pytest.mark.django_db
SECRET = "Bearer canary-93"
CALL = {"url": "https://example.org/", "headers": {"Authorization": SECRET}}
SYNC: dict[str, Any] = {"url": "https://api.example.com/items", "collection": "items", "key": "id"}


def versions(task: ScheduledTask) -> list[int]:
    return list(TaskRevision.objects.filter(task=task).order_by("version").values_list("version", flat=True))


def restore(task: ScheduledTask, version: int, user: User, **more: Any) -> ScheduledTask:
    revision = TaskRevision.objects.get(task=task, version=version)
    return task_restore(user=user, task=fresh(task), revision=revision, actor="user:x", **more)


def changed(task: ScheduledTask, user: User) -> tuple[dict[str, Any], dict[str, Any]]:
    """What the newest version has changed."""
    told = revision_story(user, task)[0]
    return told.before, told.after


def test_a_new_task_begins_with_a_version(make: Make) -> None:
    revision = TaskRevision.objects.get(task=make())
    assert (revision.version, revision.actor, revision.values["name"]) == (1, "user:alice", "Nightly")


def test_each_edit_is_a_version_and_what_changes_nothing_is_none(make: Make, alice: User) -> None:
    task = make()
    update(task, name="Daily", priority=7)
    update(task, name="Daily")
    task_pause(task=task, actor="user:alice")
    update(task, enabled=True)
    assert versions(task) == [1, 2]
    assert changed(task, alice) == ({"name": "Nightly", "priority": 5}, {"name": "Daily", "priority": 7})


def test_spreading_and_handing_over_are_versions_too(make: Make, alice: User, charlie: User, staff: User) -> None:
    task = make()
    tasks_spread(wanted=[(task, 600)], actor="user:alice")
    assert changed(task, alice) == ({"spread_seconds": 0}, {"spread_seconds": 600})
    tasks_hand_over(by=staff, giver=alice, receiver=charlie)
    assert changed(fresh(task), staff) == ({"owner": "alice"}, {"owner": "charlie"})
    assert TaskRevision.objects.get(task=task, version=3).actor == "user:staff"


def test_a_refused_edit_leaves_no_version(make: Make) -> None:
    task = make()
    with pytest.raises(Invalid):
        update(task, name="")
    assert versions(task) == [1]


def test_only_the_newest_are_kept(make: Make) -> None:
    task = make()
    for number in range(KEPT + 3):
        update(task, name=f"Number {number}")
    assert versions(task) == list(range(5, KEPT + 5))


def test_a_task_from_before_versions_keeps_what_it_was_with_its_first_edit(make: Make, alice: User) -> None:
    task = make()
    TaskRevision.objects.all().delete()
    assert revision_story(alice, task) == []
    update(task, name="Daily")
    assert versions(task) == [1, 2]
    assert TaskRevision.objects.get(task=task, version=1).actor == ""
    assert restore(task, 1, alice).name == "Nightly"


def test_secrets_lie_sealed_and_are_told_masked(make: Make, alice: User) -> None:
    task = make(payload=CALL)
    update(task, payload={**CALL, "headers": {"Authorization": "Bearer other"}})
    assert SECRET not in str(list(TaskRevision.objects.values_list("values", flat=True)))
    assert SEALED in str(TaskRevision.objects.get(task=task, version=1).values)
    before, after = changed(task, alice)
    assert MASK in str(before["payload.headers"])
    assert after == {"payload.headers": "(changed)"}


def test_a_secret_that_stays_is_no_change_though_it_is_sealed_anew(make: Make, alice: User) -> None:
    task = make(payload=CALL)
    update(task, payload={**CALL, "url": "https://example.org/other"})
    assert changed(task, alice)[1] == {"payload.url": "https://example.org/other"}


def test_old_versions_open_with_the_first_key_after_reencryption(make: Make, alice: User, settings: Settings) -> None:
    old, new = (Fernet.generate_key().decode() for _ in range(2))
    settings.FIELD_KEYS = [old]
    task = make(payload=CALL)
    update(task, payload={"url": "https://example.org/"})
    settings.FIELD_KEYS = [new, old]
    assert [one.fault for one in resealing.reseal_all()] == [""]
    settings.FIELD_KEYS = [new]
    assert opened_payload(restore(task, 1, alice))["headers"] == {"Authorization": SECRET}


def test_a_restored_task_says_what_the_version_said_and_is_a_new_version(make: Make, alice: User) -> None:
    office = Calendar.objects.create(owner=alice, name="Office", weekend=["sun"], days=[])
    first: dict[str, Any] = {
        "cron": "0 7 * * *",
        "calendar": str(office.pk),
        "starts_at": "2026-01-01T00:00:00.123456Z",
    }
    task = make(payload=CALL, tags=["a"], misfire={"policy": "all"}, retry={"delays": [1.5, 60]}, **first)
    values = TaskRevision.objects.get(task=task).values
    update(task, name="Other", schedule={"kind": "every", "hours": 3}, calendar=None, starts_at=None, misfire=None)
    update(task, payload={"url": "https://example.com/"}, retry=None, tags=[], max_retries=1)
    done = restore(task, 1, alice)
    assert done.version == 4
    assert versions(task) == [1, 2, 3, 4]
    now = TaskRevision.objects.get(task=task, version=4).values
    assert {**now, "payload": {}} == {**values, "payload": {}}
    assert opened_payload(done) == opened_payload(make(payload=CALL))
    assert done.next_slot is not None
    assert done.next_slot > db_now()
    assert AuditEntry.objects.filter(action="task.restore").get().after == {"version": 1}
    assert AuditEntry.objects.filter(action="task.update", object_id=str(task.pk)).count() == 3


def test_restoring_what_is_there_changes_nothing(make: Make, alice: User) -> None:
    task = make()
    assert restore(task, 1, alice).version == 1
    assert not AuditEntry.objects.filter(action="task.restore").exists()


def test_a_paused_task_stays_paused(make: Make, alice: User) -> None:
    task = make()
    update(task, name="Other")
    task_pause(task=task, actor="user:alice")
    done = restore(task, 1, alice)
    assert (done.name, done.status, done.next_due_at) == ("Nightly", "paused", None)


def test_a_stale_restore_is_refused(make: Make, alice: User) -> None:
    task = update(make(), name="Other")
    with pytest.raises(Stale):
        restore(task, 1, alice, expected_version=1)
    assert fresh(task).name == "Other"


def test_a_version_that_is_not_valid_any_more_says_at_which_fields(make: Make, alice: User) -> None:
    office = Calendar.objects.create(owner=alice, name="Office", weekend=["sun"], days=[])
    task = make(cron="0 7 * * *", calendar=str(office.pk))
    update(task, cron="0 8 * * *", calendar=None)
    office.delete()
    revision = TaskRevision.objects.get(task=task, version=1)
    revision.values |= {"queue": "gone", "payload": {"url": "no address"}}
    revision.save()
    with pytest.raises(Invalid) as refusal:
        restore(task, 1, alice)
    assert sorted(refusal.value.fields) == ["calendar", "payload.url", "queue"]
    assert versions(task) == [1, 2]


def test_an_instant_that_has_passed_is_not_brought_back(make: Make, alice: User) -> None:
    task = make(run_at=db_now() + timedelta(hours=1))
    update(task, cron="0 8 * * *")
    revision = TaskRevision.objects.get(task=task, version=1)
    revision.values |= {"schedule": {"kind": "once", "run_at": "2026-01-01T00:00:00Z"}}
    revision.save()
    with pytest.raises(Invalid) as refusal:
        restore(task, 1, alice)
    assert [fault.code for faults in refusal.value.fields.values() for fault in faults] == ["in_past"]


def test_nobody_but_the_owner_brings_back_a_use_of_their_credential(make: Make, alice: User, charlie: User) -> None:
    make_credential(alice, name="crm")
    task = make(type="sync_external_service", payload={**SYNC, "credential": "crm"})
    update(task, payload=SYNC)
    TaskShare.objects.create(task=task, user=charlie, level="manage")
    with pytest.raises(Invalid) as refusal:
        restore(task, 1, charlie)
    assert list(refusal.value.fields) == ["payload.credential"]
    assert restore(task, 1, alice).payload["credential"] == "crm"


def test_who_sees_no_payload_sees_none_of_a_version_and_brings_none_back(
    make: Make, alice: User, charlie: User
) -> None:
    task = make(payload=CALL)
    update(task, payload={"url": "https://example.org/canary-94"}, priority=3)
    TaskShare.objects.create(task=task, user=charlie, level="manage")
    assert "canary-94" not in str([(one.before, one.after) for one in revision_story(charlie, fresh(task))])
    assert changed(fresh(task), charlie)[1] == {"priority": 3, "payload": "(hidden) (changed)"}
    with pytest.raises(Forbidden):
        restore(task, 1, charlie)


def test_who_sees_no_payload_brings_back_the_rest(make: Make, alice: User, charlie: User) -> None:
    task = make(payload=CALL)
    update(task, priority=3)
    TaskShare.objects.create(task=task, user=charlie, level="manage")
    done = restore(task, 1, charlie)
    assert (done.priority, opened_payload(done)["headers"]) == (5, CALL["headers"])


def test_a_new_owner_does_not_see_sensitive_payloads_of_the_former_one(
    make: Make, alice: User, charlie: User, staff: User
) -> None:
    task = make(payload={"url": "https://example.org/canary-94"})
    update(task, type="export_report", payload={"source": "runs"})
    tasks_hand_over(by=staff, giver=alice, receiver=charlie)
    task = fresh(task)
    assert task.owner == charlie
    assert "canary-94" not in str([(one.before, one.after) for one in revision_story(charlie, task)])
    with pytest.raises(Forbidden):
        restore(task, 1, charlie)


def test_a_cancelled_task_is_not_brought_back(make: Make, alice: User) -> None:
    task = update(make(), name="Other")
    at(task, status="cancelled", next_slot=None, next_due_at=None)
    with pytest.raises(Exception, match="cannot be edited"):
        restore(task, 1, alice)
