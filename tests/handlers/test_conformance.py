"""What every task type must keep to, tried on each that is registered. A new type needs a case here."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from django.contrib.auth.models import User

from tasks_app.handlers import registry, testing
from tasks_app.handlers.schema import defaults, payload_schema
from tasks_app.handlers.testing import RecordingContext
from tasks_app.kinds.mailing import message_id
from tasks_app.models import AllowedCommand, EmailTemplate, StoredFile, SyncedRecord, TaskRun
from tasks_app.services.files import file_open
from tests.kinds import celery_tasks
from tests.kinds.conftest import Mailbox
from tests.kinds.service import Service
from tests.services.aging import aged

pytestmark = pytest.mark.django_db

TYPES = [spec.name for spec in registry.all() if not spec.internal and spec.source.startswith("tasks_app.")]


@dataclass
class World:
    """What handlers work on, and what can be seen of their work."""

    alice: User
    service: Service
    mailbox: Mailbox
    notes: Path

    def payload(self, name: str) -> dict[str, Any]:
        """A payload that uses as much of a type as one payload can."""
        payloads: dict[str, dict[str, Any]] = {
            "celery_task": {"task": "tests.kinds.celery_tasks.add", "arguments": {"a": 1}},
            "cleanup": {
                "rules": [
                    {"what": "runs", "status": ["succeeded"], "older_than_days": 30, "keep_last": 1, "type": "x"},
                    {"what": "runs", "older_than_days": 30, "type": "old"},
                    {"what": "logs", "older_than_days": 30},
                    {"what": "files", "purpose": "upload", "expired": True, "older_than_days": 30},
                    {"what": "records", "gone_for_days": 30, "changes_older_than_days": 30},
                ]
            },
            "database_backup": {"keep": 3, "compress": False},
            "export_report": {
                "source": "runs",
                "filters": {"type": "x"},
                "columns": ["id", "type"],
                "email": ["ada@example.org", "bob@example.org"],
                "filename": "Runs",
                "format": "xlsx",
                "gzip": True,
                "attach": True,
                "upload": {"url": self.service.url("/text"), "method": "POST", "headers": {"X-A": "b"}},
            },
            "http_request": {
                "method": "POST",
                "url": self.service.url("/json"),
                "json": {"a": 1},
                "query": {"q": "1"},
                "headers": {"X-A": "b"},
                "extract": {"ok": "ok"},
                "retry_status": [503],
            },
            "send_email": {
                "template": "Reminder",
                "recipients": ["ada@example.org", {"email": "bob@example.org", "name": "Bob", "values": {"n": 2}}],
                "values": {"n": "1", "name": "you"},
                "reply_to": "desk@example.org",
            },
            "shell_command": {"command": "leave-a-note", "arguments": ["a b"], "stdin": "c", "ok_exit_codes": [0, 3]},
            "sync_external_service": {
                "url": self.service.url("/json?body=" + quote(json.dumps([{"id": n, "x": {}} for n in range(20)]))),
                "collection": "Things",
                "key": "id",
                "fields": ["id"],
                "headers": {"Accept-Language": "de"},
                "pagination": {"style": "link", "max_pages": 5},
                "remove_missing": True,
            },
        }
        return payloads[name]

    def wrong(self, name: str) -> list[dict[str, Any]]:
        """Payloads that the type must refuse."""
        payloads: dict[str, list[dict[str, Any]]] = {
            "celery_task": [
                {"task": "tasks_app.work", "arguments": {"queue": "default"}},
                {"task": "tests.kinds.celery_tasks.add", "arguments": {"a": "1"}},
            ],
            "cleanup": [
                {"rules": []},
                {"rules": [{"what": "runs"}]},
                {"rules": [{"what": "all", "older_than_days": 1}]},
            ],
            "database_backup": [{"keep": 0}, {"keep": 1001}, {"compress": "yes"}],
            "export_report": [
                {"source": "nothing"},
                {"source": "runs", "filters": {"x": 1}},
                {"source": "runs", "upload": {"url": self.service.url(), "headers": {"Host": "x"}}},
            ],
            "http_request": [{"url": "ftp://example.com"}, {"url": self.service.url(), "headers": {"Host": "x"}}],
            "send_email": [
                {"subject": "a", "text": "b"},
                {"subject": "a\nb", "text": "b", "recipients": ["ada@example.org"]},
                {"template": "Reminder", "recipients": ["ada@example.org, bob@example.org"]},
            ],
            "shell_command": [{"command": "rm"}, {"command": "leave-a-note", "arguments": ["-f"]}],
            "sync_external_service": [
                {"url": self.service.url(), "collection": "x", "key": "id", "headers": {"Authorization": "x"}},
                {"url": "ftp://example.com", "collection": "x", "key": "id"},
                {"url": self.service.url(), "collection": "x", "key": "a..b", "pagination": {"style": "cursor"}},
            ],
        }
        empty: list[dict[str, Any]] = [{}] if payload_schema(registry.get(name)).get("required") else []
        return [*empty, {"no_such_field": 1}, *payloads[name]]

    def context(self) -> RecordingContext:
        """The context of a run that is in the database, beside some that ended long ago."""
        celery_tasks.called.clear()
        for _ in range(2):
            aged(self.alice, 40, type="old")
        run = TaskRun.objects.create(owner=self.alice, type="conformance", trigger="api", status="queued")
        return RecordingContext(run_id=str(run.id), owner_id=self.alice.pk)

    def observe(self, ctx: RecordingContext) -> object:
        """What there is of one run's work: its file, its mails, its requests, what it cleaned up."""
        keys = {effect.id for effect in ctx.effects.values()}
        ids = {message_id(key) for key in keys}
        return {
            "files": [self._digest(file) for file in StoredFile.objects.filter(path__contains=ctx.root_run_id)],
            "calls": list(celery_tasks.called),
            "old": TaskRun.objects.filter(type="old").count(),
            "mails": sorted(tuple(to) for to, mail in self.mailbox.messages if mail["Message-ID"] in ids),
            "notes": [note.read_text() for note in self.notes.glob(ctx.run_id)],
            "records": list(SyncedRecord.objects.order_by("key").values_list("key", "digest", "gone_at")),
            "requests": sum(asked.headers.get("idempotency-key") in keys for asked in self.service.asked),
        }

    @staticmethod
    def _digest(file: StoredFile) -> str:
        if file.purpose == StoredFile.Purpose.BACKUP:
            return "a backup"  # of a database that has changed since
        with file_open(file) as opened:
            return hashlib.sha256(opened.read()).hexdigest()


@pytest.fixture
def world(alice: User, service: Service, mailbox: Mailbox, tmp_path: Path) -> World:
    """Something to report about, somewhere to call, somewhere to mail to, a command to run."""
    line = '{ cat; echo "$1"; } > "$CARILLON_RUN_ID"; exit 3'
    AllowedCommand.objects.create(
        name="leave-a-note", command=[line], uses_shell=True, arguments="[a-z ]+", directory=str(tmp_path)
    )
    for _ in range(500):
        TaskRun.objects.create(owner=alice, type="x", trigger="api", status="queued")
    EmailTemplate.objects.create(owner=alice, name="Reminder", subject="{n}", text="Dear {name}", html="<p>{name}</p>")
    return World(alice, service, mailbox, tmp_path)


@pytest.fixture(params=TYPES)
def name(request: pytest.FixtureRequest) -> str:
    """Each type in turn."""
    return str(request.param)


def test_a_payload_means_the_same_after_it_was_stored(name: str, world: World) -> None:
    testing.check_payload_round_trip(name, world.payload(name))


def test_a_wrong_payload_is_refused_at_its_fields(name: str, world: World) -> None:
    for payload in world.wrong(name):
        testing.check_refusal(name, payload)


def test_it_gives_a_result_in_json_and_progress_that_ends(name: str, world: World) -> None:
    testing.check_runs(name, world.payload(name), world.context())


def test_it_stops_when_asked(name: str, world: World) -> None:
    testing.check_stops(name, world.payload(name), world.context())


def test_run_twice_it_has_the_same_effect(name: str, world: World) -> None:
    testing.check_runs_twice(name, world.payload(name), world.context(), world.observe)


def test_interrupted_anywhere_it_makes_up_for_it(name: str, world: World) -> None:
    testing.check_survives_interruption(name, world.payload(name), world.context, world.observe)


def test_its_effects_can_be_seen(name: str, world: World) -> None:
    """Otherwise the two tests before this one say nothing."""
    ctx = world.context()
    nothing = world.observe(ctx)
    testing.call_handler(name, world.payload(name), ctx)
    assert world.observe(ctx) != nothing


def test_people_can_read_what_it_is(name: str) -> None:
    spec = registry.get(name)
    assert spec.title
    assert spec.description.endswith(".")
    for field, node in payload_schema(spec)["properties"].items():
        assert node.get("description", "").endswith("."), f"{name}.{field} is not described"


def test_its_defaults_fit_its_schema(name: str) -> None:
    spec = registry.get(name)
    assert set(defaults(spec)) <= set(payload_schema(spec)["properties"])
