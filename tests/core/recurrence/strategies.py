"""Any times of day, clock changes, schedules of every kind, and instants, for Hypothesis to choose from."""

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from tests.core.recurrence.oracle import UNCHANGING, ZONES, Rule, changes_of

FAST = settings(max_examples=100, suppress_health_check=list(HealthCheck))
CHANGING = [zone for zone in ZONES if zone not in UNCHANGING]
INSTANTS = st.datetimes(datetime(1990, 1, 1), datetime(2037, 1, 1), timezones=st.just(UTC))
TIMES = st.sampled_from(["00:00", "00:30", "02:00", "02:30", "09:00", "23:59"])
DAYS = st.sampled_from([1, 15, 28, "last", -2, -28])
WEEKDAYS = st.sampled_from(["mon", "tue", "wed", "thu", "fri", "sat", "sun"])
ANCHORS = st.sampled_from(["2020-02-03T04:05:06Z", "2011-12-30T10:00:00Z", "2026-10-25T00:30:00Z"])
Schedule = dict[str, Any]


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


def friendly() -> st.SearchStrategy[Schedule]:
    """Build the kinds that name a time of day."""

    def of_kind(kind: str, **fields: st.SearchStrategy[Any]) -> st.SearchStrategy[Schedule]:
        return st.fixed_dictionaries({"kind": st.just(kind), "time": TIMES, **fields})

    return st.one_of(
        of_kind("daily"),
        of_kind("weekly", days=st.lists(WEEKDAYS, min_size=1, max_size=3)),
        of_kind("monthly", day=DAYS | st.sampled_from([29, 31, -31])),
        of_kind("monthly", nth=st.sampled_from([1, 2, 5, "last"]), weekday=WEEKDAYS),
        of_kind("monthly", workday=st.integers(1, 23) | st.sampled_from(["first", "last"])),
        of_kind("yearly", month=st.integers(1, 12), day=DAYS),
        st.fixed_dictionaries({"kind": st.just("yearly"), "time": TIMES, "month": st.just(2), "day": st.just(29)}),
    )


def plain_schedules() -> st.SearchStrategy[Schedule]:
    """Build any kind but unions."""
    units = st.sampled_from(["seconds", "minutes", "hours", "days"])
    return st.one_of(
        friendly(),
        cron_texts().map(lambda text: {"kind": "cron", "expression": text}),
        st.integers(0, 59).map(lambda minute: {"kind": "hourly", "minute": minute}),
        st.builds(lambda unit, count: {"kind": "every", unit: count}, units, st.integers(1, 400)),
        st.builds(
            lambda unit, count, anchor: {"kind": "every", unit: count, "anchor": anchor},
            units,
            st.integers(1, 400),
            ANCHORS,
        ),
        st.just({"kind": "once", "run_at": "2026-05-01T10:00:00Z"}),
    )


def unions() -> st.SearchStrategy[Schedule]:
    """Build unions of two to four parts."""
    return st.lists(plain_schedules(), min_size=2, max_size=4).map(lambda parts: {"kind": "any", "of": parts})


def schedules() -> st.SearchStrategy[Schedule]:
    """Build schedules of every kind; some are refused, for they can never happen."""
    return plain_schedules() | unions()


@st.composite
def places(draw: st.DrawFn) -> tuple[str, datetime]:
    """Choose a zone and an instant, more often than not near one of its clock changes."""
    zone = draw(st.sampled_from(ZONES))
    near = changes_of(zone)
    if not near or draw(st.integers(0, 3)) == 0:
        return zone, draw(INSTANTS)
    seconds = draw(st.integers(-100_000, 100_000) | st.sampled_from([-3600, -1800, -1, 0, 1, 1800, 3600]))
    return zone, draw(st.sampled_from(near)) + timedelta(seconds=seconds, microseconds=draw(st.sampled_from([0, 1])))
