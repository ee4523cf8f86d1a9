"""What stands in the audit log: what differs, masked and of a sane size, in the transaction of the change."""

import json
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import transaction

from tasks_app import caller
from tasks_app.caller import Caller, Who
from tasks_app.handlers.masking import MASK
from tasks_app.models import AuditEntry
from tasks_app.models.audit import AppendOnly
from tasks_app.selectors import audit_chain
from tasks_app.services import audit, audit_values
from tasks_app.services.credentials import credential_update
from tasks_app.services.tasks import task_pause, task_resume, task_update
from tests.services.conftest import Make
from tests.services.credentials import SECRET, make_credential

pytestmark = pytest.mark.django_db
REPORT: dict[str, Any] = {"type": "export_report", "payload": {"source": "runs", "gzip": False}}


def last(action: str) -> AuditEntry:
    return AuditEntry.objects.filter(action=action).order_by("-id")[0]


def test_an_edit_tells_what_differs_and_no_more(make: Make) -> None:
    task = make(**REPORT)
    task_update(task=task, changes={"name": "Other", "payload": {"source": "runs", "gzip": True}}, actor="user:bob")
    entry = last("task.update")
    assert (entry.actor, entry.object_type, entry.object_id) == ("user:bob", "task", str(task.id))
    assert entry.before == {"name": "Nightly", "payload.gzip": False}
    assert entry.after == {"name": "Other", "payload.gzip": True}


def test_an_edit_that_changes_nothing_is_no_entry(make: Make) -> None:
    task = make()
    task_update(task=task, changes={"name": task.name}, actor="user:alice")
    task_resume(task=task, actor="user:alice")
    assert not AuditEntry.objects.exclude(action="task.create").exists()


def test_what_is_rolled_back_was_not_done(make: Make) -> None:
    task = make()
    with transaction.atomic():
        task_pause(task=task, actor="user:alice", note="holidays")
        transaction.set_rollback(True)
    assert not AuditEntry.objects.filter(action="task.pause").exists()


def test_of_a_sensitive_payload_only_the_change_is_told(make: Make) -> None:
    task = make(payload={"url": "https://example.org/", "headers": {"Authorization": "Bearer abc"}})
    changed = {"url": "https://example.org/?q=canary", "headers": {"Authorization": "Bearer canary"}}
    task_update(task=task, changes={"payload": changed}, actor="user:alice")
    entry = last("task.update")
    assert (entry.before, entry.after) == ({"payload": "(hidden)"}, {"payload": "(hidden) (changed)"})
    assert not any("canary" in json.dumps([one.before, one.after]) for one in AuditEntry.objects.all())


def test_a_credential_never_tells_its_secret(alice: User) -> None:
    credential = make_credential(alice)
    credential_update(credential=credential, changes={"secret": SECRET[::-1]}, actor="user:alice")
    assert (last("credential.update").before, last("credential.update").after) == (
        {"secret": MASK}, {"secret": f"{MASK} (changed)"},
    )  # fmt: skip
    told = json.dumps([[one.before, one.after, one.note] for one in AuditEntry.objects.all()])
    assert SECRET not in told
    assert SECRET[::-1] not in told


NESTED: Any = []
for _ in range(30):
    NESTED = [NESTED]


@pytest.mark.parametrize(
    ("value", "stored"),
    [
        ("a\0b", "a\ufffdb"),
        ("\ud800", "?"),
        ("x" * 600, f"{'x' * 500}… (600 characters)"),
        (list(range(60)), [*range(50), "… 10 more"]),
        (float("nan"), "nan"),
        (1e22, "1e+22"),
        (-0.0, 0),
        (2.0, 2),
        (0.25, 0.25),
        (1e-7, "1e-07"),
        (2**70, str(2**70)),
        (NESTED, [[[[["…"]]]]]),
        (object, "<class 'object'>"),
    ],
)
def test_any_value_is_stored_small_and_as_every_database_keeps_it(value: Any, stored: Any) -> None:
    entry = audit.note("task.update", None, after={"value": value})
    kept = AuditEntry.objects.get(id=entry.id)
    assert kept.after == {"value": stored}
    assert audit_chain.has_mark(kept), "what is read is what was signed"


def test_an_entry_has_a_bounded_size() -> None:
    values = {f"field {number}": ["y" * 400] * 40 for number in range(200)}
    assert len(json.dumps(audit_values.sized(values))) < 2 * audit_values.MOST_BYTES


def test_the_caller_is_known_without_being_passed_on(alice: User) -> None:
    mine = Caller(request_id="r1", address="192.0.2.7", find=lambda: Who("key:alice/ci", alice.pk, "key"))
    with caller.acting(mine):
        entry = audit.note("queue.pause", name="default")
    assert (entry.actor, entry.user_id, entry.address, entry.request_id) == (
        "key:alice/ci",
        alice.pk,
        "192.0.2.7",
        "r1",
    )
    assert audit.note("queue.pause", name="default").actor == "code"


def test_entries_are_neither_changed_nor_deleted() -> None:
    entry = audit.note("queue.pause", name="default")
    kept = AuditEntry.objects.get(id=entry.id)
    kept.actor = "user:mallory"
    for attempt in (
        kept.save,
        kept.delete,
        AuditEntry.objects.all().delete,
        lambda: AuditEntry.objects.update(note="x"),
    ):
        with pytest.raises(AppendOnly):
            attempt()
    with pytest.raises(AppendOnly), transaction.atomic():
        AuditEntry.objects.bulk_update([kept], ["actor"])
    assert AuditEntry.objects.get(id=entry.id).actor == "code"
