"""`/api/tasks/{id}/revisions` and `/restore`: what a task was, and putting it back."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from pytest_django import DjangoAssertNumQueries

from tasks_app.models import TaskRevision, TaskShare
from tests.api.client import Api
from tests.api.conftest import make

pytestmark = pytest.mark.django_db


@pytest.fixture
def edited(api: Api) -> Any:
    """A task of two versions."""
    task = make(api, cron="0 7 * * *")
    reply = api.patch(f"tasks/{task['id']}", {"name": "Daily", "cron": "0 8 * * *"})
    assert reply.status == 200
    return reply.body


def test_versions_are_listed_with_what_they_changed(api: Api, edited: Any) -> None:
    reply = api.get(f"tasks/{edited['id']}/revisions")
    assert reply.status == 200
    newest, first = reply.body["results"]
    assert (newest["version"], newest["actor"], newest["before"]["name"]) == (2, "user:alice", "Nightly")
    assert newest["after"] == {"name": "Daily", "schedule": "Every day at 08:00, UTC"}
    assert (first["version"], first["before"], first["after"]) == (1, {}, {})
    assert reply.body["count"] == 2


def test_a_restore_answers_with_the_task_as_it_is_then(api: Api, edited: Any) -> None:
    reply = api.post(f"tasks/{edited['id']}/restore", {"version": 1}, If_Match=f'"{edited["version"]}"')
    assert (reply.status, reply.body["name"], reply.body["cron_expression"]) == (200, "Nightly", "0 7 * * *")
    assert reply.headers["ETag"] == '"3"'


@pytest.mark.parametrize(
    ("body", "status"),
    [({"version": 9}, 404), ({"version": 2**40}, 404), ({"version": 0}, 400), ({}, 400), ({"version": "1"}, 400)],
)
def test_what_is_no_version_is_refused(api: Api, edited: Any, body: dict[str, Any], status: int) -> None:
    assert api.post(f"tasks/{edited['id']}/restore", body).status == status


def test_a_stale_version_is_412(api: Api, edited: Any) -> None:
    assert api.post(f"tasks/{edited['id']}/restore", {"version": 1}, If_Match='"1"').status == 412


def test_a_version_that_is_not_accepted_any_more_names_its_fields(api: Api, edited: Any) -> None:
    revision = TaskRevision.objects.get(task=edited["id"], version=1)
    revision.values |= {"queue": "gone"}
    revision.save()
    reply = api.post(f"tasks/{edited['id']}/restore", {"version": 1})
    assert (reply.status, reply.faults) == (400, {"queue": ["unknown"]})


def test_strangers_find_nothing_and_viewers_may_not(stranger: Api, charlie: User, edited: Any) -> None:
    assert stranger.get(f"tasks/{edited['id']}/revisions").status == 404
    TaskShare.objects.create(task_id=edited["id"], user=charlie, level="view")
    assert stranger.get(f"tasks/{edited['id']}/revisions").status == 403
    assert stranger.post(f"tasks/{edited['id']}/restore", {"version": 1}).status == 403


def test_many_versions_cost_no_more_queries(
    api: Api, edited: Any, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(20):
        api.patch(f"tasks/{edited['id']}", {"name": f"Number {number}"})
    with django_assert_max_num_queries(10):
        assert len(api.get(f"tasks/{edited['id']}/revisions").body["results"]) == 22
