"""What the rules of schedules find wrong, as faults of fields: whole sentences, places, suggestions to use."""

from typing import Any

import pytest

from tasks_app.errors import FieldError, Invalid
from tasks_app.services.faults import sentence
from tasks_app.services.timing import TimingSpec, timing_of

pytestmark = pytest.mark.django_db

BERLIN = "Europe/Berlin"
HOURLY = {"kind": "hourly", "minute": 1}
SIXTY = {"kind": "cron", "expression": "60 * * * *"}


def faults(**given: Any) -> dict[str, list[FieldError]]:
    """Check the schedule of a task."""
    with pytest.raises(Invalid) as refused:
        timing_of(TimingSpec(**given))
    return refused.value.fields


@pytest.mark.parametrize(
    ("said", "whole"),
    [
        ("minute is 0-59, not 60", "Minute is 0-59, not 60."),
        ('"soon" is no time of day', '"soon" is no time of day.'),
        ("@every is not a cron expression", "@every is not a cron expression."),
        ("rate(...) is the form of AWS", "rate(...) is the form of AWS."),
        ("24:00 is 00:00 of the next day", "24:00 is 00:00 of the next day."),
        ("run_at is needed", "run_at is needed."),
        ("there is no time zone; did you mean UTC?", "There is no time zone; did you mean UTC?"),
        ("only five fields.", "Only five fields."),
    ],
)
def test_what_is_said_is_a_whole_sentence(said: str, whole: str) -> None:
    assert sentence(said) == whole


@pytest.mark.parametrize(
    ("given", "path", "position", "suggestion"),
    [
        ({"cron": "60 * * * *"}, "cron", 0, "0 * * * *"),
        ({"cron": "0 9 * * monday-friday"}, "cron", 8, "0 9 * * MON-FRI"),
        ({"cron": "0 0 9 ? * 2-6"}, "cron", 0, "0 9 * * MON-FRI"),
        ({"cron": "@every 5m"}, "cron", 0, {"kind": "every", "minutes": 5}),
        ({"cron": "0 99 * * *"}, "cron", 2, "0 23 * * *"),
        ({"cron": " 0 9 30 2 *"}, "cron", 5, "0 9 L 2 *"),
        ({"cron": "0 9 * * 1-5 2027"}, "cron", 12, "0 9 * * 1-5"),
        ({"cron": "*/90 * * * *"}, "cron", 2, {"kind": "every", "minutes": 90}),
        ({"cron": "0 9 * * *", "timezone": "europe/berlin"}, "timezone", None, BERLIN),
        ({"schedule": {"kind": "cron", "expression": "0 24 * * *"}}, "schedule.expression", 2, "0 0 * * *"),
        ({"schedule": {"kind": "daily", "time": "9 am"}}, "schedule.time", None, "09:00"),
        ({"schedule": {"kind": "weekly", "days": ["mon", "friday"], "time": "9:00"}}, "schedule.days.1", None, "fri"),
        ({"schedule": {"kind": "any", "of": [HOURLY, SIXTY]}}, "schedule.of.1.expression", 0, "0 * * * *"),
    ],
)
def test_a_suggestion_fits_the_whole_field(
    given: dict[str, Any], path: str, position: int | None, suggestion: object
) -> None:
    [fault] = faults(**given)[path]
    assert (fault.position, fault.suggestion) == (position, suggestion)


@pytest.mark.parametrize("name", ["run_at", "starts_at", "ends_at"])
def test_a_wall_time_that_comes_twice_has_two_readings(name: str) -> None:
    [fault] = faults(**{name: "2027-10-31T02:30"}, timezone=BERLIN)[name]
    assert fault.code == "time_ambiguous"
    assert (fault.suggestion, *fault.also) == ("2027-10-31T02:30:00+02:00", "2027-10-31T02:30:00+01:00")


@pytest.mark.parametrize("name", ["run_at", "starts_at", "ends_at"])
def test_a_wall_time_that_is_skipped_has_two_neighbours(name: str) -> None:
    [fault] = faults(**{name: "2027-03-28T02:30"}, timezone=BERLIN)[name]
    assert fault.code == "time_nonexistent"
    assert (fault.suggestion, *fault.also) == ("2027-03-28T03:00", "2027-03-28T01:59")


def test_each_reading_is_accepted() -> None:
    for text in ("2027-10-31T02:30:00+02:00", "2027-10-31T02:30:00+01:00", "2027-03-28T03:00", "2027-03-28T01:59"):
        assert timing_of(TimingSpec(cron="0 9 * * *", starts_at=text, timezone=BERLIN)).starts_at


def test_the_window_is_read_in_the_tasks_zone() -> None:
    window = {"starts_at": "2031-01-01T00:00", "ends_at": "2031-06-01 00:00:30"}
    timing = timing_of(TimingSpec(timezone=BERLIN, **window))  # type: ignore[arg-type]
    assert timing.starts_at is not None
    assert timing.ends_at is not None
    assert timing.starts_at.isoformat() == "2030-12-31T23:00:00+00:00"
    assert timing.ends_at.isoformat() == "2031-05-31T22:00:30+00:00"


def test_faults_of_the_window_come_with_the_others() -> None:
    found = faults(timezone="Nowhere", starts_at="soon", ends_at="0001-01-01T00:00Z", cron="60 * * * *")
    assert {path: [fault.code for fault in faults] for path, faults in found.items()} == {
        "timezone": ["timezone_unknown"],
        "starts_at": ["time_invalid"],
        "ends_at": ["out_of_range"],
        "cron": ["cron_minute"],
    }
