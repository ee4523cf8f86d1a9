"""Moving tasks off a crowded minute: seen before, done at once, taken back."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tasks_app.models import ScheduledTask
from tasks_app.services.tasks import task_cancel, task_delete, task_update
from tasks_app.web.look import written
from tests.web.conftest import MakeTask
from tests.web.reading import text

SPREAD, UNDO = "/upcoming/spread/", "/upcoming/spread/undo/"


@pytest.fixture
def soon() -> datetime:
    """A full hour in some hours."""
    return timezone.now().replace(minute=0, second=0, microsecond=0) + timedelta(hours=6)


@pytest.fixture
def crowd(make: MakeTask, soon: datetime) -> list[ScheduledTask]:
    """Six tasks of alice's that start in one minute."""
    schedule = {"kind": "daily", "time": f"{soon:%H:%M}"}
    return [make(f"Night {number}", schedule=schedule, timezone="UTC") for number in range(6)]


def fresh(tasks: list[ScheduledTask]) -> list[ScheduledTask]:
    return [ScheduledTask.objects.get(pk=task.pk) for task in tasks]


def seconds(tasks: list[ScheduledTask]) -> list[int]:
    return [task.spread_seconds for task in fresh(tasks)]


def look(client: Client, at: datetime, **more: str) -> Any:
    return client.get(SPREAD, {"at": written(at), **more}).context


def move(client: Client, tasks: list[ScheduledTask], minutes: object = 10, **more: str) -> Any:
    return client.post(SPREAD, {"task": [str(task.pk) for task in tasks], "minutes": minutes, **more})


def undo_fields(client: Client) -> list[str]:
    """What the form under the message would send."""
    return [one["was"] for one in client.get("/upcoming/").context["spread"]["moved"]]


def test_the_page_shows_where_each_task_would_land(
    as_alice: Client, crowd: list[ScheduledTask], soon: datetime
) -> None:
    seen = look(as_alice, soon, minutes="30")
    assert {one.task.pk for one in seen["candidates"]} == {task.pk for task in crowd}
    assert all(one.is_chosen and one.starts_at == soon for one in seen["candidates"])
    assert all(soon <= one.would_start_at < soon + timedelta(minutes=30) for one in seen["candidates"])
    assert sum(landing.count for landing in seen["landings"]) == 6
    assert seconds(crowd) == [0] * 6, "looking moves nothing"
    move(as_alice, crowd, 30)
    would = {one.task.pk: one.would_start_at for one in seen["candidates"]}
    assert {task.pk: task.next_due_at for task in fresh(crowd)} == would, "and they land where it said"


def test_what_is_spread_already_or_starts_often_is_not_chosen(
    as_alice: Client, crowd: list[ScheduledTask], make: MakeTask, soon: datetime
) -> None:
    steady = make("Steady", schedule={"kind": "every", "seconds": 30})
    task_update(task=crowd[0], changes={"spread_seconds": 1}, actor="tests")
    seen = look(as_alice, soon)
    assert {one.task.pk for one in seen["candidates"] if not one.is_chosen} == {crowd[0].pk, steady.pk}
    said = text(as_alice.get(SPREAD, {"at": written(soon)}))
    assert "spread over 1.0 s" in said
    assert "often anyway" in said
    assert "Instead of 5 at once" in said


def test_tasks_are_moved_and_the_next_page_says_where_to(as_alice: Client, crowd: list[ScheduledTask]) -> None:
    response = move(as_alice, crowd, 15, next="/upcoming/?tag=x")
    assert response["Location"] == "/upcoming/?tag=x"
    assert seconds(crowd) == [900] * 6
    assert [task.schedule for task in fresh(crowd)] == [task.schedule for task in crowd]
    page = as_alice.get("/upcoming/")
    assert "6 tasks now start up to 15 minutes later" in text(page)
    due = {one["name"]: one["due"] for one in page.context["spread"]["moved"]}
    assert due == {
        after.name: [before.next_due_at, after.next_due_at] for before, after in zip(crowd, fresh(crowd), strict=True)
    }
    again = as_alice.get("/upcoming/")
    assert "now start" not in text(again), "it is told once"
    assert "6 tasks start up to 15 minutes later since" in text(again)
    taken = as_alice.post(UNDO, {"was": undo_fields(as_alice), "next": "/upcoming/"}, follow=True)
    assert seconds(crowd) == [0] * 6
    assert "minutes later since" not in text(taken)


def test_only_the_chosen_ones_move(as_alice: Client, crowd: list[ScheduledTask]) -> None:
    move(as_alice, crowd[:1], 5)
    assert seconds(crowd) == [300, 0, 0, 0, 0, 0]
    assert "1 task now starts up to 5 minutes later" in text(as_alice.get("/upcoming/"))


def test_it_is_taken_back_by_one_button(as_alice: Client, crowd: list[ScheduledTask]) -> None:
    task_update(task=crowd[0], changes={"spread_seconds": 60}, actor="tests")
    before = [task.next_due_at for task in fresh(crowd)]
    move(as_alice, crowd)
    response = as_alice.post(UNDO, {"was": undo_fields(as_alice), "next": "/upcoming/"}, follow=True)
    assert seconds(crowd) == [60, 0, 0, 0, 0, 0]
    assert [task.next_due_at for task in fresh(crowd)] == before
    assert "Taken back: 6 tasks start as before." in text(response)


def test_taking_back_leaves_what_somebody_has_changed_since(as_alice: Client, crowd: list[ScheduledTask]) -> None:
    move(as_alice, crowd[:2])
    was = undo_fields(as_alice)
    task_update(task=crowd[0], changes={"spread_seconds": 7}, actor="tests")
    response = as_alice.post(UNDO, {"was": was}, follow=True)
    assert seconds(crowd[:2]) == [7, 0]
    assert "1 task had been changed or deleted since" in text(response)


def test_taking_back_leaves_out_what_is_gone_or_ones_own_no_more(
    as_alice: Client, bob: User, crowd: list[ScheduledTask]
) -> None:
    move(as_alice, crowd)
    was = undo_fields(as_alice)
    task_delete(task=crowd[0], actor="tests")
    ScheduledTask.objects.filter(pk=crowd[1].pk).update(owner=bob)
    response = as_alice.post(UNDO, {"was": [*was, f"{'-' * 36}:0:600"], "next": "/upcoming/"}, follow=True)
    assert seconds(crowd)[1:] == [600, 0, 0, 0, 0]
    assert "Taken back: 4 tasks start as before." in text(response)
    assert "2 tasks had been changed or deleted since" in text(response)


def test_a_task_that_refuses_is_named_and_the_others_move(as_alice: Client, crowd: list[ScheduledTask]) -> None:
    task_cancel(task=crowd[0], actor="tests")
    said = text(as_alice.get(move(as_alice, crowd)["Location"]))
    assert "“Night 0” stays as it is: A cancelled task cannot be edited" in said
    assert seconds(crowd) == [0, *[600] * 5]
    assert "5 tasks now start" in said


def test_nothing_chosen_changes_nothing_and_says_so(as_alice: Client, crowd: list[ScheduledTask]) -> None:
    assert "nothing has changed" in text(as_alice.get(move(as_alice, [])["Location"]))
    assert seconds(crowd) == [0] * 6


def test_a_length_that_is_not_offered_is_the_usual_one(as_alice: Client, crowd: list[ScheduledTask]) -> None:
    move(as_alice, crowd[:1], 100_000)
    move(as_alice, crowd[1:2], "x")
    assert seconds(crowd[:2]) == [600, 600]


@pytest.mark.parametrize("at", ["", "soon", "2020-01-01T00:00Z", "2090-01-01T00:00Z", "9999-12-31T23:59Z"])
def test_a_minute_with_nothing_in_it_leads_back(as_alice: Client, crowd: list[ScheduledTask], at: str) -> None:
    response = as_alice.get(SPREAD, {"at": at, "tag": "x"})
    assert response["Location"] == "/upcoming/?tag=x"
    assert "Nothing that could be spread starts in that minute any more." in text(as_alice.get("/upcoming/"))


def test_charlie_neither_sees_nor_moves_alices(
    as_charlie: Client, as_alice: Client, crowd: list[ScheduledTask], soon: datetime
) -> None:
    assert as_charlie.get(SPREAD, {"at": written(soon)}).status_code == 302
    assert move(as_charlie, crowd[:1]).status_code == 404
    move(as_alice, crowd[:1])
    assert as_charlie.post(UNDO, {"was": undo_fields(as_alice)}).status_code == 404
    assert seconds(crowd[:1]) == [600]


def test_staff_move_everybodys(as_staff: Client, crowd: list[ScheduledTask], soon: datetime) -> None:
    assert "alice" in text(as_staff.get(SPREAD, {"at": written(soon)}))
    move(as_staff, crowd)
    assert seconds(crowd) == [600] * 6


@pytest.mark.parametrize("task", ["x", "00000000-0000-0000-0000-000000000000"])
def test_a_task_that_is_not_there_is_not_found(as_alice: Client, crowd: list[ScheduledTask], task: str) -> None:
    assert as_alice.post(SPREAD, {"task": [str(crowd[0].pk), task], "minutes": "10"}).status_code == 404
    assert seconds(crowd) == [0] * 6


@pytest.mark.parametrize("was", ["x", "x:1:2", "::", f"{'a' * 36}:1:2:3", f"{'0' * 36}:-1:2"])
def test_an_undo_that_makes_no_sense_changes_nothing(as_alice: Client, crowd: list[ScheduledTask], was: str) -> None:
    move(as_alice, crowd[:1])
    assert as_alice.post(UNDO, {"was": [was]}).status_code in (302, 404)
    assert seconds(crowd[:1]) == [600]


@pytest.mark.parametrize("name", ["upcoming-spread", "upcoming-spread-undo"])
def test_moving_needs_a_post_with_a_token_of_somebody_signed_in(client: Client, alice: User, name: str) -> None:
    assert client.post(reverse(name)).status_code == 401
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(alice)
    assert strict.post(reverse(name)).status_code == 403
    assert client.get(UNDO).status_code == 405
