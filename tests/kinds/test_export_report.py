"""export_report: the right rows for the right person, in a file that is whole, and mail that goes out once."""

import csv
import io
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from tasks_app.errors import Invalid, Permanent, RunStopped
from tasks_app.handlers import registry
from tasks_app.handlers.schema import payload_schema
from tasks_app.handlers.testing import RecordingContext, call_handler, check_progress_ends
from tasks_app.kinds import sources
from tasks_app.kinds.mailing import MailUndelivered
from tasks_app.models import ScheduledTask, StoredFile, TaskRun
from tasks_app.models.ids import first_id_at
from tasks_app.services.files import file_open
from tests.kinds.conftest import Mailbox

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 22, 5, 0, tzinfo=UTC)


def make_run(owner: User | None, status: str = "succeeded", **values: Any) -> TaskRun:
    is_final = status in ("succeeded", "failed", "cancelled", "skipped")
    return TaskRun.objects.create(
        **{
            "owner": owner,
            "type": "http_request",
            "trigger": "api",
            "status": status,
            "queued_at": NOW,
            "started_at": NOW,
            "finished_at": NOW + timedelta(seconds=1.5) if is_final else None,
            **values,
        }
    )


def make_task(owner: User, name: str = "Nightly") -> ScheduledTask:
    return ScheduledTask.objects.create(owner=owner, name=name, type="http_request", kind="manual", status="active")


def context(owner: User, **values: Any) -> RecordingContext:
    """A context of a run that really exists, because a stored file points to it."""
    return RecordingContext(run_id=str(make_run(owner, "queued", type="export_report").id), owner_id=owner.pk, **values)


def export(owner: User, ctx: RecordingContext | None = None, **payload: Any) -> Any:
    return call_handler("export_report", {"source": "runs", **payload}, ctx or context(owner))


def rows(result: Any) -> list[dict[str, str]]:
    with file_open(StoredFile.objects.get(pk=result["file"])) as file:
        text = file.read().decode()
    return list(csv.DictReader(io.StringIO(text, newline="")))


def ids(found: Sequence[dict[str, str]]) -> list[str]:
    return [row["id"] for row in found]


def faults(payload: dict[str, Any]) -> dict[str, str]:
    with pytest.raises(Invalid) as caught:
        registry.validate("export_report", payload)
    return {path: errors[0].code for path, errors in caught.value.fields.items()}


def test_an_owner_gets_the_own_runs_in_order(alice: User, charlie: User) -> None:
    mine = [make_run(alice) for _ in range(3)]
    make_run(charlie)
    make_run(None)
    result = export(alice, filters={"status": "succeeded"})
    assert ids(rows(result)) == [str(run.id) for run in mine]
    assert result["rows"] == 3


def test_staff_get_everybodys_runs(alice: User, staff: User) -> None:
    theirs = [make_run(alice), make_run(None)]
    assert ids(rows(export(staff, filters={"status": "succeeded"}))) == [str(run.id) for run in theirs]


def test_a_row_says_what_the_api_says(alice: User) -> None:
    task = make_task(alice)
    run = make_run(alice, "failed", reason="timeout", task=task, slot=NOW, failures=2, worker="w@h", error="Too slow")
    (row,) = rows(export(alice, filters={"task": str(task.id)}))
    assert row == {
        "id": str(run.id),
        "task": str(task.id),
        "task_name": "Nightly",
        "type": "http_request",
        "status": "failed",
        "reason": "timeout",
        "trigger": "api",
        "slot": "2026-11-22T05:00:00Z",
        "scheduled_for": "",
        "queued_at": "2026-11-22T05:00:00Z",
        "started_at": "2026-11-22T05:00:00Z",
        "finished_at": "2026-11-22T05:00:01.500000Z",
        "duration_ms": str(run.duration_ms),
        "attempt": str(run.attempt),
        "worker": "w@h",
        "queue": "default",
        "error": "Too slow",
    }


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"status": "failed"}, {"failed"}),
        ({"status": ["failed", "skipped"]}, {"failed", "skipped"}),
        ({"status": "skipped", "reason": "missed"}, {"skipped"}),
        ({"status": "failed", "reason": "missed"}, set()),
        ({"type": "other", "status": "succeeded"}, set()),
        ({"queue": "default", "trigger": "api", "status": "failed"}, {"failed"}),
    ],
)
def test_filters_choose_rows(alice: User, filters: dict[str, Any], expected: set[str]) -> None:
    make_run(alice, "succeeded")
    make_run(alice, "failed")
    make_run(alice, "skipped", reason="missed")
    assert {row["status"] for row in rows(export(alice, filters=filters))} == expected


def test_a_window_is_half_open(alice: User) -> None:
    runs = [make_run(alice, id=first_id_at(NOW + timedelta(hours=hours))) for hours in (0, 1, 2)]
    window = {"from": NOW.isoformat(), "to": (NOW + timedelta(hours=2)).isoformat(), "status": "succeeded"}
    assert ids(rows(export(alice, filters=window))) == [str(runs[0].id), str(runs[1].id)]


def test_the_last_hours_count_back_from_the_planned_instant(alice: User) -> None:
    """However late the run is."""
    runs = [make_run(alice, id=first_id_at(NOW + timedelta(hours=hours))) for hours in (-3, -1, 1)]
    result = export(alice, context(alice, scheduled_for=NOW), filters={"last_hours": 2})
    assert ids(rows(result)) == [str(runs[1].id)]
    assert result["name"] == "runs-2026-11-22T050000Z.csv"


def test_chosen_columns_come_in_the_chosen_order(alice: User) -> None:
    make_run(alice)
    (row,) = rows(export(alice, columns=["status", "attempt", "id"], filters={"status": "succeeded"}))
    assert list(row) == ["status", "attempt", "id"]


def test_tasks_are_a_source_too(alice: User, charlie: User) -> None:
    task = make_task(alice)
    make_task(charlie)
    deleted = make_task(alice)
    ScheduledTask.objects.filter(pk=deleted.pk).update(deleted_at=NOW)
    (row,) = rows(export(alice, source="tasks", filters={"kind": "manual"}))
    assert (row["id"], row["name"], row["owner"]) == (str(task.id), "Nightly", "alice")


def test_many_rows_are_read_in_pages_without_losing_one(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "PAGE_ROWS", 7)
    runs = [make_run(alice) for _ in range(21)]
    assert ids(rows(export(alice, filters={"status": "succeeded"}))) == [str(run.id) for run in runs]


@pytest.mark.parametrize(
    "text", ["=1+1", "+1+1", "-1+1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1", "＋1", "－1", "＠1", " =1", "\u00a0=1"]
)
def test_a_formula_becomes_text(alice: User, text: str) -> None:
    make_run(alice, "failed", error=text)
    (row,) = rows(export(alice, filters={"status": "failed"}, columns=["error"]))
    assert row["error"] == f"'{text}"


@pytest.mark.parametrize("text", ["-1", "+1.5", "-1e9", "a=1", "Ünïcödé €", 'say "hi", or\nnot', ""])
def test_other_text_stays_as_it_is(alice: User, text: str) -> None:
    make_run(alice, "failed", error=text)
    (row,) = rows(export(alice, filters={"status": "failed"}, columns=["error"]))
    assert row["error"] == text


def test_the_result_describes_the_file(alice: User) -> None:
    make_run(alice)
    ctx = context(alice)
    result = export(alice, ctx, filename="Mine", link_days=2, filters={"status": "succeeded"})
    file = StoredFile.objects.get()
    assert result == {
        "summary": f"1 row, {file.size:,} bytes in Mine.csv",
        "rows": 1,
        "bytes": file.size,
        "file": str(file.id),
        "name": "Mine.csv",
        "url": result["url"],
    }
    assert (file.owner_id, str(file.run_id)) == (alice.pk, ctx.run_id)
    assert file.expires_at is not None
    assert timedelta(days=1.9) < file.expires_at - timezone.now() < timedelta(days=2)


def test_the_link_in_the_result_works(alice: User, client: Client) -> None:
    url = export(alice)["url"]
    response: Any = client.get("/" + url.split("/", 3)[3])
    assert response.status_code == 200
    assert b"".join(response.streaming_content).startswith(b'"id","task"')


def test_a_retry_replaces_the_file(alice: User) -> None:
    ctx = context(alice)
    first = export(alice, ctx)
    make_run(alice, "failed")
    again = RecordingContext(
        run_id=str(make_run(alice, "queued").id), root_run_id=ctx.root_run_id, owner_id=alice.pk, effects=ctx.effects
    )
    second = export(alice, again)
    assert second["file"] == first["file"]
    assert second["rows"] > first["rows"]
    assert StoredFile.objects.count() == 1


def test_being_stopped_leaves_no_file(alice: User, settings: Settings, tmp_path: Path) -> None:
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": str(tmp_path)},
        },
    }
    for _ in range(300):
        make_run(alice)
    with pytest.raises(RunStopped):
        export(alice, context(alice, stop_after=0))
    assert not StoredFile.objects.exists()
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_progress_counts_rows_to_the_end(alice: User) -> None:
    for _ in range(450):
        make_run(alice)
    ctx = context(alice)
    export(alice, ctx, filters={"status": "succeeded"})
    check_progress_ends(ctx)
    assert ctx.reports[0][:2] == (0, 450)
    assert ctx.reports[-1][:2] == (450, 450)
    assert len(ctx.reports) > 2


def test_a_report_needs_a_living_owner(alice: User) -> None:
    with pytest.raises(Permanent, match="owner"):
        export(alice, RecordingContext(owner_id=None))
    ctx = context(alice)
    alice.is_active = False
    alice.save()
    with pytest.raises(Permanent, match="owner"):
        export(alice, ctx)


def test_each_recipient_gets_a_mail_with_the_link(alice: User, mailbox: Mailbox, settings: Settings) -> None:
    settings.DEFAULT_FROM_EMAIL = "Carillon <bell@example.org>"
    result = export(alice, email=["ada@example.org", "bob@example.org"], filters={"status": "failed"})
    assert [addresses for addresses, _ in mailbox.messages] == [["ada@example.org"], ["bob@example.org"]]
    message = mailbox.messages[0][1]
    assert message["To"] == "ada@example.org"
    assert message["From"] == "Carillon <bell@example.org>"
    assert message["Subject"] == "[Carillon] Runs: 0 rows"
    assert result["url"] in str(message.get_payload(decode=True), "utf-8")  # type: ignore[arg-type]  # bytes, decoded


def test_nobody_gets_the_mail_twice(alice: User, mailbox: Mailbox) -> None:
    ctx = context(alice)
    export(alice, ctx, email=["ada@example.org"])
    export(alice, ctx.again(), email=["ada@example.org", "bob@example.org"])
    assert mailbox.recipients == ["ada@example.org", "bob@example.org"]


def test_a_mail_whose_fate_is_unknown_is_sent_again_under_the_same_id(alice: User, mailbox: Mailbox) -> None:
    ctx = context(alice)
    export(alice, ctx, email=["ada@example.org"])
    ctx.effects["mail:ada@example.org"].state = "intent"  # as a crash before the confirmation leaves it
    export(alice, ctx.again(), email=["ada@example.org"])
    first, second = (message["Message-ID"] for _, message in mailbox.messages)
    assert first == second
    assert first.startswith("<")


def test_one_bad_address_does_not_keep_the_others_from_theirs(alice: User, mailbox: Mailbox) -> None:
    mailbox.answers["gone@example.org"] = "550 no such user"
    ctx = context(alice)
    with pytest.raises(Permanent, match=r"gone@example\.org \(550 no such user\)"):
        export(alice, ctx, email=["gone@example.org", "ada@example.org"])
    assert mailbox.recipients == ["ada@example.org"]


def test_a_busy_mail_server_is_tried_again_for_those_who_wait(alice: User, mailbox: Mailbox) -> None:
    mailbox.answers["ada@example.org"] = "450 later"
    ctx = context(alice)
    with pytest.raises(MailUndelivered, match="450 later"):
        export(alice, ctx, email=["ada@example.org", "bob@example.org"])
    mailbox.answers.clear()
    export(alice, ctx.again(), email=["ada@example.org", "bob@example.org"])
    assert mailbox.recipients == ["bob@example.org", "ada@example.org"]


def test_no_mail_server_at_all_is_tried_again(alice: User, settings: Settings) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9
    with pytest.raises(MailUndelivered):
        export(alice, email=["ada@example.org"])
    assert StoredFile.objects.count() == 1


@pytest.mark.parametrize(
    ("payload", "path", "code"),
    [
        ({}, "payload.source", "required"),
        ({"source": "run"}, "payload.source", "unknown_source"),
        ({"source": "runs", "destination": "x"}, "payload.destination", "unknown_field"),
        ({"source": "runs", "filters": {"statuss": "failed"}}, "payload.filters.statuss", "unknown_field"),
        ({"source": "runs", "filters": {"status": "bad"}}, "payload.filters.status", "enum"),
        ({"source": "runs", "filters": {"status__in": ["failed"]}}, "payload.filters.status__in", "unknown_field"),
        ({"source": "runs", "filters": {"owner__pk": 1}}, "payload.filters.owner__pk", "unknown_field"),
        ({"source": "runs", "filters": {"pk": 1}}, "payload.filters.pk", "unknown_field"),
        ({"source": "runs", "filters": {"task": "x"}}, "payload.filters.task", "uuid_parsing"),
        ({"source": "runs", "filters": {"from": "2026-11-22T05:00:00"}}, "payload.filters.from", "timezone_aware"),
        ({"source": "runs", "filters": {"last_hours": 0}}, "payload.filters.last_hours", "greater_than_equal"),
        ({"source": "runs", "filters": []}, "payload.filters", "dict_type"),
        ({"source": "tasks", "filters": {"trigger": "api"}}, "payload.filters.trigger", "unknown_field"),
        ({"source": "runs", "columns": ["id", "password"]}, "payload.columns.1", "unknown_column"),
        ({"source": "runs", "columns": ["id", "id"]}, "payload.columns.1", "duplicate"),
        ({"source": "runs", "filename": "../x"}, "payload.filename", "file_name"),
        ({"source": "runs", "filename": ".hidden"}, "payload.filename", "file_name"),
        ({"source": "runs", "filename": "a\nb"}, "payload.filename", "file_name"),
        ({"source": "runs", "link_days": 91}, "payload.link_days", "less_than_equal"),
        ({"source": "runs", "email": "ada@example.org"}, "payload.email", "list_type"),
        ({"source": "runs", "email": [f"a{n}@b.org" for n in range(51)]}, "payload.email", "too_long"),
        ({"source": "runs", "email": ["a@b.org", "A@b.org"]}, "payload.email", "duplicate"),
    ],
)
def test_a_wrong_field_is_named(payload: dict[str, Any], path: str, code: str) -> None:
    assert faults(payload) == {path: code}


@pytest.mark.parametrize(
    "address",
    [
        "a@b",
        "a@localhost",
        "a@b.c",
        "A <a@x.com>",
        "a@x.com,b@y.com",
        '"x" <e@e> <a@b.cc>',
        "a" * 65 + "@x.com",
        "a@" + "x" * 300 + ".com",
        "a@[127.0.0.1]",
        "a@x.com\r\nBcc: b@y.com",
        "",
        " ",
    ],
)
def test_what_is_not_one_address_is_refused(address: str) -> None:
    assert list(faults({"source": "runs", "email": ["ada@example.org", address]})) == ["payload.email.1"]


def test_a_window_is_said_in_one_way() -> None:
    both = {"last_hours": 1, "from": "2026-11-22T05:00:00Z"}
    assert faults({"source": "runs", "filters": both}) == {"payload.filters.last_hours": "contradiction"}
    backwards = {"from": "2026-11-22T05:00:00Z", "to": "2026-11-22T05:00:00Z"}
    assert faults({"source": "runs", "filters": backwards}) == {"payload.filters.to": "before_start"}


def test_the_schema_lists_the_sources() -> None:

    schema = payload_schema(registry.get("export_report"))
    assert {"runs", "tasks"} <= set(schema["properties"]["source"]["enum"])


def test_a_list_may_be_a_source(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "_sources", dict(sources._sources))

    @sources.report_source("small", title="Small", columns=["a", "b"])
    def small(scope: sources.Scope, filters: Any) -> list[dict[str, Any]]:
        return [{"a": 1, "b": None}, {"a": True, "b": {"c": [1]}}]

    found = rows(export(alice, source="small"))
    assert found == [{"a": "1", "b": ""}, {"a": "true", "b": '{"c": [1]}'}]


def test_a_source_is_declared_once() -> None:
    with pytest.raises(TypeError, match="declared twice"):
        sources.report_source("runs", title="Runs", columns=["id"])(lambda scope, filters: [])
