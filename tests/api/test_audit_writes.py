"""Every operation of the API that changes something leaves an entry in the audit log. The list is the API's own."""

import ast
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User

from tasks_app.models import AuditEntry, Effect, ScheduledTask, StoredFile, SyncedCollection, TaskRun, Worker, db_now
from tasks_app.selectors.audit import ACTIONS
from tasks_app.services.files import file_delete
from tasks_app.services.tokens import TokenPair, sign_in_begin
from tests.api.client import Api
from tests.api.conftest import TASK, addresses, make
from tests.runs import claim, fail, make_run

ROOT = Path(__file__).parents[2]
PAST = {"from": "2025-11-01T00:00", "to": "2025-11-01T02:00"}
TEMPLATE = {"name": "Hello", "subject": "Hello", "text": "Hello"}
CREDENTIAL = {"name": "crm", "kind": "bearer", "hosts": ["api.example.com"], "secret": "canary-0123456789"}
SHARE = {"group": "Viewer", "level": "view"}
PASSWORD = "staff-password"  # of the fixture
# What changes nothing; of actions on many, only what goes on with them does.
PREVIEWS = {
    ("schedule/preview", "POST"),
    ("email-templates/<uuid:template_id>/preview", "POST"),
    ("tasks/bulk", "POST"),
    ("tasks/bulk/<uuid:bulk_id>/undo", "POST"),
    ("runs/sweeps", "POST"),
    ("runs/sweeps/<uuid:sweep_id>/undo", "POST"),
}


class World:
    """Things of the owner, each made when it is asked for."""

    def __init__(self, api: Api, owner: User) -> None:
        self.api, self.owner = api, owner

    def task(self, **fields: Any) -> str:
        """A task's address."""
        return f"tasks/{make(self.api, cron='0 * * * *', **fields)['id']}"

    def edited(self) -> str:
        """The address of a task with two versions."""
        path = self.task()
        assert self.api.patch(path, {"name": "Other"}).status == 200
        return path

    def made(self, path: str, body: Any) -> str:
        """The address of what a POST makes."""
        reply = self.api.post(path, body)
        assert reply.status == 201, reply.body
        return f"{path.partition('?')[0]}/{reply.body['id']}"

    def run(self, *, is_failed: bool = True) -> TaskRun:
        """A run that has failed, or one that waits."""
        run = make_run(self.owner, ScheduledTask.objects.get(id=self.task().partition("/")[2]))
        if is_failed:
            claim(run)
            fail(run)
        return TaskRun.objects.get(id=run.id)

    def batch(self, *, is_failed: bool = False) -> str:
        """A backfill's address."""
        batch = self.api.post(f"{self.task()}/backfill", PAST).body["id"]
        if is_failed:
            run = TaskRun.objects.filter(batch=batch, status="queued").get()
            claim(run)
            fail(run)
        return f"batches/{batch}"

    def bulk(self) -> str:
        """The address of an action on many tasks that has not begun."""
        return self.made("tasks/bulk", {"do": "pause", "tasks": [self.task().partition("/")[2]]})

    def sweep(self) -> str:
        """The address of a deed on many runs that has not begun."""
        self.run()
        return self.made("runs/sweeps", {"do": "dismiss", "filters": {"needs_person": True}})

    def effect(self) -> str:
        """The address at which an effect is settled."""
        run = self.run()
        effect = Effect.objects.create(
            root_run_id=run.id, key="mail", state="unknown", run_id=run.id, claim_no=1, begun_at=db_now()
        )
        return f"runs/{run.id}/effects/{effect.id}/settle"

    def file(self) -> str:
        """An uploaded file's address."""
        return self.made("files?name=a.csv", b"a,b\n")

    def collection(self) -> str:
        """A collection's address."""
        made = SyncedCollection.objects.create(owner=self.owner, name="Things", url="https://example.org/")
        return f"collections/{made.pk}"

    def shared(self) -> str:
        """The address of the shares of a task that is shared."""
        path = f"{self.task()}/shares"
        assert self.api.put(path, SHARE).status == 200
        return path

    def worker(self, wish: str = "") -> str:
        """A worker's address."""
        now = db_now()
        Worker.objects.create(name="one", hostname="here", pid=1, started_at=now, heartbeat_at=now, wish=wish)
        return "workers/one"

    def tokens(self) -> TokenPair:
        """A sign-in by tokens, from elsewhere: that one goes on from the same address is no news."""
        return sign_in_begin(user=self.owner, address="192.0.2.7")


Call = Callable[[World], tuple[str, Any]]
WRITES: dict[tuple[str, str], Call] = {
    ("auth/token", "POST"): lambda w: ("auth/token", {"username": "staff", "password": PASSWORD}),
    ("auth/token/refresh", "POST"): lambda w: ("auth/token/refresh", {"refresh": w.tokens().refresh}),
    ("auth/token/revoke", "POST"): lambda w: ("auth/token/revoke", {"token": w.tokens().access}),
    ("auth/refresh", "POST"): lambda w: ("auth/refresh", {"refresh": w.tokens().refresh}),
    ("auth/revoke", "POST"): lambda w: ("auth/revoke", {"token": w.tokens().refresh}),
    ("me", "PATCH"): lambda w: ("me", {"timezone": "Europe/Berlin"}),
    ("tasks", "POST"): lambda w: ("tasks", TASK),
    ("tasks/by-key/<path:key>", "PUT"): lambda w: ("tasks/by-key/mine", TASK),
    ("tasks/<uuid:task_id>", "PATCH"): lambda w: (w.task(), {"name": "Other"}),
    ("tasks/<uuid:task_id>", "DELETE"): lambda w: (w.task(), None),
    ("tasks/bulk/<uuid:bulk_id>/go-on", "POST"): lambda w: (f"{w.bulk()}/go-on", None),
    ("tasks/<uuid:task_id>/run-now", "POST"): lambda w: (f"{w.task()}/run-now", None),
    ("tasks/<uuid:task_id>/pause", "POST"): lambda w: (f"{w.task()}/pause", {"note": "holidays"}),
    ("tasks/<uuid:task_id>/resume", "POST"): lambda w: (f"{w.task(enabled=False)}/resume", None),
    ("tasks/<uuid:task_id>/cancel", "POST"): lambda w: (f"{w.task()}/cancel", None),
    ("tasks/<uuid:task_id>/duplicate", "POST"): lambda w: (f"{w.task()}/duplicate", None),
    ("tasks/<uuid:task_id>/backfill", "POST"): lambda w: (f"{w.task()}/backfill", PAST),
    ("tasks/<uuid:task_id>/restore", "POST"): lambda w: (f"{w.edited()}/restore", {"version": 1}),
    ("tasks/<uuid:task_id>/shares", "PUT"): lambda w: (f"{w.task()}/shares", SHARE),
    ("tasks/<uuid:task_id>/shares", "DELETE"): lambda w: (f"{w.shared()}?group=Viewer", None),
    ("batches/<uuid:batch_id>/cancel", "POST"): lambda w: (f"{w.batch()}/cancel", None),
    ("batches/<uuid:batch_id>/retry", "POST"): lambda w: (f"{w.batch(is_failed=True)}/retry", None),
    ("runs", "POST"): lambda w: ("runs", {"type": TASK["type"], "payload": TASK["payload"]}),
    ("runs/sweeps/<uuid:sweep_id>/go-on", "POST"): lambda w: (f"{w.sweep()}/go-on", None),
    ("runs/<uuid:run_id>/cancel", "POST"): lambda w: (f"runs/{w.run(is_failed=False).id}/cancel", None),
    ("runs/<uuid:run_id>/retry", "POST"): lambda w: (f"runs/{w.run().id}/retry", None),
    ("runs/<uuid:run_id>/dismiss", "POST"): lambda w: (f"runs/{w.run().id}/dismiss", {"note": "seen"}),
    ("runs/<uuid:run_id>/effects/<int:effect_id>/settle", "POST"): lambda w: (w.effect(), {"happened": True}),
    ("api-keys", "POST"): lambda w: ("api-keys", {"name": "ci", "scope": "read"}),
    ("api-keys/<uuid:key_id>", "DELETE"): lambda w: (w.made("api-keys", {"name": "ci", "scope": "read"}), None),
    ("files", "POST"): lambda w: ("files?name=a.csv", b"a,b\n"),
    ("files/<uuid:file_id>", "DELETE"): lambda w: (w.file(), None),
    ("files/<uuid:file_id>/link", "POST"): lambda w: (f"{w.file()}/link", {}),
    ("credentials", "POST"): lambda w: ("credentials", CREDENTIAL),
    ("credentials/<uuid:credential_id>", "PATCH"): lambda w: (w.made("credentials", CREDENTIAL), {"name": "shop"}),
    ("credentials/<uuid:credential_id>", "DELETE"): lambda w: (w.made("credentials", CREDENTIAL), None),
    ("email-templates", "POST"): lambda w: ("email-templates", TEMPLATE),
    ("email-templates/<uuid:template_id>", "PATCH"): lambda w: (w.made("email-templates", TEMPLATE), {"text": "Hi"}),
    ("email-templates/<uuid:template_id>", "DELETE"): lambda w: (w.made("email-templates", TEMPLATE), None),
    ("calendars", "POST"): lambda w: ("calendars", {"name": "Works"}),
    ("calendars/<uuid:calendar_id>", "PATCH"): lambda w: (w.made("calendars", {"name": "Works"}), {"name": "Other"}),
    ("calendars/<uuid:calendar_id>", "DELETE"): lambda w: (w.made("calendars", {"name": "Works"}), None),
    ("calendars/<uuid:calendar_id>/import", "POST"): lambda w: (
        f"{w.made('calendars', {'name': 'Works'})}/import",
        {"ical": ICAL},
    ),
    ("collections/<uuid:collection_id>", "DELETE"): lambda w: (w.collection(), None),
    ("queues/<str:name>/pause", "POST"): lambda w: ("queues/default/pause", None),
    ("queues/<str:name>/resume", "POST"): lambda w: ("queues/default/resume", None),
    ("workers/<str:name>/quiet", "POST"): lambda w: (f"{w.worker()}/quiet", None),
    ("workers/<str:name>/resume", "POST"): lambda w: (f"{w.worker('quiet')}/resume", None),
    ("workers/<str:name>/stop", "POST"): lambda w: (f"{w.worker()}/stop", None),
    ("upcoming/spread", "POST"): lambda w: (
        "upcoming/spread",
        {"tasks": [w.task().partition("/")[2]], "spread_seconds": 5},
    ),
}
ICAL = """BEGIN:VCALENDAR
VERSION:2.0
BEGIN:VEVENT
UID:1
DTSTART;VALUE=DATE:20271224
SUMMARY:Eve
END:VEVENT
END:VCALENDAR
"""


def operations() -> set[tuple[str, str]]:
    """Every operation that is not for reading, from the URL configuration."""
    methods = ("post", "put", "patch", "delete")
    return {(path, name.upper()) for path, view in addresses().items() for name in methods if hasattr(view, name)}


def test_each_operation_that_writes_is_known_here() -> None:
    assert operations() - PREVIEWS == set(WRITES), "a new write needs services.audit.note, and a line here"


@pytest.mark.parametrize("operation", sorted(WRITES), ids=" ".join)
@pytest.mark.usefixtures("empty_redis")
def test_each_write_is_an_entry_with_who_from_where_and_in_which_request(
    staff: User, operation: tuple[str, str]
) -> None:
    api = Api(staff)
    path, body = WRITES[operation](World(api, staff))
    earlier = set(AuditEntry.objects.values_list("id", flat=True))
    reply = api.call(operation[1], path, body, X_Request_ID="req-1")
    assert reply.status in (200, 201, 202, 204), reply.body
    entries = list(AuditEntry.objects.exclude(id__in=earlier))
    assert entries, "no entry"
    for entry in entries:
        assert (entry.actor, entry.user_id, entry.owner_id or staff.pk) == ("user:staff", staff.pk, staff.pk)
        assert (entry.address, entry.request_id, entry.outcome) == ("127.0.0.1", "req-1", "done")
        assert entry.object_name, entry.action
        assert entry.action in ACTIONS
        assert str(CREDENTIAL["secret"]) not in str(vars(entry))
        assert PASSWORD not in str(vars(entry))


def test_a_preview_is_no_entry(api: Api) -> None:
    address = api.post("email-templates", TEMPLATE).body["id"]
    hourly = make(api, cron="0 * * * *")["id"]
    count = AuditEntry.objects.count()
    assert api.post("schedule/preview", {}).status == 200
    assert api.post(f"email-templates/{address}/preview", {}).status == 200
    assert api.post(f"tasks/{hourly}/backfill", {**PAST, "dry_run": True}).status == 200
    assert AuditEntry.objects.count() == count


def test_each_action_that_code_notes_has_words_for_people() -> None:
    noted = set()
    for path in (*(ROOT / "tasks_app").rglob("*.py"), *(ROOT / "scheduler_project").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1].startswith("note"):
                first = node.args[0] if node.args else None
                if isinstance(first, ast.Constant) and isinstance(first.value, str) and path.name != "note.py":
                    noted.add(first.value)
    assert len(noted) > 30
    assert {one for one in noted if "." in one or one.startswith("sign")} - set(ACTIONS) == set()


def test_what_belongs_to_the_engine_is_no_entry(staff: User) -> None:
    run = make_run(staff)
    claim(run)
    fail(run)
    file = StoredFile.objects.create(
        owner=staff, name="old.csv", path="old.csv", content_type="text/csv", size=1, purpose="report"
    )
    file_delete(file)
    assert not AuditEntry.objects.exists()
