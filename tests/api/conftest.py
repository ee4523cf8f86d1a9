"""People at the API, and the queues of a new platform."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.urls import URLResolver, get_resolver

from tasks_app.models import Queue
from tests.api.client import Api, Reply

TASK = {"name": "Nightly", "type": "export_report", "payload": {"source": "runs"}}


@pytest.fixture(autouse=True)
def queues(db: None) -> None:
    """The queues that bootstrap makes."""
    for rank, name in enumerate(("critical", "default", "low-priority")):
        Queue.objects.get_or_create(name=name, defaults={"rank": rank * 10})


@pytest.fixture
def api(alice: User) -> Api:
    """The owner's calls."""
    return Api(alice)


@pytest.fixture
def stranger(charlie: User) -> Api:
    """Calls of somebody for whom alice's things do not exist."""
    return Api(charlie)


@pytest.fixture
def operator(admin: User) -> Api:
    """Calls of an administrator, who is no superuser."""
    return Api(admin)


@pytest.fixture
def nobody() -> Api:
    """Calls without signing in."""
    return Api()


def addresses() -> dict[str, Any]:
    """Give every path below /api/ with its view, from the URL configuration itself."""
    resolver = next(one for one in get_resolver().url_patterns if str(one.pattern) == "api/")
    assert isinstance(resolver, URLResolver)
    return {str(one.pattern): getattr(one.callback, "cls", None) for one in resolver.url_patterns}


def make(api: Api, **fields: Any) -> Any:
    """Create a task and give its answer."""
    reply: Reply = api.post("tasks", {**TASK, **fields})
    assert reply.status == 201, reply.body
    return reply.body
