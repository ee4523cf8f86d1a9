"""The list of runs by when they ended: the day on which one failed is not always the day on which it was made."""

import uuid
from datetime import datetime, timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from tasks_app.selectors import run_walk
from tasks_app.selectors.run_list import RunFilters
from tasks_app.selectors.run_walk import run_find
from tests import runs
from tests.services.ended import made_and_ended
from tests.web.reading import filled, text, value

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


def midnight(days_ago: int = 3) -> datetime:
    """The beginning of a day that is over."""
    now = timezone.localtime()
    return (now - days_ago * DAY).replace(hour=0, minute=0, second=0, microsecond=0)


def shown(client: Client, **query: str) -> list[uuid.UUID]:
    return [run.id for run in client.get("/runs/", query).context["runs"]]


def day_of(start: datetime) -> dict[str, str]:
    """The filters of a day."""
    return {"ended_from": f"{start:%Y-%m-%d}", "ended_to": f"{start + DAY:%Y-%m-%d}"}


def test_a_run_is_found_by_the_day_on_which_it_ended(as_alice: Client, as_charlie: Client, alice: User) -> None:
    day = midnight()
    run = made_and_ended(alice, day - 30 * MINUTE, day + 10 * MINUTE, status="failed")
    runs.make_run(alice)
    assert shown(as_alice, **day_of(day)) == [run.id]
    assert shown(as_alice, **day_of(day), status="failed") == [run.id]
    assert shown(as_alice, **day_of(day - DAY)) == []
    assert shown(as_alice, **{"from": f"{day:%Y-%m-%d}"}, **day_of(day)) == []
    assert shown(as_charlie, **day_of(day)) == []


def test_the_end_of_a_range_is_not_in_it(as_alice: Client, alice: User) -> None:
    day = midnight()
    first, _ = made_and_ended(alice, day - MINUTE, day), made_and_ended(alice, day + DAY - MINUTE, day + DAY)
    assert shown(as_alice, **day_of(day)) == [first.id]


def test_clocks_may_differ_by_a_little(as_alice: Client, alice: User) -> None:
    """What is skipped ends at the instant at which it is looked at, and is written down a moment later."""
    day = midnight()
    run = made_and_ended(alice, day + timedelta(milliseconds=300), day - timedelta(milliseconds=5), status="skipped")
    assert shown(as_alice, **day_of(day - DAY)) == [run.id]


def test_the_search_begins_with_what_was_made_before_the_end(alice: User) -> None:
    day = midnight()
    made = [made_and_ended(alice, day + number * MINUTE, day + (number + 1) * MINUTE) for number in range(4)]
    for number in range(3):
        made_and_ended(alice, day + 2 * DAY, day + 2 * DAY + number * MINUTE)
    found = run_find(alice, RunFilters(ended_from=day, ended_to=day + DAY), most=3)
    assert (list(found.rows), found.floor) == ([*reversed(made[1:])], made[1].id)
    further = run_find(alice, RunFilters(ended_from=day, ended_to=day + DAY), before=found.floor, most=3)
    assert (list(further.rows.filter(id__lt=found.floor)), further.floor) == ([made[0]], None)


def test_the_page_says_how_far_it_looked_and_goes_on(
    as_alice: Client, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_walk, "WALK", 2)
    day = midnight()
    long_one = made_and_ended(alice, day - 2 * DAY, day + MINUTE)
    for number in range(3):
        made_and_ended(alice, day - DAY, day - DAY + number * MINUTE)
    page = as_alice.get("/runs/", day_of(day))
    assert "Searched the newest 2 runs" in text(page)
    assert page.context["runs"] == []
    assert as_alice.get(page.context["further"]).context["runs"] == [long_one]


def test_it_stands_above_the_list_and_can_be_taken_away(as_alice: Client, alice: User) -> None:
    as_alice.cookies["zone"] = "Europe/Berlin"
    page = as_alice.get("/runs/?ended_from=2020-11-22&ended_to=2020-11-23&queue=default")
    assert (value(page, "ended_from"), value(page, "ended_to")) == ("2020-11-22T00:00", "2020-11-23T00:00")
    assert "ended on Sun 22 Nov 2020" in text(page)
    assert 'href="?queue=default"' in page.content.decode()
    assert page.context["kept"] == "queue=default&ended_from=2020-11-22&ended_to=2020-11-23"
    half = as_alice.get("/runs/?ended_from=2020-11-22T10:00Z&ended_to=2020-11-23T12:30")
    assert "ended from Sun 22 Nov 2020 11:00 and before Mon 23 Nov 2020 12:30" in text(half)
    assert "ended before Mon 23 Nov 2020 12:30" in text(as_alice.get("/runs/?ended_to=2020-11-23T12:30"))


def test_a_time_that_is_none_is_named_and_nothing_is_done_with_all_that_match(as_alice: Client, alice: User) -> None:
    run = runs.make_run(alice)
    for name in ("from", "to", "ended_from", "ended_to"):
        page = as_alice.get("/runs/", {name: "2026-13-45", "status": "queued"})
        assert f"{name}: “2026-13-45” is no day or time" in text(page)
        assert filled(page)[name][0] == "2026-13-45"
        assert page.context["runs"] == [run]
        assert "Cancel all" not in text(page)
        assert as_alice.get("/runs/all/cancel/", {name: "2026-13-45", "status": "queued"}).status_code == 302
        refused = as_alice.get("/runs/export/", {name: "2026-13-45"})
        assert (refused.status_code, f"{name}: “2026-13-45”" in refused.content.decode()) == (400, True)
    assert "is no day or time" not in text(as_alice.get("/runs/", {"ended_from": "2026-11-22"}))


def test_a_list_of_times_from_before_runs_are_kept_says_so(as_alice: Client, settings: Settings) -> None:
    settings.RETENTION_DAYS_BY_STATUS = dict.fromkeys(settings.RETENTION_DAYS_BY_STATUS, 10)
    long_ago, lately = f"{midnight(11):%Y-%m-%d}", f"{midnight(9):%Y-%m-%d}"
    for query in ({"to": long_ago}, {"ended_to": long_ago}, {"search": f"before:{long_ago}", "ended_to": lately}):
        page = text(as_alice.get("/runs/", query))
        assert "These runs are kept no more Runs are kept for 10 days after they have ended;" in page
    assert "No run matches" in text(as_alice.get("/runs/", {"to": lately, "ended_to": lately}))
    assert "No run matches" in text(as_alice.get("/runs/", {"from": long_ago}))
    settings.RETENTION_DAYS_BY_STATUS |= {"failed": 90}
    assert "No run matches" in text(as_alice.get("/runs/", {"ended_to": long_ago}))
    older = text(as_alice.get("/runs/", {"ended_to": "2020-01-01"}))
    assert "Runs are kept for 10 to 90 days after they have ended, depending on how;" in older


def test_the_states_of_a_day_are_counted(as_alice: Client, alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    day = midnight()
    for number, status in enumerate(("failed", "failed", "succeeded", "skipped")):
        made_and_ended(alice, day + number * MINUTE, day + (number + 1) * MINUTE, status=status)
    made_and_ended(alice, day - DAY, day - DAY + MINUTE, status="failed")
    counts = {tab["value"]: tab["count"] for tab in as_alice.get("/runs/", day_of(day)).context["tabs"]}
    assert (counts["failed"], counts["succeeded"], counts["skipped"], counts["cancelled"]) == ("2", "1", "1", "")
    monkeypatch.setattr(run_walk, "WALK", 3)
    counts = {tab["value"]: tab["count"] for tab in as_alice.get("/runs/", day_of(day)).context["tabs"]}
    assert counts["skipped"] == "1+"
