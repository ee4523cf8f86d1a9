"""No expression, however odd, costs more than a few milliseconds."""

import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest

from tasks_app.recurrence import ScheduleError, parse
from tasks_app.recurrence.cron import compile_cron
from tasks_app.recurrence.kinds import read_schedule
from tasks_app.recurrence.text import understand
from tasks_app.recurrence.zones import load_zone

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


HOSTILE_TEXTS = [
    "every " * 33,
    "every day at " + "9, " * 62,
    "1st and " * 25,
    "monday, " * 25,
    "evry dy ta nine on evry tusday of evry mnth " * 4,
    "qwertyuiop " * 18,
    "a" * 200,
    "a" * 100_000,
    "9" * 200,
    "1 2 3 4 5 6 7 8 9 " * 11,
    "half past " * 20,
    "of the " * 28,
    "the last but one " * 12,
    "first, second, third, fourth, " * 6,
    "every 7 minutes from 0:01 to 23:59 on mon, tue and fri and on sat",
    "every minute from 0:01 to 23:58 on the 1st, 2nd, 3rd, last friday and last working day of january and may",
    "at 0:01, 1:02, 2:03, 3:04, 4:05, 5:06, 6:07, 7:08, 8:09, 9:10, 10:11, 11:12, 12:13 every other monday",
    "new york " * 22,
    "* " * 100,
    "- " * 100,
    "\u00a0" * 200,
    "america/argentina/buenos_aires time " * 5,
    "mon at 1; tue at 2; wed at 3; thu at 4; fri at 5; sat at 6; sun at 7; mon at 8; tue at 9; wed at 10; thu at 11",
]


@pytest.mark.parametrize("text", HOSTILE_TEXTS)
def test_reading_a_text_takes_little_work(text: str) -> None:
    zone = load_zone("Europe/Berlin")

    def read() -> None:
        with suppress(ScheduleError):
            understand(text, zone, read_schedule)

    read()
    assert best_of_three(read) < LIMIT_SECONDS


def test_reading_an_expression_takes_little_work() -> None:
    minutes = iter(range(60))
    assert best_of_three(lambda: compile_cron(f"{next(minutes)} 3 1,15W,L * MON-FRI,FRI#2")) < LIMIT_SECONDS
