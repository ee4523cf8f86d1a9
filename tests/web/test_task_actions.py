"""The buttons of a task."""

import re
from datetime import UTC, datetime

import pytest
import redis
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from tasks_app.models import ScheduledTask
from tasks_app.services import steps
from tests import runs
from tests.web.reading import text


def press(client: Client, name: str, task: ScheduledTask, **data: str) -> tuple[str, str]:
    """Press a button; gives where one lands and what the page says."""
    response = client.post(reverse(name, args=[task.pk]), data, follow=True)
    task.refresh_from_db()
    chain = response.redirect_chain
    return str(chain[-1][0]) if chain else "", text(response)


def test_run_now_leads_to_the_new_run(as_alice: Client, task: ScheduledTask) -> None:
    where, _ = press(as_alice, "task-run-now", task)
    run = task.runs.get()
    assert where == reverse("run-detail", args=[run.pk])
    assert (run.status, run.trigger, run.actor) == ("queued", "manual", "user:alice")


def test_a_run_by_hand_may_be_for_another_time_of_the_tasks_zone(as_alice: Client, task: ScheduledTask) -> None:
    ScheduledTask.objects.filter(id=task.id).update(timezone="Europe/Berlin")
    press(as_alice, "task-run-now", task, scheduled_for="2026-07-01T09:30")
    assert task.runs.get().scheduled_for == datetime(2026, 7, 1, 7, 30, tzinfo=UTC)


@pytest.mark.parametrize("written", ["soon", "2026-03-29T02:30", "0001-01-01T00:00", "9999-12-31T23:59"])
def test_a_time_that_cannot_be_is_said_and_nothing_runs(written: str, as_alice: Client, task: ScheduledTask) -> None:
    ScheduledTask.objects.filter(id=task.id).update(timezone="Europe/Berlin")
    where, page = press(as_alice, "task-run-now", task, scheduled_for=written)
    assert where == reverse("task-detail", args=[task.pk])
    assert "It was not started" in page
    assert not task.runs.exists()


def test_a_time_in_a_zone_that_has_gone_is_refused_by_name(as_alice: Client, task: ScheduledTask) -> None:
    ScheduledTask.objects.filter(id=task.id).update(timezone="Nowhere/Atall")
    _, page = press(as_alice, "task-run-now", task, scheduled_for="2026-07-01T09:30")
    assert "there is no time zone" in page
    assert not task.runs.exists()


def test_pause_and_resume(as_alice: Client, task: ScheduledTask) -> None:
    _, page = press(as_alice, "task-pause", task, note="holiday")
    assert (task.status, task.pause_note, task.next_due_at) == ("paused", "holiday", None)
    assert "Nothing is planned until you resume it" in page
    press(as_alice, "task-resume", task)
    assert task.status == "active"
    assert task.next_due_at is not None


def test_cancel_asks_first_and_then_ends_the_task_and_its_runs(
    as_alice: Client, alice: User, task: ScheduledTask
) -> None:
    waits = runs.make_run(alice, task)
    question = as_alice.get(reverse("task-cancel", args=[task.pk]))
    assert "It will never run by itself again" in text(question)
    task.refresh_from_db()
    assert task.status == "active"
    press(as_alice, "task-cancel", task)
    assert task.status == "cancelled"
    assert runs.fresh(waits).status == "cancelled"


def test_a_refusal_is_said_on_the_page(as_alice: Client, task: ScheduledTask) -> None:
    press(as_alice, "task-cancel", task)
    for name in ("task-pause", "task-resume", "task-cancel", "task-run-now"):
        where, page = press(as_alice, name, task)
        assert where == reverse("task-detail", args=[task.pk])
        assert "cancelled" in page
    assert not task.runs.exists()


def test_delete_asks_first_and_keeps_the_history(as_alice: Client, alice: User, task: ScheduledTask) -> None:
    run = runs.make_run(alice, task)
    assert "Its runs stay in the history" in text(as_alice.get(reverse("task-delete", args=[task.pk])))
    where, page = press(as_alice, "task-delete", task)
    assert where == reverse("task-list")
    assert "1 task deleted." in page
    assert as_alice.get(reverse("task-detail", args=[task.pk])).status_code == 404
    assert "Nightly (deleted)" in text(as_alice.get(reverse("run-detail", args=[run.pk])))


def test_a_deleted_task_is_brought_back_from_the_list(as_alice: Client, task: ScheduledTask) -> None:
    shown = as_alice.post(reverse("task-delete", args=[task.pk]), follow=True)
    [address] = re.findall(r'action="(/tasks/bulk/[^"]+/undo/)"', shown.content.decode())
    assert "Taken back: 1 task brought back." in text(as_alice.post(address, follow=True))
    assert as_alice.get(reverse("task-detail", args=[task.pk])).status_code == 200
    task.refresh_from_db()
    assert task.status == "active"


def test_who_deletes_too_fast_is_told_so_and_the_task_stays(
    as_alice: Client, alice: User, task: ScheduledTask, empty_redis: redis.Redis
) -> None:
    steps.PACE.up_to({alice.pk: steps.PACE.most})
    where, page = press(as_alice, "task-delete", task)
    assert where == reverse("task-detail", args=[task.pk])
    assert "at most 60 in a minute" in page


def test_duplicate_opens_the_copy_which_is_paused(as_alice: Client, alice: User, task: ScheduledTask) -> None:
    where, _ = press(as_alice, "task-duplicate", task)
    copy = ScheduledTask.objects.exclude(pk=task.pk).get(owner=alice)
    assert where == reverse("task-edit", args=[copy.pk])
    assert (copy.name, copy.status) == ("Nightly (copy)", "paused")


def test_one_comes_back_only_to_this_host(as_alice: Client, task: ScheduledTask) -> None:
    for elsewhere in ("https://evil.example/", "//evil.example"):
        response = as_alice.post(reverse("task-pause", args=[task.pk]), {"next": elsewhere})
        assert response["Location"] == reverse("task-detail", args=[task.pk])


def test_staff_act_on_everybodys_tasks_under_their_own_name(as_staff: Client, task: ScheduledTask) -> None:
    press(as_staff, "task-run-now", task)
    run = task.runs.get()
    assert (run.actor, run.owner_id) == ("user:staff", task.owner_id)
