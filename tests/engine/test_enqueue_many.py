"""Many runs in one call."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import transaction
from pydantic import BaseModel

from tasks_app import jobs
from tasks_app.errors import Invalid
from tasks_app.models import RunEvent, TaskRun
from tasks_app.retry import RetryPolicy
from tests.handler_types import declared

pytestmark = pytest.mark.django_db


class Numbered(BaseModel):
    """What the runs differ by."""

    n: int


def count(ctx: object, payload: Numbered) -> None:
    """Do nothing."""


def test_every_payload_gets_its_run_in_order(alice: User) -> None:
    with declared(count, payload=Numbered, queue="critical", timeout=7) as name:
        single = jobs.enqueue(name, {"n": -1}, owner=alice)
        ids = jobs.enqueue_many(name, [{"n": n} for n in range(2500)], owner=alice, priority=7)
    rows = TaskRun.objects.in_bulk(ids)
    assert [rows[id].payload["n"] for id in ids] == list(range(2500))
    assert list(ids) == sorted(ids), "their ids keep their order"
    event = RunEvent.objects.get(run_id=ids[-1])
    assert (event.version, event.source, event.target, event.reason, event.actor) == (1, "", "queued", "due", "code")
    assert event.at == rows[ids[-1]].queued_at
    assert _common(rows[ids[7]]) == _common(single) | {"priority": 7}


def test_one_bad_payload_refuses_all_and_is_named(alice: User) -> None:
    with declared(count, payload=Numbered) as name, pytest.raises(Invalid) as refused:
        jobs.enqueue_many(name, [{"n": 1}, {"n": "two"}], owner=alice)
    assert list(refused.value.fields) == ["payloads.1.payload.n"]
    assert not TaskRun.objects.exists()


def test_what_is_rolled_back_was_never_enqueued(alice: User) -> None:
    with declared(count, payload=Numbered) as name, transaction.atomic():
        jobs.enqueue_many(name, [{"n": 1}], owner=alice)
        transaction.set_rollback(True)
    assert not TaskRun.objects.exists()


def test_nothing_is_made_of_nothing(alice: User) -> None:
    with declared(count, payload=Numbered) as name:
        assert list(jobs.enqueue_many(name, [], owner=alice)) == []


def test_a_policy_that_depends_on_the_payload_is_asked_for_each() -> None:
    def policy(payload: Any) -> RetryPolicy:
        return RetryPolicy(max_retries=payload["n"])

    with declared(count, payload=Numbered, retry_for=policy) as name:
        ids = jobs.enqueue_many(name, [{"n": 4}, {"n": 2}])
    rows = TaskRun.objects.in_bulk(ids)
    assert [rows[id].max_retries for id in ids] == [4, 2]


def _common(run: TaskRun) -> dict[str, Any]:
    own = ("id", "payload", "created_at", "queued_at", "scheduled_for")
    return {name: value for name, value in TaskRun.objects.values().get(id=run.id).items() if name not in own}
