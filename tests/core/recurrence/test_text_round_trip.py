"""A sentence that a schedule is described with can be copied and given back as a text: it means the same."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from tasks_app.recurrence import Recurrence, ScheduleError, build, normalise
from tasks_app.recurrence.text import LONGEST_TEXT, tidy
from tests.core.recurrence.oracle import ZONES
from tests.core.recurrence.strategies import cron_texts

FAST = settings(max_examples=150, suppress_health_check=list(HealthCheck))
STARTS = (datetime(2026, 1, 1, tzinfo=UTC), datetime(2031, 6, 30, 22, 30, tzinfo=UTC))
WEEKDAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
# A day of the month that must be a certain weekday has no words of its own in a text.
NOT_SAID = " when it is "
WORDS = (
    *("every", "day", "at", "9", "on", "monday", "and", "the", "first", "of", "month"),
    *("march", "2027", "from", "to", "8:00", "until", "weeks", "2", "minutes", ","),
)


def times() -> st.SearchStrategy[str]:
    return st.builds(lambda hour, minute: f"{hour:02}:{minute:02}", st.integers(0, 23), st.sampled_from([0, 5, 30, 59]))


def single_schedules() -> st.SearchStrategy[dict[str, Any]]:
    """Build schedules of every kind but text and any."""
    days = st.lists(st.sampled_from(WEEKDAYS), min_size=1, max_size=7)
    month_days = st.sampled_from([1, 2, 15, 28, "last", -2, -7])
    counts = st.sampled_from([1, 2, 5, 7, 10, 14, 15, 21, 30, 45, 90])
    nth = st.sampled_from([1, 2, 3, 4, 5, "last"])
    anchor = st.sampled_from(["2026-03-03T09:00:00Z", "2020-02-29T23:30:00Z"])
    return st.one_of(
        cron_texts().map(lambda text: {"kind": "cron", "expression": text}),
        st.builds(lambda unit, count: {"kind": "every", unit: count}, st.sampled_from(["seconds", "minutes"]), counts),
        st.builds(lambda count, at: {"kind": "every", "hours": count, "anchor": at}, counts, anchor),
        st.builds(lambda count, at: {"kind": "every", "days": count, "anchor": at}, counts, anchor),
        st.builds(lambda minute: {"kind": "hourly", "minute": minute}, st.integers(0, 59)),
        st.builds(lambda time: {"kind": "daily", "time": time}, times()),
        st.builds(lambda days, time: {"kind": "weekly", "days": days, "time": time}, days, times()),
        st.builds(lambda day, time: {"kind": "monthly", "day": day, "time": time}, month_days, times()),
        st.builds(
            lambda nth, day, time: {"kind": "monthly", "nth": nth, "weekday": day, "time": time},
            nth,
            st.sampled_from(WEEKDAYS),
            times(),
        ),
        st.builds(
            lambda number, time: {"kind": "monthly", "workday": number, "time": time},
            st.sampled_from(["first", 2, 21, "last"]),
            times(),
        ),
        st.builds(
            lambda month, day, time: {"kind": "yearly", "month": month, "day": day, "time": time},
            st.integers(1, 12),
            month_days,
            times(),
        ),
        st.just({"kind": "once", "run_at": "2027-05-01T10:00:30Z"}),
    )


def schedules() -> st.SearchStrategy[dict[str, Any]]:
    single = single_schedules()
    return single | st.lists(single, min_size=2, max_size=4).map(lambda parts: {"kind": "any", "of": parts})


def instants(recurrence: Recurrence, start: datetime) -> list[datetime]:
    found: list[datetime] = []
    instant = recurrence.next_after(start)
    while instant and len(found) < 40:
        found.append(instant)
        instant = recurrence.next_after(instant)
    return found


def check(schedule: dict[str, Any], zone: str = "UTC") -> None:
    recurrence = build(schedule, zone)
    words = said(recurrence)
    text = build({"kind": "text", "text": words}, zone)
    assert [instants(text, start) for start in STARTS] == [instants(recurrence, start) for start in STARTS], words


def said(recurrence: Recurrence) -> str:
    """Give the sentence without its zone."""
    sentence = recurrence.describe()
    return sentence.removesuffix(", UTC").removesuffix(", Berlin time")


@FAST
@given(schedules())
def test_every_sentence_reads_back_as_the_same_schedule(schedule: dict[str, Any]) -> None:
    try:
        recurrence = build(schedule, "UTC")
    except ScheduleError:
        assume(False)
    words = said(recurrence)
    assume(len(words) <= LONGEST_TEXT and NOT_SAID not in words)
    check(schedule)


@FAST
@given(schedules(), st.sampled_from(ZONES))
def test_every_schedule_has_a_sentence(schedule: dict[str, Any], zone: str) -> None:
    try:
        recurrence = build(schedule, zone)
    except ScheduleError:
        assume(False)
    sentence = recurrence.describe()
    assert sentence[0].isupper()
    assert sentence == tidy(sentence)


@pytest.mark.parametrize(
    "schedule",
    [
        {"kind": "daily", "time": "09:00"},
        {"kind": "weekly", "days": ["mon", "tue", "wed", "thu", "fri"], "time": "09:00"},
        {"kind": "weekly", "days": ["sat", "sun"], "time": "00:00"},
        {"kind": "monthly", "day": 1, "time": "06:00"},
        {"kind": "monthly", "nth": "last", "weekday": "fri", "time": "17:30"},
        {"kind": "monthly", "workday": 5, "time": "07:00"},
        {"kind": "yearly", "month": 2, "day": "last", "time": "12:00"},
        {"kind": "hourly", "minute": 20},
        {"kind": "every", "minutes": 15},
        {"kind": "every", "seconds": 90},
        {"kind": "every", "days": 14, "anchor": "2026-03-17T09:00:00Z"},
        {"kind": "every", "hours": 5, "anchor": "2026-01-01T00:00:00Z"},
        {"kind": "once", "run_at": "2027-03-03T11:00:00Z"},
        {"kind": "cron", "expression": "*/15 8-17 * * 1-5"},
        {"kind": "cron", "expression": "0 22,23,0-6 * * *"},
        {"kind": "cron", "expression": "0 9 13 2 5"},
        {"kind": "cron", "expression": "10,36-50 4 * * *"},
        {"kind": "cron", "expression": "1-29,45 16 L 2 *"},
        {"kind": "any", "of": [{"kind": "daily", "time": "09:00"}, {"kind": "hourly", "minute": 0}]},
    ],
)
def test_a_sentence_in_berlin_reads_back_as_the_same_schedule(schedule: dict[str, Any]) -> None:
    check(schedule, "Europe/Berlin")


def test_the_zone_of_a_copied_sentence_is_taken_off_by_the_suggestion() -> None:
    sentence = build({"kind": "cron", "expression": "0 9 * * 1-5"}, "Europe/Berlin").describe()
    with pytest.raises(ScheduleError) as refused:
        build({"kind": "text", "text": sentence}, "Europe/Berlin")
    assert refused.value.problems["text"][0].suggestion == "Every weekday at 09:00"


@FAST
@given(
    st.lists(
        st.sampled_from(
            [
                "every",
                "day",
                "at",
                "9",
                "on",
                "monday",
                "and",
                "the",
                "first",
                "of",
                "month",
                "march",
                "2027",
                "from",
                "to",
                "8:00",
                "until",
            ]
        )
    )
)
def test_any_words_are_either_understood_or_refused_with_a_reason(words: list[str]) -> None:
    text = " ".join(words)
    try:
        schedule = normalise({"kind": "text", "text": text}, "Europe/Berlin")
    except ScheduleError as error:
        (problem,) = error.problems["text"]
        assert problem.message
        assert problem.position is not None
        assert 0 <= problem.position <= len(text)
    else:
        assert normalise(schedule, "Europe/Berlin") == schedule
        meaning = dict(build(schedule, "Europe/Berlin").meaning)
        assert normalise(meaning, "Europe/Berlin") == meaning
