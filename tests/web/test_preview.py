"""The box beside the form, and the next runs on a task's page: both clocks, and what happens at their changes."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tasks_app.models import ScheduledTask
from tasks_app.services.calendars import calendar_create
from tests.web.conftest import MakeTask
from tests.web.reading import Page, text

NIGHT = {"schedule.kind": "daily", "schedule.daily.time": "02:30", "timezone": "Europe/Berlin"}
SPRING = {**NIGHT, "starts_at": "2099-03-28T12:00"}


def preview(client: Client, fields: dict[str, Any], address: str = "/tasks/preview/") -> str:
    """What the box says."""
    response = client.post(address, fields)
    assert response.status_code == 200
    return text(response)


def test_it_says_it_in_words_with_the_cron_and_how_often(as_alice: Client) -> None:
    cron = {"schedule.kind": "cron", "schedule.cron.expression": "0 9 * * mon-fri", "timezone": "Europe/Berlin"}
    page = preview(as_alice, cron)
    assert "Every weekday at 09:00, Berlin time" in page
    assert "5 runs a week" in page
    assert "0 9 * * 1-5" in page or "0 9 * * MON-FRI" in page
    assert page.count(", 09:00") == 10


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        (
            {"schedule.kind": "cron", "schedule.cron.expression": "0 99 * * *"},
            "Hour is 0-23, not 99; write 23.",
        ),
        ({**NIGHT, "timezone": "europe/berlin"}, "Use Europe/Berlin"),
        ({**NIGHT, "jitter_seconds": "some"}, "Must be a whole number."),
        (
            {"schedule.kind": "cron", "schedule.cron.expression": "0 9,17 * * *", "jitter_seconds": "28801"},
            "At most 28800, the shortest time between two runs: a run must not start after the next one.",
        ),
        ({**NIGHT, "starts_at": "2099-10-25T02:30"}, "Which one is meant?"),
        (
            {**NIGHT, "starts_at": "2099-01-02T00:00", "ends_at": "2099-01-01T00:00"},
            "The end must be after the start.",
        ),
        ({"schedule.kind": "weekly", "schedule.weekly.time": "09:00", "timezone": "UTC"}, "Choose at least one day."),
    ],
)
def test_what_is_wrong_is_said_as_one_types(as_alice: Client, fields: dict[str, Any], said: str) -> None:
    page = preview(as_alice, fields)
    assert "This schedule cannot run yet" in page
    assert said in page


@pytest.mark.parametrize("kind", ["once", "cron"])
def test_what_is_not_typed_yet_is_not_called_wrong(as_alice: Client, kind: str) -> None:
    page = preview(as_alice, {"schedule.kind": kind, "timezone": "UTC"})
    assert "Say when it runs" in page
    assert "cannot run" not in page


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"schedule.kind": "once", "schedule.once.run_at": "2020-01-01T00:00"}, "lies in the past"),
        ({**NIGHT, "ends_at": "2020-01-01T00:00"}, "Its end lies in the past"),
        ({**NIGHT, "spread_seconds": "600"}, "Each run starts up to 10 min later."),
    ],
)
def test_it_warns(as_alice: Client, fields: dict[str, Any], said: str) -> None:
    assert said in preview(as_alice, fields)


def test_the_window_and_the_number_of_runs_bound_it(as_alice: Client) -> None:
    fields = {**NIGHT, "starts_at": "2099-06-01T00:00", "max_runs": "3"}
    page = preview(as_alice, fields)
    assert [f"{day} Jun 2099, 02:30" in page for day in range(1, 5)] == [True, True, True, False]


def test_a_note_stands_at_the_run_that_a_change_of_the_clocks_concerns(as_alice: Client) -> None:
    page = preview(as_alice, SPRING)
    at = page.index("Sun 29 Mar 2099, 03:00")
    assert page[at:].index("02:30 does not exist, so it runs at 03:00") < page[at:].index("Mon 30 Mar")
    assert "25 October 2099: Clocks go back: 02:30 comes twice, and it runs the first time only." in page


def cron(expression: str, start: str) -> dict[str, Any]:
    """A cron line in Berlin from some day on."""
    fields = {"schedule.kind": "cron", "schedule.cron.expression": expression}
    return {**fields, "timezone": "Europe/Berlin", "starts_at": start}


def test_a_note_of_another_day_than_its_runs_names_the_day(as_alice: Client) -> None:
    page = preview(as_alice, cron("*/30 2 * * *", "2099-03-28T12:00"))
    assert "Mon 30 Mar 2099, 02:00" in page
    assert "29 March 2099: Clocks go forward: 02:00 to 03:00 does not exist" in page


def test_the_two_passes_of_a_repeated_hour_are_told_apart(as_alice: Client) -> None:
    page = preview(as_alice, cron("*/30 2 * * *", "2099-10-24T12:00"))
    for clock in ("02:00 (+02:00)", "02:30 (+02:00)", "02:00 (+01:00)", "02:30 (+01:00)"):
        assert f"Sun 25 Oct 2099, {clock}" in page
    assert page.count("(+0") == 4


@pytest.mark.parametrize("zone", ["Europe/Berlin", "Pacific/Kiritimati", "America/New_York", "UTC"])
def test_days_without_a_first_one_are_counted_in_every_zone(as_alice: Client, zone: str) -> None:
    fields = {"schedule.kind": "every", "schedule.every.amount": "14", "schedule.every.unit": "days", "timezone": zone}
    assert "Every 2 weeks on Thursday at 00:00, counted from 1 January 1970" in preview(as_alice, fields)


def saturdays(owner: User, make: MakeTask) -> ScheduledTask:
    """A task whose every run a calendar moves to the Friday."""
    office = calendar_create(owner=owner, values={"name": "Office"})
    schedule = {"kind": "weekly", "days": ["sat"], "time": "09:00"}
    return make(schedule=schedule, calendar=str(office.pk), calendar_policy="previous")


def test_a_run_that_a_calendar_has_moved_names_its_own_day(as_alice: Client, alice: User, make: MakeTask) -> None:
    task = saturdays(alice, make)
    fields = {"schedule.kind": "weekly", "schedule.weekly.days": ["sat"], "schedule.weekly.time": "09:00"}
    kept = {"timezone": "Europe/Berlin", "calendar": str(task.calendar_id), "starts_at": "2099-12-20T00:00"}
    page = preview(as_alice, {**fields, **kept, "calendar_policy": "previous"})
    assert "Fri 25 Dec 2099, 09:00 instead of Sat 26 Dec " in page
    assert "Fri 1 Jan 2100, 09:00 instead of Sat 2 Jan " in page
    assert "instead of" not in preview(as_alice, {**fields, "timezone": "Europe/Berlin"})
    shown = text(as_alice.get(reverse("task-detail", args=[task.pk])))
    assert shown.count("09:00 instead of Sat ") == 10


def test_both_clocks_are_shown_where_they_differ(as_alice: Client) -> None:
    fields = {**NIGHT, "schedule.daily.time": "09:00"}
    as_alice.cookies["zone"] = "America/New_York"
    page = preview(as_alice, fields)
    assert "Berlin time Yours: New York time" in page
    assert page.count("03:00") >= 9 or page.count("04:00") >= 9
    as_alice.cookies["zone"] = "Europe/Paris"
    assert "Yours" not in preview(as_alice, fields)


def test_the_other_day_is_named_where_the_clocks_show_one(as_alice: Client) -> None:
    as_alice.cookies["zone"] = "America/New_York"
    assert "Mon 30 Mar 2099, 02:30 Sun 29 Mar, 20:30" in preview(as_alice, SPRING)


def test_a_task_that_is_edited_counts_with_its_runs(as_alice: Client, as_charlie: Client, make: MakeTask) -> None:
    task = make(max_runs=4)
    ScheduledTask.objects.filter(pk=task.pk).update(slots_fired=3)
    fields = {"schedule.kind": "daily", "schedule.daily.time": "09:00", "timezone": "UTC", "max_runs": "4"}
    address = f"/tasks/preview/?task={task.pk}"
    assert preview(as_alice, fields, address).count(", 09:00") == 1
    assert as_charlie.post(address, fields).status_code == 404
    assert as_alice.post("/tasks/preview/?task=x", fields).status_code == 404
    assert f"?task={task.pk}" in as_alice.get(reverse("task-edit", args=[task.pk])).content.decode()


def test_the_next_runs_of_a_task_stand_on_both_clocks(as_alice: Client, task: ScheduledTask) -> None:
    as_alice.cookies["zone"] = "Asia/Kolkata"
    page = text(as_alice.get(reverse("task-detail", args=[task.pk])))
    assert "Berlin time Yours: Kolkata time" in page
    assert " your time, " in page
    as_alice.cookies["zone"] = "Europe/Paris"
    assert "your time" not in text(as_alice.get(reverse("task-detail", args=[task.pk])))


def title_of(response: Page, start: str) -> str:
    """What stands on hover over the first time behind `start`."""
    html = response.content.decode()
    return html[html.index(start) :].split('<time datetime="', 1)[1].split('title="', 1)[1].split('"', 1)[0]


def test_lists_show_the_readers_clock_with_the_tasks_on_hover(as_alice: Client, make: MakeTask) -> None:
    soon = timezone.now() + timedelta(hours=2)
    make(schedule={"kind": "once", "run_at": soon.isoformat()})
    as_alice.cookies["zone"] = "Asia/Kolkata"
    for address, start in (("/tasks/", "never ran"), ("/", "Next 24 hours")):
        title = title_of(as_alice.get(address), start)
        assert "IST · " in title
        assert title.endswith("Europe/Berlin")
    as_alice.cookies["zone"] = "Europe/Paris"
    assert "·" not in title_of(as_alice.get("/tasks/"), "never ran")
