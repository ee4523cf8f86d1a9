"""The calendar of runs: a month, how its days went, and what is planned."""

import re
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from html import unescape
from zoneinfo import ZoneInfo

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from tasks_app.models import PlannedRuns, ScheduledTask, TaskRun
from tasks_app.selectors.rollups import Ended
from tasks_app.services import planned_runs
from tasks_app.services.rollups import rollup_prune
from tasks_app.web import heat_map
from tests import runs
from tests.services.ended import count_all, made_and_ended
from tests.web.conftest import MakeTask
from tests.web.reading import text
from tests.web.test_home_figures import ended

TODAY = date(2026, 11, 29)


def counts(day: int, succeeded: int, failed: int, cancelled: int = 0, skipped: int = 0) -> dict[date, Ended]:
    """What one day of the month came to."""
    at = datetime(2026, 11, day, tzinfo=UTC)
    return {date(2026, 11, day): Ended(at, succeeded, failed, cancelled, skipped)}


def cell_of(month: heat_map.Month, day: int) -> heat_map.Cell:
    """The cell of a day."""
    return next(cell for week in month.weeks for cell in week if cell is not None and cell.day.day == day)


def test_a_month_has_each_of_its_days_under_its_weekday() -> None:
    month = heat_map.draw(date(2026, 11, 1), {}, {}, TODAY)
    days = [[cell.day.day if cell else 0 for cell in week] for week in month.weeks]
    assert days[0] == [0, 0, 0, 0, 0, 0, 1]
    assert days[-1] == [30, 0, 0, 0, 0, 0, 0]
    assert (month.before, month.after) == (date(2026, 10, 1), date(2026, 12, 1))


@pytest.mark.parametrize(
    ("succeeded", "failed", "tone"), [(5, 0, "good"), (5, 1, "mixed"), (5, 5, "bad"), (0, 0, "none")]
)
def test_the_colour_of_a_day_is_how_much_of_it_failed(succeeded: int, failed: int, tone: str) -> None:
    month = heat_map.draw(date(2026, 11, 1), counts(3, succeeded, failed), {}, TODAY)
    assert cell_of(month, 3).tone == tone


def test_the_depth_of_a_day_is_how_many_of_the_most_it_has() -> None:
    month = heat_map.draw(date(2026, 11, 1), counts(3, 100, 0) | counts(4, 1, 0) | counts(5, 50, 0), {}, TODAY)
    assert [cell_of(month, day).depth for day in (2, 3, 4, 5)] == [0, 4, 1, 2]


def test_the_month_says_what_it_found() -> None:
    assert heat_map.draw(date(2026, 11, 1), {}, {}, TODAY).finding == "No run has ended in this month."
    busy = heat_map.draw(date(2026, 11, 1), counts(3, 10, 2), {}, TODAY)
    assert busy.finding == "12 runs; 2 failed, on 1 day."
    lazy = heat_map.draw(date(2026, 11, 1), counts(3, 10, 0, 1, 1200) | counts(4, 0, 0, 2), {}, TODAY)
    assert lazy.finding == "10 runs, none failed; 3 cancelled; 1,200 skipped."
    idle = heat_map.draw(date(2026, 11, 1), counts(3, 0, 0, 0, 5), {}, TODAY)
    assert idle.finding == "No run succeeded or failed; 5 skipped."


def test_what_was_cancelled_or_skipped_deepens_no_colour() -> None:
    days = counts(3, 4, 0, 0, 900) | counts(4, 8, 0) | counts(5, 0, 0, 3, 9)
    month = heat_map.draw(date(2026, 11, 1), days, {}, TODAY)
    assert [(cell_of(month, day).depth, cell_of(month, day).tone) for day in (3, 4, 5)] == [
        (2, "good"),
        (4, "good"),
        (0, "none"),
    ]


@pytest.mark.parametrize("status", ["skipped", "cancelled"])
def test_a_day_without_any_run_that_ran_says_what_became_of_them_and_leads_there(
    as_alice: Client, alice: User, status: str
) -> None:
    day = midnight(3)
    made = [made_and_ended(alice, day, day + timedelta(hours=number), status=status) for number in (1, 2)]
    count_all()
    assert listed(as_alice, leads(as_alice, day.date())) == sorted(made, key=lambda run: run.id, reverse=True)
    page = as_alice.get("/calendar/", {"month": f"{day:%Y-%m}"})
    assert f"No run succeeded or failed; 2 {status}." in text(page)
    assert f"{day.day} 2 {status}" in text(page)
    assert f": 0 succeeded, 0 failed, 2 {status}" in page.content.decode()
    assert f"#st-{status}" in page.content.decode()


def leads(client: Client, day: date, **query: str) -> str:
    """Where a day of the calendar leads, "" where nowhere."""
    page = client.get("/calendar/", {"month": f"{day:%Y-%m}", **query}).content.decode()
    links = re.findall(r'<a class="day [^>]*?href="([^"]*)"[^>]*?title="([^"]*)"', page)
    return {title.partition(":")[0]: unescape(href) for href, title in links}.get(f"{day:%a} {day.day} {day:%b %Y}", "")


def listed(client: Client, address: str) -> list[TaskRun]:
    return list(client.get(address).context["runs"])


def midnight(days_ago: int, zone: tzinfo = UTC) -> datetime:
    """When a day of a zone began."""
    return datetime.combine(timezone.now().astimezone(zone).date() - timedelta(days=days_ago), time.min, zone)


def test_today_is_marked_and_says_what_happened(as_alice: Client, alice: User) -> None:
    run = runs.fresh(ended(alice, ago=timedelta(0), fails=True))
    page = as_alice.get("/calendar/")
    assert "is-today" in page.content.decode()
    assert "1 run; 1 failed, on 1 day." in text(page)
    assert run.finished_at is not None
    assert listed(as_alice, leads(as_alice, run.finished_at.date())) == [run]


def test_a_day_leads_to_the_runs_that_ended_on_it(as_alice: Client, alice: User, task: ScheduledTask) -> None:
    day, hour = midnight(3), timedelta(hours=1)
    over_night = made_and_ended(alice, day - hour, day + hour, status="failed")
    of_task = made_and_ended(alice, day + hour, day + 2 * hour, task)
    made_and_ended(alice, day - 2 * hour, day - hour)
    made_and_ended(alice, day + 23 * hour, day + 25 * hour)
    count_all()
    assert listed(as_alice, leads(as_alice, day.date())) == [of_task, over_night]
    assert listed(as_alice, leads(as_alice, day.date(), task=str(task.pk))) == [of_task]


@pytest.mark.parametrize("days_ago", [3, 20])
def test_a_day_leads_to_what_its_figures_count_in_any_zone(as_alice: Client, alice: User, days_ago: int) -> None:
    """Days before the last two weeks are those of UTC."""
    as_alice.cookies["zone"] = "Asia/Tokyo"
    zone = ZoneInfo("Asia/Tokyo")
    day, hour = midnight(days_ago, zone), timedelta(hours=1)
    made = [made_and_ended(alice, day + hours * hour, day + (hours + 0.1) * hour) for hours in (1, 20)]
    count_all()
    rollup_prune("upkeep:here")
    assert "Days in Asia/Tokyo, those before the last two weeks in UTC." in text(as_alice.get("/calendar/"))
    for one in (day - timedelta(days=1), day):
        page = as_alice.get("/calendar/", {"month": f"{one:%Y-%m}"})
        cell = cell_of(page.context["month"], one.day)
        address = leads(as_alice, one.date())
        assert cell.total == len(listed(as_alice, address) if address else [])
    assert set(listed(as_alice, leads(as_alice, day.date()))) == set(made if days_ago < 15 else made[1:])


def test_a_day_whose_runs_are_kept_no_more_leads_nowhere_and_says_why(
    as_alice: Client, alice: User, settings: Settings
) -> None:
    settings.RETENTION_DAYS_BY_STATUS = dict.fromkeys(settings.RETENTION_DAYS_BY_STATUS, 2) | {"failed": 9}
    good, bad, said = midnight(5), midnight(6), "Runs are kept for 2 to 9 days after they have ended, depending on how."
    for day, status in ((good, "succeeded"), (bad, "failed")):
        made_and_ended(alice, day, day + timedelta(hours=1), status=status)
    count_all()
    assert listed(as_alice, leads(as_alice, bad.date()))
    assert leads(as_alice, good.date()) == ""
    page = as_alice.get("/calendar/", {"month": f"{good:%Y-%m}"})
    assert f"{good:%a} {good.day} {good:%b %Y}: 1 succeeded, 0 failed; these runs are kept no more" in unescape(
        page.content.decode()
    )
    assert cell_of(page.context["month"], good.day).total == 1
    assert said in text(page)
    settings.RETENTION_DAYS_BY_STATUS |= {"succeeded": 9}
    assert leads(as_alice, good.date()) != ""
    assert "Runs are kept for" not in text(as_alice.get("/calendar/", {"month": f"{good:%Y-%m}"}))


def test_who_has_no_run_yet_is_told_what_will_stand_here(
    as_alice: Client, alice: User, make: MakeTask, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_max_num_queries(20):
        page = as_alice.get("/calendar/")
    assert "Nothing has run yet" in text(page)
    assert 'action="/tasks/example/"' in page.content.decode()
    task = make("By hand", schedule=None)
    assert "Run it from its page" in text(as_alice.get(f"/calendar/?task={task.pk}"))
    assert 'class="heat"' not in page.content.decode()
    day = midnight(70)
    made_and_ended(alice, day, day, task, status="skipped")
    count_all()
    for query in ("", f"?task={task.pk}"):
        page = as_alice.get(f"/calendar/{query}")
        assert "Nothing has run yet" not in text(page)
        assert "No run has ended in this month." in text(page)
        assert 'class="heat"' in page.content.decode()


def test_days_to_come_show_what_is_planned(as_alice: Client, make: MakeTask) -> None:
    assert 'class="planned"' not in as_alice.get("/calendar/").content.decode()
    make(schedule={"kind": "every", "minutes": 1})
    assert 'class="planned"' in as_alice.get("/calendar/").content.decode()


def test_a_task_has_a_calendar_of_its_own(as_alice: Client, alice: User, task: ScheduledTask) -> None:
    ended(alice, ago=timedelta(seconds=5))
    page = text(as_alice.get(f"/calendar/?task={task.pk}"))
    assert "No run has ended in this month." in page
    assert task.name in page


@pytest.mark.parametrize("month", ["2026-13", "x", "0001-01", "9999-12", "2026-1-1", "١٢٣٤-٠١"])
def test_a_month_without_meaning_is_this_one(as_alice: Client, month: str) -> None:
    response = as_alice.get("/calendar/", {"month": month})
    assert response.status_code == 200
    assert f"{timezone.localtime():%B %Y}" in text(response)


def test_a_month_before_the_figures_says_so(as_alice: Client) -> None:
    assert "Figures are kept for about thirteen months" in text(as_alice.get("/calendar/?month=2011-05"))


def test_a_stranger_signs_in_first(client: Client) -> None:
    assert client.get("/calendar/").status_code == 302


def test_the_page_says_when_what_is_planned_was_worked_out(
    as_alice: Client, make: MakeTask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(planned_runs, "MANY", 1)
    make("Hourly")
    assert "worked out" not in text(as_alice.get("/calendar/"))
    planned_runs.planned_keep("upkeep:here")
    PlannedRuns.objects.update(made_at=timezone.now() - timedelta(minutes=4))
    assert "seven days ahead; worked out 4 min ago" in text(as_alice.get("/calendar/"))
