"""/api/calendars: made, edited, filled from files, looked at day by day and removed by those who may."""

from typing import Any

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from tasks_app.models import Calendar
from tests.api.client import Api
from tests.api.conftest import make

OFFICE: dict[str, Any] = {
    "name": "Office",
    "description": "Munich",
    "country": "DE",
    "subdivision": "BY",
    "days": [{"date": "12-24", "name": "Christmas Eve"}, "2027-05-07"],
}
FIELDS = {
    "id", "name", "description", "country", "subdivision", "weekend", "days", "is_shared", "owner", "can_edit",
    "used_by", "version", "created_at", "updated_at",
}  # fmt: skip
YEAR = timezone.localdate().year + 1
ICAL = f"""BEGIN:VCALENDAR
BEGIN:VEVENT
DTSTART;VALUE=DATE:{YEAR}0802
DTEND;VALUE=DATE:{YEAR}0805
SUMMARY:Works holiday
END:VEVENT
BEGIN:VEVENT
DTSTART:{YEAR}0802T120000Z
SUMMARY:Lunch
END:VEVENT
BEGIN:VEVENT
DTSTART;VALUE=DATE:20201231
RRULE:FREQ=YEARLY
SUMMARY:New Year's Eve
END:VEVENT
END:VCALENDAR
"""


def made(api: Api, **fields: Any) -> Any:
    reply = api.post("calendars", {**OFFICE, **fields})
    assert reply.status == 201, reply.body
    return reply.body


def kept(api: Api, calendar: Any, **fields: Any) -> Any:
    """Make a task that keeps a calendar."""
    return make(api, cron="0 9 * * *", calendar=calendar["id"], **fields)


def test_a_calendar_lives_from_making_to_removal(api: Api) -> None:
    reply = api.post("calendars", OFFICE)
    assert reply.status == 201
    assert set(reply.body) == FIELDS
    assert reply.body["weekend"] == ["sat", "sun"]
    assert reply.body["days"] == [
        {"date": "12-24", "name": "Christmas Eve", "source": "typed"},
        {"date": "2027-05-07", "name": "", "source": "typed"},
    ]
    shown = {name: reply.body[name] for name in ("owner", "is_shared", "can_edit", "used_by", "version")}
    assert shown == {"owner": "alice", "is_shared": False, "can_edit": True, "used_by": 0, "version": 1}
    address = f"calendars/{reply.body['id']}"
    assert (reply.headers["Location"], reply.headers["ETag"]) == (f"/api/{address}", '"1"')
    assert api.get(address).body == reply.body
    edited = api.patch(address, {"weekend": ["fri", "sat"]}, **{"If-Match": '"1"'})
    assert (edited.status, edited.body["version"], edited.body["country"]) == (200, 2, "DE")
    assert edited.body["weekend"] == ["fri", "sat"]
    assert api.patch(address, {"name": "Old"}, **{"If-Match": '"1"'}).status == 412
    assert api.patch(address, {"weekend": ["sat", "fri"]}).body["version"] == 2, "an edit that changes nothing"
    assert api.delete(address).status == 204
    assert api.get(address).status == 404


def test_strangers_see_only_what_is_shared_and_change_nothing(
    api: Api, stranger: Api, operator: Api, nobody: Api
) -> None:
    own = f"calendars/{made(api)['id']}"
    for deed in (
        stranger.get(own),
        stranger.patch(own, {"name": "x"}),
        stranger.delete(own),
        stranger.get(f"{own}/days"),
        stranger.post(f"{own}/import", {"ical": ICAL}),
    ):
        assert deed.status == 404
    for path in ("calendars", own, f"{own}/days", "calendars/countries"):
        assert nobody.get(path).status == 401
    assert nobody.post(f"{own}/import", {"ical": ICAL}).status == 401
    assert operator.get(own).status == 200, "staff see everybody's"
    shared = made(operator, name="Shared", is_shared=True)
    address = f"calendars/{shared['id']}"
    assert stranger.get(address).body["can_edit"] is False
    assert stranger.get(f"{address}/days").status == 200
    assert stranger.patch(address, {"name": "Evil"}).status == 403
    assert stranger.post(f"{address}/import", {"ical": ICAL}).status == 403
    assert stranger.post(f"{address}/import", {"ical": "nonsense"}).status == 403, "nobody's file is read for nothing"
    assert stranger.delete(address).status == 403
    assert [one["name"] for one in stranger.get("calendars").body["results"]] == ["Shared"]
    assert [one["name"] for one in operator.get("calendars").body["results"]] == ["Office", "Shared"]


def test_only_staff_share_and_what_is_shared_is_everybodys_to_keep(api: Api, stranger: Api, operator: Api) -> None:
    assert api.post("calendars", {**OFFICE, "is_shared": True}).status == 403
    calendar = made(api)
    address = f"calendars/{calendar['id']}"
    assert api.patch(address, {"is_shared": True}).status == 403
    assert stranger.post("tasks", {"name": "x", "type": "export_report", "calendar": calendar["id"]}).status == 400
    assert operator.patch(address, {"is_shared": True}).body["is_shared"] is True
    assert kept(stranger, calendar)["calendar"] == calendar["id"]
    assert api.get(address).body["used_by"] == 1
    assert operator.patch(address, {"is_shared": False}).status == 409


@pytest.mark.parametrize(
    ("fields", "path", "code"),
    [
        ({"name": " "}, "name", "blank"),
        ({"name": "a\nb"}, "name", "one_line"),
        ({"name": "x" * 101}, "name", "too_long"),
        ({"name": None}, "name", "type"),
        ({"description": "x" * 301}, "description", "too_long"),
        ({"description": "a\x07"}, "description", "characters"),
        ({"country": "XX", "subdivision": ""}, "country", "unknown"),
        ({"country": 49}, "country", "type"),
        ({"country": "", "subdivision": "BY"}, "subdivision", "required"),
        ({"subdivision": "ENG"}, "subdivision", "unknown"),
        ({"weekend": "sat"}, "weekend", "type"),
        ({"weekend": ["saturday"]}, "weekend", "invalid_choice"),
        ({"weekend": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]}, "weekend", "never"),
        ({"days": "2027-01-01"}, "days", "type"),
        ({"days": ["2027-01-01", "2027-02-29"]}, "days.1.date", "date_invalid"),
        ({"days": [{"date": "1-1"}]}, "days.0.date", "date_invalid"),
        ({"days": [{"date": []}]}, "days.0.date", "date_invalid"),
        ({"days": [7]}, "days.0", "type"),
        ({"days": [{"date": "2027-01-01", "when": 1}]}, "days.0.when", "unknown_field"),
        ({"days": [{"date": "2027-01-01", "name": "x" * 101}]}, "days.0.name", "too_long"),
        ({"days": [{"date": "2027-01-01", "source": ["ical"]}]}, "days.0.source", "invalid_choice"),
        ({"days": ["2027-01-01"] * 2001}, "days", "too_many"),
        ({"is_shared": "yes"}, "is_shared", "type"),
        ({"owner": "staff"}, "owner", "unknown_field"),
    ],
)
def test_a_wrong_field_is_named(api: Api, fields: dict[str, Any], path: str, code: str) -> None:
    assert api.post("calendars", {**OFFICE, **fields}).faults == {path: [code]}
    address = f"calendars/{made(api)['id']}"
    assert api.patch(address, fields).faults == {path: [code]}
    assert api.get(address).body["version"] == 1


def test_a_name_is_taken_once(api: Api, stranger: Api, operator: Api) -> None:
    made(api)
    assert api.post("calendars", OFFICE).faults == {"name": ["taken"]}
    made(stranger)
    made(operator, is_shared=True)
    other = made(operator, name="Other", is_shared=True)
    assert operator.patch(f"calendars/{other['id']}", {"name": "Office"}).faults == {"name": ["taken"]}


def test_a_calendar_that_tasks_keep_stays_and_names_those_that_one_may_see(
    api: Api, stranger: Api, operator: Api
) -> None:
    own = made(api)
    task = kept(api, own)
    reply = api.delete(f"calendars/{own['id']}")
    assert (reply.status, reply.body["error"]["message"]) == (
        409,
        "1 task keeps “Office” (“Nightly”), so it can't be deleted; change the tasks first.",
    )
    api.delete(f"tasks/{task['id']}")
    assert api.delete(f"calendars/{own['id']}").status == 204

    shared = made(api, name="Shared")
    operator.patch(f"calendars/{shared['id']}", {"is_shared": True})
    kept(stranger, shared, name="Secret plan")
    said = api.delete(f"calendars/{shared['id']}").body["error"]["message"]
    assert said == "1 task keeps “Shared”, so it can't be deleted; change the tasks first."
    for number in range(6):
        kept(api, shared, name=f"Task {number}")
    said = api.delete(f"calendars/{shared['id']}").body["error"]["message"]
    assert "(“Task 0”, “Task 1”, “Task 2”, “Task 3”, “Task 4”, 2 more)" in said
    assert "“Secret plan”" in operator.delete(f"calendars/{shared['id']}").body["error"]["message"]


def test_an_edit_that_would_silence_somebody_elses_task_does_not_name_it(
    api: Api, stranger: Api, operator: Api
) -> None:
    shared = made(api, country="", subdivision="")
    operator.patch(f"calendars/{shared['id']}", {"is_shared": True})
    make(stranger, name="Secret plan", cron="0 9 1 5 *", calendar=shared["id"])
    reply = api.patch(f"calendars/{shared['id']}", {"days": ["05-01"]})
    assert reply.faults == {"days": ["never"]}
    assert "A task of somebody else would never run again" in str(reply.body)
    assert "Secret plan" not in str(reply.body)


def test_an_edit_plans_the_tasks_anew(api: Api) -> None:
    calendar = made(api, country="", subdivision="", weekend=[], days=[])
    task = make(api, schedule={"kind": "once", "run_at": "2099-05-01T09:00:00"}, calendar=calendar["id"])
    task = api.patch(f"tasks/{task['id']}", {"calendar_policy": "next"}).body
    assert task["next_run_at"] == "2099-05-01T09:00:00Z"
    api.patch(f"calendars/{calendar['id']}", {"days": [{"date": "05-01"}]})
    assert api.get(f"tasks/{task['id']}").body["next_run_at"] == "2099-05-02T09:00:00Z"


def test_a_file_brings_days_and_says_what_it_left_out(api: Api) -> None:
    address = f"calendars/{made(api, days=[f'{YEAR}-08-03', {'date': '2020-01-01', 'source': 'ical'}])['id']}"
    reply = api.post(f"{address}/import", {"ical": ICAL}, **{"If-Match": '"1"'})
    assert (reply.status, reply.body["found"], reply.headers["ETag"]) == (200, 4, '"2"')
    assert reply.body["left_out"] == [{"reason": "has a time of day", "count": 1, "examples": ["Lunch"]}]
    assert reply.body["calendar"] == api.get(address).body
    assert [(day["date"], day["name"], day["source"]) for day in reply.body["calendar"]["days"]] == [
        ("12-31", "New Year's Eve", "ical"),
        (f"{YEAR}-08-02", "Works holiday", "ical"),
        (f"{YEAR}-08-03", "", "typed"),
        (f"{YEAR}-08-04", "Works holiday", "ical"),
    ]
    assert api.post(f"{address}/import", {"ical": ICAL}, **{"If-Match": '"1"'}).status == 412
    assert api.post(f"{address}/import", {"ical": ICAL}).body["calendar"]["version"] == 2, "the same file again"


@pytest.mark.parametrize(
    ("body", "path", "code"),
    [
        ({}, "ical", "required"),
        ({"ical": 5}, "ical", "type"),
        ({"ical": ICAL, "url": "https://example.org/x.ics"}, "url", "unknown_field"),
        ({"ical": "https://example.org/x.ics"}, "ical", "not_ical"),
        ({"ical": "BEGIN:VCALENDAR\nX:\0\nEND:VCALENDAR"}, "ical", "characters"),
        ({"ical": "BEGIN:VCALENDAR\nX:\x07\nEND:VCALENDAR"}, "ical", "characters"),
        ({"ical": "BEGIN:VCALENDAR\nEND:VCALENDAR"}, "ical", "no_days"),
        ({"ical": ICAL.replace("FREQ=YEARLY", "FREQ=SECONDLY")}, "ical", "rule"),
        ({"ical": ICAL.replace("FREQ=YEARLY", "FREQ=DAILY")}, "ical", "too_many"),
        ({"ical": ICAL.replace("SUMMARY:Works", "RRULE:FREQ=DAILY;COUNT=1997\r\nSUMMARY:Works")}, "ical", "too_many"),
    ],
)
def test_a_file_that_is_refused_changes_nothing(api: Api, body: dict[str, Any], path: str, code: str) -> None:
    address = f"calendars/{made(api)['id']}"
    assert api.post(f"{address}/import", body).faults == {path: [code]}
    assert api.get(address).body["version"] == 1


def test_a_file_that_would_silence_a_task_is_refused_at_the_file(api: Api) -> None:
    calendar = made(api)
    make(api, cron="0 9 31 12 *", calendar=calendar["id"])
    reply = api.post(f"calendars/{calendar['id']}/import", {"ical": ICAL})
    assert reply.faults == {"ical": ["never"]}


def test_days_off_are_listed_with_why_they_are(api: Api) -> None:
    calendar = made(api, days=["12-24", {"date": "2026-12-25", "name": "Closed", "source": "ical"}])
    address = f"calendars/{calendar['id']}/days"
    reply = api.get(f"{address}?from=2026-12-23&to=2026-12-27")
    assert (reply.status, reply.body["count"], reply.body["next"]) == (200, 4, None)
    assert reply.body["results"] == [
        {"date": "2026-12-24", "name": "", "kinds": ["typed"]},
        {"date": "2026-12-25", "name": "Christmas Day, Closed", "kinds": ["holiday", "ical"]},
        {"date": "2026-12-26", "name": "Second Day of Christmas", "kinds": ["weekend", "holiday"]},
        {"date": "2026-12-27", "name": "", "kinds": ["weekend"]},
    ]
    assert 110 < api.get(address).body["count"] < 125, "a year from today"
    assert api.get(f"{address}?from=2026-01-01&to=2028-01-02").status == 200


@pytest.mark.parametrize(
    ("query", "path", "code"),
    [
        ("from=2026-02-30", "from", "date_invalid"),
        ("from=20260101", "from", "date_invalid"),
        ("from=12-24", "from", "date_invalid"),
        ("from=9999-01-01", "from", "out_of_range"),
        ("from=2026-01-02&to=2026-01-01", "to", "out_of_range"),
        ("from=2026-01-01&to=2028-01-03", "to", "out_of_range"),
        ("until=2026-01-01", "until", "unknown_parameter"),
    ],
)
def test_a_span_that_is_none_is_refused(api: Api, query: str, path: str, code: str) -> None:
    assert api.get(f"calendars/{made(api)['id']}/days?{query}").faults == {path: [code]}


def test_countries_are_listed_by_name_with_their_parts(api: Api) -> None:
    reply = api.get("calendars/countries")
    assert reply.body["count"] == len(reply.body["results"]) > 200
    known = {one["code"]: one for one in reply.body["results"]}
    assert known["DE"]["name"] == "Germany"
    assert {"code": "BY", "name": "Bayern"} in known["DE"]["subdivisions"]
    assert {"code": "1", "name": "Burgenland"} in known["AT"]["subdivisions"]
    assert known["AX"]["name"] == "Åland Islands"
    names = [one["name"] for one in reply.body["results"]]
    assert names[0] == "Afghanistan"
    assert names[1] == "Åland Islands"


def test_every_country_and_part_that_is_listed_is_taken(api: Api) -> None:
    for one in api.get("calendars/countries").body["results"][::25]:
        parts = [part["code"] for part in one["subdivisions"]]
        for part in ["", *parts[-1:]]:
            calendar = made(api, name=f"{one['code']} {part}", country=one["code"], subdivision=part)
            assert api.get(f"calendars/{calendar['id']}/days").status == 200


def test_tasks_are_found_by_their_calendar(api: Api, stranger: Api) -> None:
    calendar, other = made(api), made(api, name="Other")
    task = kept(api, calendar)
    kept(api, other)
    make(api)
    assert [one["id"] for one in api.get(f"tasks?calendar={calendar['id']}").body["results"]] == [task["id"]]
    assert stranger.get(f"tasks?calendar={calendar['id']}").body["count"] == 0
    assert api.get("tasks?calendar=Office").faults == {"calendar": ["type"]}


def test_a_list_of_calendars_asks_a_few_questions_however_long_it_is(
    api: Api, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(12):
        kept(api, made(api, name=f"Calendar {number:02}"))
    with django_assert_max_num_queries(7):
        reply = api.get("calendars")
    assert [one["used_by"] for one in reply.body["results"]] == [1] * 12


def test_a_moved_run_names_its_slot_in_the_preview_and_in_what_comes(api: Api) -> None:
    calendar = made(api, weekend=["sat", "sun"])
    fields = {"cron": "0 9 * * sat", "calendar": calendar["id"], "calendar_policy": "next"}
    body = {**fields, "after": "2031-03-01T12:00:00Z", "count": 2}
    seen = api.post("schedule/preview", body).body
    assert seen["next"] == ["2031-03-03T09:00:00Z", "2031-03-10T09:00:00Z"]
    assert seen["instead_of"] == ["2031-03-01T09:00:00Z", "2031-03-08T09:00:00Z"]
    assert api.post("schedule/preview", {**body, "calendar_policy": "skip"}).body["instead_of"] == []
    assert api.post("schedule/preview", {"cron": "0 9 * * *", "count": 2}).body["instead_of"] == [None, None]
    task = make(api, **fields)
    detail = api.get(f"tasks/{task['id']}").body
    moved = [slot for slot in detail["instead_of"] if slot]
    assert len(moved) == len(detail["next_slots"]) == 10
    assert all(slot < instead for slot, instead in zip(moved, detail["next_slots"], strict=True))
    make(api, cron="0 9 * * mon")
    for slot in api.get("upcoming").body["results"]:
        is_moved = slot["slot"] != slot["due_at"]
        assert slot["instead_of"] == (slot["slot"] if is_moved else None)
    assert any(slot["instead_of"] for slot in api.get("upcoming").body["results"])


@pytest.mark.parametrize("days", [["someday"], [5, {"name": "Nameless"}], "christmas"], ids=str)
def test_days_that_are_none_are_shown_refused_and_mended(api: Api, days: Any) -> None:
    calendar = made(api)
    kept(api, calendar)
    Calendar.objects.filter(id=calendar["id"]).update(days=days)
    address = f"calendars/{calendar['id']}"
    assert api.get(address).body["days"]
    assert api.get("calendars").body["count"] == 1
    refused = api.get(f"{address}/days?from={YEAR}-01-01&to={YEAR}-02-01")
    assert (refused.status, "holds something that is no day" in refused.body["error"]["message"]) == (409, True)
    preview = {"cron": "0 9 * * *", "calendar": "Office"}
    assert api.post("schedule/preview", preview).faults == {"calendar": ["broken"]}
    assert api.patch(address, {"days": ["12-24"]}).status == 200
    assert api.get(f"{address}/days?from={YEAR}-01-01&to={YEAR}-02-01").status == 200
