"""The pause that two runs always keep: never longer than any that is met, through clock changes and calendars."""

import random
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from tasks_app.recurrence import build
from tasks_app.recurrence.days_off import days_off
from tasks_app.recurrence.pauses import shortest_pause
from tasks_app.recurrence.plan import Plan

WEEK = timedelta(days=8)
CHANGES = {
    "Europe/Berlin": ("2026-10-25", "2027-03-28"),
    "Australia/Lord_Howe": ("2027-04-04", "2026-10-04"),
    "Asia/Beirut": ("2027-03-28", "2026-10-25"),
    "Antarctica/Troll": ("2027-03-28", "2026-10-25"),
    "UTC": ("2027-03-28",),
}
LINES = ("30 1 * * *", "10 3 * * *", "0 9 * * sat", "5 9 * * mon", "*/20 1-3 * * *", "0 0,23 * * mon", "59 23 * * *")


def cron(line: str) -> dict[str, Any]:
    """Give the schedule of a cron line."""
    return {"kind": "cron", "expression": line}


def union(*lines: str) -> dict[str, Any]:
    """Give several lines as one schedule."""
    return {"kind": "any", "of": [cron(line) for line in lines]}


@pytest.mark.parametrize(
    ("schedule", "moves", "minutes"),
    [
        ({"kind": "every", "minutes": 7}, False, 7),
        ({"kind": "every", "minutes": 7}, True, 1),
        ({"kind": "every", "minutes": 10}, True, 10),
        (cron("0 9,17 * * *"), False, 8 * 60),
        (cron("0 9,17 * * mon"), False, 8 * 60),
        (cron("0 0,23 * * *"), False, 60),
        (cron("0 0,23 * * mon"), False, 22 * 60),
        (cron("0 0,23 * * mon"), True, 60),
        ({"kind": "daily", "time": "02:30"}, False, 23 * 60 + 30),
        ({"kind": "daily", "time": "09:00"}, False, 23 * 60),
        ({"kind": "any", "of": [{"kind": "daily", "time": "09:00"}, {"kind": "hourly", "minute": 50}]}, False, 10),
        (union("0 9 * * sat", "5 9 * * mon"), True, 5),
        (union("45 2 * * *", "10 3 * * *"), False, 10),
        ({"kind": "any", "of": [{"kind": "daily", "time": "09:00"}, {"kind": "every", "minutes": 50}]}, False, 10),
        ({"kind": "any", "of": [{"kind": "every", "minutes": 50}, {"kind": "every", "minutes": 45}]}, False, 5),
    ],
)
def test_the_pause_is_proven(schedule: dict[str, Any], moves: bool, minutes: float) -> None:
    assert shortest_pause(build(schedule, "Europe/Berlin"), moves=moves) == timedelta(minutes=minutes)


def test_what_runs_once_has_no_pause() -> None:
    assert shortest_pause(build({"kind": "once", "run_at": "2027-01-01T00:00:00Z"}, "UTC")) is None


def _schedule(choice: random.Random) -> dict[str, Any]:
    every = {"kind": "every", "minutes": choice.choice([7, 45, 50, 100, 1500])}
    days = {"kind": "every", "days": choice.choice([1, 2, 3])}
    lines = [cron(line) for line in choice.sample(LINES, choice.choice([1, 2, 3]))]
    return {"kind": "any", "of": [*lines, *choice.choice([[], [], [every], [days]])]}


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("zone", CHANGES)
def test_no_two_runs_are_nearer_than_the_pause(zone: str, seed: int) -> None:
    choice = random.Random(f"{zone} {seed}")
    rule = build(_schedule(choice), zone)
    policy = choice.choice(["skip", "next", "previous"])
    searched = Plan(rule, days_off(weekend=choice.choice([(), ("sat", "sun"), ("sun",)])), policy)
    middle = datetime.fromisoformat(choice.choice(CHANGES[zone])).replace(tzinfo=UTC)
    instants = []
    here = searched.after(middle - WEEK)
    while here is not None and here.at < middle + WEEK:
        instants.append(here.at)
        here = searched.after(here.at, here.slot)
    met = [later - earlier for earlier, later in pairwise(instants) if later != earlier]
    pause = shortest_pause(rule, moves=searched.moves)
    assert pause is not None
    assert pause <= min(met, default=WEEK), rule.schedule
