"""Every POST that starts work or makes something obeys Idempotency-Key; the exceptions are written down."""

import json
import threading
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection

from tasks_app.models import Batch, IdempotencyKey, ScheduledTask, TaskRun
from tests.api.client import Api
from tests.api.conftest import make
from tests.runs import claim, fail, make_run

# What makes no run and no second thing when it is sent again, or must never be kept for a replay.
WITHOUT = {
    "api_key_create": "its answer holds a new key, which is kept nowhere",
    "credential_create": "a second of the same name is refused",
    "email_template_create": "a second of the same name is refused",
    "calendar_create": "a second of the same name is refused",
    "file_link": "it signs an address and stores nothing",
    "file_upload": "its body is a file, read once",
}


@pytest.fixture
def operations(api: Api) -> list[tuple[str, str, dict[str, Any]]]:
    """Every POST of the schema, with its path."""
    paths = api.get("schema").body["paths"]
    return [
        (path, methods["post"]["operationId"], methods["post"]) for path, methods in paths.items() if "post" in methods
    ]


def test_every_post_that_starts_work_takes_the_key(operations: list[tuple[str, str, dict[str, Any]]]) -> None:
    forgotten = []
    for path, name, one in operations:
        takes = any(parameter["name"] == "Idempotency-Key" for parameter in one.get("parameters", ()))
        starts = {"201", "202"} & set(one["responses"])
        if starts and not takes and name not in WITHOUT:
            forgotten.append((path, name, sorted(starts)))
    assert forgotten == []
    assert len(operations) > 15
    assert set(WITHOUT) - {name for _, name, _ in operations} == set()


def at_once(api: Api, path: str, body: Any, count: int = 4) -> list[Any]:
    """Send the same request from several threads that wait for each other."""
    replies: list[Any] = []
    gate = threading.Barrier(count)

    def send() -> None:
        try:
            gate.wait(30)
            replies.append(api.post(path, body, Idempotency_Key="same"))
        finally:
            connection.close()

    threads = [threading.Thread(target=send) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return replies


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("what", ["run-now", "duplicate", "retry", "backfill", "tasks", "runs"])
def test_four_at_once_do_it_once(what: str, api: Api, alice: User) -> None:
    task = make(api, cron="0 * * * *")
    run = make_run(alice, payload={"url": "https://example.org/"})
    claim(run)
    fail(run)
    past = {"from": "2025-11-01T00:00", "to": "2025-11-01T02:00"}
    path, body = {
        "run-now": (f"tasks/{task['id']}/run-now", None),
        "duplicate": (f"tasks/{task['id']}/duplicate", None),
        "retry": (f"runs/{run.id}/retry", None),
        "backfill": (f"tasks/{task['id']}/backfill", past),
        "tasks": ("tasks", {"name": "New", "type": "export_report", "payload": {"source": "runs"}}),
        "runs": ("runs", {"type": "export_report", "payload": {"source": "runs"}}),
    }[what]
    before = (TaskRun.objects.count(), ScheduledTask.objects.count(), Batch.objects.count())
    replies = at_once(api, path, body)
    assert {reply.status for reply in replies} <= {201, 202}
    assert len(replies) == 4
    assert len({json.dumps(reply.body, sort_keys=True) for reply in replies}) == 1
    after = (TaskRun.objects.count(), ScheduledTask.objects.count(), Batch.objects.count())
    made = [now - then for now, then in zip(after, before, strict=True)]
    assert made in ([1, 0, 0], [0, 1, 0], [0, 0, 1], [made[0], 0, 1])
    assert IdempotencyKey.objects.count() == 1
    other = api.post(path, {"name": "other"} if body is None else {**body, "tags": ["x"]}, Idempotency_Key="same")
    assert other.status in (400, 422)
