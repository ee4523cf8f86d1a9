"""No expression, however odd, costs more than a few milliseconds."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from tasks_app.recurrence import ScheduleError, parse
from tasks_app.recurrence.cron import compile_cron

LIMIT_SECONDS = 0.005
STARTS = (
    datetime(2026, 1, 1, tzinfo=UTC),
    datetime(2011, 12, 30, 10, tzinfo=UTC),
    datetime(2011, 12, 30, 10, tzinfo=UTC) - timedelta(seconds=1),
    datetime(2096, 3, 1, tzinfo=UTC),
)


def best_of_three(call: Callable[[], object]) -> float:
    """Measure the work, not the waiting of a busy machine."""
    spent: list[float] = []
    for _ in range(3):
        begun = time.thread_time()
        call()
        spent.append(time.thread_time() - begun)
    return min(spent)


@pytest.mark.parametrize("zone", ["UTC", "Pacific/Apia", "Africa/Casablanca"])
@pytest.mark.parametrize(
    "expression",
    [
        "* * * * *",
        "0-59 0-23 * * *",
        "59 23 31 12 *",
        "0 0 29 2 */7",
        "0 0 */28 2 MON#5",
        "59 23 31W 8 ?",
        "0 0 L-30 3 *",
        "*/59 */23 */31 */12 */7",
        ",".join(str(minute) for minute in range(0, 60, 2)) + " 1-22/3 1,L,LW,15W,L-2 * FRI#2,5L",
    ],
)
def test_the_next_and_the_previous_instant_take_little_work(expression: str, zone: str) -> None:
    recurrence = parse(expression, zone)
    for start in STARTS:
        assert best_of_three(lambda start=start: recurrence.next_after(start)) < LIMIT_SECONDS  # type: ignore[misc]
        assert best_of_three(lambda start=start: recurrence.previous_before(start)) < LIMIT_SECONDS  # type: ignore[misc]


@pytest.mark.parametrize("expression", ["*/30 2 * 3 0L", "* 2 */1 MAR SUNL", "*/2 2 * 3 0L"])
def test_a_time_that_the_zone_always_skips_is_refused_quickly(expression: str) -> None:
    def refuse() -> None:
        with pytest.raises(ScheduleError):
            parse(expression, "Europe/Berlin")

    assert best_of_three(refuse) < LIMIT_SECONDS


@pytest.mark.parametrize(
    "text",
    ["9" * 100_000, "*," * 50_000, "@every " + "9" * 50_000, "rate(" + " " * 50_000, "( " * 60, "1-" * 60, "0 " * 60],
)
def test_a_long_text_is_refused_quickly(text: str) -> None:
    def refuse() -> None:
        with pytest.raises(ScheduleError):
            parse(text, "UTC")

    assert best_of_three(refuse) < LIMIT_SECONDS


def test_reading_an_expression_takes_little_work() -> None:
    minutes = iter(range(60))
    assert best_of_three(lambda: compile_cron(f"{next(minutes)} 3 1,15W,L * MON-FRI,FRI#2")) < LIMIT_SECONDS
