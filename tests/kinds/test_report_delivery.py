"""Reports in storage and in mails: whole, attached where they are small, and telling how far they are."""

from typing import Any

import openpyxl
import pytest
from django.contrib.auth.models import User
from pytest_django import Settings

from tasks_app.errors import Permanent, RunStopped
from tasks_app.handlers.testing import check_progress_ends
from tasks_app.kinds import sources
from tasks_app.models import StoredFile
from tasks_app.services.files import file_open
from tests.kinds.conftest import Mailbox
from tests.kinds.report_calls import content, export, owners_faults
from tests.kinds.test_export_report import context, make_run, make_task

pytestmark = pytest.mark.django_db


def test_a_small_file_is_attached(alice: User, mailbox: Mailbox) -> None:
    make_run(alice, "failed")
    result = export(context(alice), format="xlsx", email=["ada@example.org"], attach=True)
    text, attached = (part for part in mailbox.messages[0][1].walk() if not part.is_multipart())
    assert attached.get_filename() == result["name"]
    assert attached.get_content_type() == "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    assert attached.get_payload(decode=True) == content(result)
    assert result["url"] in str(text.get_payload(decode=True), "utf-8")  # type: ignore[arg-type]  # bytes, decoded


def test_a_large_file_is_linked_and_the_log_says_why(alice: User, mailbox: Mailbox, settings: Settings) -> None:
    settings.REPORT_ATTACH_MAX_BYTES = 10
    ctx = context(alice)
    result = export(ctx, email=["ada@example.org"], attach=True)
    assert not mailbox.messages[0][1].is_multipart()
    said = f"The file has {result['bytes']} bytes; above 10 it is not attached, and the mail has the link"
    assert said in ctx.messages


def test_attaching_needs_somebody_to_mail_to(alice: User) -> None:
    assert owners_faults(alice, attach=True) == {"payload.attach": "no_recipient"}


def test_outside_domains_need_the_permission(alice: User) -> None:
    assert owners_faults(alice, email=["eve@elsewhere.net"]) == {"payload.email.0": "outside"}


@pytest.mark.parametrize(("count", "words"), [(0, "0 rows"), (1, "1 row"), (2, "2 rows")])
def test_a_row_is_a_row(alice: User, mailbox: Mailbox, count: int, words: str) -> None:
    for _ in range(count):
        make_run(alice, "failed")
    ctx = context(alice)
    export(ctx, email=["ada@example.org"])
    assert ctx.messages[0].startswith(f"{words}, ")
    assert mailbox.messages[0][1]["Subject"] == f"[Carillon] Runs: {words}"
    assert ctx.reports[-1][2] == f"{words} written"


def test_progress_says_rows_total_and_time_left(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "PAGE_ROWS", 10)
    monkeypatch.setattr("tasks_app.kinds.report_progress._FORETELLS_AFTER_SECONDS", -1)
    for _ in range(25):
        make_run(alice, "failed")
    ctx = context(alice)
    export(ctx)
    check_progress_ends(ctx)
    assert [report[:2] for report in ctx.reports] == [(0, 25), (10, 25), (20, 25), (25, 25), (25, 25)]
    assert [report[2] for report in ctx.reports][1:4] == [
        "10 of 25 rows, 1 s left",
        "20 of 25 rows, 1 s left",
        "25 of 25 rows",
    ]


def test_being_asked_to_stop_ends_it_within_a_page(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "PAGE_ROWS", 10)
    for _ in range(50):
        make_run(alice, "failed")
    ctx = context(alice, stop_after=1)
    with pytest.raises(RunStopped):
        export(ctx)
    assert ctx.reports[-1][:2] == (10, 50)
    assert not StoredFile.objects.exists()


@pytest.mark.parametrize(
    ("payload", "ending"),
    [({}, ".csv"), ({"gzip": True}, ".csv.gz"), ({"format": "jsonl"}, ".jsonl"), ({"format": "xlsx"}, ".xlsx")],
)
def test_every_format_is_stored_whole(alice: User, payload: dict[str, Any], ending: str) -> None:
    runs = [make_run(alice, "failed") for _ in range(3)]
    result = export(context(alice), **payload)
    assert result["name"].endswith(ending)
    assert result["bytes"] == len(content(result))
    if ending == ".xlsx":
        with file_open(StoredFile.objects.get()) as file:
            rows = list(openpyxl.load_workbook(file).active.iter_rows(2, values_only=True))
        assert rows == [(str(run.id), "failed") for run in runs]


def test_too_many_rows_for_a_sheet_end_before_anything_is_written(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tasks_app.kinds.xlsx_file.MAX_ROWS", 2)
    for _ in range(3):
        make_run(alice, "failed")
    ctx = context(alice)
    with pytest.raises(Permanent, match="2 rows at most, and these are 3"):
        export(ctx, format="xlsx")
    assert ctx.reports == []


def test_a_file_belongs_to_its_task(alice: User) -> None:
    task = make_task(alice)
    export(context(alice, task_id=str(task.id)))
    file = StoredFile.objects.get()
    assert (file.task_id, file.owner_id, file.purpose) == (task.id, alice.pk, "report")
