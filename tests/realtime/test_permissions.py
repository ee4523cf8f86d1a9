"""What a person may not see does not exist on the socket either."""

from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from notifications.consumers import CHECK_SECONDS, CHECK_SPREAD, SHARED, UNAUTHENTICATED
from tasks_app.models import ScheduledTask, TaskShare
from tasks_app.services.sharing import share_remove, share_set
from tests import runs
from tests.realtime.conftest import Connect, do

SOON = 0.05


@pytest.mark.parametrize("kind", ["run", "task"])
async def test_what_is_foreign_is_not_found(kind: str, connect: Connect, alice: User, charlie: User) -> None:
    task = await do(runs.make_task, alice)
    run = await do(runs.make_run, alice, task)
    topic = f"{kind}:{run.id if kind == 'run' else task.id}"
    socket = await connect(charlie)
    await socket.say(subscribe=topic)
    assert await socket.next() == {"type": "error", "code": "not_found", "topic": topic}
    await do(runs.claim, run)
    owner = await connect(alice)
    await owner.subscribe("tasks")
    await do(runs.succeed, run)
    await owner.until(lambda frame: frame.get("status") == "succeeded")
    await socket.settle()
    assert socket.runs == {}


async def test_what_does_not_exist_is_not_found(connect: Connect, alice: User) -> None:
    socket = await connect(alice)
    await socket.say(subscribe=f"run:{uuid4()}")
    assert (await socket.next())["code"] == "not_found"


async def test_people_follow_their_own_runs_only_and_staff_all(
    connect: Connect, alice: User, charlie: User, staff: User
) -> None:
    own, foreign = await do(runs.make_run, charlie), await do(runs.make_run, alice)
    stranger, overseer = await connect(charlie), await connect(staff)
    for socket in (stranger, overseer):
        await socket.subscribe("tasks")
    for run in (foreign, own):
        await do(runs.claim, run)
        await do(runs.succeed, run)
        await overseer.until(lambda frame: frame.get("status") == "succeeded")
    await stranger.until(lambda frame: frame.get("status") == "succeeded")
    await stranger.settle()
    assert set(stranger.runs) == {str(own.id)}
    assert set(overseer.runs) == {str(own.id), str(foreign.id)}


async def test_the_platforms_own_runs_are_for_staff(connect: Connect, alice: User, staff: User) -> None:
    run = await do(runs.make_run, None)
    socket, overseer = await connect(alice), await connect(staff)
    for one in (socket, overseer):
        await one.subscribe("tasks")
    await do(runs.claim, run)
    await overseer.until(lambda frame: frame.get("status") == "running")
    await socket.settle()
    assert socket.runs == {}


async def test_a_deleted_task_ends_its_subscription(connect: Connect, alice: User) -> None:
    task = await do(runs.make_task, alice)
    socket = await connect(alice, check_seconds=SOON)
    await socket.subscribe(f"task:{task.id}")
    await do(ScheduledTask.objects.update, deleted_at=timezone.now())
    frame = await socket.until(lambda frame: frame["type"] == "error")
    assert frame == {"type": "error", "code": "not_found", "topic": f"task:{task.id}"}


def _share(task: ScheduledTask, user: User) -> TaskShare:
    return share_set(task=task, user=user.username, level="view", actor="tests")


async def test_a_share_that_is_taken_back_ends_what_the_socket_hears(
    connect: Connect, alice: User, charlie: User
) -> None:
    task = await do(runs.make_task, alice)
    await do(_share, task, charlie)
    socket = await connect(charlie, check_seconds=SOON)
    await socket.subscribe(f"task:{task.id}")
    await do(share_remove, task=task, user="charlie", actor="tests")
    assert await socket.close_code() == UNAUTHENTICATED


async def test_a_new_share_lets_the_next_socket_hear(connect: Connect, alice: User, charlie: User) -> None:
    task = await do(runs.make_task, alice)
    socket = await connect(charlie, check_seconds=SOON)
    await socket.subscribe("tasks")
    await do(_share, task, charlie)
    assert await socket.close_code() == UNAUTHENTICATED
    again = await connect(charlie)
    await again.subscribe("tasks")
    run = await do(runs.make_run, alice, task)
    await do(runs.claim, run)
    await again.until(lambda frame: frame.get("status") == "running" and frame["task_id"] == str(task.id))


def test_an_open_socket_is_asked_at_least_every_ten_seconds() -> None:
    latest = CHECK_SECONDS * max(CHECK_SPREAD) + CHECK_SECONDS * SHARED
    assert latest <= 10
