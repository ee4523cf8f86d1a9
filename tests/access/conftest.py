"""Ten people, and one of everything that the first of them owns."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.test import Client

from tasks_app.models import (
    Batch,
    Calendar,
    Effect,
    EmailTemplate,
    Queue,
    StoredFile,
    SyncedCollection,
    SyncedRecord,
    TaskShare,
    TokenSignIn,
    Worker,
)
from tasks_app.selectors.sessions import session_handle
from tasks_app.services.api_keys import api_key_create
from tasks_app.services.credentials import credential_create
from tasks_app.services.specs import TaskSpec
from tasks_app.services.tasks import task_create
from tasks_app.services.tokens import sign_in_begin
from tests import runs

PEOPLE = (
    "anonymous", "disabled", "stranger", "view", "run", "manage", "viewer", "operator", "admin", "owner",
)  # fmt: skip


@pytest.fixture
def folk(alice: User, charlie: User, viewer_user: User, bob: User, admin: User) -> dict[str, User | None]:
    """The people by the names of this package."""
    shared = {level: User.objects.create_user(f"{level}er", password="x-long-password") for level in TaskShare.Level}
    gone = User.objects.create_user("gone", password="x-long-password")
    gone.groups.add(Group.objects.get(name="Admin"))
    roles = {"stranger": charlie, "viewer": viewer_user, "operator": bob, "admin": admin, "owner": alice}
    return {"anonymous": None, "disabled": gone, **roles, **{level.value: user for level, user in shared.items()}}


@pytest.fixture
def browser(folk: dict[str, User | None]) -> Callable[[str], Client]:
    """Give a person's browser; the disabled one signed in before that."""

    def of(person: str) -> Client:
        client, user = Client(raise_request_exception=False), folk[person]
        if user is not None:
            client.force_login(user)
        if person == "disabled":
            User.objects.filter(username="gone").update(is_active=False)
        return client

    return of


@pytest.fixture
def things(alice: User, folk: dict[str, User | None]) -> dict[str, Any]:
    """What the addresses name, by the names of their arguments: a task of alice's with a failed run, and what goes
    with it, shared at each level; and what she owns besides."""
    for rank, name in enumerate(("critical", "default", "low-priority")):
        Queue.objects.get_or_create(name=name, defaults={"rank": rank})
    payload = {"source": "runs"}
    spec = TaskSpec(name="Nightly", type="export_report", payload=payload, cron="0 7 * * *", key="nightly")
    task = task_create(owner=alice, spec=spec, actor="tests")
    for level in TaskShare.Level:
        TaskShare.objects.create(task=task, user=folk[level.value], level=level)
    run = runs.make_run(alice, task, type="export_report")
    runs.claim(run)
    runs.fail(run)
    span = {"from": "2026-01-01T00:00:00Z", "to": "2026-01-02T00:00:00Z", "reprocess": "none", "overlap": "allow"}
    batch = Batch.objects.create(owner=alice, task=task, kind="backfill", total=1, max_concurrency=1, parameters=span)
    effect = Effect.objects.create(
        root_run_id=run.pk, key="mail", state="unknown", run_id=run.pk, claim_no=1, begun_at=run.created_at
    )
    path = default_storage.save("access/report.csv", ContentFile(b"a,b\n"))
    file = StoredFile.objects.create(
        owner=alice, run=run, task=task, name="report.csv", path=path, content_type="text/csv", size=4
    )
    collection = SyncedCollection.objects.create(owner=alice, name="customers", task=task)
    record = SyncedRecord.objects.create(
        collection=collection, key="1", data={}, digest="0", first_seen_at=run.created_at, changed_at=run.created_at
    )
    sign_in_begin(user=alice, address="10.1.2.3")
    browser = Client()
    browser.force_login(alice)
    secret = {"kind": "bearer", "hosts": ["api.example.com"], "secret": "a-secret-token"}
    now = run.created_at + timedelta(hours=1)
    Worker.objects.create(name="default", hostname="here", pid=1, started_at=now, heartbeat_at=now)
    return {
        "task_id": task.pk,
        "version": 1,
        "run_id": run.pk,
        "batch_id": batch.pk,
        "effect_id": effect.pk,
        "file_id": file.pk,
        "file_path": path,
        "collection_id": collection.pk,
        "record_id": record.pk,
        "key_id": api_key_create(user=alice, name="ci", scope="read")[0].pk,
        "credential_id": credential_create(owner=alice, name="crm", actor="tests", **secret).pk,  # type: ignore[arg-type]  # named
        "template_id": EmailTemplate.objects.create(owner=alice, name="reminder", subject="Hello", text="Hello").pk,
        "calendar_id": Calendar.objects.create(owner=alice, name="Office", weekend=["sun"], days=[]).pk,
        "person_id": User.objects.create_user("zoe", "zoe@example.org").pk,  # who has no password yet
        "handle": session_handle(str(browser.session.session_key)),
        "sign_in_id": TokenSignIn.objects.get(user=alice).pk,
        "name": "default",
        "type_name": "export_report",
        "key": "nightly",
        "token": "no-token",
        "bulk_id": "01a22517-e04e-78f6-b682-6e2ae56ab0cd",
        "hand_over_id": "01a22517-e04e-78f6-b682-6e2ae56ab0cd",
        "sweep_id": "01a22517-e04e-78f6-b682-6e2ae56ab0cd",
        "uidb64": "MQ",
        "rest": "",
    }
