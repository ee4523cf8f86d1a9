"""The list of batches and the page of one."""

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from tasks_app.models import Batch, ScheduledTask, TaskRun
from tasks_app.services import outcomes, tasks
from tests import runs
from tests.services.batches import HOURLY, backfill, end, hour, queued, work_off
from tests.web.conftest import MakeTask, signed_in
from tests.web.reading import text

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("valkey")]


@pytest.fixture
def hourly(make: MakeTask) -> ScheduledTask:
    """A task of alice's for every full hour, whose runs may run side by side."""
    return make(schedule={"kind": "cron", "expression": HOURLY}, timezone="UTC", overlap="allow", max_retries=0)


@pytest.fixture
def batch(hourly: ScheduledTask) -> Batch:
    """A backfill of five slots: one has succeeded, one failed, one runs, one has its turn, one waits."""
    made = backfill(hourly, 5, max_concurrency=2)
    end(queued(made)[0])
    end(queued(made)[0], well=False)
    runs.claim(queued(made)[0])
    return made


def page_of(client: Client, batch: Batch, **headers: str) -> str:
    return text(client.get(reverse("batch-detail", args=[batch.pk]), headers=headers))


def press(client: Client, name: str, batch: Batch) -> str:
    return text(client.post(reverse(name, args=[batch.pk]), follow=True))


def test_the_page_says_how_far_it_is(as_alice: Client, batch: Batch) -> None:
    page = page_of(as_alice, batch)
    assert "Backfill of Nightly running" in page
    assert "2 of 5 slots done , 2 at a time" in page
    for shown in ("1 succeeded", "1 failed", "1 running", "1 queued", "1 waiting"):
        assert shown in page
    assert "1 slot failed" in page
    assert "ValueError: no" in page


def test_its_counts_lead_to_the_runs(as_alice: Client, batch: Batch) -> None:
    html = as_alice.get(reverse("batch-detail", args=[batch.pk])).content.decode()
    address = f"/runs/?batch={batch.pk}&amp;latest=1&amp;status=failed"
    assert address in html
    listed = as_alice.get(address.replace("&amp;", "&"))
    assert [run.status for run in listed.context["runs"]] == ["failed"]
    assert "Runs of the backfill of Nightly" in text(listed)
    assert len(as_alice.get(f"/runs/?batch={batch.pk}").context["runs"]) == 5


def test_each_slot_is_shown_oldest_first_and_leads_to_its_run(as_alice: Client, batch: Batch) -> None:
    response = as_alice.get(reverse("batch-detail", args=[batch.pk]))
    assert [run.scheduled_for for run in response.context["slots"]] == [hour(number) for number in (5, 4, 3, 2, 1)]
    html = response.content.decode()
    for run in response.context["slots"]:
        assert f'href="{reverse("run-detail", args=[run.pk])}" class="is-{run.status}"' in html


@pytest.mark.parametrize(
    ("target", "shown"),
    [
        ("batch-head", "2 of 5"),
        ("batch-now", "Now running"),
        ("batch-runs", "Oldest first"),
        ("batch-failed", "1 slot failed"),
    ],
)
def test_fragments_are_read_again_alone(as_alice: Client, batch: Batch, target: str, shown: str) -> None:
    page = page_of(as_alice, batch, **{"HX-Request": "true", "HX-Target": target})
    assert shown in page
    assert "Search tasks" not in page


def test_what_runs_now_has_as_many_lines_as_may_run_at_a_time_until_it_has_ended(
    as_alice: Client, batch: Batch
) -> None:
    address = reverse("batch-detail", args=[batch.pk])

    def lines() -> int:
        return as_alice.get(address).content.decode().split('id="batch-now"')[1].split("</ul>")[0].count("<li")

    assert lines() == 2
    outcomes.attempt_succeeded(runs.held(TaskRun.objects.get(batch=batch, status="running")), result=None)
    assert lines() == 2
    work_off(batch)
    assert "Now" not in page_of(as_alice, batch).split("Slots")[0]
    part = page_of(as_alice, batch, **{"HX-Request": "true", "HX-Target": "batch-now"})
    assert "Nothing of it runs any more." in part


def test_failures_stand_on_top_and_below_the_slots_of_a_batch_that_had_none_yet(as_alice: Client, batch: Batch) -> None:
    def places() -> list[str]:
        html = as_alice.get(reverse("batch-detail", args=[batch.pk])).content.decode()
        return sorted(("batch-head", "batch-runs", "batch-failed"), key=lambda name: html.index(f'id="{name}"'))

    assert places() == ["batch-head", "batch-failed", "batch-runs"]
    TaskRun.objects.filter(batch=batch, status="failed").delete()
    assert places() == ["batch-head", "batch-runs", "batch-failed"]


def test_cancel_asks_first(as_alice: Client, batch: Batch) -> None:
    question = text(as_alice.get(reverse("batch-cancel", args=[batch.pk])))
    assert "3 runs of it have not ended" in question
    assert Batch.objects.get().cancelled_at is None
    page = press(as_alice, "batch-cancel", batch)
    assert "What runs has been asked to stop" in page
    assert "its last runs are being stopped" in page
    assert Batch.objects.get().cancelled_by == "user:alice"
    assert "already ended" in press(as_alice, "batch-cancel", batch)


def test_what_failed_is_retried(as_alice: Client, batch: Batch) -> None:
    assert "What failed runs again" in press(as_alice, "batch-retry", batch)
    again = TaskRun.objects.get(batch=batch, trigger="retry")
    assert (again.status, again.actor) == ("waiting", "user:alice")
    assert "Nothing in the batch has failed" in press(as_alice, "batch-retry", batch)


def test_the_end_is_said_in_words(as_alice: Client, hourly: ScheduledTask) -> None:
    batch = backfill(hourly, 3)
    work_off(batch)
    assert "3 slots: 3 succeeded. Ended" in page_of(as_alice, batch)
    TaskRun.objects.all().delete()
    assert "3 slots: its runs are no longer kept" in page_of(as_alice, batch)


def test_the_batch_of_a_deleted_task_is_still_shown(as_alice: Client, batch: Batch, hourly: ScheduledTask) -> None:
    tasks.task_delete(task=hourly, actor="user:alice")
    assert "Nightly (deleted)" in page_of(as_alice, batch)
    assert "Nightly" in text(as_alice.get(reverse("batch-list")))


def test_the_list_shows_the_newest_first_with_how_far_each_is(
    as_alice: Client, batch: Batch, hourly: ScheduledTask
) -> None:
    other = backfill(hourly, 7)
    response = as_alice.get(reverse("batch-list"))
    assert [shown.batch.pk for shown in response.context["batches"]] == [other.pk, batch.pk]
    assert "2 of 5 done · 1 failed" in text(response)
    assert "No batches yet" in text(as_alice.get(f"{reverse('batch-list')}?task=01900000-0000-7000-8000-000000000000"))


def test_the_number_of_queries_does_not_grow(
    as_alice: Client, hourly: ScheduledTask, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for hours in range(1, 12):
        last = backfill(hourly, hours)
    with django_assert_max_num_queries(10):
        as_alice.get(reverse("batch-list"))
    backfill(hourly, 40)
    with django_assert_max_num_queries(13):
        as_alice.get(reverse("batch-detail", args=[last.pk]))


@pytest.mark.parametrize("name", ["batch-detail", "batch-cancel", "batch-retry"])
def test_alices_batch_does_not_exist_for_charlie(as_charlie: Client, client: Client, batch: Batch, name: str) -> None:
    address = reverse(name, args=[batch.pk])
    method = "post" if name == "batch-retry" else "get"
    assert getattr(as_charlie, method)(address).status_code == 404
    assert as_charlie.post(address).status_code in (404, 405)
    assert getattr(client, method)(address).status_code == (401 if method == "post" else 302)
    assert Batch.objects.get().version == 1
    assert "No batches yet" in text(as_charlie.get(reverse("batch-list")))


def test_staff_see_and_manage_everybodys(staff: User, batch: Batch) -> None:
    desk = signed_in(staff)
    assert "alice" in text(desk.get(reverse("batch-list")))
    press(desk, "batch-cancel", batch)
    assert Batch.objects.get().cancelled_by == "user:staff"


# -- elsewhere


def test_the_tasks_page_says_that_a_backfill_is_under_way_and_shows_what_has_begun(
    as_alice: Client, batch: Batch, hourly: ScheduledTask
) -> None:
    response = as_alice.get(reverse("task-detail", args=[hourly.pk]))
    assert "A backfill is under way: 2 of 5 slots done" in text(response)
    begun = {"succeeded", "failed", "running", "queued"}
    assert {run.status for run in response.context["history"]} == begun
    assert {run.status for run in response.context["recent"]} == begun
    waiting = as_alice.get(reverse("task-detail", args=[hourly.pk]), {"status": "waiting"})
    assert [run.status for run in waiting.context["history"]] == ["waiting"]
    work_off(batch)


def test_a_run_says_which_backfill_it_belongs_to(as_alice: Client, batch: Batch) -> None:
    run = TaskRun.objects.get(status="waiting")
    response = as_alice.get(reverse("run-detail", args=[run.pk]))
    assert reverse("batch-detail", args=[batch.pk]) in response.content.decode()
    assert "Waits for its turn in its batch" in text(response)
