"""POST and GET /api/runs, GET /api/runs/{id}."""

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tasks_app.models import RunAttempt, TaskRun
from tasks_app.recurrence.moments import to_text
from tasks_app.selectors import run_walk
from tests.api.client import Api
from tests.runs import claim, fail, fresh, make_run, make_task, progress, retry_later, succeed

LONG_AGO = UUID("01900000-0000-7000-8000-000000000000")
RUN = {"type": "export_report", "payload": {"source": "runs"}}
FIELDS = [
    "id",
    "task",
    "type",
    "status",
    "reason",
    "trigger",
    "slot",
    "scheduled_for",
    "queued_at",
    "started_at",
    "finished_at",
    "duration_ms",
    "attempt",
    "max_attempts",
    "progress",
    "result",
    "error",
    "worker",
    "queue",
    "parent",
    "rerun_of",
    "version",
]


def ids(api: Api, query: str) -> list[str]:
    reply = api.get(f"runs?{query}")
    assert reply.status == 200, reply.body
    return [run["id"] for run in reply.body["results"]]


def test_fire_and_forget(api: Api) -> None:
    reply = api.post("runs", RUN)
    assert reply.status == 202
    run = reply.body
    assert set(FIELDS) <= set(run)
    assert (run["task"], run["status"], run["reason"], run["trigger"]) == (None, "queued", "due", "api")
    assert (run["queue"], run["priority"], run["owner"]) == ("default", 5, "alice")
    assert run["queued_at"].endswith("Z")
    assert reply.headers["Location"] == f"/api/runs/{run['id']}"


def test_everything_accepted_is_answered(api: Api) -> None:
    given = {"queue": "critical", "priority": 9, "tags": ["a", "b"]}
    run = api.post("runs", {**RUN, **given, "max_retries": 7, "timeout_seconds": 30, "delay_seconds": 60}).body
    assert {name: run[name] for name in given} == given
    assert (run["max_attempts"], run["status"], run["reason"]) == (8, "scheduled", "delayed")
    stored = TaskRun.objects.get(id=run["id"])
    assert stored.timeout_seconds == 30
    assert timedelta(seconds=50) < datetime.fromisoformat(run["due_at"]) - datetime.now(UTC) < timedelta(seconds=61)


def test_an_instant_without_an_offset_is_utc(api: Api) -> None:
    assert api.post("runs", {**RUN, "run_at": "2031-03-03T12:00:00"}).body["due_at"] == "2031-03-03T12:00:00Z"


@pytest.mark.parametrize(
    ("fields", "path", "code"),
    [
        ({"type": None}, "type", "type"),
        ({"type": "no.such"}, "type", "unknown"),
        ({"type": "notify_run_failed"}, "type", "unknown"),
        ({"payload": []}, "payload", "type"),
        ({"payload": {"nope": 1}}, "payload.nope", "unknown_field"),
        ({"delay_seconds": -1}, "delay_seconds", "out_of_range"),
        ({"delay_seconds": 1e300}, "delay_seconds", "out_of_range"),
        ({"delay_seconds": "5"}, "delay_seconds", "type"),
        ({"delay_seconds": True}, "delay_seconds", "type"),
        ({"delay_seconds": 5, "run_at": "2030-01-01T00:00:00Z"}, "run_at", "conflict"),
        ({"run_at": "2020-01-01T00:00:00Z"}, "run_at", "in_past"),
        ({"run_at": "9999-12-31T00:00:00Z"}, "run_at", "out_of_range"),
        ({"run_at": "soon"}, "run_at", "time_invalid"),
        ({"queue": "nope"}, "queue", "unknown"),
        ({"priority": 10}, "priority", "out_of_range"),
        ({"priority": "5"}, "priority", "type"),
        ({"max_retries": 51}, "max_retries", "out_of_range"),
        ({"timeout_seconds": -1}, "timeout_seconds", "out_of_range"),
        ({"tags": "a"}, "tags", "type"),
        ({"tags": [""]}, "tags.0", "blank"),
        ({"tags": ["a"] * 21}, "tags", "too_many"),
        ({"tags": ["x" * 51]}, "tags.0", "too_long"),
        ({"after": []}, "after", "unknown_field"),
        ({"unique": {}}, "unique", "unknown_field"),
        ({"owner": "bob"}, "owner", "unknown_field"),
    ],
)
def test_each_fault_is_named_at_its_field(api: Api, fields: dict[str, Any], path: str, code: str) -> None:
    reply = api.post("runs", {**RUN, **fields})
    assert reply.status == 400, reply.body
    assert reply.faults[path] == [code]
    assert not TaskRun.objects.exists()


def test_strangers_must_sign_in(nobody: Api) -> None:
    assert nobody.post("runs", RUN).status == 401
    assert nobody.get("runs").status == 401
    assert nobody.get(f"runs/{uuid4()}").status == 401


def test_owners_see_their_own_and_staff_see_all(
    api: Api, stranger: Api, operator: Api, alice: User, charlie: User
) -> None:
    mine, theirs, nobodys = make_run(alice), make_run(charlie), make_run(None)
    assert ids(api, "") == [str(mine.id)]
    assert ids(stranger, "") == [str(theirs.id)]
    assert ids(operator, "") == [str(run.id) for run in (nobodys, theirs, mine)]
    assert operator.get(f"runs/{nobodys.id}").body["owner"] is None
    assert stranger.get(f"runs/{mine.id}").status == 404
    assert (
        stranger.get(f"runs/{mine.id}", X_Request_ID="x").body == stranger.get(f"runs/{uuid4()}", X_Request_ID="x").body
    )


@pytest.mark.parametrize(
    "query",
    [
        "status=failed",
        "reason=handler_error",
        "type=export_report",
        "queue=critical",
        "worker=tests@here",
        "tag=blue",
        "trigger=api",
        "search=EXPORT",
        "search={id}",
        "task={task}",
        "from={at}",
        "needs_person=true",
        "error_type=ValueError",
        "status=failed&queue=critical&needs_person=false",
    ],
)
def test_each_filter(api: Api, alice: User, query: str) -> None:
    task = make_task(alice)
    make_run(alice, id=LONG_AGO)
    wanted = make_run(alice, task, type="export_report", queue="critical", tags=["blue"], trigger="api")
    claim(wanted)
    fail(wanted)
    at = wanted.created_at - timedelta(minutes=1)
    written = query.format(id=wanted.id, task=task.id, at=at.isoformat().replace("+", "%2B"))
    assert ids(api, written) == [str(wanted.id)]


def test_to_ends_the_span(api: Api, alice: User) -> None:
    old = make_run(alice, id=LONG_AGO)
    make_run(alice)
    assert ids(api, "to=2025-01-01T00:00:00Z") == [str(old.id)]


def test_when_runs_ended_is_another_question_than_when_they_were_made(api: Api, stranger: Api, alice: User) -> None:
    run = make_run(alice)
    make_run(alice)
    claim(run)
    succeed(run)
    hour = timedelta(hours=1)
    ended = fresh(run).finished_at or run.created_at
    at = [to_text(ended + step * hour) for step in (-2, -1, 0, 1)]
    assert ids(api, f"ended_from={at[1]}&ended_to={at[3]}") == [str(run.id)]
    assert ids(api, f"ended_from={at[2]}") == [str(run.id)]
    assert ids(api, f"ended_to={at[2]}") == []
    assert ids(api, f"ended_from={at[0]}&ended_to={at[1]}") == []
    assert ids(stranger, f"ended_from={at[0]}") == []
    asked = api.post("runs/sweeps", {"do": "retry", "filters": {"ended_from": at[1]}})
    assert (asked.status, asked.body["total"]) == (201, 1)


@pytest.mark.parametrize(
    ("query", "path", "code"),
    [
        ("status=nope", "status", "unknown"),
        ("reason=nope", "reason", "unknown"),
        ("trigger=nope", "trigger", "unknown"),
        ("task=nope", "task", "type"),
        ("task=1", "task", "type"),
        ("task=01900000000070008000000000000000", "task", "type"),
        ("from=yesterday", "from", "time_invalid"),
        ("to=1", "to", "time_invalid"),
        ("ended_from=yesterday", "ended_from", "time_invalid"),
        ("ended_to=9999-12-31T00:00:00Z", "ended_to", "time_invalid"),
        ("needs_person=1", "needs_person", "type"),
        ("page_size=201", "page_size", "out_of_range"),
        ("page=2", "page", "unknown_parameter"),
        ("cursor=x", "cursor", "invalid"),
        ("worker=%00", "worker", "characters"),
        ("owner=alice", "owner", "unknown_parameter"),
    ],
)
def test_each_bad_parameter_is_named(api: Api, query: str, path: str, code: str) -> None:
    reply = api.get(f"runs?{query}")
    assert reply.status == 400
    assert reply.faults[path] == [code]


def test_a_cursor_walks_the_whole_list(api: Api, alice: User) -> None:
    runs = [str(make_run(alice).id) for _ in range(5)]
    found, url = [], "runs?page_size=2"
    while url:
        body = api.get(url).body
        found.append([run["id"] for run in body["results"]])
        assert (body["count"], body["count_is_exact"]) == (5, True)
        url = f"runs?{urlsplit(body['next']).query}" if body["next"] else ""
    assert found == [[runs[4], runs[3]], [runs[2], runs[1]], [runs[0]]]


def walked(api: Api, query: str, way: str = "next") -> list[tuple[list[str], bool]]:
    """Every page from there on: its runs, and whether the search was complete."""
    found, url = [], f"runs?{query}"
    while url:
        body = api.get(url).body
        found.append(([run["id"] for run in body["results"]], body["is_complete"]))
        assert (body["searched_to"] is None) or not body["is_complete"]
        url = f"runs?{urlsplit(body[way]).query}" if body[way] else ""
    return found


def test_what_no_index_leads_to_is_searched_in_bounded_steps(
    api: Api, operator: Api, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_walk, "WALK", 3)
    monkeypatch.setattr(run_walk, "READ", 3)
    first, second = make_run(alice, queue="critical"), make_run(alice, queue="critical")
    for _ in range(5):
        make_run(alice)
    last = make_run(alice, queue="critical")
    pages = walked(api, "queue=critical")
    assert pages == [([str(last.id)], False), ([], False), ([str(second.id), str(first.id)], True)]
    body = api.get("runs?queue=critical").body
    assert (body["count"], body["count_is_exact"]) == (1, False)
    assert [ids for ids, _ in walked(api, "queue=critical&page_size=1")][-2:] == [[str(second.id)], [str(first.id)]]
    for led in ("", "type=http_request&from=2020-01-01T00:00:00Z"):
        assert operator.get(f"runs?{led}").body["is_complete"]
    for query in ("search=nothing", "tag=nothing", "worker=nobody", "reason=retry"):
        assert not api.get(f"runs?{query}").body["is_complete"]
        assert walked(api, query)[-1] == ([], True)


def test_a_bounded_search_leads_back_as_well(api: Api, alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_walk, "WALK", 3)
    old = [make_run(alice, queue="critical") for _ in range(2)]
    for _ in range(4):
        make_run(alice)
    new = make_run(alice, queue="critical")
    url = "runs?queue=critical"
    while api.get(url).body["next"]:
        url = f"runs?{urlsplit(api.get(url).body['next']).query}"
    back = walked(api, urlsplit(url).query, "previous")
    assert [found for found, _ in back if found] == [[str(old[0].id)], [str(old[1].id)], [str(new.id)]]


def test_the_number_of_queries_does_not_grow_with_the_list(api: Api, alice: User) -> None:
    def make() -> None:
        run = make_run(alice, make_task(alice))
        claim(run)
        succeed(run)

    make()
    with CaptureQueriesContext(connection) as few:
        api.get("runs")
    for _ in range(10):
        make()
    with CaptureQueriesContext(connection) as many:
        assert len(api.get("runs").body["results"]) == 11
    assert len(many) == len(few) <= 8


def test_the_detail_tells_the_whole_story(api: Api, alice: User) -> None:
    run = make_run(alice, make_task(alice, name="Nightly"), payload={"url": "https://example.org/"})
    claim(run)
    progress(run)
    retry_later(run)
    at = datetime.now(UTC)
    RunAttempt.objects.create(
        run=run, claim_no=1, number=1, outcome="retry", error_type="ValueError", error="not yet",
        traceback="Traceback …", worker="tests@here", started_at=at, finished_at=at,
    )  # fmt: skip
    body = api.get(f"runs/{run.id}").body
    assert (body["status"], body["reason"], body["attempt"]) == ("scheduled", "retry", 2)
    assert body["progress"] == {"done": 1, "total": 10, "message": "step 1"}
    assert (body["task_name"], body["payload"], body["error"]) == (
        "Nightly",
        {"url": "https://example.org/"},
        "ValueError: not yet",
    )
    arrows = [(event["source"], event["target"], event["reason"]) for event in body["events"]]
    assert arrows == [(None, "queued", "due"), ("queued", "running", None), ("running", "scheduled", "retry")]
    assert [event["version"] for event in body["events"]] == [1, 2, 3]
    (attempt,) = body["attempts"]
    assert (attempt["number"], attempt["error_type"], attempt["traceback"]) == (1, "ValueError", "Traceback …")
    assert attempt["finished_at"].endswith("Z")


def test_what_ended_has_its_times_and_result(api: Api, alice: User) -> None:
    run = make_run(alice)
    claim(run)
    succeed(run)
    body = api.get(f"runs/{run.id}").body
    assert (body["status"], body["result"], body["error"]) == ("succeeded", {"ok": True}, None)
    assert body["duration_ms"] >= 0
    assert body["started_at"] <= body["finished_at"]


def test_a_sensitive_payload_is_shown_to_its_owner_alone(api: Api, operator: Api, alice: User) -> None:
    run = make_run(alice, payload={"url": "https://example.org/CANARY"})
    assert api.get(f"runs/{run.id}").body["payload"] == run.payload
    hidden = operator.get(f"runs/{run.id}").body
    assert (hidden["payload"], hidden["payload_hidden"]) == (None, True)
