"""Runs as a file."""

import csv
import json
import re
from io import StringIO

import pytest
import redis
from django.contrib.auth.models import User
from django.test import Client

from tasks_app.models import AuditEntry, ScheduledTask, TaskRun
from tasks_app.selectors import run_export
from tasks_app.selectors.run_export import COLUMNS
from tests import runs

pytestmark = pytest.mark.usefixtures("empty_redis")


def exported(client: Client, **query: str) -> str:
    response = client.get("/runs/export/", query)
    assert response.status_code == 200
    return b"".join(response.streaming_content).decode()  # type: ignore[attr-defined]


def test_it_holds_what_the_list_shows_newest_first(as_alice: Client, alice: User, task: ScheduledTask) -> None:
    made = [runs.make_run(alice, task) for _ in range(3)]
    runs.claim(made[1])
    runs.fail(made[1])
    rows = list(csv.DictReader(StringIO(exported(as_alice))))
    assert [row["id"] for row in rows] == [str(run.id) for run in reversed(made)]
    assert tuple(rows[0]) == COLUMNS
    assert (rows[1]["task"], rows[1]["error"], rows[1]["error_type"]) == ("Nightly", "ValueError: no", "ValueError")
    lines = [json.loads(line) for line in exported(as_alice, format="jsonl", status="failed").splitlines()]
    assert [(line["id"], line["status"]) for line in lines] == [(str(made[1].id), "failed")]


def test_a_name_is_no_formula(as_alice: Client, alice: User) -> None:
    runs.make_run(alice, runs.make_task(alice, name="=1+1"), worker='@cmd|"x"')
    row = next(csv.DictReader(StringIO(exported(as_alice))))
    assert (row["task"], row["worker"]) == ("'=1+1", '\'@cmd|"x"')


def test_others_runs_and_payloads_are_not_in_it(as_charlie: Client, as_alice: Client, alice: User) -> None:
    runs.make_run(alice, payload={"url": "https://example.org/secret-place"})
    assert exported(as_charlie, format="jsonl") == ""
    assert "secret-place" not in exported(as_alice)


def test_a_cut_is_in_the_name(as_alice: Client, alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    made = [runs.make_run(alice) for _ in range(5)]
    assert len(exported(as_alice, format="jsonl").splitlines()) == 5
    monkeypatch.setattr(run_export, "MOST", 5)
    assert not run_export.is_cut(TaskRun.objects.all())
    monkeypatch.setattr(run_export, "MOST", 4)
    assert [len(page) for page in run_export.export_pages(TaskRun.objects.all())] == [4]
    assert run_export.is_cut(TaskRun.objects.all())
    assert "-newest-100000.csv" in as_alice.get("/runs/export/")["Content-Disposition"]
    assert made


def test_it_goes_over_pages_without_gaps(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_export, "_PAGE", 2)
    made = [runs.make_run(alice).id for _ in range(5)]
    pages = list(run_export.export_pages(TaskRun.objects.all()))
    assert [row[0] for page in pages for row in page] == list(reversed(made))


def test_it_is_an_entry_in_the_audit_log(as_alice: Client) -> None:
    exported(as_alice, status="failed", format="jsonl")
    entry = AuditEntry.objects.get(action="run.export")
    assert (entry.actor, entry.object_name, entry.after) == ("user:alice", "jsonl", {"status": "failed"})


def test_what_is_not_understood_is_not_exported(as_alice: Client) -> None:
    assert as_alice.get("/runs/export/", {"search": "statsu:failed"}).status_code == 400
    assert as_alice.get("/runs/export/", {"format": "xml"}).status_code == 400


def test_the_menu_stands_where_the_search_is_understood_and_a_refusal_can_be_read(as_alice: Client) -> None:
    """A link that says `download` would have the browser keep the sentence as a file, or show nothing."""
    page = as_alice.get("/runs/", {"search": "status:failed"}).content.decode()
    links = re.findall(r"<a\s[^>]*/runs/export/[^>]*>", page)
    assert len(links) == 2
    assert not [link for link in links if "download" in link]
    assert "/runs/export/" not in as_alice.get("/runs/", {"search": "statsu:failed"}).content.decode()
    assert "attachment" in as_alice.get("/runs/export/")["Content-Disposition"]


def test_one_person_takes_ten_in_a_minute(as_alice: Client, as_charlie: Client, empty_redis: redis.Redis) -> None:
    statuses = [as_alice.get("/runs/export/").status_code for _ in range(11)]
    assert statuses == [200] * 10 + [429]
    assert as_charlie.get("/runs/export/").status_code == 200
