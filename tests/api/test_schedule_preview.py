"""POST /api/schedule/preview."""

from typing import Any

import pytest

from tasks_app.models import ScheduledTask
from tests.api.client import Api
from tests.api.conftest import make

AFTER = "2031-01-01T00:00:00Z"


@pytest.mark.parametrize(
    ("fields", "cron", "first"),
    [
        ({"cron": "0 9 * * 1-5", "timezone": "Europe/Berlin"}, "0 9 * * 1-5", "2031-01-01T08:00:00Z"),
        ({"schedule": {"kind": "daily", "time": "07:30"}}, "30 7 * * *", "2031-01-01T07:30:00Z"),
        ({"run_at": "2031-02-01T00:00:00Z"}, None, "2031-02-01T00:00:00Z"),
    ],
)
def test_a_schedule_is_explained_and_nothing_is_stored(
    api: Api, fields: dict[str, Any], cron: str | None, first: str
) -> None:
    reply = api.post("schedule/preview", {**fields, "after": AFTER, "count": 3})
    assert reply.status == 200, reply.body
    assert (reply.body["cron"], reply.body["next"][0]) == (cron, first)
    assert reply.body["description"]
    assert reply.body["warnings"] == []
    assert reply.body["schedule"]["kind"] == next(iter(fields.get("schedule", {}).values()), "cron" if cron else "once")
    assert not ScheduledTask.objects.exists()


def test_no_schedule_is_a_manual_task(api: Api) -> None:
    body = api.post("schedule/preview", {}).body
    assert (body["cron"], body["schedule"], body["next"]) == (None, None, [])


def test_a_change_of_the_clocks_is_a_warning(api: Api) -> None:
    body = {"cron": "30 2 * * *", "timezone": "Europe/Berlin", "after": "2031-03-28T00:00:00Z", "count": 4}
    assert api.post("schedule/preview", body).body["warnings"]


def test_the_instants_come_in_the_tasks_zone_too_with_what_happens_at_them(api: Api) -> None:
    body = {"cron": "30 2 * * *", "timezone": "Europe/Berlin", "after": "2031-03-29T12:00:00Z", "count": 2}
    seen = api.post("schedule/preview", body).body
    assert seen["next"] == ["2031-03-30T01:00:00Z", "2031-03-31T00:30:00Z"]
    assert seen["local"] == ["2031-03-30T03:00:00+02:00", "2031-03-31T02:30:00+02:00"]
    said = "Clocks go forward: 02:30 does not exist, so it runs at 03:00."
    assert seen["notes"][0] == {"at": "2031-03-30T01:00:00Z", "code": "gap", "message": said}
    assert seen["notes"][1]["at"] > seen["next"][-1]
    assert seen["warnings"] == [f"30 March 2031: {said}"]
    assert (seen["runs_per_day"], seen["timezone"]) == (1.0, "Europe/Berlin")


def test_a_task_counts_with_the_runs_that_it_has_had(api: Api, stranger: Api) -> None:
    task = make(api, schedule={"kind": "daily", "time": "09:00"}, max_runs=3)
    ScheduledTask.objects.filter(id=task["id"]).update(slots_fired=1)
    fields = {"schedule": task["schedule"], "max_runs": 3}
    assert len(api.post("schedule/preview", fields).body["next"]) == 3
    assert len(api.post("schedule/preview", {**fields, "task": task["id"]}).body["next"]) == 2
    assert stranger.post("schedule/preview", {**fields, "task": task["id"]}).faults == {"task": ["unknown"]}
    assert api.post("schedule/preview", {**fields, "task": "x"}).faults == {"task": ["unknown"]}


def test_the_second_pass_of_an_hour_is_not_called_a_skipped_one(api: Api) -> None:
    body = {"cron": "0 * * * *", "timezone": "Europe/Berlin", "after": "2031-10-25T23:30:00Z", "count": 3}
    (warning,) = api.post("schedule/preview", body).body["warnings"]
    assert "skip" not in warning


def test_count_and_max_runs_bound_the_instants(api: Api) -> None:
    every = {"schedule": {"kind": "every", "minutes": 5}}
    assert len(api.post("schedule/preview", every).body["next"]) == 10
    assert len(api.post("schedule/preview", {**every, "count": 100}).body["next"]) == 100
    assert len(api.post("schedule/preview", {**every, "max_runs": 2}).body["next"]) == 2


@pytest.mark.parametrize(
    ("fields", "path", "code"),
    [
        ({"cron": "nope"}, "cron", "cron_field_count"),
        ({"cron": "* * * * *", "run_at": AFTER}, "cron", "conflict"),
        ({"timezone": "Mars/Phobos"}, "timezone", "timezone_unknown"),
        ({"schedule": {"kind": "weekly", "days": [], "time": "09:00"}}, "schedule.days", "required"),
        ({"starts_at": "soon"}, "starts_at", "time_invalid"),
        ({"starts_at": AFTER, "ends_at": AFTER}, "ends_at", "out_of_range"),
        ({"count": 0}, "count", "out_of_range"),
        ({"count": 101}, "count", "out_of_range"),
        ({"count": "5"}, "count", "type"),
        ({"after": "soon"}, "after", "time_invalid"),
        ({"name": "x"}, "name", "unknown_field"),
    ],
)
def test_each_fault_is_named_at_its_field(api: Api, fields: dict[str, Any], path: str, code: str) -> None:
    reply = api.post("schedule/preview", fields)
    assert reply.status == 400, reply.body
    assert reply.faults[path] == [code]


def test_a_fault_says_where_it_is_and_what_may_be_meant(api: Api) -> None:
    fields = api.post("schedule/preview", {"cron": "60 24 99 * *", "timezone": "berlin"}).body["error"]["fields"]
    assert fields["cron"] == [
        {
            "code": "cron_minute",
            "message": "Minute is 0-59, not 60; write 0.",
            "position": 0,
            "suggestion": "0 0 31 * *",
        },
        {"code": "cron_hour", "message": "Hour is 0-23, not 24; write 0.", "position": 3, "suggestion": "0 0 31 * *"},
        {
            "code": "cron_day",
            "message": "Day of month is 1-31, not 99; write 31.",
            "position": 6,
            "suggestion": "0 0 31 * *",
        },
    ]
    assert fields["timezone"][0]["suggestion"] == "Europe/Berlin"


def test_both_readings_of_a_time_that_comes_twice_are_given(api: Api) -> None:
    body = {"run_at": "2031-10-26T02:30", "timezone": "Europe/Berlin"}
    [fault] = api.post("schedule/preview", body).body["error"]["fields"]["run_at"]
    assert fault["suggestions"] == ["2031-10-26T02:30:00+02:00", "2031-10-26T02:30:00+01:00"]
    for reading in fault["suggestions"]:
        assert api.post("schedule/preview", {**body, "run_at": reading}).status == 200


def test_a_schedule_may_be_suggested_in_place_of_a_cron_line(api: Api) -> None:
    [fault] = api.post("schedule/preview", {"cron": "@every 5m"}).body["error"]["fields"]["cron"]
    assert fault["suggestion"] == {"kind": "every", "minutes": 5}
    assert api.post("schedule/preview", {"schedule": fault["suggestion"]}).status == 200


def test_a_zone_that_a_text_names_comes_beside_the_suggestion(api: Api) -> None:
    body = {"schedule": {"kind": "text", "text": "every day at 9am new york time"}}
    [fault] = api.post("schedule/preview", body).body["error"]["fields"]["schedule.text"]
    assert (fault["suggestion"], fault["timezone"]) == ("every day at 9am", "America/New_York")


def test_strangers_must_sign_in(nobody: Api) -> None:
    assert nobody.post("schedule/preview", {}).status == 401


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ({"run_at": "9999-12-31T23:59:59Z"}, "run_at"),
        ({"run_at": "1969-01-01T00:00:00Z"}, "run_at"),
        ({"schedule": {"kind": "every", "days": 3, "anchor": "9999-12-31T00:00:00Z"}}, "schedule"),
    ],
)
def test_the_ends_of_the_calendar_are_no_place_for_a_schedule(api: Api, given: dict[str, Any], path: str) -> None:
    assert api.post("schedule/preview", given).faults == {path: ["out_of_range"]}
