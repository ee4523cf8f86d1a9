"""The page on which past slots are run: what would run, said before it runs."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from tasks_app.models import Batch, ScheduledTask, db_now
from tests.services.batches import HOUR, HOURLY, backfill, hour, ran
from tests.web.conftest import MakeTask
from tests.web.reading import chosen, errors, text, value

HTMX = {"HX-Request": "true", "HX-Target": "backfill-plan"}


@pytest.fixture
def hourly(make: MakeTask) -> ScheduledTask:
    """A task of alice's for every full hour."""
    return make(schedule={"kind": "cron", "expression": HOURLY}, timezone="UTC")


def wall(number: int) -> str:
    return f"{hour(number):%Y-%m-%dT%H:%M}"


def asked(hours: int = 5, **fields: str) -> dict[str, str]:
    return {"from": wall(hours), "to": wall(1), **fields}


def look(client: Client, task: ScheduledTask, data: dict[str, str] | None = None, **more: Any) -> Any:
    return client.get(look_at(task), data, **more)


def look_at(task: ScheduledTask) -> str:
    return reverse("task-backfill", args=[task.pk])


def start(client: Client, task: ScheduledTask, data: dict[str, str]) -> Any:
    return client.post(reverse("task-backfill", args=[task.pk]), data, follow=True)


def test_a_tasks_menu_leads_there_where_there_is_a_schedule(
    as_alice: Client, hourly: ScheduledTask, make: MakeTask
) -> None:
    address = reverse("task-backfill", args=[hourly.pk])
    assert address in as_alice.get(reverse("task-detail", args=[hourly.pk])).content.decode()
    by_hand = make(schedule=None)
    assert "Backfill" not in text(as_alice.get(reverse("task-detail", args=[by_hand.pk])))
    assert "by hand only" in text(look(as_alice, by_hand))


def test_it_begins_no_earlier_than_the_task_itself(as_alice: Client, hourly: ScheduledTask) -> None:
    made = hour(3) + timedelta(minutes=20, seconds=30)
    ScheduledTask.objects.filter(pk=hourly.pk).update(created_at=made)
    response = look(as_alice, hourly)
    assert value(response, "from") == f"{made + timedelta(seconds=30):%Y-%m-%dT%H:%M}"
    assert "3 of 3 slots would run" in text(response)


def test_a_task_that_had_no_slot_yet_is_filled_from_before(as_alice: Client, hourly: ScheduledTask) -> None:
    response = look(as_alice, hourly)
    assert value(response, "from") == wall(13)
    week = response.context["spans"][1]
    assert (week.label, "Last 7 days" in text(response)) == ("Last 7 days", True)
    # Both ends are included, so in the first minute of an hour there is one more.
    assert len(as_alice.get(f"{look_at(hourly)}?{week.query}").context["plan"].chosen) in {168, 169}


def test_where_the_schedule_has_a_start_of_its_own_that_decides(as_alice: Client, make: MakeTask) -> None:
    task = make(schedule={"kind": "cron", "expression": HOURLY}, timezone="UTC", starts_at=hour(5).isoformat())
    assert value(look(as_alice, task), "from") == wall(5)


def test_it_begins_with_the_last_fortnight_of_slots(as_alice: Client, hourly: ScheduledTask) -> None:
    ScheduledTask.objects.filter(pk=hourly.pk).update(created_at=hour(40))
    response = look(as_alice, hourly)
    assert value(response, "from") == wall(13)
    assert "14 of 14 slots would run" in text(response)
    assert chosen(response, "reprocess") == ["none"]
    assert value(response, "max_concurrency") == "1"


def test_it_says_what_each_slot_has_and_what_would_run(as_alice: Client, hourly: ScheduledTask) -> None:
    ran(hourly, hour(5), "succeeded")
    ran(hourly, hour(4), "failed")
    page = text(look(as_alice, hourly, asked()))
    assert "3 of 5 slots would run" in page
    assert "missing 3 failed 1 succeeded 1" in page
    assert "4 of 5 slots would run" in text(look(as_alice, hourly, asked(reprocess="failed")))
    everything = text(look(as_alice, hourly, asked(reprocess="all")))
    assert "5 of 5 slots would run" in everything
    assert "From scratch: what has succeeded does everything again" in everything
    assert not Batch.objects.exists()


def test_the_fragment_alone_is_read_again(as_alice: Client, hourly: ScheduledTask) -> None:
    html = look(as_alice, hourly, asked(), headers=HTMX).content.decode()
    assert html.lstrip().startswith('<section id="backfill-plan"')
    assert "5 of 5 slots would run" in html
    assert "Must not be before from" in look(as_alice, hourly, asked(to=wall(9)), headers=HTMX).content.decode()


def test_what_was_shown_is_started(as_alice: Client, hourly: ScheduledTask) -> None:
    shown = look(as_alice, hourly, asked(4, reprocess="failed"))
    posted = {name: value_of(shown, name) for name in ("from", "to", "reprocess", "max_concurrency", "overlap")}
    response = start(as_alice, hourly, posted)
    batch = Batch.objects.get()
    assert response.redirect_chain[-1][0] == reverse("batch-detail", args=[batch.pk])
    assert "Started: 4 slots, oldest first" in text(response)
    assert (batch.total, batch.actor, batch.parameters["reprocess"]) == (4, "user:alice", "failed")
    assert "Nothing to run" in text(look(as_alice, hourly, asked(4)))


def value_of(page: Any, name: str) -> str:
    """The hidden value with which the start button posts."""
    html = page.content.decode().split("backfill-plan", 1)[1]
    return str(html.split(f'name="{name}" value="', 1)[1].split('"', 1)[0])


@pytest.mark.parametrize(
    ("changes", "field", "said"),
    [
        ({"from": "soon"}, "from", "is not an instant"),
        ({"to": ""}, "to", "is not an instant"),
        ({"to": "2090-01-01T00:00"}, "to", "future"),
        ({"max_concurrency": "0"}, "max_concurrency", "between 1 and 100"),
        ({"max_concurrency": "many"}, "max_concurrency", "whole number"),
        ({"max_concurrency": "2"}, "max_concurrency", "overlap"),
        ({"reprocess": "some"}, "reprocess", "one of"),
        ({"overlap": "skip"}, "overlap", "one of"),
    ],
)
def test_what_is_wrong_is_said_at_its_field(
    as_alice: Client, hourly: ScheduledTask, changes: dict[str, str], field: str, said: str
) -> None:
    for response in (look(as_alice, hourly, asked() | changes), start(as_alice, hourly, asked() | changes)):
        assert said in errors(response, field)
        assert "would run" not in text(response)
    assert response.status_code == 400
    assert not Batch.objects.exists()


def test_a_schedule_or_a_zone_that_cannot_be_read_is_said(as_alice: Client, hourly: ScheduledTask) -> None:
    for broken in ({"timezone": "Mars/Olympus"}, {"schedule": {"kind": "cron", "expression": "no"}}):
        ScheduledTask.objects.filter(pk=hourly.pk).update(**broken)
        assert "cannot be read" in text(look(as_alice, hourly))


def test_a_start_of_nothing_is_refused(as_alice: Client, hourly: ScheduledTask) -> None:
    backfill(hourly, 5)
    response = start(as_alice, hourly, asked())
    assert response.status_code == 409
    assert "Nothing is to be run in this range" in text(response)


def test_a_long_range_shows_what_would_run_and_how_much_more(as_alice: Client, make: MakeTask) -> None:
    task = make(schedule={"kind": "cron", "expression": "* * * * *"}, timezone="UTC")
    page = text(look(as_alice, task, {"from": wall(3), "to": wall(0)}))
    assert "181 of 181 slots would run" in page
    assert "and 81 more" in page


def test_instants_are_wall_time_of_the_task(as_alice: Client, make: MakeTask) -> None:
    task = make(timezone="Asia/Tokyo")
    page = text(look(as_alice, task, {"from": "2025-11-03T09:00", "to": "2025-11-03T09:00"}))
    assert "1 of 1 slot would run" in page
    assert "Mon 3 Nov 2025, 09:00" in page
    assert "Asia/Tokyo" in page


def test_what_the_schedule_will_fire_itself_is_told_apart(as_alice: Client, hourly: ScheduledTask) -> None:
    ScheduledTask.objects.filter(pk=hourly.pk).update(next_slot=hour(1), next_due_at=db_now() + HOUR)
    page = text(look(as_alice, hourly, asked(2, to=f"{hour(1) + timedelta(minutes=1):%Y-%m-%dT%H:%M}")))
    assert "1 of 2 slots would run" in page
    assert "still planned 1" in page
