"""`cleanup`: its rules, who may have them, and what they leave."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.contrib.sessions.models import Session
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django_celery_beat.models import ClockedSchedule

from tasks_app import beat_sync
from tasks_app.errors import Invalid
from tasks_app.handlers import registry
from tasks_app.handlers.testing import RecordingContext, call_handler
from tasks_app.models import (
    ApiKey,
    Beat,
    Effect,
    IdempotencyKey,
    MailCount,
    StoredFile,
    SyncedChange,
    SyncedCollection,
    SyncedRecord,
    Worker,
    db_now,
)
from tasks_app.models.ids import first_id_at
from tests import runs
from tests.handler_types import execute
from tests.services.aging import aged, effect, left, logged

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


def clean(owner: User | None, *rules: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """Run the handler on the owner's behalf."""
    ctx = RecordingContext(owner_id=owner.pk if owner else None)
    result: dict[str, Any] = call_handler("cleanup", {"rules": list(rules), **fields}, ctx)
    return result


def refused(*rules: Any, owner: User | None = None) -> dict[str, str]:
    """The fields that are refused, each with its code."""
    with pytest.raises(Invalid) as caught:
        registry.validate_for(owner, "cleanup", {"rules": list(rules)})
    return {path.removeprefix("payload."): faults[0].code for path, faults in caught.value.fields.items()}


# -- what a rule must say


@pytest.mark.parametrize("days", [0, -1, 1.5, "30", 10**12, None, True, [], {}])
@pytest.mark.parametrize("rule", [{"what": "runs"}, {"what": "logs"}, {"what": "files"}, {"what": "tokens"}])
def test_days_are_a_whole_number_from_one(rule: dict[str, Any], days: Any) -> None:
    assert list(refused({**rule, "older_than_days": days})) == ["rules.0.older_than_days"]


@pytest.mark.parametrize("count", [0, -1, 1.5, "30", 10**12, True])
def test_how_many_to_keep_is_a_whole_number_from_one(count: Any) -> None:
    assert list(refused({"what": "runs", "keep_last": count})) == ["rules.0.keep_last"]


@pytest.mark.parametrize(
    "rule",
    [
        {"what": "runs"},
        {"what": "runs", "keep_last": None, "older_than_days": None, "status": ["failed"], "type": "x"},
        {"what": "files", "expired": False, "purpose": "report"},
        {"what": "records"},
    ],
)
def test_a_rule_that_would_take_everything_is_refused(rule: dict[str, Any]) -> None:
    assert list(refused({"what": "logs", "older_than_days": 1}, rule).values()) == ["no_bound"]


@pytest.mark.parametrize("payload", [{}, {"rules": []}, {"rules": None}, {"rules": {}}, {"dry_run": True}])
def test_no_rules_do_not_mean_everything(payload: dict[str, Any]) -> None:
    with pytest.raises(Invalid) as caught:
        registry.validate("cleanup", payload)
    assert list(caught.value.fields) == ["payload.rules"]


@pytest.mark.parametrize(
    ("rule", "path"),
    [
        ({"what": "runs", "older_than_days": 1, "status": []}, "rules.0.status"),
        ({"what": "runs", "older_than_days": 1, "status": ["running"]}, "rules.0.status.0"),
        ({"what": "runs", "older_than_days": 1, "statuses": ["failed"]}, "rules.0.statuses"),
        ({"what": "audit", "older_than_days": 1}, "rules.0"),
        ({"older_than_days": 1}, "rules.0"),
        ({"what": "files", "older_than_days": 1, "purpose": "other"}, "rules.0.purpose"),
        ({"what": "tokens", "older_than_days": 1, "everybody": True}, "rules.0.everybody"),
    ],
)
def test_what_a_rule_cannot_say_is_refused_at_its_place(rule: dict[str, Any], path: str) -> None:
    assert list(refused(rule)) == [path]


def test_there_are_twenty_rules_at_most() -> None:
    rule = {"what": "logs", "older_than_days": 1}
    registry.validate("cleanup", {"rules": [rule] * 20})
    assert refused(*[rule] * 21) == {"rules": "too_long"}


# -- who may have it

FOR_ALL = [
    ({"what": "runs", "older_than_days": 1, "everybody": True}, "rules.0.everybody"),
    ({"what": "tokens", "older_than_days": 1}, "rules.0.what"),
    ({"what": "platform"}, "rules.0.what"),
]


@pytest.mark.parametrize(("rule", "path"), FOR_ALL)
def test_what_belongs_to_others_needs_the_permission(rule: dict[str, Any], path: str, alice: User, staff: User) -> None:
    assert refused(rule, owner=alice) == {path: "not_allowed"}
    for owner in (staff, None):
        registry.validate_for(owner, "cleanup", {"rules": [rule]})
    alice.user_permissions.add(Permission.objects.get(codename="clean_up_platform"))
    registry.validate_for(User.objects.get(pk=alice.pk), "cleanup", {"rules": [rule]})


@pytest.mark.parametrize(("rule", "path"), FOR_ALL)
def test_the_permission_is_asked_for_again_before_each_run(rule: dict[str, Any], path: str, alice: User) -> None:
    old = aged(alice, 9)
    run = runs.make_run(alice, type="cleanup", payload={"rules": [rule]})
    execute(run)
    ended = runs.fresh(run)
    assert (ended.status, ended.reason) == ("failed", "invalid_payload")
    assert path in ended.error
    assert old.id in left()


def test_another_ones_task_does_not_exist(alice: User, bob: User) -> None:
    task = runs.make_task(bob)
    rule = {"what": "runs", "keep_last": 1, "task": str(task.id)}
    assert refused(rule, owner=alice) == {"rules.0.task": "unknown"}
    registry.validate_for(bob, "cleanup", {"rules": [rule]})


# -- what it does


def test_it_says_what_each_rule_deleted(alice: User) -> None:
    for _ in range(3):
        logged(aged(alice, 10))
    aged(alice, 20)
    rules = [{"what": "runs", "older_than_days": 15}, {"what": "logs", "older_than_days": 9}]
    counted = {"rules": [{"what": "runs", "count": 1}, {"what": "logs", "count": 9}], "count": 10}
    assert clean(alice, *rules, dry_run=True) == {
        "summary": "10 would be deleted: runs 1, logs 9",
        "dry_run": True,
        **counted,
    }
    ctx = RecordingContext(owner_id=alice.pk)
    assert call_handler("cleanup", {"rules": rules}, ctx) == {
        "summary": "10 deleted: runs 1, logs 9",
        "dry_run": False,
        **counted,
    }
    assert ctx.messages == ["Rule 1, runs: 1 deleted", "Rule 2, logs: 9 deleted"]
    assert (clean(alice, *rules)["count"], clean(alice, *rules)["summary"]) == (0, "0 deleted")
    assert ctx.reports[-1] == (2, 2, "2 of 2 rules done")


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("valkey")
def test_it_never_deletes_its_own_run_nor_what_that_goes_back_to(alice: User) -> None:
    first = aged(alice, 30, type="cleanup")
    payload = {"rules": [{"what": "runs", "older_than_days": 1}, {"what": "runs", "keep_last": 1}]}
    run = aged(alice, 20, "queued", type="cleanup", payload=payload, rerun_of=first, root_run_id=first.id)
    execute(run)
    assert runs.fresh(run).status == "succeeded", runs.fresh(run).error
    assert left() == {first.id, run.id}


def stored(owner: User, name: str, days: float = 0, **fields: Any) -> StoredFile:
    """Put a file into storage."""
    then = db_now() - days * DAY
    path = storages["default"].save(f"cleanup/{name}", ContentFile(b"x"))
    values = {"name": name, "path": path, "content_type": "text/csv", "size": 1, **fields}
    file = StoredFile.objects.create(id=first_id_at(then), owner=owner, **values)
    StoredFile.objects.filter(id=file.id).update(created_at=then)
    return file


def exists(file: StoredFile) -> tuple[bool, bool]:
    """Whether row and object are there."""
    return StoredFile.objects.filter(id=file.id).exists(), storages["default"].exists(file.path)


def test_files_go_from_storage_and_from_the_list(alice: User, bob: User) -> None:
    running = aged(alice, 1, "running")
    old = stored(alice, "old", 10)
    kept = [
        stored(alice, "young", 5),
        stored(alice, "upload", 11, purpose="upload"),
        stored(alice, "of-a-running-run", 12, run=running),
        stored(bob, "theirs", 13),
    ]
    rule = {"what": "files", "older_than_days": 9}
    assert clean(alice, rule, dry_run=True)["count"] == 1
    assert exists(old) == (True, True)
    assert clean(alice, rule)["count"] == 1
    assert exists(old) == (False, False)
    assert [exists(file) for file in kept] == [(True, True)] * 4
    assert clean(alice, rule)["count"] == 0


def test_expired_files_go_by_their_own_time(alice: User) -> None:
    over = stored(alice, "over", 1, expires_at=db_now() - DAY)
    lasting = [stored(alice, "lasting", 2, expires_at=db_now() + DAY), stored(alice, "for-ever", 3)]
    storages["default"].delete(over.path)
    assert clean(alice, {"what": "files", "expired": True})["count"] == 1
    assert exists(over) == (False, False)
    assert [exists(file) for file in lasting] == [(True, True)] * 2


def test_gone_records_and_old_changes_go(alice: User, bob: User) -> None:
    now = db_now()
    for owner in (alice, bob):
        collection = SyncedCollection.objects.create(owner=owner, name="orders")
        for key, gone in (("a", None), ("b", now - 40 * DAY), ("c", now - 5 * DAY)):
            record = SyncedRecord.objects.create(
                collection=collection,
                key=key,
                data={},
                digest="",
                first_seen_at=now,
                changed_at=now,
                gone_at=gone,
            )
            for days in (50, 3):
                SyncedChange.objects.create(
                    collection=collection, record=record, run_id=first_id_at(now), kind="new", at=now - days * DAY
                )
    rule = {"what": "records", "gone_for_days": 30, "changes_older_than_days": 20}
    assert clean(alice, rule, dry_run=True)["count"] == 1 + 3
    assert clean(alice, rule)["count"] == 1 + 2, "the changes of a record go with it"
    assert set(SyncedRecord.objects.filter(collection__owner=alice).values_list("key", flat=True)) == {"a", "c"}
    assert SyncedChange.objects.filter(collection__owner=alice).count() == 2
    assert SyncedRecord.objects.filter(collection__owner=bob).count() == 3


def test_tokens_that_are_over_go(alice: User) -> None:
    now = db_now()
    for name, expires, revoked in (
        ("good", now + DAY, None),
        ("expired", now - 40 * DAY, None),
        ("revoked", None, now - 40 * DAY),
        ("just revoked", None, now - DAY),
    ):
        ApiKey.objects.create(user=alice, name=name, digest=name, expires_at=expires, revoked_at=revoked)
    Session.objects.create(session_key="over", session_data="", expire_date=now - DAY)
    Session.objects.create(session_key="good", session_data="", expire_date=now + DAY)
    key = IdempotencyKey.objects.create(principal="p", method="POST", path="/", key="1", body_digest="d")
    IdempotencyKey.objects.filter(id=key.id).update(created_at=now - 2 * DAY)
    rule = {"what": "tokens", "older_than_days": 30}
    assert clean(None, rule, dry_run=True)["count"] == clean(None, rule)["count"] == 4
    assert set(ApiKey.objects.values_list("name", flat=True)) == {"good", "just revoked"}
    assert list(Session.objects.values_list("session_key", flat=True)) == ["good"]
    assert not IdempotencyKey.objects.exists()


def test_orphans_go(alice: User) -> None:
    now = db_now()
    kept = effect(aged(alice, 9), "kept")
    gone = aged(alice, 9)
    effect(gone)
    again = aged(alice, 5)
    by_retry = effect(gone, "known to a retry")
    Effect.objects.filter(id=by_retry.id).update(root_run_id=first_id_at(now - 77 * DAY))
    type(again).objects.filter(id=again.id).update(root_run_id=first_id_at(now - 77 * DAY))
    gone.delete()
    for days in (9, -9):
        ClockedSchedule.objects.create(clocked_time=now - days * DAY)
    for name, days in (("lost", 8), ("alive", 0)):
        then = now - days * DAY
        Worker.objects.create(name=name, hostname="h", pid=1, started_at=then, heartbeat_at=then)
        Beat.objects.create(name=name, started_at=then, last_tick_at=then)
    MailCount.objects.create(user=alice, day=(now - 40 * DAY).date(), count=3)
    rule = {"what": "platform"}
    assert clean(None, rule, dry_run=True)["count"] == clean(None, rule)["count"] == 5
    assert set(Effect.objects.values_list("key", flat=True)) == {kept.key, by_retry.key}
    assert ClockedSchedule.objects.get().clocked_time > now
    assert Worker.objects.get().name == Beat.objects.get().name == "alive"


def test_a_clock_that_a_task_uses_is_no_orphan(alice: User) -> None:
    task = runs.make_task(alice, kind="once", schedule={"kind": "once", "run_at": "2020-01-01T00:00:00Z"})
    beat_sync.mirror(task)
    clean(None, {"what": "platform"})
    assert ClockedSchedule.objects.count() == 1
