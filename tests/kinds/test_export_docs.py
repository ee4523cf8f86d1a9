"""The examples on the page of export_report do what the page says."""

import gzip
import json
import re
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import openpyxl
import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from tasks_app.handlers import registry
from tasks_app.handlers.testing import RecordingContext, call_handler
from tasks_app.kinds import sources
from tasks_app.models import StoredFile, Worker
from tasks_app.services.files import file_open
from tests.kinds.conftest import Mailbox
from tests.kinds.service import Service
from tests.kinds.test_export_report import make_run, make_task, rows
from tests.kinds.test_report_sources import ended
from tests.services.credentials import SECRET, make_credential

pytestmark = pytest.mark.django_db

PAGE = (Path(__file__).parents[2] / "docs" / "types" / "export_report.md").read_text(encoding="utf-8")
EXAMPLES: dict[str, dict[str, Any]] = {
    example["name"]: example["payload"]
    for block in re.findall(r"^```json\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
    for example in [json.loads(block)]
}


def run(name: str, owner: User, **changes: Any) -> Any:
    """Run an example as its owner would."""
    payload = {**EXAMPLES[name], **changes}
    registry.validate_for(owner, "export_report", payload)
    now = timezone.now() + timedelta(seconds=1)
    ctx = RecordingContext(run_id=str(make_run(owner, "queued").id), owner_id=owner.pk, scheduled_for=now)
    return call_handler("export_report", payload, ctx)


@pytest.fixture
def ops(alice: User, settings: Any) -> User:
    """Somebody who may write to the domain of the examples."""
    settings.MAIL_DOMAINS = ["example.org"]
    return alice


def test_every_example_is_tried_here() -> None:
    assert list(EXAMPLES) == [
        "Failures of the day",
        "Runs for the data warehouse",
        "All my recurring tasks",
        "What fails most",
        "What needs a person",
    ]


def test_the_failures_of_the_day_are_attached(ops: User, mailbox: Mailbox) -> None:
    ended(ops, "failed", task=make_task(ops), error="Too slow", reason="timeout")
    ended(ops, "succeeded")
    result = run("Failures of the day", ops)
    with file_open(StoredFile.objects.get(pk=result["file"])) as file:
        names, (at, *rest) = openpyxl.load_workbook(file).active.iter_rows(values_only=True)
    assert names == ("finished_at", "task_name", "reason", "error")
    assert (at.year, rest) == (timezone.now().year, ["Nightly", "timeout", "Too slow"])
    assert [part.get_filename() for part in mailbox.messages[0][1].walk()][-1] == result["name"]


def test_the_warehouse_gets_its_runs(alice: User, service: Service) -> None:
    upload = EXAMPLES["Runs for the data warehouse"]["upload"]
    make_credential(alice, name=upload["credential"], hosts=[f"127.0.0.1:{service.port}"])
    made = ended(alice, "succeeded")
    place = service.url("/text" + urlsplit(upload["url"]).path)
    result = run("Runs for the data warehouse", alice, upload={**upload, "url": place})
    lines = [json.loads(line) for line in gzip.decompress(service.last.body).splitlines()]
    assert str(made.id) in {line["id"] for line in lines}
    assert service.last.headers["authorization"] == f"Bearer {SECRET}"
    assert result["upload_status"] == 200
    assert set(result) == set(json.loads(re.findall(r"^```text\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)[0]))


def test_recurring_tasks_are_listed(alice: User) -> None:
    make_task(alice)
    assert rows(run("All my recurring tasks", alice)) == []


def test_what_fails_most_is_mailed(ops: User, mailbox: Mailbox) -> None:
    ended(ops, "failed", error="No")
    found = rows(run("What fails most", ops))
    assert found == [{"type": "http_request", "failed": "1", "failed_share": "1.0", "last_error": "No"}]
    assert mailbox.recipients == ["ops@example.org"]


def test_what_needs_a_person_is_said(staff: User, valkey: str) -> None:
    now = timezone.now()
    silent = {"hostname": "h", "pid": 1, "started_at": now, "heartbeat_at": now - timedelta(hours=1)}
    Worker.objects.create(name="silent@h", **silent)
    found = {row["name"]: row["detail"] for row in rows(run("What needs a person", staff))}
    assert found["silent@h"] == "fell silent"
    assert "database" not in found


def test_the_source_of_the_page_works(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "_sources", dict(sources._sources))
    (code,) = re.findall(r"^```python\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
    exec(compile(code, "export_report.md", "exec"), {"__name__": "stock"})
    ctx = RecordingContext(run_id=str(make_run(alice, "queued").id), owner_id=alice.pk)
    assert rows(call_handler("export_report", {"source": "stock"}, ctx)) == [{"article": "Bell", "left": "3"}]


def test_the_page_lists_every_column_and_filter() -> None:
    for source in sources.source_all():
        if source.query.__module__.startswith("tasks_app."):
            said = PAGE.split(f"**`{source.name}`**")[1].split("\n\n")[0]
            assert ", ".join(source.column_names) in said.replace("\n", " "), source.name
    words = set(re.findall(r"`(\w+)`", PAGE.split("## Reports")[1].split("### A report")[0]))
    assert {name for source in sources.source_all() for name in source.filter_names} <= words
