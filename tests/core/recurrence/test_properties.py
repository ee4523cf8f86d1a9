"""What holds for every expression, zone and instant; judged by the minute walk."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from tasks_app.recurrence import Recurrence, ScheduleError, build, parse
from tests.core.recurrence.oracle import UNCHANGING, ZONES, Rule, changes_of, instants_around, margin_of

CHANGING = [zone for zone in ZONES if zone not in UNCHANGING]
SECOND = timedelta(seconds=1)
FAST = settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))


def number_field(low: int, high: int) -> st.SearchStrategy[tuple[str, frozenset[int]]]:
    """Build the text of a minute or hour field together with the values it means."""
    numbers = st.integers(low, high)
    lists = st.lists(numbers, min_size=1, max_size=4).map(lambda n: (",".join(map(str, n)), frozenset(n)))
    ranges = st.tuples(numbers, numbers).map(sorted).map(lambda n: (f"{n[0]}-{n[1]}", frozenset(range(n[0], n[1] + 1))))
    steps = st.integers(1, high).map(lambda n: (f"*/{n}", frozenset(range(low, high + 1, n))))
    from_on = st.tuples(numbers, st.integers(1, high)).map(
        lambda n: (f"{n[0]}/{n[1]}", frozenset(range(n[0], high + 1, n[1])))
    )
    return st.one_of(lists, ranges, steps, from_on, st.just(("*", frozenset(range(low, high + 1)))))


@st.composite
def times(draw: st.DrawFn) -> tuple[str, Rule]:
    minute, minutes = draw(number_field(0, 59))
    # Most changes happen in the first hours of the day: favour them.
    hour, hours = draw(st.one_of(number_field(0, 23), number_field(0, 4)))
    if "/" in hour or hour == "*":
        hours = hours_of(hour)
    return f"{minute} {hour} * * *", Rule(minutes, hours, elapsed=any(sign in minute + hour for sign in "*/"))


def hours_of(text: str) -> frozenset[int]:
    base, _, step = text.partition("/")
    return frozenset(range(0 if base == "*" else int(base), 24, int(step or 1)))


@st.composite
def changes(draw: st.DrawFn) -> tuple[str, datetime]:
    zone = draw(st.sampled_from(CHANGING))
    return zone, draw(st.sampled_from(changes_of(zone)))


def walk(recurrence: Recurrence, start: datetime, end: datetime) -> list[datetime]:
    found: list[datetime] = []
    instant = recurrence.next_after(start)
    while instant and instant <= end:
        found.append(instant)
        instant = recurrence.next_after(instant)
    return found


def walk_back(recurrence: Recurrence, start: datetime, end: datetime) -> list[datetime]:
    found: list[datetime] = []
    instant = recurrence.previous_before(end + SECOND)
    while instant and instant > start:
        found.append(instant)
        instant = recurrence.previous_before(instant)
    return found[::-1]


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
    later, earlier = [i for i in expected if i > start], [i for i in expected if i < start]
    assume(later and earlier)
    assert recurrence.next_after(start) == later[0]
    assert recurrence.previous_before(start) == earlier[-1]


EXPRESSIONS = (
    ("30 2 * * *", Rule(frozenset({30}), frozenset({2}), elapsed=False)),
    ("0 0 * * *", Rule(frozenset({0}), frozenset({0}), elapsed=False)),
    ("15,45 0-4 * * *", Rule(frozenset({15, 45}), frozenset(range(5)), elapsed=False)),
    ("59 23 * * *", Rule(frozenset({59}), frozenset({23}), elapsed=False)),
    ("*/7 * * * *", Rule(frozenset(range(0, 60, 7)), frozenset(range(24)), elapsed=True)),
    ("30 */2 * * *", Rule(frozenset({30}), frozenset(range(0, 24, 2)), elapsed=True)),
    ("*/20 1-3 * * *", Rule(frozenset({0, 20, 40}), frozenset({1, 2, 3}), elapsed=True)),
)


@pytest.mark.slow
@pytest.mark.parametrize("zone", CHANGING)
def test_every_change_of_a_zone_from_1990_to_2037_equals_the_minute_walk(zone: str) -> None:
    margin = margin_of(zone)
    for change in changes_of(zone):
        for expression, rule in EXPRESSIONS:
            expected = instants_around(rule, zone, change)
            recurrence = parse(expression, zone)
            assert walk(recurrence, change - margin, change + margin) == expected, (expression, change)
            assert walk_back(recurrence, change - margin, change + margin) == expected, (expression, change)


def cron_texts() -> st.SearchStrategy[str]:
    """Build expressions that use the whole grammar; some can never match."""
    minute = number_field(0, 59).map(lambda field: field[0])
    hour = number_field(0, 23).map(lambda field: field[0])
    day = st.sampled_from(
        ["*", "?", "1", "29", "31", "L", "L-3", "LW", "15W", "1W", "*/2", "1,15", "10-20/3", "L,1,31W"]
    )
    month = st.sampled_from(["*", "2", "FEB,APR", "*/3", "JUN-AUG", "12"])
    weekday = st.sampled_from(["*", "?", "1", "MON-FRI", "7", "5L", "FRI#2", "*/2", "SAT-SUN", "TUE#5,0L"])
    return st.tuples(minute, hour, day, month, weekday).map(" ".join)


def schedules() -> st.SearchStrategy[dict[str, object]]:
    time = st.sampled_from(["00:00", "02:30", "09:00", "23:59"])
    day = st.sampled_from([1, 15, 29, 31, "last", -2, -31])
    one = st.one_of(
        cron_texts().map(lambda text: {"kind": "cron", "expression": text}),
        st.integers(1, 10_000).map(lambda n: {"kind": "every", "seconds": n}),
        st.integers(1, 400).map(lambda n: {"kind": "every", "days": n, "anchor": "2020-02-03T04:05:06Z"}),
        st.builds(lambda t, d: {"kind": "monthly", "day": d, "time": t}, time, day),
        st.builds(lambda t, n: {"kind": "monthly", "workday": n, "time": t}, time, st.integers(1, 23)),
        st.builds(lambda t: {"kind": "weekly", "days": ["sun", "wed"], "time": t}, time),
        st.just({"kind": "once", "run_at": "2026-05-01T10:00:00Z"}),
    )
    return st.one_of(one, st.lists(one, min_size=2, max_size=3).map(lambda parts: {"kind": "any", "of": parts}))


INSTANTS = st.datetimes(datetime(1990, 1, 1), datetime(2037, 1, 1), timezones=st.just(UTC))


@FAST
@given(schedules(), st.sampled_from(ZONES), INSTANTS)
def test_next_rises_and_previous_leads_back(schedule: dict[str, object], zone: str, start: datetime) -> None:
    try:
        recurrence = build(schedule, zone)
    except ScheduleError:
        assume(False)
    instant = start
    for _ in range(5):
        following = recurrence.next_after(instant)
        if following is None:
            break
        assert following > instant
        before = recurrence.previous_before(following)
        # `instant` is a planned one from the second round on, and nothing lies between the two.
        assert before is None or before <= instant
        assert instant in (start, before)
        assert recurrence.next_after(following - timedelta(microseconds=1)) == following
        instant = following


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
