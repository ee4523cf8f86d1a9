"""Whatever was looked for before, a look gives the slots that the schedule has."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks_app.recurrence import Recurrence, build
from tasks_app.services import slots_known
from tasks_app.services.slots_known import MOST, SECOND, Known, micros

NOW = datetime.now(UTC).replace(second=0, microsecond=0)
MINUTE = 60 * SECOND
RULES = [
    build(schedule, timezone)
    for schedule in (
        {"kind": "daily", "time": "02:30"},
        {"kind": "cron", "expression": "*/5 8-18 * * 1-5"},
        {"kind": "cron", "expression": "* * * * *"},
        {"kind": "every", "days": 1, "anchor": "2026-01-01T05:30:00Z"},
        {"kind": "any", "of": [{"kind": "hourly", "minute": 5}, {"kind": "once", "run_at": f"{NOW:%Y-%m-%dT%H:%M}Z"}]},
        {"kind": "once", "run_at": f"{NOW + timedelta(hours=3):%Y-%m-%dT%H:%M:%S}.750Z"},
    )
    for timezone in ("UTC", "Europe/Berlin")
]
looks = st.tuples(st.integers(-3000, 9000), st.integers(-5, 2000), st.integers(0, MOST * 2))


def slots(known: Known, start: int, end: int) -> Iterator[int]:
    """The slots as the schedule itself tells them, one after the other."""
    at = start - 1
    while (found := known.rule.next_after(datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=at))) is not None:
        at = micros(found)
        if at >= end:
            return
        yield at


@settings(max_examples=60, deadline=None)
@given(rule=st.sampled_from(RULES), some=st.lists(looks, min_size=1, max_size=6))
def test_each_look_gives_what_the_schedule_has(rule: Recurrence, some: list[tuple[int, int, int]]) -> None:
    known = Known(rule)
    for later, minutes, most in some:
        start = micros(NOW) + later * MINUTE
        end = start + minutes * MINUTE
        found, taken, is_whole = known.between(start, end, most)
        wanted = list(slots(known, start, end))
        assert list(found) == (wanted if is_whole else wanted[: len(found)])
        assert taken <= most
        assert is_whole or taken == most, "it gives up only where it may look no further"


def test_what_was_found_is_not_looked_for_again() -> None:
    known, start = Known(RULES[0]), micros(NOW)
    first, taken, _ = known.between(start, start + 3000 * MINUTE, MOST)
    assert taken >= len(first) > 1
    again = known.between(start + MINUTE, start + 3000 * MINUTE, MOST)
    assert again == (first[first[0] < start + MINUTE :], 0, True)


def test_a_look_far_ahead_does_not_cost_what_comes_next() -> None:
    known, start = Known(RULES[0]), micros(NOW)
    known.between(start, start + 3000 * MINUTE, MOST)
    far = start + 90_000 * MINUTE
    assert known.between(far, far + 3000 * MINUTE, MOST)[1] > 0
    assert known.between(start, start + 3000 * MINUTE, MOST)[1] == 0


def test_of_a_dense_schedule_some_slots_are_remembered() -> None:
    known, start = Known(RULES[4]), micros(NOW)
    for _ in range(2):
        found, taken, is_whole = known.between(start, start + 1440 * MINUTE, 2000)
        assert (len(found), is_whole) == (1440, True)
    assert taken == 1440 - MOST + 1, "and the one after them, which says that there are no more"


def test_a_schedule_that_cannot_be_read_is_known_by_nobody() -> None:
    with pytest.raises(ValueError, match="kind"):
        slots_known.known('{"kind": "no-such"}', "UTC")
