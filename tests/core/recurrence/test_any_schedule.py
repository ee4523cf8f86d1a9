"""What holds for schedules of every kind, near clock changes and far from them, and at the ends of the calendar."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tasks_app.recurrence import Recurrence, ScheduleError, build
from tests.core.recurrence.strategies import FAST, Schedule, places, schedules, unions
from tests.core.recurrence.walks import MICROSECOND

BEGINNING, END = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)


def built(schedule: Schedule, zone: str) -> Recurrence:
    try:
        return build(schedule, zone)
    except ScheduleError:
        assume(False)
        raise


def between(low: datetime, high: datetime, share: float) -> datetime:
    """Give an instant inside an open interval."""
    assume(high - low > MICROSECOND)
    return low + max(MICROSECOND, min((high - low) * share, high - low - MICROSECOND))


@FAST
@given(schedules(), places())
def test_next_rises_and_previous_leads_back(schedule: Schedule, place: tuple[str, datetime]) -> None:
    zone, instant = place
    recurrence = built(schedule, zone)
    following = recurrence.next_after(instant)
    assume(following)
    for _ in range(5):
        assert following is not None
        assert following > instant
        before = recurrence.previous_before(following)
        assert before is None or before <= instant
        instant, following = following, recurrence.next_after(following)
        if following is None:
            break
        assert recurrence.previous_before(following) == instant


@FAST
@given(schedules(), places())
def test_previous_falls_and_next_leads_on(schedule: Schedule, place: tuple[str, datetime]) -> None:
    zone, instant = place
    recurrence = built(schedule, zone)
    earlier = recurrence.previous_before(instant)
    assume(earlier)
    for _ in range(5):
        assert earlier is not None
        assert earlier < instant
        after = recurrence.next_after(earlier)
        assert after is None or after >= instant
        instant, earlier = earlier, recurrence.previous_before(earlier)
        if earlier is None:
            break
        assert recurrence.next_after(earlier) == instant


@FAST
@given(schedules(), places(), st.floats(0, 1))
def test_nothing_is_skipped_between_two_neighbours(
    schedule: Schedule, place: tuple[str, datetime], share: float
) -> None:
    zone, instant = place
    recurrence = built(schedule, zone)
    before, after = recurrence.previous_before(instant), recurrence.next_after(instant)
    if after:
        at = between(instant, after, share)
        assert recurrence.next_after(at) == after
        assert recurrence.previous_before(at) in (before, instant)
    if before:
        at = between(before, instant, share)
        assert recurrence.previous_before(at) == before
        assert recurrence.next_after(at) in (after, instant)


@FAST
@given(unions(), places())
def test_a_union_has_the_instants_of_its_parts(schedule: Schedule, place: tuple[str, datetime]) -> None:
    zone, instant = place
    union = built(schedule, zone)
    parts = [build(part, zone) for part in schedule["of"]]
    for _ in range(5):
        expected = min(filter(None, (part.next_after(instant) for part in parts)), default=None)
        assert union.next_after(instant) == expected
        earlier = max(filter(None, (part.previous_before(instant) for part in parts)), default=None)
        assert union.previous_before(instant) == earlier
        instant = expected or instant


@FAST
@given(
    schedules(),
    st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Pacific/Apia", "Asia/Tokyo"]),
    st.timedeltas(timedelta(), timedelta(days=800)),
)
def test_the_ends_of_the_calendar_are_no_trap(schedule: Schedule, zone: str, distance: timedelta) -> None:
    recurrence = built(schedule, zone)
    for instant in (BEGINNING + distance, END - distance):
        after, before = recurrence.next_after(instant), recurrence.previous_before(instant)
        assert after is None or after > instant
        assert before is None or before < instant
        if distance > timedelta(days=2):
            assert after is None or recurrence.previous_before(after) in (before, instant)
            assert before is None or recurrence.next_after(before) in (after, instant)


@pytest.mark.parametrize("zone", ["Asia/Tokyo", "UTC", "America/New_York", "Pacific/Kiritimati"])
def test_the_last_day_of_the_calendar_is_found_from_its_end(zone: str) -> None:
    for schedule in ({"kind": "daily", "time": "09:00"}, {"kind": "cron", "expression": "*/30 * * * *"}):
        recurrence = build(schedule, zone)
        last = recurrence.previous_before(END)
        assert last is not None
        assert END - last < timedelta(days=2)
        assert recurrence.next_after(last) is None
        first = recurrence.next_after(BEGINNING)
        assert first is not None
        assert first - BEGINNING < timedelta(days=2)


def test_a_part_that_leaves_the_calendar_does_not_silence_the_others() -> None:
    leaving, staying = {"kind": "every", "days": 3660}, {"kind": "daily", "time": "12:00"}
    union = build({"kind": "any", "of": [leaving, staying]}, "UTC")
    near_end = datetime(9999, 12, 30, tzinfo=UTC)
    assert union.next_after(near_end) == datetime(9999, 12, 30, 12, tzinfo=UTC)
