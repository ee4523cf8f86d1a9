"""People in front of their browsers, and things for them to look at."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client

from tasks_app.models import Queue, ScheduledTask
from tasks_app.services.specs import TaskSpec
from tasks_app.services.tasks import task_create

MakeTask = Callable[..., ScheduledTask]


@pytest.fixture(autouse=True)
def queues(db: None) -> None:
    """The queues that every platform begins with."""
    for rank, name in enumerate(("critical", "default", "low-priority")):
        Queue.objects.get_or_create(name=name, defaults={"rank": rank})


def signed_in(user: User) -> Client:
    """A browser in which the user has signed in."""
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def as_alice(alice: User) -> Client:
    """Alice's browser."""
    return signed_in(alice)


@pytest.fixture
def as_charlie(charlie: User) -> Client:
    """Charlie's browser."""
    return signed_in(charlie)


@pytest.fixture
def as_staff(staff: User) -> Client:
    """The administrator's browser."""
    return signed_in(staff)


@pytest.fixture
def make(alice: User) -> MakeTask:
    """Make tasks of alice's."""

    def make_task(name: str = "Nightly", *, owner: User = alice, **fields: object) -> ScheduledTask:
        values = {
            "type": "http_request",
            "payload": {"url": "https://example.org/"},
            "schedule": {"kind": "daily", "time": "09:00"},
            "timezone": "Europe/Berlin",
            **fields,
        }
        spec = TaskSpec(name=name, **values)  # type: ignore[arg-type]  # tests name the fields
        return task_create(owner=owner, spec=spec, actor="tests")

    return make_task


@pytest.fixture
def task(make: MakeTask) -> ScheduledTask:
    """A task of alice's, every day at nine."""
    return make()
