"""The daylight-saving rules, case by case, with instants worked out by hand."""

from datetime import UTC, datetime, timedelta

import pytest

from tasks_app.recurrence import build, parse


def instants(expression: str, zone: str, start: str, count: int) -> list[str]:
    recurrence = parse(expression, zone)
    instant = datetime.fromisoformat(start).replace(tzinfo=UTC)
    found: list[str] = []
    for _ in range(count):
        following = recurrence.next_after(instant)
        assert following is not None
        assert recurrence.previous_before(following + timedelta(microseconds=1)) == following
        found.append(following.strftime("%m-%dT%H:%M"))
        instant = following
    return found


@pytest.mark.parametrize(
    ("expression", "zone", "start", "expected"),
    [
        # Berlin, 29 March 2026: 02:00 becomes 03:00, at 01:00 UTC.
        ("30 2 * * *", "Europe/Berlin", "2026-03-28T00:00", ["03-28T01:30", "03-29T01:00", "03-30T00:30"]),
        ("0,30 2,3 * * *", "Europe/Berlin", "2026-03-28T12:00", ["03-29T01:00", "03-29T01:30", "03-30T00:00"]),
        ("0 3 * * *", "Europe/Berlin", "2026-03-28T12:00", ["03-29T01:00", "03-30T01:00"]),
        # The start stands inside the hour after the gap: what the gap held has run.
        ("30 2 * * *", "Europe/Berlin", "2026-03-29T01:00", ["03-30T00:30"]),
        # New York, 8 March 2026, 02:00 to 03:00 at 07:00 UTC.
        ("15 2 * * *", "America/New_York", "2026-03-08T00:00", ["03-08T07:00", "03-09T06:15"]),
        # Havana and Santiago lose the hour after midnight.
        ("0 0 * * *", "America/Havana", "2026-03-07T12:00", ["03-08T05:00", "03-09T04:00"]),
        ("30 0 * * *", "America/Santiago", "2026-09-05T12:00", ["09-06T04:00", "09-07T03:30"]),
        # Lord Howe loses half an hour: 02:00 becomes 02:30.
        ("15 2 * * *", "Australia/Lord_Howe", "2026-10-03T00:00", ["10-03T15:30", "10-04T15:15"]),
        ("45 2 * * *", "Australia/Lord_Howe", "2026-10-03T00:00", ["10-03T15:45", "10-04T15:45"]),
    ],
)
def test_a_fixed_time_in_a_gap_runs_once_when_the_gap_ends(
    expression: str, zone: str, start: str, expected: list[str]
) -> None:
    assert instants(expression, zone, start, len(expected)) == expected


@pytest.mark.parametrize(
    ("expression", "zone", "start", "expected"),
    [
        # Berlin, 25 October 2026: 03:00 becomes 02:00, at 01:00 UTC.
        ("30 2 * * *", "Europe/Berlin", "2026-10-24T12:00", ["10-25T00:30", "10-26T01:30"]),
        # The start stands inside the second pass.
        ("30 2 * * *", "Europe/Berlin", "2026-10-25T01:10", ["10-26T01:30"]),
        ("0 2,3 * * *", "Europe/Berlin", "2026-10-25T00:30", ["10-25T02:00", "10-26T01:00"]),
        ("59 1-3 * * *", "Europe/Berlin", "2026-10-24T12:00", ["10-24T23:59", "10-25T00:59", "10-25T02:59"]),
        # Havana repeats the hour after midnight.
        ("0 0 * * *", "America/Havana", "2025-11-01T12:00", ["11-02T04:00", "11-03T05:00"]),
        # Lord Howe repeats 01:30 to 02:00.
        ("45 1 * * *", "Australia/Lord_Howe", "2026-04-04T00:00", ["04-04T14:45", "04-05T15:15"]),
    ],
)
def test_a_fixed_time_in_an_overlap_runs_once_in_the_first_pass(
    expression: str, zone: str, start: str, expected: list[str]
) -> None:
    assert instants(expression, zone, start, len(expected)) == expected


@pytest.mark.parametrize(
    ("expression", "zone", "start", "expected"),
    [
        ("*/30 * * * *", "Europe/Berlin", "2026-03-29T00:00", ["03-29T00:30", "03-29T01:00", "03-29T01:30"]),
        ("*/30 2 * * *", "Europe/Berlin", "2026-03-28T12:00", ["03-30T00:00", "03-30T00:30"]),
        ("30 */2 * * *", "Europe/Berlin", "2026-03-28T23:00", ["03-28T23:30", "03-29T02:30", "03-29T04:30"]),
        ("*/30 * * * *", "Europe/Berlin", "2026-10-25T00:00", ["10-25T00:30", "10-25T01:00", "10-25T01:30"]),
        (
            "*/30 2 * * *",
            "Europe/Berlin",
            "2026-10-24T12:00",
            ["10-25T00:00", "10-25T00:30", "10-25T01:00", "10-25T01:30", "10-26T01:00"],
        ),
        ("@hourly", "Europe/Berlin", "2026-10-24T23:30", ["10-25T00:00", "10-25T01:00", "10-25T02:00"]),
        # A year ahead of the overlap: its first pass comes first all the same.
        ("*/30 2 25 10 *", "Europe/Berlin", "2026-01-01T00:00", ["10-25T00:00", "10-25T00:30", "10-25T01:00"]),
        (
            "*/15 1 * * *",
            "Australia/Lord_Howe",
            "2026-04-04T13:45",
            ["04-04T14:00", "04-04T14:15", "04-04T14:30", "04-04T14:45", "04-04T15:00", "04-04T15:15", "04-05T14:30"],
        ),
    ],
)
def test_an_expression_with_steps_follows_elapsed_time(
    expression: str, zone: str, start: str, expected: list[str]
) -> None:
    assert instants(expression, zone, start, len(expected)) == expected


def test_a_whole_skipped_day_moves_to_the_next_valid_instant() -> None:
    # Samoa had no 30 December 2011.
    assert instants("0 9 * * *", "Pacific/Apia", "2011-12-29T00:00", 4) == [
        "12-29T19:00",
        "12-30T10:00",
        "12-30T19:00",
        "12-31T19:00",
    ]


def test_a_zone_that_always_skips_the_time_is_refused() -> None:
    with pytest.raises(ValueError, match="can never happen: in Europe/Berlin"):
        parse("*/30 2 * 3 0L", "Europe/Berlin")
    assert parse("*/30 2 * 3 0L", "UTC").next_after(datetime(2026, 1, 1, tzinfo=UTC))


def test_a_time_that_gaps_swallowed_for_decades_is_found_beyond_them() -> None:
    # There the clocks went from 00:00 to 01:00 on every last Sunday of March from 1981 to 2023.
    recurrence = parse("*/30 0 * 3 0L", "America/Scoresbysund")
    first = recurrence.next_after(datetime(1981, 3, 1, tzinfo=UTC))
    assert first == datetime(2024, 3, 31, 1, tzinfo=UTC)
    assert recurrence.previous_before(first) == datetime(1980, 3, 30, 2, 30, tzinfo=UTC)


def test_an_interval_of_days_keeps_its_time_of_day() -> None:
    fortnight = build({"kind": "every", "days": 14, "anchor": "2026-03-17T10:00"}, "Europe/Berlin")
    first = fortnight.next_after(datetime(2026, 3, 16, tzinfo=UTC))
    assert first == datetime(2026, 3, 17, 9, tzinfo=UTC)
    assert fortnight.next_after(first) == datetime(2026, 3, 31, 8, tzinfo=UTC)


def test_an_interval_of_hours_is_elapsed_time() -> None:
    daily = build({"kind": "every", "hours": 24, "anchor": "2026-03-28T09:00:00Z"}, "Europe/Berlin")
    assert daily.next_after(datetime(2026, 3, 28, 9, tzinfo=UTC)) == datetime(2026, 3, 29, 9, tzinfo=UTC)
    assert daily.previous_before(datetime(2026, 3, 28, 9, tzinfo=UTC)) == datetime(2026, 3, 27, 9, tzinfo=UTC)
