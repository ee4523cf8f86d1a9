"""What people have beside tasks and runs: credentials, templates, keys, files, colleagues, collections, versions.

Part of `tests.browser.demo`, which calls `fill`.
"""

import hashlib
import json
import random
import uuid
from datetime import datetime, timedelta
from email.message import EmailMessage
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User

from tasks_app.models import (
    ApiKey,
    Credential,
    EmailTemplate,
    ScheduledTask,
    StoredFile,
    SyncedChange,
    SyncedCollection,
    SyncedRecord,
    TaskRevision,
    TaskRun,
)
from tasks_app.models.ids import first_id_at
from tasks_app.services.api_keys import api_key_create, api_key_revoke
from tasks_app.services.bulk import bulk_begin
from tasks_app.services.bulk_deeds import Order, Verb
from tasks_app.services.credentials.writing import credential_create
from tasks_app.services.email_templates import email_template_create
from tasks_app.services.files import file_store
from tasks_app.services.hand_overs import hand_over_begin
from tasks_app.services.people_admin import person_disable, person_invite
from tasks_app.services.specs import TaskSpec
from tasks_app.services.tasks import task_create, task_update
from tests.browser.places import BULK, HANDED, MAIL

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
CREDENTIALS: tuple[tuple[dict[str, Any], timedelta | None], ...] = (
    ({"name": "rates-api", "kind": "bearer", "hosts": ["rates.example.org"]}, timedelta(minutes=3)),
    (
        {"name": "warehouse", "kind": "basic", "hosts": ["wms.example.com"], "details": {"username": "carillon"}},
        5 * HOUR,
    ),
    ({"name": "supplier", "kind": "header", "hosts": ["*.supplier.example"], "details": {"header": "X-Api-Key"}}, HOUR),
    (
        {
            "name": "crm",
            "kind": "oauth2",
            "hosts": ["crm.example.com"],
            "details": {"token_url": "https://login.example.com/token", "client_id": "carillon", "scope": "read"},
        },
        2 * DAY,
    ),
    ({"name": "shop-hooks", "kind": "signing", "hosts": ["hooks.shop.example"]}, None),
)
TEMPLATES = (
    (
        "Invoice is due",
        "Your invoice {number} is due on {due}",
        "Dear {name},\n\nthe invoice {number} of {amount} is due on {due}.",
        True,
    ),
    ("Welcome", "Welcome, {name}", "Hello {name},\n\nyour account is ready: {link}", False),
    ("Order shipped", "Order {order} is on its way", "It should be with you on {day}: {tracking}", True),
)
KEYS = (("nightly build", "run", 365, 2), ("dashboard", "read", None, 1), ("old laptop", "manage", 30, None))
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
FILES = (
    ("orders-2026-11-28.csv", "text/csv", "report", 48_213, 6, "Nightly orders to the warehouse"),
    (
        "failed-runs.xlsx",
        XLSX,
        "report",
        19_400,
        6,
        "Failed runs of the last day",
    ),
    ("visitors-november.jsonl", "application/x-ndjson", "report", 731_112, 2, "Weekly digest to the team"),
    ("price-list.pdf", "application/pdf", "upload", 212_940, None, "Reconcile the ledger"),
)
PEOPLE = (("olga", "Operator"), ("pavel", "Viewer"), ("rosa", "Admin"), ("sam", ""))
CHANGED, GONE = (1, 3), 5
CUSTOMERS = ("Ada Byron", "Bela Kun", "Chidi Obi", "Dora Maar", "Emil Nolde", "Fatima Ali", "Goran Ban", "Hedy Lamarr")
TOWNS = ("Berlin", "Lyon", "Porto", "Vienna")
SYNC = {
    "url": "https://crm.example.com/customers",
    "collection": "Customers",
    "key": "id",
    "credential": "crm",
}
HTTP = {"url": "https://rates.example.org/v1/latest", "headers": {"Accept": "application/json"}}
EDITS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("user:olga", {"schedule": {"kind": "every", "minutes": 30}}),
    ("user:admin", {"payload": {**HTTP, "url": "https://rates.example.org/v2/latest"}, "tags": ["finance", "rates"]}),
    ("key:olga/nightly build", {"timeout_seconds": 60, "overlap": "queue_one"}),
    ("user:admin", {"schedule": {"kind": "every", "minutes": 15}}),
)


def fill(chance: random.Random, now: datetime) -> None:
    """Write it all."""
    owner = User.objects.filter(is_superuser=True).earliest("pk")
    _people(owner, now)
    _credentials(owner, now)
    for name, subject, said, is_shared in TEMPLATES:
        values = {"name": name, "subject": subject, "text": said, "is_shared": is_shared}
        made = email_template_create(owner=owner, values=values)
        EmailTemplate.objects.filter(pk=made.pk).update(updated_at=now - len(name) * DAY)
    _keys(owner, now)
    _files(owner, now)
    _collection(chance, owner, now)
    _versions(ScheduledTask.objects.get(name="Mirror exchange rates"), now)
    _mail(now)
    tasks = list(ScheduledTask.objects.values_list("id", flat=True)[:9])
    order = Order(verb=Verb.TAG, tags=["reviewed"])
    bulk_begin(user=owner, token=uuid.UUID(BULK), order=order, ids=tasks, back="/tasks/")
    olga, rosa = (User.objects.get(username=name) for name in ("olga", "rosa"))
    hand_over_begin(by=owner, token=uuid.UUID(HANDED), giver=olga, receiver=rosa)


def _people(owner: User, now: datetime) -> None:
    for number, (name, role) in enumerate(PEOPLE):
        person = person_invite(by=owner, username=name, email=f"{name}@example.com", role=role)
        if name != "sam":  # who has not followed the invitation yet
            person.set_password(f"{name}-password")
            person.last_login = now - number * 7 * HOUR
            person.save(update_fields=["password", "last_login"])
    person_disable(by=owner, person=User.objects.get(username="pavel"))


def _mail(now: datetime) -> None:
    mail = EmailMessage()
    mail["Subject"], mail["From"], mail["To"] = MAIL, "carillon@example.com", "ada@example.org"
    mail.set_content("Dear Ada,\n\nthe invoice 4711 of 120.00 EUR is due on Friday: https://shop.example.com/4711")
    mail.add_alternative("<p>Dear Ada,</p><p>the invoice 4711 is due on Friday.</p>", subtype="html")
    settings.MAILBOX_DIR.mkdir(parents=True, exist_ok=True)
    (settings.MAILBOX_DIR / f"{int(now.timestamp()) * 10**9:020d}-invoice.eml").write_bytes(mail.as_bytes())


def _credentials(owner: User, now: datetime) -> None:
    for values, ago in CREDENTIALS:
        made = credential_create(owner=owner, secret="secret-of-" + values["name"], actor="user:admin", **values)
        used = None if ago is None else now - ago
        Credential.objects.filter(pk=made.pk).update(last_used_at=used, created_at=now - 40 * DAY)


def _keys(owner: User, now: datetime) -> None:
    for name, scope, days, used in KEYS:
        key, _ = api_key_create(
            user=owner, name=name, scope=scope, expires_at=now + days * DAY if days is not None else None
        )
        seen = now - used * HOUR if used is not None else None
        ApiKey.objects.filter(pk=key.pk).update(last_used_at=seen, created_at=now - 20 * DAY)
    api_key_revoke(key=key)
    ApiKey.objects.filter(pk=key.pk).update(revoked_at=now - 3 * DAY)


def _files(owner: User, now: datetime) -> None:
    for name, kind, purpose, size, kept, maker in FILES:
        run = TaskRun.objects.filter(task__name=maker, status="succeeded").latest("id")
        is_report = purpose == StoredFile.Purpose.REPORT
        made = file_store(
            path=f"{purpose}s/demo/{name}",
            name=name,
            content_type=kind,
            owner_id=owner.pk,
            run_id=str(run.pk) if is_report else None,
            task_id=str(run.task_id) if is_report else None,
            purpose=purpose,
            expires_at=now + kept * DAY if kept else None,
            write=lambda target, size=size: target.write(b"." * size),  # type: ignore[misc]
        )
        StoredFile.objects.filter(pk=made.pk).update(created_at=run.finished_at)


def _collection(chance: random.Random, owner: User, now: datetime) -> None:
    """Two collections; the first a list of customers that has changed since it was filled."""
    spec = TaskSpec(name="Customers of the CRM", type="sync_external_service", payload=SYNC, cron="30 * * * *")
    task = task_create(owner=owner, spec=spec, actor="user:olga")
    SyncedCollection.objects.create(owner=owner, name="Products", url="https://shop.example.com/products")
    kept = SyncedCollection.objects.create(owner=owner, name="Customers", task=task, url=SYNC["url"])
    SyncedCollection.objects.filter(pk=kept.pk).update(record_count=len(CUSTOMERS) - 1, synced_at=now - HOUR)
    records = [_record(chance, kept, number, now) for number in range(len(CUSTOMERS))]
    for record in records:
        _change(record, "new", now - 9 * DAY)
    for number in CHANGED:
        before = {"town": "Graz", "orders": records[number].data["orders"] + 1}
        _change(records[number], "changed", now - HOUR, before)
    _change(records[GONE], "gone", now - HOUR)


def _record(chance: random.Random, kept: SyncedCollection, number: int, now: datetime) -> SyncedRecord:
    data = {"id": f"C-{1001 + number}", "name": CUSTOMERS[number], "town": chance.choice(TOWNS), "orders": number % 5}
    first, is_other = now - 9 * DAY, number in (*CHANGED, GONE)
    return SyncedRecord.objects.create(
        collection=kept,
        key=str(data["id"]),
        data=data,
        digest=hashlib.sha256(json.dumps(data).encode()).hexdigest(),
        first_seen_at=first,
        changed_at=now - HOUR if is_other else first,
        gone_at=now - HOUR if number == GONE else None,
    )


def _change(record: SyncedRecord, kind: str, at: datetime, before: dict[str, Any] | None = None) -> None:
    before = before or {}
    SyncedChange.objects.create(
        collection=record.collection,
        record=record,
        run_id=first_id_at(at),
        kind=kind,
        before=before,
        after={name: record.data[name] for name in before},
        at=at,
    )


def _versions(task: ScheduledTask, now: datetime) -> None:
    """Edit a task several times over the last days."""
    for actor, changes in EDITS:
        task = task_update(task=task, changes=changes, actor=actor)
    for number, revision in enumerate(TaskRevision.objects.filter(task=task).order_by("-version")):
        TaskRevision.objects.filter(pk=revision.pk).update(at=now - number * 2 * DAY - number * HOUR)
