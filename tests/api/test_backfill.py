"""POST /api/tasks/{id}/backfill."""

from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import User

from tasks_app.models import Batch, ScheduledTask
from tasks_app.recurrence.moments import to_text
from tasks_app.states import Status
from tests.api.client import Api, with_key
from tests.api.conftest import make
from tests.services.batches import HOURLY, hour, ran


@pytest.fixture
def task(api: Api) -> str:
    """A task for every full hour."""
    return str(make(api, cron=HOURLY)["id"])


def asked(hours: int = 3, **fields: Any) -> dict[str, Any]:
    """Ask for the last so many full hours."""
    return {"from": to_text(hour(hours)), "to": to_text(hour(1)), **fields}


def test_a_backfill_is_answered_with_its_batch(api: Api, task: str) -> None:
    reply = api.post(f"tasks/{task}/backfill", asked())
    assert reply.status == 202
    batch = reply.body
    assert reply.headers["Location"] == f"/api/batches/{batch['id']}"
    assert (batch["kind"], batch["task"], batch["task_name"], batch["owner"]) == ("backfill", task, "Nightly", "alice")
    assert (batch["status"], batch["total"], batch["max_concurrency"]) == ("running", 3, 1)
    assert batch["progress"] == {"done": 0, "total": 3}
    assert batch["counts"] == {**{status.value: 0 for status in Status}, "queued": 1, "waiting": 2}
    assert batch["parameters"] == {**asked(), "reprocess": "none", "overlap": "queue_all"}
    assert (batch["actor"], batch["version"], batch["finished_at"], batch["cancelled_at"]) == (
        "user:alice", 1, None, None,
    )  # fmt: skip
    assert api.get(f"batches/{batch['id']}").body == batch


def test_its_runs_say_that_they_are_of_it(api: Api, task: str) -> None:
    batch = api.post(f"tasks/{task}/backfill", asked()).body
    runs = api.get(f"runs?batch={batch['id']}").body["results"]
    assert [run["scheduled_for"] for run in runs] == [to_text(hour(number)) for number in (1, 2, 3)]
    assert {(run["batch"], run["trigger"], run["slot"]) for run in runs} == {(batch["id"], "backfill", None)}
    assert api.get(f"runs?batch={batch['id']}&status=queued").body["count"] == 1
    assert api.get(f"runs?batch={uuid4()}").body["results"] == []


def test_instants_without_an_offset_are_wall_time_in_the_tasks_zone(api: Api) -> None:
    task = make(api, cron="0 9 * * *", timezone="Asia/Tokyo")["id"]
    body = {"from": "2025-11-02T09:00:00", "to": "2025-11-03T09:00", "dry_run": True}
    plan = api.post(f"tasks/{task}/backfill", body).body
    assert [one["at"] for one in plan["instants"]] == ["2025-11-02T00:00:00Z", "2025-11-03T00:00:00Z"]


def test_a_dry_run_says_what_would_run_and_stores_nothing(api: Api, task: str) -> None:
    row = ScheduledTask.objects.get(id=task)
    ran(row, hour(3), "succeeded", type=row.type)
    failed = ran(row, hour(2), "failed", type=row.type)
    reply = api.post(f"tasks/{task}/backfill", asked(4, reprocess="failed", dry_run=True))
    assert reply.status == 200
    assert "Location" not in reply.headers
    assert reply.body == {
        "count": 3,
        "first": to_text(hour(4)),
        "last": to_text(hour(1)),
        "slots": 4,
        "has": {"missing": 2, "succeeded": 1, "failed": 1},
        "instants": [
            {"at": to_text(hour(4)), "has": "missing", "run": None},
            {"at": to_text(hour(2)), "has": "failed", "run": str(failed.id)},
            {"at": to_text(hour(1)), "has": "missing", "run": None},
        ],
    }
    assert not Batch.objects.exists()
    assert row.runs.count() == 2


def test_a_dry_run_lists_a_hundred_instants_at_most(api: Api) -> None:
    task = make(api, cron="* * * * *")["id"]
    plan = api.post(f"tasks/{task}/backfill", asked(5, dry_run=True)).body
    assert (plan["count"], len(plan["instants"])) == (241, 100)


def test_a_range_in_which_nothing_is_to_run_is_a_conflict(api: Api, task: str) -> None:
    assert api.post(f"tasks/{task}/backfill", asked()).status == 202
    again = api.post(f"tasks/{task}/backfill", asked())
    assert (again.status, again.code) == (409, "nothing_to_run")
    assert api.post(f"tasks/{task}/backfill", asked(dry_run=True)).body["count"] == 0


FUTURE = to_text(datetime.fromisoformat("2090-01-01T00:00:00Z"))


@pytest.mark.parametrize(
    ("changes", "path", "code"),
    [
        ({"from": None}, "from", "type"),
        ({"from": "soon"}, "from", "time_invalid"),
        ({"from": 5}, "from", "type"),
        ({"from": "0001-01-01T00:00:00Z"}, "from", "out_of_range"),
        ({"to": "yesterday"}, "to", "time_invalid"),
        ({"to": FUTURE}, "to", "in_future"),
        ({"to": "2001-01-01T00:00:00Z"}, "to", "out_of_range"),
        ({"reprocess": "some"}, "reprocess", "unknown"),
        ({"reprocess": None}, "reprocess", "type"),
        ({"overlap": "skip"}, "overlap", "unknown"),
        ({"max_concurrency": 0}, "max_concurrency", "out_of_range"),
        ({"max_concurrency": 101}, "max_concurrency", "out_of_range"),
        ({"max_concurrency": 2}, "max_concurrency", "conflict"),
        ({"max_concurrency": "2"}, "max_concurrency", "type"),
        ({"max_concurrency": True}, "max_concurrency", "type"),
        ({"dry_run": 1}, "dry_run", "type"),
        ({"nope": 1}, "nope", "unknown_field"),
        ({"from_": "2026-01-01T00:00:00Z"}, "from_", "unknown_field"),
    ],
)
def test_each_fault_is_named(api: Api, task: str, changes: dict[str, Any], path: str, code: str) -> None:
    reply = api.post(f"tasks/{task}/backfill", asked() | changes)
    assert (reply.status, reply.faults) == (400, {path: [code]})
    assert not Batch.objects.exists()


def test_both_ends_are_asked_for_and_both_are_named(api: Api, task: str) -> None:
    assert api.post(f"tasks/{task}/backfill").faults == {"from": ["required"], "to": ["required"]}
    body = {"from": "x", "to": "y"}
    assert set(api.post(f"tasks/{task}/backfill", body).faults) == {"from", "to"}


def test_more_than_a_thousand_runs_are_refused_with_how_far_one_may_go(api: Api) -> None:
    task = make(api, cron="* * * * *", timezone="Europe/Berlin")["id"]
    reply = api.post(f"tasks/{task}/backfill", asked(20))
    assert (reply.status, reply.faults) == (400, {"to": ["too_many"]})
    message = reply.body["error"]["fields"]["to"][0]["message"]
    until = next(word for word in message.split() if word.startswith("20"))
    assert datetime.fromisoformat(until) == hour(20) + timedelta(minutes=999)
    assert api.post(f"tasks/{task}/backfill", asked(20, to=until)).body["total"] == 1000


@pytest.mark.parametrize("what", ["manual", "cancelled"])
def test_what_has_no_slots_to_fill_is_a_conflict(api: Api, task: str, what: str) -> None:
    if what == "manual":
        task = make(api)["id"]
    else:
        api.post(f"tasks/{task}/cancel")
    reply = api.post(f"tasks/{task}/backfill", asked())
    assert (reply.status, reply.code) == (409, "conflict")


def test_the_same_key_again_makes_no_second_batch(api: Api, task: str) -> None:
    first, second = (api.post(f"tasks/{task}/backfill", asked(), Idempotency_Key="k") for _ in range(2))
    assert (second.status, second.body) == (202, first.body)
    assert second.headers["Idempotency-Replayed"] == "true"
    assert second.headers["Location"] == first.headers["Location"]
    assert Batch.objects.count() == 1
    assert api.post(f"tasks/{task}/backfill", asked(4), Idempotency_Key="k").status == 422


def test_strangers_find_no_task_to_fill(api: Api, stranger: Api, nobody: Api, operator: Api, task: str) -> None:
    assert stranger.post(f"tasks/{task}/backfill", asked()).status == 404
    assert nobody.post(f"tasks/{task}/backfill", asked()).status == 401
    assert api.get(f"tasks/{task}/backfill").status == 405
    assert not Batch.objects.exists()
    batch = operator.post(f"tasks/{task}/backfill", asked()).body
    assert (batch["owner"], batch["actor"]) == ("alice", "user:ada")


def test_a_key_needs_the_scope_to_run(alice: User, task: str) -> None:
    assert with_key(alice, "read").post(f"tasks/{task}/backfill", asked()).code == "insufficient_scope"
    assert with_key(alice, "run").post(f"tasks/{task}/backfill", asked()).body["actor"] == "key:alice/ci"
