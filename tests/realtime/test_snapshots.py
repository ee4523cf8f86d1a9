"""Join, then snapshot, then forward: a client that folds frames always knows what a fresh look would tell it."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User

from tasks_app.models import TaskRun
from tests import runs
from tests.realtime.conftest import Connect, do

Verb = Callable[[TaskRun], None]

PATHS: list[list[Verb]] = [
    [runs.cancel],
    [runs.claim],
    [runs.claim, runs.progress],
    [runs.claim, runs.progress, runs.succeed],
    [runs.claim, runs.fail],
    [runs.claim, runs.skip],
    [runs.claim, runs.ask_to_stop, runs.stop],
    [runs.claim, runs.progress, runs.retry_later],
    [runs.claim, runs.progress, runs.retry_later, runs.queue, runs.claim],
    [runs.claim, runs.retry_later, runs.cancel],
    [runs.claim, runs.hand_back],
    [runs.claim, runs.progress, runs.rescue, runs.claim, runs.progress],
]


@pytest.mark.parametrize("topic", ["run", "task", "tasks"])
@pytest.mark.parametrize("path", PATHS, ids=lambda path: "-".join(verb.__name__ for verb in path))
async def test_a_snapshot_and_its_frames_say_what_a_fresh_snapshot_says(
    path: list[Verb], topic: str, connect: Connect, alice: User
) -> None:
    task = await do(runs.make_task, alice)
    run = await do(runs.make_run, alice, task)
    name = {"run": f"run:{run.id}", "task": f"task:{task.id}", "tasks": "tasks"}[topic]
    follower = await connect(alice)
    await follower.subscribe(name)
    for verb in path:
        await do(verb, run)
    row = await do(runs.fresh, run)
    await follower.until(lambda frame: (frame.get("version"), frame.get("seq")) == (row.version, row.progress_seq))
    newcomer = await connect(alice)
    await newcomer.subscribe(name)
    assert without_time_of_progress(follower.runs[str(run.id)]) == without_time_of_progress(newcomer.runs[str(run.id)])
    assert set(follower.runs) == set(newcomer.runs)
    assert newcomer.runs[str(run.id)]["status"] == row.status


def without_time_of_progress(frame: dict[str, Any]) -> dict[str, Any]:
    """The row keeps when a run moved, and not when it last reported progress."""
    return frame | {"at": None} if frame["seq"] and frame["status"] == "running" else frame


async def test_frames_come_in_the_order_of_the_transitions(connect: Connect, alice: User) -> None:
    run = await do(runs.make_run, alice)
    socket = await connect(alice)
    await socket.subscribe("tasks")
    for verb in (runs.claim, runs.succeed):
        await do(verb, run)
    await socket.until(lambda frame: frame.get("status") == "succeeded")
    assert [frame["status"] for frame in socket.frames if frame["type"] == "TaskUpdated"] == [
        "queued",
        "running",
        "succeeded",
    ]


async def test_a_run_that_begins_later_appears_among_the_tasks(connect: Connect, alice: User) -> None:
    socket = await connect(alice)
    await socket.subscribe("tasks")
    task = await do(runs.make_task, alice)
    run = await do(runs.make_run, alice, task)
    frame = await socket.until(lambda frame: frame["type"] == "TaskUpdated")
    assert (frame["run_id"], frame["task_id"], frame["status"]) == (str(run.id), str(task.id), "queued")


async def test_a_run_followed_in_three_ways_is_told_once(connect: Connect, alice: User) -> None:
    task = await do(runs.make_task, alice)
    run = await do(runs.make_run, alice, task)
    socket = await connect(alice)
    for topic in ("tasks", f"task:{task.id}", f"run:{run.id}"):
        await socket.subscribe(topic)
    await do(runs.claim, run)
    await do(runs.succeed, run)
    await socket.until(lambda frame: frame.get("status") == "succeeded")
    await socket.settle()
    assert [frame["status"] for frame in socket.frames if frame.get("version", 0) > 1] == ["running", "succeeded"]


async def test_log_lines_follow_those_of_the_snapshot(connect: Connect, alice: User) -> None:
    run = await do(runs.make_run, alice)
    await do(runs.claim, run)
    await do(runs.log, run, "one", "two")
    socket = await connect(alice)
    await socket.subscribe(f"run:{run.id}")
    assert socket.lines == {1: "one", 2: "two"}
    await do(runs.log, run, "three")
    await socket.until(lambda frame: frame["type"] == "RunLog")
    assert socket.lines == {1: "one", 2: "two", 3: "three"}


async def test_more_lines_than_fit_come_as_a_hint_without_lines(connect: Connect, alice: User) -> None:
    run = await do(runs.make_run, alice)
    await do(runs.claim, run)
    socket = await connect(alice)
    await socket.subscribe(f"run:{run.id}")
    await do(runs.log, run, *[f"line {number}" for number in range(65)])
    assert (await socket.until(lambda frame: frame["type"] == "RunLog"))["lines"] == []
    await do(runs.log, run, "the next one")
    assert [line["n"] for line in (await socket.until(lambda frame: frame["type"] == "RunLog"))["lines"]] == [66]


async def test_nothing_comes_after_unsubscribing(connect: Connect, alice: User) -> None:
    run = await do(runs.make_run, alice)
    socket = await connect(alice)
    await socket.subscribe(f"run:{run.id}")
    await socket.say(unsubscribe=f"run:{run.id}")
    await socket.until(lambda frame: frame["type"] == "unsubscribed")
    await do(runs.claim, run)
    other = await connect(alice)
    await other.subscribe("tasks")
    await do(runs.succeed, run)
    await other.until(lambda frame: frame.get("status") == "succeeded")
    await socket.settle()
    assert socket.frames[-1]["type"] == "pong"
    assert socket.runs[str(run.id)]["status"] == "queued"
