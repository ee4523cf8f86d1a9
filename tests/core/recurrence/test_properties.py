"""What holds for every expression, zone and instant; judged by the minute walk."""

from datetime import UTC, datetime, timedelta

from hypothesis import assume, given
from hypothesis import strategies as st

from tasks_app.recurrence import ScheduleError, build, parse
from tests.core.recurrence.oracle import ZONES, Rule, instants_around, margin_of, neighbours
from tests.core.recurrence.strategies import FAST, INSTANTS, changes, schedules, times
from tests.core.recurrence.walks import walk, walk_back


@FAST
@given(times(), changes())
def test_the_walk_across_a_clock_change_equals_the_minute_walk(
    time: tuple[str, Rule], at: tuple[str, datetime]
) -> None:
    (expression, rule), (zone, change) = time, at
    expected = instants_around(rule, zone, change)
    recurrence, margin = parse(expression, zone), margin_of(zone)
    assert walk(recurrence, change - margin, change + margin) == expected
    assert walk_back(recurrence, change - margin, change + margin) == expected


@FAST
@given(times(), changes(), st.integers(-2 * 3600, 2 * 3600))
def test_any_start_near_a_clock_change_finds_the_same_neighbours(
    time: tuple[str, Rule], at: tuple[str, datetime], seconds: int
) -> None:
    (expression, rule), (zone, change) = time, at
    start = change + timedelta(seconds=seconds, microseconds=seconds % 7)
    expected = instants_around(rule, zone, change)
    recurrence = parse(expression, zone)
    before, after = neighbours(expected, start)
    assume(before and after)
    assert recurrence.next_after(start) == after
    assert recurrence.previous_before(start) == before


@FAST
@given(schedules(), st.sampled_from(ZONES), INSTANTS)
def test_a_cron_that_is_said_to_mean_the_same_does(schedule: dict[str, object], zone: str, start: datetime) -> None:
    assume("anchor" not in schedule)
    try:
        recurrence = build(schedule, zone)
    except ScheduleError:
        assume(False)
    assume(recurrence.cron)
    start = start.replace(year=2020 + start.year % 20, day=min(start.day, 28))
    twin = parse(str(recurrence.cron), zone)
    for _ in range(8):
        assert twin.next_after(start) == recurrence.next_after(start)
        start = recurrence.next_after(start) or start


@FAST
@given(st.text(alphabet="0123456789*/-,LW#? @MONFEBSU\t\n", max_size=24) | st.text(max_size=130))
def test_any_text_is_either_accepted_or_refused_with_a_reason(text: str) -> None:
    refused: list[tuple[str, str]] = []
    try:
        recurrence = parse(text, "Europe/Berlin")
    except ScheduleError as error:
        refused = error.errors["expression"]
    if refused:
        assert all(code.startswith("cron_") and message for code, message in refused)
    else:
        assert recurrence.describe()
        assert recurrence.next_after(datetime(2026, 1, 1, tzinfo=UTC))
