"""What can be done with a run: cancel, retry, dismiss; and its log."""

from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.db import connection

from tasks_app.models import TaskRun
from tests.api.client import Api
from tests.runs import claim, fail, log, make_run, make_task, succeed

ACTIONS = ["cancel", "retry", "dismiss"]


def failed(owner: User, **fields: Any) -> TaskRun:
    run = make_run(owner, make_task(owner), payload={"url": "https://example.org/"}, **fields)
    claim(run)
    fail(run)
    return run


@pytest.mark.parametrize("action", ACTIONS)
def test_strangers_find_no_run_to_act_on(api: Api, stranger: Api, nobody: Api, alice: User, action: str) -> None:
    run = failed(alice)
    assert stranger.post(f"runs/{run.id}/{action}").status == 404
    assert api.post(f"runs/{uuid4()}/{action}").status == 404
    assert nobody.post(f"runs/{run.id}/{action}").status == 401
    assert api.get(f"runs/{run.id}/{action}").status == 405
    assert api.post(f"runs/{run.id}/{action}", {"nope": 1}).code == "unknown_field"
    assert TaskRun.objects.filter(owner=alice).count() == 1


def test_cancelling_what_waits_ends_it(api: Api, alice: User) -> None:
    run = make_run(alice)
    reply = api.post(f"runs/{run.id}/cancel")
    assert reply.status == 200
    assert (reply.body["status"], reply.body["reason"]) == ("cancelled", "user")
    assert api.post(f"runs/{run.id}/cancel").status == 409


def test_cancelling_what_runs_asks_it_to_stop(api: Api, alice: User) -> None:
    run = make_run(alice)
    claim(run)
    for _ in range(2):
        reply = api.post(f"runs/{run.id}/cancel")
        assert (reply.status, reply.body["status"]) == (200, "running")
        assert reply.body["cancel_requested_at"] is not None


def test_a_retry_is_a_new_run_that_points_to_the_old(api: Api, alice: User) -> None:
    run = failed(alice)
    reply = api.post(f"runs/{run.id}/retry")
    assert reply.status == 202
    assert (reply.body["rerun_of"], reply.body["status"], reply.body["trigger"]) == (str(run.id), "queued", "retry")
    assert reply.headers["Location"] == f"/api/runs/{reply.body['id']}"
    assert api.get(f"runs/{reply.body['id']}").body["root_run"] == str(run.id)
    assert api.get(f"runs/{run.id}").body["status"] == "failed"


def test_a_retry_takes_another_payload(api: Api, alice: User) -> None:
    run = failed(alice)
    again = api.post(f"runs/{run.id}/retry", {"payload": {"url": "https://example.com/"}}).body
    assert api.get(f"runs/{again['id']}").body["payload"] == {"url": "https://example.com/"}
    refused = api.post(f"runs/{run.id}/retry", {"payload": {"url": "http://127.0.0.1/"}})
    assert (refused.status, refused.faults) == (400, {"payload.url": ["url_not_allowed"]})
    assert api.post(f"runs/{run.id}/retry", {"payload": 5}).faults == {"payload": ["type"]}


def test_what_has_not_ended_cannot_be_retried(api: Api, alice: User) -> None:
    assert api.post(f"runs/{make_run(alice).id}/retry").status == 409


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("action", "status"), [("cancel", 404), ("retry", 404), ("dismiss", 409)])
def test_a_run_that_is_cleaned_away_while_it_is_asked_for_is_no_error(
    api: Api, alice: User, action: str, status: int
) -> None:
    run = failed(alice)
    read: list[str] = []

    def clean_once_it_was_read(execute: Any, sql: str, *args: Any) -> Any:
        if len(read) == 1:
            read.append("cleaned")
            TaskRun.objects.filter(id=run.id).delete()
        if not read and sql.startswith("SELECT") and 'FROM "tasks_app_taskrun"' in sql:
            read.append(sql)
        return execute(sql, *args)

    with connection.execute_wrapper(clean_once_it_was_read):
        reply = api.post(f"runs/{run.id}/{action}")
    assert read[1:] == ["cleaned"]
    assert (reply.status, reply.body["error"]["fields"]) == (status, {})


def test_dismissing_takes_a_failure_off_the_list(api: Api, alice: User) -> None:
    run = failed(alice)
    reply = api.post(f"runs/{run.id}/dismiss", {"note": "known"})
    assert reply.status == 200
    assert reply.body["dismissed_at"] is not None
    body = api.get(f"runs/{run.id}").body
    assert (body["dismissed_by"], body["dismiss_note"]) == ("user:alice", "known")
    assert api.get("runs?needs_person=true").body["results"] == []
    assert api.post(f"runs/{run.id}/dismiss").status == 409


def test_only_failures_can_be_dismissed(api: Api, alice: User) -> None:
    run = make_run(alice)
    claim(run)
    succeed(run)
    assert api.post(f"runs/{run.id}/dismiss").status == 409
    assert api.post(f"runs/{run.id}/dismiss", {"note": 5}).faults == {"note": ["type"]}


def test_the_log_is_read_on_from_where_one_was(api: Api, stranger: Api, nobody: Api, alice: User) -> None:
    run = make_run(alice)
    claim(run)
    log(run, "one", "two")
    log(run, "three")
    address = f"runs/{run.id}/logs"
    first = api.get(f"{address}?limit=2").body
    assert [(line["n"], line["level"], line["message"]) for line in first["results"]] == [
        (1, "info", "one"),
        (2, "info", "two"),
    ]
    assert (first["last"], first["count"]) == (2, 3)
    assert first["next"].endswith(f"/api/{address}?limit=2&after=2")
    assert all(line["at"].endswith("Z") for line in first["results"])
    rest = api.get(f"{address}?after=2").body
    assert ([line["message"] for line in rest["results"]], rest["next"], rest["last"]) == (["three"], None, 3)
    assert api.get(f"{address}?after=3").body["last"] == 3
    assert stranger.get(address).status == 404
    assert nobody.get(address).status == 401


@pytest.mark.parametrize(
    ("query", "path", "code"),
    [
        ("after=-1", "after", "out_of_range"),
        ("after=x", "after", "type"),
        ("limit=0", "limit", "out_of_range"),
        ("limit=1001", "limit", "out_of_range"),
        ("page=1", "page", "unknown_parameter"),
    ],
)
def test_each_bad_parameter_of_the_log_is_named(api: Api, alice: User, query: str, path: str, code: str) -> None:
    assert api.get(f"runs/{make_run(alice).id}/logs?{query}").faults == {path: [code]}
