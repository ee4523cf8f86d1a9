"""GET /api/tasks/{id}/history and /api/tasks/history."""

from uuid import uuid4

from django.contrib.auth.models import User

from tests.api.client import Api, Reply
from tests.runs import claim, fail, make_run, make_task


def ids(reply: Reply) -> list[str]:
    assert reply.status == 200, reply.body
    return [run["id"] for run in reply.body["results"]]


def test_a_tasks_history_is_its_runs(api: Api, stranger: Api, nobody: Api, alice: User) -> None:
    task, other = make_task(alice), make_task(alice)
    runs = [make_run(alice, task) for _ in range(3)]
    make_run(alice, other)
    address = f"tasks/{task.id}/history"
    assert ids(api.get(address)) == [str(run.id) for run in reversed(runs)]
    assert stranger.get(address).status == 404
    assert nobody.get(address).status == 401
    assert api.get(f"tasks/{uuid4()}/history").status == 404
    assert api.get(f"{address}?task={task.id}").faults == {"task": ["unknown_parameter"]}


def test_the_history_takes_the_filters_of_runs(api: Api, alice: User) -> None:
    task = make_task(alice)
    run, _ = make_run(alice, task), make_run(alice, task)
    claim(run)
    fail(run)
    assert ids(api.get(f"tasks/{task.id}/history?status=failed&reason=handler_error")) == [str(run.id)]
    assert api.get(f"tasks/{task.id}/history?status=nope").faults == {"status": ["unknown"]}


def test_the_history_of_all_tasks_leaves_out_runs_without_a_task(
    api: Api, stranger: Api, nobody: Api, alice: User
) -> None:
    task = make_task(alice)
    run = make_run(alice, task)
    make_run(alice)
    assert ids(api.get("tasks/history")) == [str(run.id)]
    assert ids(api.get("tasks/history/")) == [str(run.id)]
    assert ids(api.get(f"tasks/history?task={task.id}")) == [str(run.id)]
    assert ids(stranger.get("tasks/history")) == []
    assert nobody.get("tasks/history").status == 401
