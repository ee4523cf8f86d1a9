"""Idempotency-Key: what is sent twice happens once."""

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from unittest.mock import patch

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.utils import timezone

from tasks_app.models import IdempotencyKey, ScheduledTask, TaskRun
from tasks_app.services import idempotency
from tasks_app.services.idempotency import Answer, Used, once
from tests.api.client import Api, Reply, with_key
from tests.api.conftest import TASK, make
from tests.runs import claim, fail, make_run

RUN = {"type": "export_report", "payload": {"source": "runs"}}


def test_a_success_is_replayed_with_its_headers(api: Api) -> None:
    first = api.post("tasks", TASK, Idempotency_Key="k1")
    second = api.post("tasks/", TASK, Idempotency_Key="k1")
    assert (first.status, second.status) == (201, 201)
    assert second.body == first.body
    assert second.headers["Location"] == first.headers["Location"]
    assert second.headers["ETag"] == first.headers["ETag"]
    assert second.headers["Idempotency-Replayed"] == "true"
    assert "Idempotency-Replayed" not in first.headers
    assert ScheduledTask.objects.count() == 1


def test_every_post_that_starts_work_obeys_it(api: Api, alice: User) -> None:
    task, run = make(api), make_run(alice, payload={"url": "https://example.org/"})
    claim(run)
    fail(run)
    posts = [f"tasks/{task['id']}/run-now", f"tasks/{task['id']}/duplicate", "runs", f"runs/{run.id}/retry"]
    for path in posts:
        body = RUN if path == "runs" else None
        first, second = (api.post(path, body, Idempotency_Key="same") for _ in range(2))
        assert second.body == first.body
        assert second.headers["Idempotency-Replayed"] == "true"
    assert TaskRun.objects.count() == 1 + 3
    assert ScheduledTask.objects.count() == 2


def test_another_body_under_the_same_key_is_refused(api: Api) -> None:
    api.post("tasks", TASK, Idempotency_Key="k1")
    reply = api.post("tasks", {**TASK, "name": "other"}, Idempotency_Key="k1")
    assert (reply.status, reply.code) == (422, "idempotency_key_reused")
    assert ScheduledTask.objects.count() == 1


def test_a_key_belongs_to_one_principal_and_one_path(api: Api, stranger: Api, alice: User) -> None:
    task = make(api)
    replies = [caller.post("runs", RUN, Idempotency_Key="k") for caller in (api, stranger, with_key(alice))]
    replies.append(api.post(f"tasks/{task['id']}/run-now", Idempotency_Key="k"))
    assert len({reply.body["id"] for reply in replies}) == 4


def test_a_failure_is_not_remembered(api: Api) -> None:
    assert api.post("tasks", {**TASK, "name": ""}, Idempotency_Key="k").status == 400
    assert api.post("tasks", TASK, Idempotency_Key="k").status == 201
    assert IdempotencyKey.objects.count() == 1


def test_after_a_day_the_key_is_free_again(api: Api) -> None:
    first = api.post("tasks", TASK, Idempotency_Key="k")
    IdempotencyKey.objects.update(created_at=timezone.now() - timedelta(hours=25))
    second = api.post("tasks", {**TASK, "name": "other"}, Idempotency_Key="k")
    assert second.status == 201
    assert second.body["id"] != first.body["id"]


@pytest.mark.parametrize("key", ["", "x" * 201, "a\tb", "ä"])
def test_a_key_that_is_none_is_refused(api: Api, key: str) -> None:
    reply = api.post("tasks", TASK, Idempotency_Key=key)
    assert (reply.status, reply.faults) == (400, {"Idempotency-Key": ["invalid"]})


def test_a_new_api_key_is_never_kept_for_a_replay(api: Api) -> None:
    body = {"name": "ci", "scope": "read"}
    keys = {api.post("api-keys", body, Idempotency_Key="k").body["key"] for _ in range(2)}
    assert len(keys) == 2
    assert not IdempotencyKey.objects.exists()


def in_thread(work: Callable[[], Any], into: list[Any]) -> threading.Thread:
    def run() -> None:
        try:
            into.append(work())
        except Exception as error:
            into.append(error)
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


@pytest.mark.django_db(transaction=True)
def test_two_at_once_do_the_work_once(api: Api) -> None:
    replies: list[Reply] = []
    threads = [in_thread(lambda: api.post("runs", RUN, Idempotency_Key="k"), replies) for _ in range(4)]
    for thread in threads:
        thread.join(30)
    assert [reply.status for reply in replies] == [202] * 4
    assert len({reply.body["id"] for reply in replies}) == 1
    assert sum("Idempotency-Replayed" in reply.headers for reply in replies) == 3
    assert TaskRun.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_second_that_waits_too_long_is_told_so(api: Api, alice: User) -> None:
    used = Used(f"user:{alice.pk}", "POST", "/api/runs", "k")
    is_inside, may_end = threading.Event(), threading.Event()
    results: list[Any] = []

    def slow() -> Answer:
        is_inside.set()
        may_end.wait(30)
        return Answer(202, {"id": "first"}, {})

    with patch.object(idempotency, "WAIT_SECONDS", 1):
        thread = in_thread(lambda: once(used, digest="d", work=slow), results)
        assert is_inside.wait(10)
        reply = api.post("runs", RUN, Idempotency_Key="k")
        may_end.set()
        thread.join(30)
    assert (reply.status, reply.code) == (409, "in_progress")
    assert results[0].body == {"id": "first"}
    assert not TaskRun.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_first_that_breaks_leaves_nothing_behind(api: Api) -> None:
    with patch("tasks_app.api.runs.run_out", side_effect=RuntimeError("after the work")):
        assert api.post("runs", RUN, Idempotency_Key="k").status == 500
    assert not TaskRun.objects.exists()
    assert api.post("runs", RUN, Idempotency_Key="k").status == 202
    assert TaskRun.objects.count() == 1
