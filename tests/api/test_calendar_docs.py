"""What docs/calendars.md and the section of docs/api.md say is what happens."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tasks_app import recurrence
from tasks_app.models import Calendar, CalendarPolicy
from tasks_app.recurrence.plan import Plan, Planned
from tasks_app.services.ical import MOST_BYTES, MOST_DAYS, read_ical
from tests.api.client import Api
from tests.api.conftest import make

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "calendars.md").read_text(encoding="utf-8")
SECTION = (DOCS / "api.md").read_text(encoding="utf-8").partition("\n## Calendars\n")[2].partition("\n## ")[0]
ZONE = ZoneInfo("Europe/Berlin")
CALENDAR, TASK = (json.loads(block) for block in re.findall(r"^```json\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE))


def table(head: str) -> list[list[str]]:
    """The rows of the table that begins so."""
    lines = PAGE.partition(f"\n{head}")[2].split("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


@pytest.fixture
def office(api: Api) -> Calendar:
    """The calendar of the page."""
    assert api.post("calendars", CALENDAR).status == 201
    return Calendar.objects.get()


def planned(plan: Plan) -> Iterator[Planned]:
    found = plan.after(datetime(2026, 9, 30, tzinfo=UTC))
    while found is not None:
        yield found
        found = plan.after(found.at, found.slot)


def test_pay_day_is_accepted(api: Api, office: Calendar) -> None:
    task = make(api, **TASK)
    assert (task["calendar"], task["calendar_policy"]) == (str(office.pk), "previous")


def test_the_policies_are_all_there_are() -> None:
    assert [row[0].strip("`") for row in table("| `calendar_policy` |")] == list(CalendarPolicy.values)


@pytest.mark.parametrize(("column", "policy"), list(enumerate(CalendarPolicy.values, start=1)))
def test_pay_day_is_where_the_table_says(office: Calendar, column: int, policy: str) -> None:
    schedule = recurrence.normalise(TASK["schedule"], TASK["timezone"])
    plan = Plan(recurrence.build(schedule, TASK["timezone"]), office.days_off, policy)
    where = {}
    for one in planned(plan):
        if one.slot.year > 2027:
            break
        where[written(one.slot, "%a {} %b %Y")] = written(one.at, "%a {} %b")
    rows = table("| the 25th |")
    assert len(rows) == 3
    assert [where.get(row[0].partition(",")[0], "–") for row in rows] == [row[column] for row in rows]


def written(instant: datetime, pattern: str) -> str:
    local = instant.astimezone(ZONE)
    assert f"{local:%H:%M}" == "09:00"
    return local.strftime(pattern.format(local.day))


def test_slots_meet_as_the_table_says(api: Api) -> None:
    api.post("calendars", {"name": "Weekends"})
    rule = recurrence.build({"kind": "daily", "time": "09:00"}, "Europe/Berlin")
    found: dict[str, str] = {}
    for one in planned(Plan(rule, Calendar.objects.get().days_off, "next")):
        found[written(one.slot, "%a {} %b %Y, %H:%M")] = written(one.at, "%a {} %b, %H:%M")
        if len(found) > 10:
            break
    rows = table("| slot | happens |")
    assert [found[row[0]] for row in rows] == [row[1] for row in rows]
    first_at = {row[1]: row[2] for row in reversed(rows)}
    assert set(first_at.values()) == {"succeeded"}
    assert [row[2] for row in rows].count("skipped, duplicate") == len(rows) - len(first_at)


def test_the_file_gives_what_the_page_says() -> None:
    text = next(block for block in re.findall(r"^```text\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE))
    found = read_ical(text, today=date(2026, 11, 29))
    assert list(found.days) == ["12-31", *(f"2027-08-{day:02}" for day in range(9, 14))]
    assert [(one.reason, one.examples) for one in found.left_out] == [("has a time of day", ["Summer party"])]


def test_the_limits_are_those_of_the_code() -> None:
    assert f"at most {MOST_BYTES // 1024} KiB" in PAGE
    assert f"at most {MOST_DAYS:,} days" in " ".join(PAGE.split())


def test_the_answers_on_the_page_of_the_api_are_real(api: Api) -> None:
    given, days = re.findall(r"^```sh\n(.*?)^```$", SECTION, re.DOTALL | re.MULTILINE)
    answers: list[dict[str, Any]] = [
        json.loads(block) for block in re.findall(r"^```json\n(.*?)^```$", SECTION, re.DOTALL | re.MULTILINE)
    ]
    body = re.search(r"-d '(.*)'", given, re.DOTALL)
    assert body
    made = api.post("calendars", json.loads(body[1])).body
    varying = ("id", "created_at", "updated_at")
    assert {**made, **{name: answers[0][name] for name in varying}} == answers[0]
    query = re.search(r"\?(\S+)\"", days)
    assert query
    assert api.get(f"calendars/{made['id']}/days?{query[1]}").body == answers[1]
