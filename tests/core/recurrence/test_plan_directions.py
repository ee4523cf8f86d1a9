"""Around the clock changes of many zones, both directions and the counting see the same plans."""

import random
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from tasks_app.recurrence import build
from tasks_app.recurrence.days_off import DAY, days_off
from tasks_app.recurrence.plan import Plan, Planned
from tasks_app.recurrence.plan_counting import count_plans
from tasks_app.recurrence.zones import load_zone

INSTANT = timedelta(microseconds=1)
CHANGES = {
    "Europe/Berlin": ("2026-10-25", "2027-03-28"),
    "America/New_York": ("2026-11-01", "2027-03-14"),
    "Australia/Lord_Howe": ("2027-04-04", "2026-10-04"),
    "Africa/Casablanca": ("2025-02-23", "2025-04-06"),
    "America/Sao_Paulo": ("2018-11-04", "2018-02-18"),
    "Asia/Beirut": ("2027-03-28", "2026-10-25"),
    "Antarctica/Troll": ("2027-03-28", "2026-10-25"),
    "Africa/Cairo": ("2026-04-24", "2026-10-29"),
    "America/St_Johns": ("2026-11-01", "2010-03-14"),
    "Asia/Pyongyang": ("2015-08-15", "2018-05-05"),
    "Pacific/Apia": ("2011-12-30", "2011-04-02"),
}
LINES = ("30 2 * * *", "0 0 * * *", "15,45 0-3 * * *", "*/20 * * * *", "*/30 1-3 * * *", "0 22,23 * * *", "7 */5 * * *")


def _schedule(choice: random.Random) -> dict[str, Any]:
    lines = [{"kind": "cron", "expression": line} for line in choice.sample(LINES, 2)]
    interval = {"kind": "every", "minutes": choice.choice([45, 50, 100, 1500])}
    return choice.choice([lines[0], interval, {"kind": "any", "of": [*lines, interval]}])


def _plan(choice: random.Random, zone: str, middle: date) -> Plan:
    days: set[date] = set()
    for _ in range(choice.randint(0, 4)):
        first = middle + choice.randint(-6, 5) * DAY
        days |= {first + number * DAY for number in range(choice.choice([1, 1, 2, 3]))}
    weekend = choice.choice([(), ("sat", "sun"), ("fri", "sat")])
    off = days_off(weekend=weekend, days=sorted(map(str, days)))
    return Plan(build(_schedule(choice), zone), off, choice.choice(["next", "previous", "previous", "skip"]))


def _slowly(of: Plan, low: datetime, high: datetime) -> list[Planned]:
    found: list[Planned] = []
    slot = of.rule.next_after(low - 20 * DAY)
    while slot is not None and slot < high + 20 * DAY:
        found += filter(None, [of.place(slot)])
        slot = of.rule.next_after(slot)
    return sorted(each for each in found if low <= each.at < high)


def _forward(of: Plan, low: datetime, high: datetime) -> list[Planned]:
    found: list[Planned] = []
    here = of.after(low - INSTANT)
    while here is not None and here.at < high:
        found.append(here)
        here = of.after(here.at, here.slot)
    return found


def _backward(of: Plan, low: datetime, high: datetime) -> list[Planned]:
    found: list[Planned] = []
    here = of.before(high)
    while here is not None and here.at >= low:
        found.append(here)
        here = of.before(here.at, here.slot)
    return found[::-1]


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("zone", CHANGES)
def test_around_a_clock_change_both_directions_and_the_counting_agree(zone: str, seed: int) -> None:
    choice = random.Random(f"{zone} {seed}")
    middle = date.fromisoformat(choice.choice(CHANGES[zone]))
    searched = _plan(choice, zone, middle)
    noon = datetime(middle.year, middle.month, middle.day, 12, tzinfo=UTC)
    low, high = noon - 2 * DAY, noon + 2 * DAY
    expected = _slowly(searched, low, high)
    assert _forward(searched, low, high) == expected
    assert _backward(searched, low, high) == expected
    for _ in range(6 if expected else 0):
        first, last = sorted(choice.choices(range(len(expected)), k=2))
        assert count_plans(searched, expected[first], expected[last]) == last - first + 1


def test_looking_back_from_the_second_pass_finds_what_was_moved_into_the_first() -> None:
    """Monday's 02:40 happens on Sunday, in the hour that is there twice, and before the whole of its second pass."""
    rule = build({"kind": "cron", "expression": "*/20 * * * *"}, "Europe/Berlin")
    searched = Plan(rule, days_off(days=["2026-10-26"]), "previous")
    change = datetime(2026, 10, 25, 1, tzinfo=UTC)
    moved = Planned(change - timedelta(minutes=20), datetime(2026, 10, 26, 1, 40, tzinfo=UTC))
    assert searched.before(change, change) == moved
    assert searched.after(moved.at, moved.slot) == Planned(change, change)


@pytest.mark.parametrize(("policy", "moved"), [("next", "2011-12-31"), ("previous", "2011-12-28")])
def test_nothing_moves_to_a_day_that_its_zone_skips(policy: str, moved: str) -> None:
    """Samoa went from 29 to 31 December 2011."""
    rule = build({"kind": "cron", "expression": "0 9 29 12 *"}, "Pacific/Apia")
    searched = Plan(rule, days_off(days=["2011-12-29"]), policy)
    found = searched.after(datetime(2011, 12, 1, tzinfo=UTC))
    assert found is not None
    assert str(searched.day_of(found.at)) == moved
    assert found.at.astimezone(load_zone("Pacific/Apia")).hour == 9
