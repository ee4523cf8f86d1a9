"""No accepted schedule, however odd, costs more than a few milliseconds: to read, to search, or to describe.

Work is counted in steps, a step being a line of Python or a call into C. On a machine that runs a step in 50 ns,
100,000 of them take 5 ms.
"""

from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import assume, given

from tasks_app.recurrence import Recurrence, ScheduleError, build, parse
from tasks_app.recurrence.kinds import read_schedule
from tasks_app.recurrence.shifts import changes_of_this_age
from tasks_app.recurrence.text import understand
from tasks_app.recurrence.zones import load_zone
from tests.core.recurrence.steps import forget, steps_of
from tests.core.recurrence.strategies import FAST, Schedule, places, plain_schedules, schedules
from tests.core.recurrence.tzif import listed_changes

MOST_TO_READ = 100_000
MOST_TO_READ_ONE = 20_000
MOST_TO_SEARCH_ONE = 3_000
MOST_TO_SEARCH_BEYOND_GAPS = 20_000
MOST_PARTS = 20
HOUR = timedelta(hours=1)
EVEN_MINUTES = ",".join(str(minute) for minute in range(0, 60, 2))
EXPRESSIONS = [
    "* * * * *",
    "0-59 0-23 * * *",
    "59 23 31 12 *",
    "0 0 29 2 */7",
    "59 23 29 2 */6",
    "0 0 */28 2 MON#5",
    "*/7 2 31W 2 MON#5",
    "59 23 31W 8 ?",
    "0 0 L-30 3 *",
    "*/59 */23 */31 */12 */7",
    f"{EVEN_MINUTES} 1-22/3 1,L,LW,15W,L-2 * FRI#2,5L",
]
# Their days are skipped, repeated, or cut by hours, half-hours and odd seconds.
ZONES = ["UTC", "Pacific/Apia", "Africa/Casablanca", "America/Juneau", "Asia/Manila", "Antarctica/Troll"]


def starts(zone: str) -> Iterator[datetime]:
    """Give instants near the ends of the calendar, before a long wait, and around clock changes."""
    yield from (datetime(year, 3, 1, tzinfo=UTC) for year in (1, 1896, 2026, 2096, 9999))
    changes = [change.at for change in listed_changes(zone)]
    for at in changes[:4] + changes[4::9]:
        yield from (at + distance for distance in (-20 * HOUR, -timedelta(seconds=1), 0 * HOUR, HOUR / 2, 20 * HOUR))


def dearest_search(recurrence: Recurrence, instants: Iterator[datetime]) -> int:
    """Count the steps of the worst search."""
    found = 0
    for instant in instants:
        forget()
        found = max(found, steps_of(lambda instant=instant: recurrence.next_after(instant)))  # type: ignore[misc]
        found = max(found, steps_of(lambda instant=instant: recurrence.previous_before(instant)))  # type: ignore[misc]
    return found


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_the_next_and_the_previous_instant_take_little_work(expression: str, zone: str) -> None:
    assert dearest_search(parse(expression, zone), starts(zone)) < MOST_TO_SEARCH_ONE


def test_forty_years_of_gaps_take_little_work() -> None:
    recurrence = parse("*/30 0 * 3 0L", "America/Scoresbysund")
    edges = (datetime(year, 2, 1, tzinfo=UTC) for year in (1981, 2024))
    assert dearest_search(recurrence, edges) < MOST_TO_SEARCH_BEYOND_GAPS


@FAST
@given(schedules(), places())
def test_no_schedule_takes_much_work_at_any_place(schedule: Schedule, place: tuple[str, datetime]) -> None:
    zone, instant = place
    recurrence = accepted(schedule, zone)
    parts = len(schedule.get("of", [schedule]))
    assert dearest_search(recurrence, iter([instant])) < parts * MOST_TO_SEARCH_ONE


@FAST
@given(plain_schedules(), places())
def test_no_schedule_takes_much_work_to_read_or_to_describe(schedule: Schedule, place: tuple[str, datetime]) -> None:
    recurrence = accepted(schedule, place[0])
    changes_of_this_age(load_zone(place[0]))  # looked up once for each zone
    assert cold_steps(lambda: build(schedule, place[0])) < MOST_TO_READ_ONE
    assert cold_steps(recurrence.describe) < MOST_TO_READ_ONE


def accepted(schedule: Schedule, zone: str) -> Recurrence:
    try:
        return build(schedule, zone)
    except ScheduleError:
        assume(False)
        raise


def cold_steps(call: Callable[[], object]) -> int:
    forget()
    return steps_of(call)


@pytest.mark.parametrize(
    "expression",
    [
        "{n},*/59 */{m} 1W,2W,3W,4W,5W,6W,7W,L,LW,L-1 * SUN#5,MON#5,TUE#5",
        "{n} 9 * * *",  # merge into one expression, pair by pair
        "10-30,{n} 23 1 12 *",
        EVEN_MINUTES + " {m} L,LW,1W,2W,3W,L-1,L-2 2 *",
    ],
)
@pytest.mark.parametrize("zone", ["UTC", "Africa/Casablanca"])
def test_a_union_of_as_many_parts_as_there_may_be_takes_little_work(expression: str, zone: str) -> None:
    texts = [expression.format(n=number, m=number % 23 + 1) for number in range(MOST_PARTS)]
    union = {"kind": "any", "of": [{"kind": "cron", "expression": text} for text in texts]}
    recurrence = build(union, zone)
    assert cold_steps(lambda: build(union, zone)) < MOST_TO_READ
    assert cold_steps(recurrence.describe) < MOST_TO_READ
    assert dearest_search(recurrence, starts(zone)) < MOST_PARTS * MOST_TO_SEARCH_ONE


@pytest.mark.parametrize("expression", ["*/30 2 * 3 0L", "* 2 */1 MAR SUNL", "*/59 2 L,LW,1W,2W,3W,L-1,L-2 3 */7"])
def test_a_time_that_the_zone_always_skips_is_refused_quickly(expression: str) -> None:
    def refuse() -> None:
        with pytest.raises(ScheduleError):
            parse(expression, "Europe/Berlin")

    assert cold_steps(refuse) < MOST_TO_READ


@pytest.mark.parametrize("text", ["9", "*,", "@every 9", "rate( ", "( ", "1-", "0 ", "L-", "cron(", "TZ=x "])
def test_a_long_text_is_refused_without_being_looked_at(text: str) -> None:
    def refuse(times: int) -> None:
        with pytest.raises(ScheduleError):
            parse(text * times, "UTC")

    assert cold_steps(lambda: refuse(60)) < MOST_TO_READ_ONE
    assert abs(cold_steps(lambda: refuse(50_000)) - cold_steps(lambda: refuse(500))) < 10


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

    assert cold_steps(read) < MOST_TO_READ
