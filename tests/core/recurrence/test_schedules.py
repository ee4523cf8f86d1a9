"""Schedule objects: what each kind takes, its canonical form, the cron that says the same, and what is refused."""

from datetime import UTC, datetime, time
from typing import Any

import pytest

from tasks_app.recurrence import ScheduleError, build, normalise


def errors(data: Any, timezone: str = "Europe/Berlin") -> dict[str, list[tuple[str, str]]]:
    with pytest.raises(ScheduleError) as refused:
        normalise(data, timezone)
    return refused.value.errors


@pytest.mark.parametrize(
    ("schedule", "cron"),
    [
        ({"kind": "hourly", "minute": 5}, "5 * * * *"),
        ({"kind": "daily", "time": "09:30"}, "30 9 * * *"),
        ({"kind": "weekly", "days": ["mon", "tue", "wed", "thu", "fri"], "time": "09:00"}, "0 9 * * 1-5"),
        ({"kind": "weekly", "days": ["sat", "sun"], "time": "09:00"}, "0 9 * * 0,6"),
        ({"kind": "weekly", "days": ["mon"], "time": "00:00"}, "0 0 * * 1"),
        (
            {"kind": "weekly", "days": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"], "time": "09:00"},
            "0 9 * * *",
        ),
        ({"kind": "monthly", "day": 31, "time": "06:00"}, "0 6 31 * *"),
        ({"kind": "monthly", "day": "last", "time": "06:00"}, "0 6 L * *"),
        ({"kind": "monthly", "day": -2, "time": "06:00"}, "0 6 L-1 * *"),
        ({"kind": "monthly", "nth": 2, "weekday": "fri", "time": "06:00"}, "0 6 * * 5#2"),
        ({"kind": "monthly", "nth": "last", "weekday": "sun", "time": "06:00"}, "0 6 * * 0L"),
        ({"kind": "monthly", "workday": "first", "time": "06:00"}, "0 6 1W * *"),
        ({"kind": "monthly", "workday": "last", "time": "06:00"}, "0 6 LW * *"),
        ({"kind": "monthly", "workday": 3, "time": "06:00"}, None),
        ({"kind": "yearly", "month": 2, "day": 29, "time": "12:00"}, "0 12 29 2 *"),
        ({"kind": "yearly", "month": 2, "day": "last", "time": "12:00"}, "0 12 L 2 *"),
        ({"kind": "cron", "expression": "*/5 8-17 ? * MON-FRI"}, "*/5 8-17 * * MON-FRI"),
        ({"kind": "every", "seconds": 30}, None),
        ({"kind": "every", "minutes": 1}, "* * * * *"),
        ({"kind": "every", "seconds": 300}, "*/5 * * * *"),
        ({"kind": "every", "minutes": 45}, None),
        ({"kind": "every", "minutes": 15, "anchor": "2026-01-01T00:05:00Z"}, "5-59/15 * * * *"),
        ({"kind": "every", "minutes": 60}, "0 * * * *"),
        ({"kind": "every", "hours": 2}, None),
        ({"kind": "every", "days": 1}, "0 0 * * *"),
        ({"kind": "every", "days": 1, "anchor": "2026-01-01T08:15:00Z"}, "15 9 * * *"),
        ({"kind": "every", "days": 2}, None),
        ({"kind": "once", "run_at": "2027-03-03T11:00:00Z"}, None),
        (
            {"kind": "any", "of": [{"kind": "daily", "time": "09:00"}, {"kind": "daily", "time": "17:00"}]},
            "0 9,17 * * *",
        ),
        ({"kind": "any", "of": [{"kind": "daily", "time": "09:00"}, {"kind": "daily", "time": "17:30"}]}, None),
        ({"kind": "any", "of": [{"kind": "daily", "time": "09:00"}, {"kind": "every", "seconds": 7}]}, None),
    ],
)
def test_a_canonical_schedule_stays_as_it_is_and_becomes_cron_where_cron_says_it(
    schedule: dict[str, Any], cron: str | None
) -> None:
    assert normalise(schedule, "Europe/Berlin") == schedule
    recurrence = build(schedule, "Europe/Berlin")
    assert recurrence.cron == cron
    assert recurrence.schedule == schedule


@pytest.mark.parametrize(
    ("zone", "schedule", "cron"),
    [
        ("UTC", {"kind": "every", "hours": 6}, "0 */6 * * *"),
        ("UTC", {"kind": "every", "hours": 6, "anchor": "2026-01-01T02:30:00Z"}, "30 2-23/6 * * *"),
        ("UTC", {"kind": "every", "hours": 24}, "0 0 * * *"),
        ("Asia/Tokyo", {"kind": "every", "hours": 24}, "0 9 * * *"),
        ("Asia/Tokyo", {"kind": "every", "hours": 2}, "0 1-23/2 * * *"),
        ("Asia/Kathmandu", {"kind": "every", "minutes": 15}, "*/15 * * * *"),
        ("Asia/Kathmandu", {"kind": "every", "minutes": 30}, "15-59/30 * * * *"),
        ("Asia/Kathmandu", {"kind": "every", "hours": 1}, "45 * * * *"),
        ("Australia/Lord_Howe", {"kind": "every", "minutes": 30}, "*/30 * * * *"),
        ("Australia/Lord_Howe", {"kind": "every", "hours": 1}, None),
    ],
)
def test_an_interval_becomes_cron_where_the_offsets_of_the_zone_allow(
    zone: str, schedule: dict[str, Any], cron: str | None
) -> None:
    assert build(schedule, zone).cron == cron


@pytest.mark.parametrize(
    ("given", "canonical"),
    [
        ({"kind": "daily", "time": "9:05"}, {"kind": "daily", "time": "09:05"}),
        ({"kind": "daily", "time": "09:05:00"}, {"kind": "daily", "time": "09:05"}),
        ({"kind": "daily", "time": time(9, 5)}, {"kind": "daily", "time": "09:05"}),
        (
            {"kind": "weekly", "days": ["FRI", "mon", "fri"], "time": "09:05"},
            {"kind": "weekly", "days": ["mon", "fri"], "time": "09:05"},
        ),
        ({"kind": "monthly", "day": -1, "time": "09:05"}, {"kind": "monthly", "day": "last", "time": "09:05"}),
        ({"kind": "monthly", "workday": 1, "time": "09:05"}, {"kind": "monthly", "workday": "first", "time": "09:05"}),
        ({"kind": "cron", "expression": " 0  9 * * mon "}, {"kind": "cron", "expression": "0 9 * * MON"}),
        (
            {"kind": "once", "run_at": "2026-07-01T12:00:00"},
            {"kind": "once", "run_at": "2026-07-01T10:00:00Z"},
        ),
        (
            {"kind": "once", "run_at": "2026-10-25T02:30:00+01:00"},
            {"kind": "once", "run_at": "2026-10-25T01:30:00Z"},
        ),
        (
            {"kind": "once", "run_at": datetime(2026, 7, 1, 12, tzinfo=UTC)},
            {"kind": "once", "run_at": "2026-07-01T12:00:00Z"},
        ),
        (
            {"kind": "any", "of": [{"kind": "daily", "time": "9:00"}, {"kind": "daily", "time": "09:00"}]},
            {"kind": "any", "of": [{"kind": "daily", "time": "09:00"}]},
        ),
    ],
)
def test_the_canonical_form_is_the_same_for_the_same_meaning(given: dict[str, Any], canonical: dict[str, Any]) -> None:
    assert normalise(given, "Europe/Berlin") == canonical
    assert build(given, "Europe/Berlin").schedule == canonical


@pytest.mark.parametrize(
    ("schedule", "path", "code", "message"),
    [
        ({}, "kind", "required", "kind is needed"),
        ({"kind": "sometimes"}, "kind", "unknown_kind", "once, cron, every"),
        ({"kind": "text"}, "text", "required", "every weekday at 9:00"),
        ({"kind": "text", "text": 5}, "text", "required", "every weekday at 9:00"),
        ({"kind": "text", "text": "every day"}, "text", "text_time", "at 9:00"),
        ({"kind": "text", "text": "every day at 9", "txt": 5}, "txt", "unknown_field", "did you mean text?"),
        ({"kind": 5}, "kind", "unknown_kind", "known are"),
        ({"kind": ["daily"]}, "kind", "unknown_kind", "known are"),
        ({"kind": "daily"}, "time", "required", "time is needed"),
        ({"kind": "daily", "time": "25:00"}, "time", "time_invalid", "0-23"),
        ({"kind": "daily", "time": "24:00"}, "time", "time_invalid", "00:00"),
        ({"kind": "daily", "time": "9pm"}, "time", "time_invalid", "21:00"),
        ({"kind": "daily", "time": "09:00:30"}, "time", "time_invalid", "whole minutes"),
        ({"kind": "daily", "time": 900}, "time", "time_invalid", "09:00"),
        ({"kind": "daily", "time": "09:00", "tiem": "x"}, "tiem", "unknown_field", "did you mean time?"),
        ({"kind": "hourly"}, "minute", "required", "minute"),
        ({"kind": "hourly", "minute": 60}, "minute", "out_of_range", "minute is 0-59, not 60"),
        ({"kind": "hourly", "minute": True}, "minute", "out_of_range", "minute is 0-59"),
        ({"kind": "hourly", "minute": "5"}, "minute", "out_of_range", "minute is 0-59"),
        ({"kind": "weekly", "days": [], "time": "09:00"}, "days", "required", "list of weekdays"),
        ({"kind": "weekly", "days": "mon", "time": "09:00"}, "days", "required", "list of weekdays"),
        ({"kind": "weekly", "days": ["monday"], "time": "09:00"}, "days.0", "invalid_choice", "write mon"),
        ({"kind": "monthly", "time": "09:00"}, "day", "required", "day is needed"),
        ({"kind": "monthly", "day": 0, "time": "09:00"}, "day", "out_of_range", "1-31"),
        ({"kind": "monthly", "day": 32, "time": "09:00"}, "day", "out_of_range", "1-31"),
        ({"kind": "monthly", "day": -32, "time": "09:00"}, "day", "out_of_range", "-1 to -31"),
        ({"kind": "monthly", "nth": 6, "weekday": "fri", "time": "09:00"}, "nth", "out_of_range", "1-5"),
        ({"kind": "monthly", "nth": 2, "time": "09:00"}, "weekday", "required", "weekday"),
        ({"kind": "monthly", "day": 1, "workday": 2, "time": "09:00"}, "day", "unknown_field", "no field"),
        ({"kind": "monthly", "workday": 24, "time": "09:00"}, "workday", "out_of_range", "1-23"),
        ({"kind": "yearly", "month": 2, "day": 30, "time": "09:00"}, "day", "cron_never", "29 days"),
        ({"kind": "yearly", "month": 13, "day": 1, "time": "09:00"}, "month", "out_of_range", "1-12"),
        ({"kind": "every"}, "minutes", "required", "exactly one"),
        ({"kind": "every", "minutes": 5, "hours": 1}, "hours", "required", "exactly one"),
        ({"kind": "every", "minutes": 0}, "minutes", "out_of_range", "not 0"),
        ({"kind": "every", "minutes": 1.5}, "minutes", "out_of_range", "1.5"),
        ({"kind": "every", "days": 10**9}, "days", "out_of_range", "1-3660"),
        ({"kind": "every", "days": 1, "anchor": "soon"}, "anchor", "time_invalid", "soon"),
        ({"kind": "every", "days": 1, "anchor": "2026-01-01T00:00:00.5Z"}, "anchor", "time_invalid", "whole second"),
        ({"kind": "cron"}, "expression", "cron_empty", "text"),
        ({"kind": "cron", "expression": ["0 9 * * *"]}, "expression", "cron_empty", "text"),
        ({"kind": "cron", "expression": "0 24 * * *"}, "expression", "cron_hour", "0-23"),
        ({"kind": "once"}, "run_at", "required", "run_at"),
        ({"kind": "once", "run_at": "tomorrow"}, "run_at", "time_invalid", "tomorrow"),
        ({"kind": "once", "run_at": "2026-02-30T10:00:00Z"}, "run_at", "time_invalid", "day"),
        ({"kind": "once", "run_at": "2026-W01-1"}, "run_at", "time_invalid", "instant"),
        ({"kind": "once", "run_at": "9999-12-31T23:59:59-05:00"}, "run_at", "time_invalid", "range"),
        ({"kind": "once", "run_at": "9999-12-31T23:30:00Z"}, "run_at", "time_invalid", "range"),
        ({"kind": "every", "hours": 1, "anchor": "9999-12-31T23:30:00Z"}, "anchor", "time_invalid", "range"),
        ({"kind": "any"}, "of", "required", "list"),
        ({"kind": "any", "of": []}, "of", "required", "list"),
        ({"kind": "any", "of": [{"kind": "daily", "time": "x"}]}, "of.0.time", "time_invalid", "09:00"),
        ({"kind": "any", "of": [{"kind": "cron", "expression": "x"}]}, "of.0.expression", "cron_field_count", "five"),
        ({"kind": "any", "of": [5]}, "of.0", "invalid", "object"),
        ({"kind": "any", "of": [{"kind": "any", "of": []}]}, "of.0.kind", "invalid_choice", "no further union"),
        ("daily", "", "invalid", "object"),
        (None, "", "invalid", "object"),
    ],
)
def test_a_faulty_schedule_is_refused_at_its_field(schedule: Any, path: str, code: str, message: str) -> None:
    found = errors(schedule)
    assert found[path][0][0] == code
    assert message in found[path][0][1]
    with pytest.raises(ScheduleError):
        build(schedule, "Europe/Berlin")


def test_all_faulty_fields_are_named_at_once() -> None:
    assert set(errors({"kind": "yearly", "month": 0, "day": 40, "time": "noon"})) == {"month", "day", "time"}


def test_a_one_time_instant_in_a_gap_is_refused_with_both_neighbours() -> None:
    code, message = errors({"kind": "once", "run_at": "2026-03-29T02:30:00"})["run_at"][0]
    assert code == "time_nonexistent"
    assert "2026-03-29T01:59" in message
    assert "2026-03-29T03:00" in message


def test_a_one_time_instant_in_an_overlap_needs_an_offset() -> None:
    code, message = errors({"kind": "once", "run_at": "2026-10-25T02:30:00"})["run_at"][0]
    assert code == "time_ambiguous"
    assert "2026-10-25T02:30:00+02:00 or 2026-10-25T02:30:00+01:00" in message


def test_a_one_time_schedule_has_one_instant() -> None:
    once = build({"kind": "once", "run_at": "2027-03-03T12:00:00.25Z"}, "UTC")
    at = datetime(2027, 3, 3, 12, 0, 0, 250_000, tzinfo=UTC)
    assert once.kind == "once"
    assert once.run_at == at
    assert once.next_after(datetime(2026, 1, 1, tzinfo=UTC)) == at
    assert once.next_after(at) is None
    assert once.previous_before(at) is None
    assert once.previous_before(datetime(2028, 1, 1, tzinfo=UTC)) == at


def test_an_interval_without_anchor_counts_from_the_unix_epoch() -> None:
    every = build({"kind": "every", "seconds": 7}, "Asia/Tokyo")
    following = every.next_after(datetime(2026, 1, 1, tzinfo=UTC))
    assert following is not None
    assert following.timestamp() % 7 == 0
    assert every.interval == (7, "seconds")


def test_an_interval_counts_from_its_anchor_in_both_directions() -> None:
    every = build({"kind": "every", "minutes": 7, "anchor": "2026-01-01T00:00:30Z"}, "UTC")
    anchor = datetime(2026, 1, 1, 0, 0, 30, tzinfo=UTC)
    assert every.next_after(anchor) == datetime(2026, 1, 1, 0, 7, 30, tzinfo=UTC)
    assert every.previous_before(anchor) == datetime(2025, 12, 31, 23, 53, 30, tzinfo=UTC)


def test_a_union_gives_each_instant_once() -> None:
    union = build(
        {
            "kind": "any",
            "of": [
                {"kind": "daily", "time": "09:00"},
                {"kind": "weekly", "days": ["mon"], "time": "09:00"},
                {"kind": "once", "run_at": "2026-01-05T10:00:00Z"},
            ],
        },
        "UTC",
    )
    found = [datetime(2026, 1, 4, 12, tzinfo=UTC)]
    for _ in range(3):
        found.append(union.next_after(found[-1]) or found[-1])
    assert [(instant.day, instant.hour) for instant in found[1:]] == [(5, 9), (5, 10), (6, 9)]
    assert union.previous_before(found[2]) == found[1]


def test_the_same_schedule_gives_the_same_object() -> None:
    one = build({"kind": "weekly", "time": "09:00", "days": ["mon"]}, "UTC")
    assert one is build({"days": ["mon"], "kind": "weekly", "time": "09:00"}, "UTC")


def test_an_instant_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        build({"kind": "hourly", "minute": 0}, "UTC").next_after(datetime(2026, 1, 1))


@pytest.mark.parametrize("zone", ["UTC", "Asia/Tokyo", "America/New_York"])
def test_the_ends_of_the_calendar_are_the_end(zone: str) -> None:
    hourly = build({"kind": "hourly", "minute": 0}, zone)
    daily = build({"kind": "daily", "time": "00:00"}, zone)
    steps = build({"kind": "every", "days": 3660}, zone)
    for recurrence in (hourly, daily, steps):
        assert recurrence.next_after(datetime(9999, 12, 31, 23, 59, tzinfo=UTC)) is None
        assert recurrence.previous_before(datetime(1, 1, 1, tzinfo=UTC)) is None


def test_a_number_of_minutes_that_is_too_large_is_refused_in_good_words() -> None:
    with pytest.raises(ScheduleError, match="minutes are 1-5270400, not 9999999"):
        normalise({"kind": "every", "minutes": 9999999})


@pytest.mark.parametrize(
    ("schedule", "path", "better"),
    [
        ({"kind": "Daily", "time": "09:00"}, "kind", "daily"),
        ({"kind": "week", "days": ["mon"], "time": "09:00"}, "kind", "weekly"),
        ({"kind": "daily", "time": "9"}, "time", "09:00"),
        ({"kind": "daily", "time": "0930"}, "time", "09:30"),
        ({"kind": "daily", "time": "17h30"}, "time", "17:30"),
        ({"kind": "yearly", "month": 2, "day": 30, "time": "09:00"}, "day", "last"),
        ({"kind": "once", "run_at": "2027-01-01"}, "run_at", "2027-01-01T09:00"),
    ],
)
def test_what_is_nearly_right_comes_with_what_is_meant(schedule: dict[str, Any], path: str, better: str) -> None:
    with pytest.raises(ScheduleError) as refused:
        build(schedule, "UTC")
    assert refused.value.problems[path][0].suggestion == better
    build({**schedule, path: better}, "UTC")


def test_a_number_without_end_is_refused_like_any_other() -> None:
    found = errors({"kind": "every", "seconds": 10**5000})
    assert found == {"seconds": [("out_of_range", "seconds are 1-316224000, not a number of that size")]}
    with pytest.raises(ScheduleError):
        build({"kind": "every", "seconds": 10**5000}, "UTC")
