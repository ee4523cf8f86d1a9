"""A schedule seen through a calendar: what is left out, what moves where, and in which order it all happens."""

import random
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from tasks_app.recurrence import ScheduleError, build
from tasks_app.recurrence.counting import count_slots
from tasks_app.recurrence.days_off import DAY, DaysOff, check_country, countries, days_off, holidays_of, read_day
from tasks_app.recurrence.plan import POLICIES, Plan, Planned
from tasks_app.recurrence.plan_counting import count_plans, spans_between
from tasks_app.recurrence.plan_moves import ahead_of, overtaken
from tasks_app.recurrence.spans import count_in, in_both
from tests.core.recurrence.steps import steps_of

INSTANT = timedelta(microseconds=1)
WEEKEND = ("sat", "sun")


def plan(schedule: dict[str, Any] | str, policy: str, timezone: str = "UTC", **off: Any) -> Plan:
    """Make a plan of a schedule object or a cron line."""
    given = {"kind": "cron", "expression": schedule} if isinstance(schedule, str) else schedule
    return Plan(build(given, timezone), days_off(**off), policy)


def run(of: Plan, start: str, end: str) -> list[str]:
    """Give what happens in a span, as "at < slot" where it has moved."""
    here = Planned(datetime.fromisoformat(start).replace(tzinfo=UTC) - INSTANT, datetime.max.replace(tzinfo=UTC))
    last = datetime.fromisoformat(end).replace(tzinfo=UTC)
    said: list[str] = []
    while (found := of.after(here.at, here.slot)) and found.at < last:
        moved = "" if found.at == found.slot else f" < {found.slot:%a %d %H:%M}"
        said.append(f"{found.at:%a %d %H:%M}{moved}")
        here = found
    return said


@pytest.mark.parametrize(
    ("policy", "happens"),
    [
        ("skip", ["Thu 01 09:00", "Fri 02 09:00", "Mon 05 09:00", "Tue 06 09:00"]),
        (
            "previous",
            [
                "Thu 01 09:00",
                "Fri 02 09:00",
                "Fri 02 09:00 < Sat 03 09:00",
                "Fri 02 09:00 < Sun 04 09:00",
                "Mon 05 09:00",
                "Tue 06 09:00",
            ],
        ),
        (
            "next",
            [
                "Thu 01 09:00",
                "Fri 02 09:00",
                "Mon 05 09:00 < Sat 03 09:00",
                "Mon 05 09:00 < Sun 04 09:00",
                "Mon 05 09:00",
                "Tue 06 09:00",
            ],
        ),
    ],
)
def test_a_weekend_is_left_out_or_moved_to_a_working_day(policy: str, happens: list[str]) -> None:
    assert run(plan("0 9 * * *", policy, weekend=WEEKEND), "2026-10-01", "2026-10-07") == happens


def test_pay_day_moves_before_weekend_and_holidays() -> None:
    """25 December 2027 is a Saturday, and the 24th is a day off too."""
    salaries = plan("0 6 25 * *", "previous", weekend=WEEKEND, days=["12-24", "12-25", "12-26"])
    assert run(salaries, "2027-09-01", "2028-01-01") == [
        "Fri 24 06:00 < Sat 25 06:00",
        "Mon 25 06:00",
        "Thu 25 06:00",
        "Thu 23 06:00 < Sat 25 06:00",
    ]


def test_what_moves_back_takes_its_place_between_what_stays() -> None:
    """Saturday's nine o'clock happens on Friday at nine, before Friday's own five o'clock."""
    both = {"kind": "any", "of": [{"kind": "cron", "expression": line} for line in ("0 17 * * 5", "0 9 * * 6")]}
    assert run(plan(both, "previous", weekend=WEEKEND), "2026-10-01", "2026-10-05") == [
        "Fri 02 09:00 < Sat 03 09:00",
        "Fri 02 17:00",
    ]


def test_a_moved_slot_keeps_its_time_of_day_across_a_clock_change() -> None:
    """Clocks in Berlin go back on Sunday, 25 October 2026."""
    berlin = plan("0 9 * * 0", "next", "Europe/Berlin", weekend=WEEKEND)
    assert run(berlin, "2026-10-17", "2026-10-28") == ["Mon 19 07:00 < Sun 18 07:00", "Mon 26 08:00 < Sun 25 08:00"]


def test_a_time_that_the_target_day_lacks_happens_when_the_gap_ends() -> None:
    """Clocks in Berlin skip 02:30 on Sunday, 29 March 2026, the only working day of that week."""
    busy = plan("30 2 * * *", "next", "Europe/Berlin", weekend=("mon", "tue", "wed", "thu", "fri", "sat"))
    assert run(busy, "2026-03-28", "2026-03-30")[0] == "Sun 29 01:00 < Mon 23 01:30"


@pytest.mark.parametrize(
    ("timezone", "line", "gap_day", "before", "after"),
    [
        ("Europe/Berlin", "30 2 * * *", "2027-03-28", "Fri 26 01:30", "Mon 29 00:30"),
        ("America/New_York", "30 2 * * *", "2027-03-14", "Fri 12 07:30", "Mon 15 06:30"),
        ("Asia/Beirut", "30 0 * * *", "2027-03-28", "Thu 25 22:30", "Sun 28 21:30"),
        ("Australia/Lord_Howe", "15 2 * * *", "2026-10-04", "Thu 01 15:45", "Sun 04 15:15"),
    ],
)
def test_a_time_that_the_day_off_lacks_moves_as_the_schedule_says_it(
    timezone: str, line: str, gap_day: str, before: str, after: str
) -> None:
    """It meets the slot that its working day has of its own, and so adds no run."""
    sunday = date.fromisoformat(gap_day)
    for policy, at, count in (("next", after, 3), ("previous", before, 3)):
        searched = plan(line, policy, timezone, weekend=WEEKEND)
        happens = run(searched, str(sunday - 3 * DAY), str(sunday + 2 * DAY))
        assert [said[: len(at)] for said in happens].count(at) == count, happens
        assert len({said[: len(at)] for said in happens}) == len(happens) - 2


def test_of_several_times_in_a_gap_the_first_is_kept() -> None:
    """Half past two and a quarter to three share the instant at which the clocks go on, and both are Monday's too."""
    both = {"kind": "any", "of": [{"kind": "cron", "expression": line} for line in ("45 2 * * *", "30 2,3 * * 1")]}
    searched = plan(both, "next", "Europe/Berlin", weekend=WEEKEND)
    assert run(searched, "2027-03-29", "2027-03-30") == [
        "Mon 29 00:30",
        "Mon 29 00:45 < Sat 27 01:45",
        "Mon 29 00:45 < Sun 28 01:00",
        "Mon 29 00:45",
        "Mon 29 01:30",
    ]


def test_a_schedule_that_falls_on_days_off_only_never_happens() -> None:
    for policy in POLICIES:
        christmas = plan("0 9 24 12 *", policy, days=["12-24"])
        found = christmas.after(datetime(2026, 1, 1, tzinfo=UTC))
        assert (found is None) is (policy == "skip")
    closed = plan(
        "0 9 * * *",
        "next",
        days=[f"{month:02}-{day:02}" for month in range(1, 13) for day in range(1, 32) if _is_day(month, day)],
    )
    assert closed.after(datetime(2026, 1, 1, tzinfo=UTC)) is None
    assert closed.before(datetime(2026, 1, 1, tzinfo=UTC)) is None


def _is_day(month: int, day: int) -> bool:
    return day <= (29 if month == 2 else 30 if month in (4, 6, 9, 11) else 31)


def test_without_a_calendar_slots_happen_when_they_are_planned() -> None:
    bare = Plan(build({"kind": "cron", "expression": "0 9 * * *"}, "UTC"))
    now = datetime(2026, 10, 1, 9, 0, tzinfo=UTC)
    assert bare.after(now) == Planned(now + DAY, now + DAY)
    assert bare.before(now) == Planned(now - DAY, now - DAY)
    assert bare.place(now) == Planned(now, now)
    assert not bare.moves


ZONES = ("UTC", "Europe/Berlin", "America/Sao_Paulo", "Australia/Lord_Howe", "Asia/Beirut", "Pacific/Apia")
LINES = (
    "0 9 * * *",
    "30 2 * * *",
    "15,45 0,2 * * *",
    "*/30 * * * *",
    "0 17 * * 5",
    "0 9 1 * *",
    "15 0 * * *",
    "0 0 L * *",
    "0 */6 * * *",
)


@pytest.mark.parametrize("seed", range(60))
def test_both_directions_give_what_placing_every_slot_gives(seed: int) -> None:
    """Compared with the slow way: place each slot of two months around, and sort."""
    choice = random.Random(seed)
    year = choice.choice([2011, 2017, 2018, 2026])
    days = [str(date(year, 1, 1) + DAY * choice.randrange(365)) for _ in range(25)] + ["12-24"]
    off = days_off(
        weekend=choice.choice([(), WEEKEND, ("fri", "sat"), ("sun",)]), days=days, country=choice.choice(["", "DE"])
    )
    searched = Plan(
        build({"kind": "cron", "expression": choice.choice(LINES)}, choice.choice(ZONES)), off, choice.choice(POLICIES)
    )
    start = datetime(year, choice.choice([1, 2, 3, 9, 10, 11, 12]), 1, tzinfo=UTC)
    end = start + 35 * DAY
    expected = _placed(searched, start, end)
    assert _forward(searched, start, end) == expected
    assert _backward(searched, start, end) == expected
    for first, last in (choice.choices(expected, k=2) for _ in range(12 if expected else 0)):
        assert count_plans(searched, first, last) == len([each for each in expected if first <= each <= last])


def test_what_a_change_of_days_off_moves_is_not_looked_for_slot_by_slot() -> None:
    """All of Saturday and Sunday, every second, that is moved before Friday noon: 86,402 slots."""
    every = {"kind": "every", "seconds": 1}
    before, after = (plan(every, "previous", days=days) for days in ([], ["2026-10-03", "2026-10-04"]))
    noon = datetime(2026, 10, 2, 12, tzinfo=UTC)
    assert sum(count_slots(after.rule, *span) for span in overtaken(before, after, noon)) == 2 * (43_200 + 1)
    assert steps_of(lambda: list(overtaken(before, after, noon))) < 40_000
    first, last = after.after(noon - DAY), after.before(noon + INSTANT)
    assert first
    assert last
    behind = list(spans_between(after, first, last))
    assert count_in(after.rule, in_both(behind, ahead_of(before, noon))) == 2 * 43_201


@pytest.mark.parametrize("line", ["*/30 * * * *", "*/7 1-3 * * *"])
@pytest.mark.parametrize("policy", ["previous", "next"])
@pytest.mark.parametrize("end", ["2026-10-24", "2026-10-25", "2026-10-26"])
def test_a_night_that_comes_twice_loses_no_slot_when_it_is_moved(line: str, policy: str, end: str) -> None:
    """Clocks in Berlin go back on Sunday, 25 October 2026: its times between two and three are there twice."""
    searched = plan(line, policy, "Europe/Berlin", weekend=WEEKEND)
    first, last = datetime(2026, 10, 22, tzinfo=UTC), datetime.fromisoformat(end).replace(tzinfo=UTC) + 3 * DAY
    expected = _placed(searched, first, last)
    assert _forward(searched, first, last) == expected
    assert _backward(searched, first, last) == expected
    for number in range(0, len(expected), 9):
        assert count_plans(searched, expected[number], expected[-1]) == len(expected) - number
        assert count_plans(searched, expected[0], expected[number]) == number + 1


# Clocks go back from 00:01 to 23:01 of the day before, or change within an hour of midnight.
MIDNIGHTS = [
    ("America/St_Johns", "2010-11-07"),
    ("America/St_Johns", "1994-10-30"),
    ("America/Goose_Bay", "2008-11-02"),
    ("America/Moncton", "1996-10-27"),
    ("America/Havana", "2026-11-01"),
    ("America/Havana", "2026-03-08"),
    ("America/Scoresbysund", "2028-03-26"),
    ("America/Scoresbysund", "2028-10-29"),
    ("America/Nuuk", "2026-03-29"),
    ("Asia/Amman", "2021-10-29"),
    ("Asia/Gaza", "2010-08-11"),
    ("Asia/Beirut", "2026-10-25"),
    ("America/Asuncion", "2010-10-03"),
    ("Atlantic/Azores", "2026-10-25"),
]
NIGHTLY = ("*/30 * * * *", "*/15 23 * * *", "30 23 * * *", "0,1 0 * * *", "0 23,0 * * *")


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize(("zone", "night"), MIDNIGHTS)
def test_where_midnight_comes_twice_or_never_a_plan_goes_on_and_loses_nothing(
    zone: str, night: str, policy: str
) -> None:
    middle = datetime.fromisoformat(night).replace(tzinfo=UTC)
    start, end = middle - 4 * DAY, middle + 4 * DAY
    for number, line in enumerate(NIGHTLY):
        for weekend in (WEEKEND, ("sun",), ("sat",), ("mon",))[number % 2 :: 2]:
            searched = plan(line, policy, zone, weekend=weekend)
            expected = _placed(searched, start, end)
            assert _walked(searched, start, len(expected)) == expected
            assert _backward(searched, start, end) == expected
            assert count_plans(searched, expected[0], expected[-1]) == len(expected)


def _walked(of: Plan, start: datetime, count: int) -> list[Planned]:
    """Go on so many times, and not until an end that a plan which runs in circles never reaches."""
    found = [of.after(start - INSTANT)]
    for _ in range(count - 1):
        last = found[-1]
        found.append(of.after(last.at, last.slot) if last else None)
    return [each for each in found if each]


def _placed(of: Plan, start: datetime, end: datetime) -> list[Planned]:
    found: list[Planned] = []
    slot = of.rule.next_after(start - 45 * DAY)
    while slot is not None and slot < end + 45 * DAY:
        found += filter(None, [of.place(slot)])
        slot = of.rule.next_after(slot)
    return sorted(each for each in found if start <= each.at <= end)


def _forward(of: Plan, start: datetime, end: datetime) -> list[Planned]:
    found: list[Planned] = []
    here = of.after(start - INSTANT)
    while here is not None and here.at <= end:
        found.append(here)
        here = of.after(here.at, here.slot)
    return found


def _backward(of: Plan, start: datetime, end: datetime) -> list[Planned]:
    found: list[Planned] = []
    here = of.before(end + INSTANT)
    while here is not None and here.at >= start:
        found.insert(0, here)
        here = of.before(here.at, here.slot)
    return found


def test_the_holidays_of_a_country_and_its_parts_are_known_by_name() -> None:
    assert holidays_of("DE", "", 2027)[date(2027, 10, 3)] == "German Unity Day"
    assert date(2027, 1, 6) not in holidays_of("DE", "", 2027)
    assert holidays_of("DE", "BY", 2027)[date(2027, 1, 6)] == "Epiphany"
    assert date(2027, 3, 26) in DaysOff(country="DE")
    assert date(2027, 3, 25) not in DaysOff(country="DE")
    assert holidays_of("ATLANTIS", "", 2027) == {}
    assert len(countries()) > 200


@pytest.mark.parametrize(
    ("country", "subdivision", "path", "says"),
    [
        ("XX", "", "country", "ISO code"),
        ("", "BY", "subdivision", "needs its country"),
        ("DE", "ENG", "subdivision", "BY"),
        ("AD", "1", "subdivision", "no part"),
    ],
)
def test_an_unknown_country_or_part_is_named(country: str, subdivision: str, path: str, says: str) -> None:
    with pytest.raises(ScheduleError, match=says) as caught:
        check_country(country, subdivision)
    assert list(caught.value.errors) == [path]


@pytest.mark.parametrize(
    "text", ["", "2027-02-29", "02-30", "13-01", "2027-5-1", "20270501", "1492-10-12", "2027-W01-1"]
)
def test_what_is_no_day_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"day|month|year"):
        read_day(text)


def test_days_are_single_or_of_every_year() -> None:
    assert read_day("2028-02-29") == date(2028, 2, 29)
    assert read_day("02-29") == (2, 29)
