"""What will start: the sentence, the load, the crowded minutes, the lanes and the agenda."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from tasks_app.models import ScheduledTask
from tasks_app.selectors import brief
from tasks_app.selectors.planned import PlannedFilters, planned_state, tasks_named
from tasks_app.services import planned_runs
from tasks_app.services.kept_day import KeptLoad
from tasks_app.services.tasks import task_update
from tasks_app.web import words
from tasks_app.web.lanes import Tick
from tasks_app.web.look import Look, written
from tests import clocks, runs
from tests.calls import counted_calls
from tests.web.conftest import MakeTask, signed_in
from tests.web.reading import chosen, text


@pytest.fixture
def soon() -> datetime:
    """A full hour five to six hours from now, when daily tasks run once within a day."""
    return timezone.now().replace(minute=0, second=0, microsecond=0) + timedelta(hours=6)


@pytest.fixture
def reader(as_alice: Client) -> Client:
    """Alice's browser, which is in London's winter all the year."""
    as_alice.cookies["zone"] = "UTC"
    return as_alice


def daily(at: datetime) -> dict[str, Any]:
    """Fields of a task that runs every day at that time."""
    return {"schedule": {"kind": "daily", "time": f"{at:%H:%M}"}, "timezone": "UTC"}


def context(client: Client, query: str = "") -> Any:
    return client.get(f"/upcoming/{query}").context


def names(client: Client, query: str = "") -> list[str]:
    """The tasks with a lane, in order."""
    return [lane.task.name for lane in context(client, query)["lanes"]]


def test_the_sentence_tells_runs_tasks_and_the_busiest_minute(reader: Client, make: MakeTask, soon: datetime) -> None:
    for number in range(6):
        make(f"Night {number}", **daily(soon))
    make("Often", schedule={"kind": "hourly", "minute": (timezone.now().minute + 30) % 60 or 1}, timezone="UTC")
    said = text(reader.get("/upcoming/"))
    at = words.clock(soon, timezone.now())
    assert f"30 runs of 7 tasks in the next 24 hours; busiest minute: {at} with 6 runs." in said
    assert "1 crowded minute, with up to 6 tasks at once" in said


def test_what_is_well_spread_looks_peaceful(reader: Client, make: MakeTask, soon: datetime) -> None:
    make("One", **daily(soon))
    make("Two", **daily(soon + timedelta(minutes=30)))
    said = text(reader.get("/upcoming/"))
    assert "2 runs of 2 tasks in the next 24 hours; no two in one minute." in said
    assert "No crowded minute: at most 1 task at once" in said
    assert "Spread" not in said


def test_a_crowded_minute_offers_to_spread_its_tasks(reader: Client, make: MakeTask, soon: datetime) -> None:
    make("Spread already", **daily(soon), spread_seconds=1)
    for number in range(6):
        make(f"Night {number}", **daily(soon))
    (row,) = context(reader)["crowds"]
    assert (row.task_count, row.movable_count, row.at, row.rest) == (7, 7, written(soon), 3)
    response = reader.get("/upcoming/")
    assert f'name="at" value="{written(soon)}"' in response.content.decode()
    assert chosen(response, "minutes") == ["10"]
    assert "spread over 1.0 s" in text(response)


def test_what_starts_every_minute_is_told_and_not_offered(reader: Client, make: MakeTask, soon: datetime) -> None:
    for number in range(5):
        make(f"Steady {number}", cron=f"* {soon.hour} * * *", schedule=None, timezone="UTC")
    said = text(reader.get("/upcoming/"))
    assert "They start several times an hour; spreading would not help." in said
    assert "Spread these" not in said


def test_lanes_come_soonest_first_or_most_often_first(reader: Client, make: MakeTask, soon: datetime) -> None:
    make("Rare", **daily(soon - timedelta(hours=2)))
    make("Later", **daily(soon))
    make("Often", cron=f"*/20 {soon.hour}-{min(23, soon.hour + 1)} * * *", schedule=None, timezone="UTC")
    assert names(reader)[0] == "Rare"
    assert names(reader, "?order=often")[0] == "Often"


def test_few_starts_are_ticks_and_many_a_band(reader: Client, make: MakeTask, soon: datetime) -> None:
    make("Few", **daily(soon))
    make("Many", schedule={"kind": "every", "seconds": 20})
    few, many = sorted(context(reader)["lanes"], key=lambda lane: str(lane.task.name))
    assert (len(few.ticks), few.bands, few.count) == (1, [], 1)
    assert words.exact(soon)[:-4] in few.ticks[0].title
    assert (many.ticks, [band.level for band in many.bands]) == ([], [3])
    assert many.count in range(4310, 4321)


def test_what_is_the_same_in_many_lanes_is_said_once(reader: Client, make: MakeTask) -> None:
    minute = (timezone.now().minute + 30) % 60
    for number in range(3):
        make(f"Hourly {number}", schedule={"kind": "hourly", "minute": minute}, timezone="UTC")
    with counted_calls() as count:
        response = reader.get("/upcoming/")
    page, chart = response.content.decode(), response.context["chart"]
    assert page.count("<title>planned ") == 3 * 24
    assert page.split('<ol class="lanes">')[1].count('<line class="grid') == 3 * len(chart.labels)
    assert (count["_title_of"], count["Chart.grid"]) == (24, 1)
    ticks = response.context["lanes"][0].ticks
    for tick in ticks:
        shape = f'<rect class="tick" x="{tick.x}%" y="8" width="4" height="12"><title>{tick.title}</title></rect>'
        assert page.count(shape) == 3
    assert Tick(1.5, "<&>", is_crowded=True).shape.count("&lt;&amp;&gt;") == 1


def test_the_agenda_tells_the_time_on_the_tasks_own_clock_too(reader: Client, make: MakeTask, soon: datetime) -> None:
    make("Here", **daily(soon))
    tokyo = soon + timedelta(hours=9)
    make("There", schedule={"kind": "daily", "time": f"{tokyo:%H:%M}"}, timezone="Asia/Tokyo")
    (hour,) = context(reader)["agenda"].pages
    assert (hour.runs, hour.tasks, hour.rest) == (2, 2, 0)
    assert [(entry.task.name, entry.times) for entry in hour.entries] == [
        ("Here", f"{soon:%H:%M}"),
        ("There", f"{soon:%H:%M}"),
    ]
    here, there = (entry.elsewhere for entry in hour.entries)
    assert here == ""
    assert there.endswith(f"{tokyo:%H:%M}, Tokyo time")


def test_the_agenda_asks_each_clock_once_about_an_instant(reader: Client, make: MakeTask, soon: datetime) -> None:
    tokyo = f"{soon + timedelta(hours=9):%H:%M}"
    for number in range(4):
        zone = {"schedule": {"kind": "daily", "time": tokyo}, "timezone": "Asia/Tokyo"} if number % 2 else daily(soon)
        make(f"<b>{number}</b>", **zone)
    with counted_calls() as count:
        response = reader.get("/upcoming/")
    (hour,) = response.context["agenda"].pages
    assert {entry.task.name for entry in hour.entries} == {f"<b>{number}</b>" for number in range(4)}
    assert (count["_here"], count["_there"]) == (1, 2)
    lines = text(response).split("Hour by hour")[1]
    for number in range(4):
        assert f"{soon:%H:%M} <b>{number}</b>" in lines
    assert lines.count(f"{tokyo}, Tokyo time") == 2


def test_the_agenda_is_on_the_readers_clock(reader: Client, make: MakeTask, soon: datetime) -> None:
    make("Here", **daily(soon + timedelta(minutes=10)))
    reader.cookies["zone"] = "Asia/Kolkata"  # half an hour beside the others
    (hour,) = context(reader)["agenda"].pages
    there = soon + timedelta(hours=5, minutes=30)
    assert hour.title.endswith(f"{there:%H}:00–{there + timedelta(hours=1):%H}:00")
    assert hour.entries[0].times == f"{there + timedelta(minutes=10):%H:%M}"


def test_an_agenda_that_is_too_long_leads_to_its_hour(reader: Client, make: MakeTask, soon: datetime) -> None:
    for number in range(13):
        make(f"Night {number:02}", **daily(soon))
    (hour,) = context(reader)["agenda"].pages
    assert (len(hour.entries), hour.rest) == (10, 3)
    (closer,) = context(reader, hour.href.removeprefix("/upcoming/"))["agenda"].pages
    assert (len(closer.entries), closer.rest) == (13, 0)


def test_what_starts_all_the_time_is_told_once_and_the_rest_by_hour(
    reader: Client, make: MakeTask, soon: datetime
) -> None:
    make("Often", schedule={"kind": "every", "minutes": 5}, timezone="UTC")
    make("Hourly", schedule={"kind": "hourly", "minute": 20}, timezone="UTC")
    make("Office", cron=f"*/5 {soon.hour}-{soon.hour} * * *", schedule=None, timezone="UTC")
    make("Night", **daily(soon))
    found = context(reader)["agenda"]
    assert [entry.task.name for entry in found.steady] == ["Often", "Hourly"]
    assert found.steady[0].runs in range(287, 290)
    (hour,) = found.pages
    assert sorted(entry.task.name for entry in hour.entries) == ["Night", "Office"]
    assert (hour.tasks, hour.steady, hour.rest, hour.together) == (4, 2, 0, f"3 at once at {soon:%H:%M}")
    said = text(reader.get("/upcoming/"))
    assert said.count("Hourly") == 2  # a lane, and one line
    assert "besides the 2 above that start all the time" in said


def test_an_hour_in_which_steady_tasks_collide_still_stands_there(reader: Client, make: MakeTask) -> None:
    minute = (timezone.now().minute + 30) % 60  # none is due while the page is made
    for number in range(6):
        make(f"Hourly {number}", schedule={"kind": "hourly", "minute": minute}, timezone="UTC")
    pages = context(reader)["agenda"].pages
    assert len(pages) == 24
    assert {(page.entries == [], page.steady, page.is_crowded) for page in pages} == {(True, 6, True)}


def test_a_daily_task_is_told_day_by_day_and_a_frequent_one_once_a_week(reader: Client, make: MakeTask) -> None:
    make("Nightly", schedule={"kind": "daily", "time": "00:30"}, timezone="UTC")
    make("Often", schedule={"kind": "every", "minutes": 30}, timezone="UTC")
    found = context(reader, "?span=week")["agenda"]
    assert [entry.task.name for entry in found.steady] == ["Often"]
    assert [[entry.task.name for entry in page.entries] for page in found.pages] == [["Nightly"]] * 7


@pytest.fixture
def several(make: MakeTask, soon: datetime) -> None:
    """Tasks that differ in what the page can be narrowed by."""
    make("Red", **daily(soon), tags=("red",))
    make("Urgent", **daily(soon), queue="critical")
    make("Report", **daily(soon), type="export_report", payload={"source": "runs"})


@pytest.mark.usefixtures("several")
@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", {"Red", "Urgent", "Report"}),
        ("?tag=red", {"Red"}),
        ("?tag=re", set()),
        ("?queue=critical", {"Urgent"}),
        ("?type=export_report", {"Report"}),
        ("?type=http_request&queue=default", {"Red"}),
        ("?owner=alice", {"Red", "Urgent", "Report"}),
        ("?owner=charlie", set()),
        ("?span=x&from=yesterday&order=nonsense&task=1&tag=%00", {"Red", "Urgent", "Report"}),
        ("?from=2020-01-01T00:00Z", {"Red", "Urgent", "Report"}),
        ("?from=9999-12-31T23:59Z", {"Red", "Urgent", "Report"}),
    ],
)
def test_the_page_is_narrowed_and_takes_any_address(reader: Client, query: str, expected: set[str]) -> None:
    assert set(names(reader, query)) == expected


def test_one_task_alone(reader: Client, make: MakeTask, soon: datetime) -> None:
    make("Other", **daily(soon))
    task = make("This", **daily(soon))
    assert names(reader, f"?task={task.pk}") == ["This"]


def test_everything_on_the_page_keeps_what_it_is_narrowed_to(reader: Client, make: MakeTask, soon: datetime) -> None:
    make("Red", **daily(soon), tags=("red",))
    found = context(reader, "?tag=red&span=week")
    hrefs = [found["after"], *(span["href"] for span in found["spans"]), *(bar.href for bar in found["chart"].bars)]
    assert all("tag=red" in href for href in hrefs)
    assert ("span", "week") in found["unfiltered"]
    assert ("tag", "red") in found["everything"]


def test_a_bar_leads_to_its_hour_and_that_tells_of_it_alone(reader: Client, make: MakeTask, soon: datetime) -> None:
    make("This", **daily(soon + timedelta(minutes=20)))
    make("Before", **daily(soon - timedelta(minutes=20)))
    bars = context(reader)["chart"].bars
    assert [bar.count for bar in bars] == [1, 1]
    response = reader.get(bars[1].href)
    assert [lane.task.name for lane in response.context["lanes"]] == ["This"]
    now, until = timezone.now(), soon + timedelta(hours=1)
    end = f"{until:%H:%M}" if until.date() == soon.date() else words.clock(until, now)
    assert f"1 run of 1 task from {words.clock(soon, now)} to {end}." in text(response)
    assert len(response.context["chart"].bars) == 1
    assert response.context["chart"].bars[0].href == ""
    assert response.context["before"]


@pytest.mark.parametrize(("query", "count"), [("?span=hour", 3), ("", 72), ("?span=week", 504)])
def test_each_span_counts_its_own(reader: Client, make: MakeTask, query: str, count: int) -> None:
    minute = (timezone.now().minute + 10) % 20
    make("Thrice", schedule={"kind": "cron", "expression": f"{minute}/20 * * * *"}, timezone="UTC")
    found = context(reader, query)
    assert found["load"].total == count
    assert sum(bar.count for bar in found["chart"].bars) == count == sum(part.runs for part in found["load"].parts)


def test_the_days_of_a_week_are_the_readers(make: MakeTask, reader: Client) -> None:
    make("Nightly", schedule={"kind": "daily", "time": "00:30"}, timezone="America/New_York")
    reader.cookies["zone"] = "America/New_York"
    pages = context(reader, "?span=week")["agenda"].pages
    assert [page.runs for page in pages] == [1] * 7
    assert all(page.entries[0].times == "00:30" for page in pages)


def test_an_empty_page_teaches(reader: Client) -> None:
    said = text(reader.get("/upcoming/"))
    assert "Nothing starts in the next 24 hours." in said
    assert "Make the example" in said


def test_nothing_in_this_time_says_what_comes_first(reader: Client, make: MakeTask, soon: datetime) -> None:
    make("Patient", **daily(soon))
    said = text(reader.get("/upcoming/?span=hour"))
    assert "Nothing starts in the next hour. The next one: Patient , in" in said
    assert "Make the example" not in said
    assert "Show all tasks" in text(reader.get("/upcoming/?tag=none"))


def test_paused_tasks_do_not_start(reader: Client, make: MakeTask, soon: datetime) -> None:
    make("Paused", **daily(soon), enabled=False)
    assert "Nothing starts" in text(reader.get("/upcoming/"))


def test_charlie_sees_none_of_alices(as_charlie: Client, as_staff: Client, make: MakeTask, soon: datetime) -> None:
    make("Hers", **daily(soon))
    assert "Hers" not in text(as_charlie.get("/upcoming/"))
    assert "Hers" in text(as_staff.get("/upcoming/"))


def test_only_staff_choose_among_owners(reader: Client, as_staff: Client, make: MakeTask, soon: datetime) -> None:
    make("Hers", **daily(soon))
    assert 'name="owner"' not in reader.get("/upcoming/").content.decode()
    assert re.search(r'<option value="alice"', as_staff.get("/upcoming/").content.decode())


def test_a_schedule_that_cannot_be_read_does_not_break_the_page(
    reader: Client, alice: User, make: MakeTask, soon: datetime
) -> None:
    make("Good", **daily(soon))
    broken = {"kind": "recurring", "schedule": {"kind": "lunar"}, "next_slot": soon, "next_due_at": soon}
    runs.make_task(alice, name="Broken", **broken)
    assert set(names(reader)) == {"Good", "Broken"}


def test_what_is_too_much_to_count_is_told(reader: Client, make: MakeTask) -> None:
    for number in range(7):
        make(f"Dense {number}", schedule={"kind": "every", "seconds": 5}, jitter_seconds=5)
    said = text(reader.get("/upcoming/"))
    assert "More than 12" in said
    assert "There is too much to count it all" in said


def test_the_number_of_queries_does_not_grow(
    alice: User, make: MakeTask, soon: datetime, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(40):
        make(f"Task {number:02}", **daily(soon + timedelta(minutes=number % 7)))
    client = signed_in(alice)
    with django_assert_max_num_queries(13):
        response = client.get("/upcoming/")
    assert len(response.context["lanes"]) == 30
    assert response.context["lanes_rest"] == 10


def test_the_tasks_that_the_page_names_are_read_as_rows(alice: User, make: MakeTask) -> None:
    ids = [make(f"Task {number}").id for number in range(20)]
    tasks_named(alice, ids)  # what is made once is made now
    with counted_calls() as one:
        tasks_named(alice, ids[:1])
    with counted_calls() as all_of_them:
        found = tasks_named(alice, ids)
    assert {(task.name, task.owner) for task in found.values()} == {(f"Task {number}", "alice") for number in range(20)}
    assert (all_of_them.total() - one.total()) / 19 < 12


def test_it_stands_in_the_rail_between_runs_and_batches(reader: Client) -> None:
    places = re.findall(r'data-place="([a-z-]+)"', reader.get("/upcoming/").content.decode())
    assert places[places.index("upcoming") - 1] == "run-list"
    assert places[places.index("upcoming") + 1] == "batch-list"


def test_a_look_before_now_is_a_look_from_now() -> None:
    now = datetime(2026, 11, 29, 12, 0, 40, tzinfo=UTC)
    look = Look(now=now, span="day", start=now + timedelta(hours=3))
    before, after = look.beside()
    assert before is not None
    assert before.start is None
    assert after.start == now.replace(second=0) + timedelta(hours=27)
    assert Look(now=now).beside()[0] is None


def test_tasks_that_have_gone_leave_no_lane(reader: Client, make: MakeTask, soon: datetime) -> None:
    task = make("Gone", **daily(soon))
    ScheduledTask.objects.filter(pk=task.pk).update(deleted_at=timezone.now())
    assert names(reader) == []


def test_a_plan_that_is_kept_is_worked_out_anew_once_a_task_is_edited(
    reader: Client, alice: User, make: MakeTask, soon: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(brief, "SLOW", 0)
    task = make("Morning", **daily(soon))
    assert "1 run of 1 task" in text(reader.get("/upcoming/"))
    task_update(task=task, changes={"schedule": {"kind": "every", "hours": 1}}, actor="tests")
    assert "1 run of 1 task" not in text(reader.get("/upcoming/"))
    state = planned_state(alice, PlannedFilters())
    ScheduledTask.objects.filter(id=task.id).update(slots_fired=5)
    assert planned_state(alice, PlannedFilters()) == state


@pytest.mark.parametrize("query", ["", "?order=often"])
def test_a_day_that_upkeep_has_planned_looks_as_one_that_is_planned_now(
    reader: Client, make: MakeTask, soon: datetime, monkeypatch: pytest.MonkeyPatch, query: str
) -> None:
    for number in range(6):
        make(f"Night {number}", **daily(soon))
    make("Hourly", schedule={"kind": "hourly", "minute": (timezone.now().minute + 30) % 60}, timezone="UTC")
    make("Often", schedule={"kind": "every", "minutes": 5}, jitter_seconds=20)
    now = timezone.now()
    with clocks.stopped_at(now), time_machine.travel(now, tick=False):
        live = reader.get(f"/upcoming/{query}")
        monkeypatch.setattr(planned_runs, "MANY", 1)
        planned_runs.planned_keep("upkeep:here")
        while planned_runs.day_keep("upkeep:here"):
            pass
        kept = reader.get(f"/upcoming/{query}")
    assert not isinstance(live.context["load"], KeptLoad)
    assert isinstance(kept.context["load"], KeptLoad)
    assert text(kept) == text(live)
