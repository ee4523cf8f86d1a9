"""What the lists of runs read."""

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.api.client import Api
from tests.runs import make_run, make_task


@pytest.mark.parametrize("is_of_task", [False, True])
def test_a_list_reads_what_it_answers_and_that_at_once(api: Api, alice: User, is_of_task: bool) -> None:
    def asked() -> list[str]:
        with CaptureQueriesContext(connection) as found:
            reply = api.get(f"tasks/{task.id}/history" if is_of_task else "runs")
        assert [run["task_name"] for run in reply.body["results"]] == [task.name] * count
        assert {run["owner"] for run in reply.body["results"]} == {"alice"}
        return [one["sql"] for one in found if "tasks_app_taskrun" in one["sql"]]

    task, count = make_task(alice), 1
    make_run(alice, task, tags=["a"])
    few = asked()
    for _ in range(3):
        make_run(alice, task)
    count = 4
    assert len(asked()) == len(few)
    for name in ("payload", "retry", "schedule", "description", "password"):
        assert not any(f'"{name}"' in sql for sql in few), name
    assert any('"result"' in sql for sql in few)
