"""What the tests of the services share."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User

from tasks_app.models import ScheduledTask
from tasks_app.services.specs import TaskSpec
from tasks_app.services.tasks import task_create

PAYLOAD = {"url": "https://example.org/"}
Make = Callable[..., ScheduledTask]


@pytest.fixture
def make(alice: User) -> Make:
    """Make a task of alice's through the service: every ten minutes, unless the fields say otherwise."""

    def make(**fields: Any) -> ScheduledTask:
        values = {"name": "Nightly", "type": "http_request", "payload": PAYLOAD, **fields}
        if not {"schedule", "cron", "run_at", "manual"} & set(values):
            values["cron"] = "*/10 * * * *"
        values.pop("manual", None)
        owner = values.pop("owner", alice)
        return task_create(owner=owner, spec=TaskSpec(**values), actor="user:alice")

    return make
