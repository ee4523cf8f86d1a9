"""/api/batches: list, read, cancel, retry."""

from typing import Any
from uuid import uuid4

import pytest
from pytest_django import DjangoAssertNumQueries

from tasks_app.models import Batch, ScheduledTask, TaskRun
from tests.api.client import Api
from tests.api.conftest import make
from tests.services.batches import HOURLY, backfill, end, hour, queued, work_off

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("valkey")]


@pytest.fixture
def task(api: Api) -> ScheduledTask:
    """A task for every full hour, whose runs may run side by side."""
    return ScheduledTask.objects.get(id=make(api, cron=HOURLY, overlap="allow")["id"])


def ids(reply: Any) -> list[str]:
    return [one["id"] for one in reply.body["results"]]


def test_batches_are_listed_the_newest_first_and_by_task(api: Api, stranger: Api, task: ScheduledTask) -> None:
    first, second = backfill(task, 2), backfill(task, 3)
    other = backfill(ScheduledTask.objects.get(id=make(api, cron=HOURLY)["id"]), 1)
    assert ids(api.get("batches")) == [str(batch.id) for batch in (other, second, first)]
    assert ids(api.get(f"batches?task={task.id}")) == [str(second.id), str(first.id)]
    page = api.get("batches?page_size=2").body
    assert ids(api.get(page["next"].split("/api/")[1])) == [str(first.id)]
    assert ids(stranger.get("batches")) == []
    assert api.get("batches?nope=1").faults == {"nope": ["unknown_parameter"]}
    assert api.get("batches?task=x").faults == {"task": ["type"]}


def test_the_number_of_queries_does_not_grow(
    api: Api, task: ScheduledTask, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for hours in range(1, 9):
        backfill(task, hours)
    with django_assert_max_num_queries(8):
        assert len(ids(api.get("batches"))) == 8


def test_a_batch_says_how_far_it_is(api: Api, task: ScheduledTask) -> None:
    batch = backfill(task, 4)
    end(queued(batch)[0])
    end(queued(batch)[0], well=False)
    found = api.get(f"batches/{batch.id}").body
    assert (found["status"], found["progress"]) == ("running", {"done": 2, "total": 4})
    assert {name: count for name, count in found["counts"].items() if count} == {
        "succeeded": 1, "failed": 1, "queued": 1, "waiting": 1,
    }  # fmt: skip
    work_off(batch)
    found = api.get(f"batches/{batch.id}").body
    assert (found["status"], found["progress"], found["version"]) == ("completed", {"done": 4, "total": 4}, 2)
    assert found["finished_at"] is not None
    TaskRun.objects.all().delete()
    assert api.get(f"batches/{batch.id}").body["progress"] == {"done": 4, "total": 4}


@pytest.mark.parametrize(("method", "path"), [("GET", ""), ("POST", "/cancel"), ("POST", "/retry")])
def test_strangers_find_no_batch(
    api: Api, stranger: Api, nobody: Api, operator: Api, *, task: ScheduledTask, method: str, path: str
) -> None:
    batch = backfill(task, 3)
    end(queued(batch)[0], well=False)
    assert stranger.call(method, f"batches/{batch.id}{path}").status == 404
    assert nobody.call(method, f"batches/{batch.id}{path}").status == 401
    assert api.call(method, f"batches/{uuid4()}{path}").status == 404
    assert Batch.objects.get().version == 1
    assert operator.call(method, f"batches/{batch.id}{path}").status in (200, 202)


def test_cancel_ends_what_waits(api: Api, task: ScheduledTask) -> None:
    batch = backfill(task, 3)
    reply = api.post(f"batches/{batch.id}/cancel")
    assert reply.status == 200
    assert (reply.body["status"], reply.body["counts"]["cancelled"]) == ("cancelled", 3)
    again = api.post(f"batches/{batch.id}/cancel")
    assert (again.status, again.code) == (409, "conflict")
    assert api.post(f"batches/{batch.id}/retry").status == 409


def test_retry_runs_again_what_failed(api: Api, task: ScheduledTask) -> None:
    batch = backfill(task, 3)
    assert api.post(f"batches/{batch.id}/retry").status == 409
    work_off(batch, well=False)
    reply = api.post(f"batches/{batch.id}/retry", Idempotency_Key="k")
    assert reply.status == 202
    assert (reply.body["status"], reply.body["total"], reply.body["progress"]["done"]) == ("running", 3, 0)
    assert {name: count for name, count in reply.body["counts"].items() if count} == {"queued": 1, "waiting": 2}
    assert api.post(f"batches/{batch.id}/retry", Idempotency_Key="k").body == reply.body
    assert TaskRun.objects.filter(batch=batch).count() == 6
    work_off(batch)
    assert api.get(f"batches/{batch.id}").body["counts"]["succeeded"] == 3


def test_single_runs_of_a_batch_can_be_cancelled_and_retried(api: Api, task: ScheduledTask) -> None:
    batch = backfill(task, 3)
    first = queued(batch)[0]
    assert api.post(f"runs/{first.id}/cancel").body["status"] == "cancelled"
    assert queued(batch)[0].scheduled_for == hour(2)
    again = api.post(f"runs/{first.id}/retry").body
    assert (again["status"], again["batch"], again["rerun_of"]) == ("waiting", str(batch.id), str(first.id))


def test_a_batch_of_a_deleted_task_is_still_there(api: Api, task: ScheduledTask) -> None:
    batch = backfill(task, 3)
    api.delete(f"tasks/{task.id}")
    assert api.get(f"batches/{batch.id}").body["status"] == "cancelled"
    assert ids(api.get("batches")) == [str(batch.id)]
