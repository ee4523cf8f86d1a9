"""Two runs nearer to each other than is allowed are found by a look whose work is bounded."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tasks_app.recurrence import build
from tasks_app.recurrence.closest import pause_below
from tests.core.recurrence.steps import steps_of

NOW = datetime(2026, 12, 1, 10, 0, 30, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
MOST_TO_LOOK = 200_000


def every(seconds: int) -> dict[str, Any]:
    """Give an interval."""
    return {"kind": "every", "seconds": seconds}


def cron(line: str) -> dict[str, Any]:
    """Give a cron line."""
    return {"kind": "cron", "expression": line}


@pytest.mark.parametrize(
    ("parts", "least", "expected"),
    [
        ([every(61), every(67)], MINUTE, True),
        ([every(60), every(120)], MINUTE, False),
        ([every(59), cron("0 9 * * *")], MINUTE, True),
        ([every(90), cron("0 9 29 2 *")], MINUTE, False),
        ([every(70), cron("0 9 1 1 *")], MINUTE, True),
        ([cron("0 9 * * *"), cron("4 9 29 2 *")], 5 * MINUTE, True),
        ([cron("0 9 * * MON"), cron("4 9 * * TUE")], 5 * MINUTE, False),
        ([cron("55 23 * * *"), cron("2 0 * * *")], 10 * MINUTE, True),
    ],
)
def test_parts_that_meet_within_the_shortest_interval_are_found(
    parts: list[dict[str, Any]], least: timedelta, expected: bool
) -> None:
    found = pause_below(build({"kind": "any", "of": parts}, "Europe/Berlin"), least, NOW)
    assert (found is not None) is expected
    assert found is None or timedelta() < found < least


def test_what_is_found_is_a_pause_that_is_walked_over() -> None:
    rule = build({"kind": "any", "of": [every(61), every(67)]}, "UTC")
    found = pause_below(rule, MINUTE, NOW)
    at = NOW
    while (following := rule.next_after(at)) and following - at != found:
        at = following
    assert following is not None


@pytest.mark.parametrize("least", [MINUTE, timedelta(days=1)])
def test_the_look_takes_little_work_however_many_parts_there_are(least: timedelta) -> None:
    days = [cron(f"{number} {number} 29 2 */{1 + number % 7}") for number in range(20)]
    for parts in (days, [every(86_401 + number) for number in range(20)], [*days[:10], every(100_000)]):
        rule = build({"kind": "any", "of": parts}, "America/Scoresbysund")
        assert steps_of(lambda rule=rule: pause_below(rule, least, NOW)) < MOST_TO_LOOK  # type: ignore[misc]
