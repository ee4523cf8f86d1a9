"""Rules of whole days: they mean what dateutil takes them to mean, and never cost more than they may."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from dateutil.rrule import rrulestr
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks_app.recurrence.day_rules import Budget, DayRule, Impossible, TooMuchWork, Unread, spans

FIRST, LAST = date(2025, 11, 1), date(2030, 11, 1)
DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")


def read(written: str) -> DayRule:
    """Read an RRULE without the library that the platform uses for it."""
    parts: dict[str, list[Any]] = {}
    for part in written.split(";"):
        name, _, value = part.partition("=")
        parts[name] = value.split(",")
    if "UNTIL" in parts:
        parts["UNTIL"] = [datetime.strptime(parts["UNTIL"][0], "%Y%m%d").date()]
    return DayRule.of(parts)


def ours(written: str, start: date) -> list[date]:
    return list(read(written).days(start, FIRST, LAST, Budget(1_000_000)))


def theirs(written: str, start: date) -> list[date]:
    """What dateutil says; it is asked only for rules that match something."""
    rule = rrulestr(f"{written};UNTIL={LAST:%Y%m%d}" if "UNTIL" not in written else written, dtstart=_at(start))
    return [instant.date() for instant in rule.between(_at(FIRST), _at(LAST), inc=True)]


def _at(day: date) -> datetime:
    return datetime(day.year, day.month, day.day)


@st.composite
def rules(draw: st.DrawFn) -> str:
    """Rules that match something: each frequency with what iCalendar lets it have.

    Days with and without a number in one rule are left out: there dateutil takes those that are both, RFC 5545 either.
    """
    frequency = draw(st.sampled_from(["DAILY", "WEEKLY", "MONTHLY", "YEARLY"]))
    interval = draw(st.integers(1, 3))
    parts = [f"FREQ={frequency}", f"INTERVAL={interval}"]
    if draw(st.booleans()) and (frequency != "MONTHLY" or interval == 1):
        parts.append("BYMONTH=" + ",".join(map(str, draw(st.sets(st.integers(1, 12), min_size=1, max_size=4)))))
    is_numbered = frequency in ("MONTHLY", "YEARLY") and draw(st.booleans())
    ordinals = st.sampled_from(["1", "2", "-1", "+3"] if is_numbered else [""])
    shape = draw(st.sampled_from(["", "days", "numbers"]))
    if shape == "days":
        days = draw(st.lists(st.builds(str.__add__, ordinals, st.sampled_from(DAYS)), min_size=1, max_size=3))
        parts.append("BYDAY=" + ",".join(days))
    if shape == "numbers" and frequency in ("MONTHLY", "YEARLY"):
        numbers = st.integers(1, 28) | st.integers(-28, -1)
        parts.append("BYMONTHDAY=" + ",".join(map(str, draw(st.sets(numbers, min_size=1, max_size=3)))))
    if draw(st.booleans()):
        parts.append(f"WKST={draw(st.sampled_from(DAYS))}")
    return ";".join(parts)


@given(rules(), st.dates(date(2020, 1, 1), date(2027, 12, 31)))
@settings(max_examples=60)
def test_a_rule_gives_the_days_that_dateutil_gives(written: str, start: date) -> None:
    assert ours(written, start) == theirs(written, start)


@given(rules(), st.dates(date(2022, 1, 1), date(2026, 6, 30)), st.integers(1, 40))
@settings(max_examples=30)
def test_a_count_counts_from_the_beginning(written: str, start: date, count: int) -> None:
    found = [day for day in _first(written, start, count) if FIRST <= day <= LAST]
    assert ours(f"{written};COUNT={count}", start) == found


def _first(written: str, start: date, count: int) -> list[date]:
    until = LAST + timedelta(days=366 * 10)
    rule = rrulestr(f"{written};UNTIL={until:%Y%m%d}", dtstart=_at(start))
    return [instant.date() for instant, _ in zip(rule, range(count), strict=False)]


@pytest.mark.parametrize(
    ("written", "start", "days"),
    [
        ("FREQ=YEARLY;BYMONTH=11;BYDAY=4TH", date(2020, 11, 26), ["2025-11-27", "2026-11-26", "2027-11-25"]),
        ("FREQ=YEARLY;BYDAY=-1MO;BYMONTH=5", date(2020, 5, 25), ["2026-05-25", "2027-05-31", "2028-05-29"]),
        ("FREQ=YEARLY;BYDAY=20MO", date(2020, 5, 18), ["2026-05-18", "2027-05-17", "2028-05-15"]),
        ("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29", date(2020, 2, 29), ["2028-02-29"]),
        ("FREQ=YEARLY;UNTIL=20271224", date(2020, 12, 24), ["2025-12-24", "2026-12-24", "2027-12-24"]),
        ("FREQ=YEARLY;INTERVAL=4", date(2020, 12, 24), ["2028-12-24"]),
    ],
)
def test_the_rules_of_holidays(written: str, start: date, days: list[str]) -> None:
    assert [str(day) for day in ours(written, start)][: len(days)] == days


@pytest.mark.parametrize(
    ("written", "days"),
    [
        ("FREQ=YEARLY", [(12, 24)]),
        ("FREQ=YEARLY;BYMONTH=1,5;BYMONTHDAY=1", [(1, 1), (5, 1)]),
        ("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29,30", [(2, 29)]),
        ("FREQ=YEARLY;BYMONTH=1", [(1, 24)]),
        ("FREQ=YEARLY;COUNT=3", None),
        ("FREQ=YEARLY;UNTIL=20271224", None),
        ("FREQ=YEARLY;INTERVAL=2", None),
        ("FREQ=YEARLY;BYMONTH=12;BYMONTHDAY=-1", None),
        ("FREQ=YEARLY;BYMONTH=11;BYDAY=4TH", None),
        ("FREQ=MONTHLY", None),
    ],
)
def test_days_of_every_year_are_told_from_the_rest(written: str, days: list[tuple[int, int]] | None) -> None:
    found = read(written).fixed(date(2026, 12, 24))
    assert (sorted(found) if found is not None else None) == days


def test_numbered_days_and_others_in_one_rule_are_either() -> None:
    found = ours("FREQ=MONTHLY;BYDAY=FR,1MO", date(2026, 1, 1))
    assert {day.strftime("%a") for day in found} == {"Fri", "Mon"}
    assert all(day.day <= 7 for day in found if day.strftime("%a") == "Mon")


@pytest.mark.parametrize(
    ("written", "why", "words"),
    [
        ("FREQ=SECONDLY", Impossible, "FREQ=SECONDLY"),
        ("INTERVAL=2", Impossible, "FREQ="),
        ("FREQ=DAILY;INTERVAL=0", Impossible, "INTERVAL=0"),
        ("FREQ=DAILY;COUNT=-1", Impossible, "COUNT=-1"),
        ("FREQ=DAILY;BYDAY=1MO", Impossible, "numbered day"),
        ("FREQ=YEARLY;BYMONTH=13", Impossible, "BYMONTH"),
        ("FREQ=YEARLY;BYMONTH=5L", Impossible, "BYMONTH"),
        ("FREQ=YEARLY;BYMONTHDAY=0", Impossible, "BYMONTHDAY"),
        ("FREQ=YEARLY;BYDAY=99MO", Impossible, "99MO"),
        ("FREQ=MONTHLY;BYDAY=MO;BYSETPOS=-1", Unread, "BYSETPOS"),
        ("FREQ=YEARLY;BYWEEKNO=20", Unread, "BYWEEKNO"),
        ("FREQ=YEARLY;BYHOUR=3", Unread, "BYHOUR"),
    ],
)
def test_what_is_impossible_or_not_read_is_said(written: str, why: type[Exception], words: str) -> None:
    with pytest.raises(why, match=words):
        read(written)


def test_a_rule_that_matches_nothing_costs_no_more_than_its_span() -> None:
    budget = Budget(10_000)
    rule = read("FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30")
    assert list(rule.days(date(1970, 1, 1), FIRST, LAST, budget)) == []
    assert 10_000 - budget.left == (LAST - FIRST).days + 1


def test_work_beyond_the_budget_is_refused() -> None:
    with pytest.raises(TooMuchWork):
        list(read("FREQ=DAILY;COUNT=1000000000").days(date(1, 1, 1), FIRST, LAST, Budget(10_000)))
    with pytest.raises(TooMuchWork):
        list(spans(iter([FIRST] * 100), 300, FIRST, LAST, Budget(10_000)))


def test_a_span_is_cut_to_what_is_looked_at() -> None:
    found = list(spans(iter([FIRST - timedelta(2), LAST]), 4, FIRST, LAST, Budget(100)))
    assert found == [FIRST, FIRST + timedelta(1), LAST]
