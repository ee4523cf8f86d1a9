"""The minute walk and the search, compared at every clock change of many zones, for times of day and for dates."""

from calendar import monthrange
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import pairwise
from typing import Any

import pytest

from tasks_app.recurrence import Recurrence, build, zone_names
from tasks_app.recurrence.zones import load_zone, steady_offset
from tests.core.recurrence.oracle import (
    MINUTE,
    SECOND,
    UNCHANGING,
    ZONES,
    Rule,
    any_day,
    changes_of,
    instants_around,
    instants_by_wall,
    margin_of,
    neighbours,
)
from tests.core.recurrence.tzif import Change, listed_changes
from tests.core.recurrence.walks import walk, walk_back

CHANGING = [zone for zone in ZONES if zone not in UNCHANGING]
NEAREST = timedelta(days=6)


def cron(expression: str) -> dict[str, Any]:
    return {"kind": "cron", "expression": expression}


def is_sunday(day: datetime) -> bool:
    return day.weekday() == 6


def is_last(day: datetime) -> bool:
    return day.day == monthrange(day.year, day.month)[1]


def is_second_sunday(day: datetime) -> bool:
    return is_sunday(day) and 8 <= day.day <= 14


def is_third_day(day: datetime) -> bool:
    return (day.toordinal() - datetime(2020, 2, 3).toordinal()) % 3 == 0


def is_first_workday(day: datetime) -> bool:
    first = day.replace(day=1).weekday()
    return day.day == {5: 3, 6: 2}.get(first, 1)


def is_last_of_march(day: datetime) -> bool:
    return is_last(day) and day.month == 3


def is_last_days_of_a_change(day: datetime) -> bool:
    return day.day >= 29 and day.month in (3, 10)


def fixed(minutes: Iterable[int], hours: Iterable[int], is_day: Callable[[datetime], bool] = any_day) -> Rule:
    return Rule(frozenset(minutes), frozenset(hours), False, is_day)


def elapsed(minutes: Iterable[int], hours: Iterable[int], is_day: Callable[[datetime], bool] = any_day) -> Rule:
    return Rule(frozenset(minutes), frozenset(hours), True, is_day)


FIXED = (
    (cron("30 2 * * *"), fixed([30], [2])),
    (cron("0 0 * * *"), fixed([0], [0])),
    (cron("15,45 0-4 * * *"), fixed([15, 45], range(5))),
    (cron("59 23 * * *"), fixed([59], [23])),
    (cron("0-59 0-23 * * *"), fixed(range(60), range(24))),
    (cron("0,30 0-3,23 * * 0"), fixed([0, 30], [0, 1, 2, 3, 23], is_sunday)),
    (cron("0 1,2,3 L * *"), fixed([0], [1, 2, 3], is_last)),
    (cron("0,1 0-2 1 * *"), fixed([0, 1], [0, 1, 2], lambda day: day.day == 1)),
    ({"kind": "monthly", "nth": 2, "weekday": "sun", "time": "02:00"}, fixed([0], [2], is_second_sunday)),
    ({"kind": "monthly", "workday": "first", "time": "00:30"}, fixed([30], [0], is_first_workday)),
    ({"kind": "yearly", "month": 3, "day": "last", "time": "02:59"}, fixed([59], [2], is_last_of_march)),
    ({"kind": "every", "days": 3, "anchor": "2020-02-03T02:15"}, fixed([15], [2], is_third_day)),
)
ELAPSED = (
    (cron("* * * * *"), elapsed(range(60), range(24))),
    (cron("*/7 * * * *"), elapsed(range(0, 60, 7), range(24))),
    (cron("30 */2 * * *"), elapsed([30], range(0, 24, 2))),
    (cron("*/20 1-3 * * *"), elapsed([0, 20, 40], [1, 2, 3])),
    (cron("*/30 0,2 * * 0"), elapsed([0, 30], [0, 2], is_sunday)),
    (cron("* 2 */2 * *"), elapsed(range(60), [2], lambda day: day.day % 2 == 1)),
    (cron("0 * 29-31 3,10 *"), elapsed([0], range(24), is_last_days_of_a_change)),
)


def check(recurrence: Recurrence, expected: list[datetime], start: datetime, end: datetime) -> None:
    """Compare the walks onwards and back, and the answers at starts that are no instants of the schedule."""
    assert walk(recurrence, start, end) == expected
    assert walk_back(recurrence, start, end) == expected
    spread = [start + place * 29 * MINUTE for place in range(1, int((end - start) / MINUTE) // 29)]
    beside = [instant + place % 3 * SECOND - SECOND for place, instant in enumerate(expected[::7])]
    for at in spread + beside:
        before, after = neighbours(expected, at)
        assert after is None or recurrence.next_after(at) == after
        assert before is None or recurrence.previous_before(at) == before


@pytest.mark.slow
@pytest.mark.parametrize("zone", CHANGING)
def test_every_change_of_a_zone_from_1990_to_2037_equals_the_minute_walk(zone: str) -> None:
    margin = margin_of(zone)
    for change in changes_of(zone):
        for schedule, rule in FIXED + ELAPSED:
            expected = instants_around(rule, zone, change)
            check(build(schedule, zone), expected, change - margin, change + margin)


STRANGEST = [
    ("Asia/Manila", "1844-12-31T15:56:08"),  # forward by a day
    ("America/Juneau", "1867-10-19T00:31:13"),  # back by a day
    ("Pacific/Apia", "1892-07-04T11:26:56"),
    ("Europe/Berlin", "1893-03-31T23:06:32"),
    ("Europe/Dublin", "1916-05-21T02:25:21"),
    ("Europe/Amsterdam", "1937-06-30T23:40:28"),
    ("Pacific/Kwajalein", "1969-09-30T13:00:00"),
    ("Africa/Monrovia", "1972-01-07T00:44:30"),
    ("Pacific/Kwajalein", "1993-08-21T12:00:00"),
    ("Pacific/Kiritimati", "1994-12-31T10:00:00"),
    ("Antarctica/Troll", "2026-03-29T01:00:00"),
    ("Pacific/Apia", "2011-12-30T10:00:00"),
]
OF_DAYS_AND_NIGHTS = (FIXED[1], FIXED[2], FIXED[5], FIXED[11], ELAPSED[1], ELAPSED[4])


@cache
def odd_changes() -> dict[Change, str]:
    """Give the changes onto or from odd seconds and by many hours, with one zone for each."""
    return {change: zone for zone in sorted(zone_names()) for change in listed_changes(zone) if change.is_odd}


def check_by_wall(zone: str, change: datetime) -> None:
    margin = timedelta(hours=25)
    for schedule, rule in OF_DAYS_AND_NIGHTS:
        expected = instants_by_wall(rule, zone, change, margin)
        check(build(schedule, zone), expected, change - margin, change + margin)


@pytest.mark.parametrize(("zone", "change"), STRANGEST)
def test_the_strangest_changes_equal_a_walk_along_the_wall(zone: str, change: str) -> None:
    check_by_wall(zone, datetime.fromisoformat(change).replace(tzinfo=UTC))


@pytest.mark.slow
@pytest.mark.parametrize("year", range(1840, 2020, 10))
def test_every_odd_change_since_clocks_were_set_by_zones_equals_a_walk_along_the_wall(year: int) -> None:
    for change, zone in odd_changes().items():
        if year <= change.at.year < year + 10:
            check_by_wall(zone, change.at)


def test_the_judge_knows_every_change_that_the_files_list() -> None:
    for zone in CHANGING:
        listed = [change.at for change in listed_changes(zone) if 1990 <= change.at.year < 2038]
        assert [change for change in changes_of(zone) if listed and change <= listed[-1]] == listed


def test_no_two_changes_are_near_enough_to_hide_each_other() -> None:
    for zone in zone_names():
        for one, two in pairwise(listed_changes(zone)):
            assert two.at - one.at > NEAREST, (zone, one, two)


def test_an_offset_is_called_steady_only_far_from_changes() -> None:
    day = timedelta(days=1)
    for name in sorted(zone_names())[::5]:
        zone = load_zone(name)
        for change in listed_changes(name):
            at = change.at.replace(tzinfo=None)
            assert not any(steady_offset(zone, at + days * day) for days in (-1, 0, 1))
            assert steady_offset(zone, at - 7 * day) in (None, timedelta(seconds=change.before))
            assert steady_offset(zone, at + 7 * day) in (None, timedelta(seconds=change.after))
