"""Spans of a schedule: what is left, what is shared, what two schedules have in common."""

from datetime import UTC, datetime, timedelta
from itertools import combinations

from tasks_app.recurrence import build
from tasks_app.recurrence.spans import Span, count_in, in_both, joined, shared, slots_in, without

START = datetime(2026, 11, 24, tzinfo=UTC)
HOURLY = build({"kind": "cron", "expression": "0 * * * *"}, "UTC")


def span(first: int, last: int) -> Span:
    """Give the span from one hour to another."""
    return Span(START + timedelta(hours=first), START + timedelta(hours=last))


def hours(spans: list[Span]) -> list[int]:
    """Give the hours whose slots lie within."""
    return [(slot - START) // timedelta(hours=1) for slot in slots_in(HOURLY, spans)]


def test_spans_are_sets_of_slots() -> None:
    ends = list(combinations(range(7), 2))
    for one, other in combinations([[span(*a), span(*b)] for a in ends for b in ends if a[1] < b[0]], 2):
        some, others = set(hours(one)), set(hours(other))
        assert set(hours(list(in_both(one, other)))) == some & others
        assert set(hours(without(one, other))) == some - others
        assert hours(joined([*one, *other])) == sorted(some | others)


def test_slots_are_given_from_both_ends_and_counted() -> None:
    spans = [span(0, 2), span(5, 6)]
    assert hours(spans) == [0, 1, 2, 5, 6]
    assert list(slots_in(HOURLY, spans, backwards=True)) == list(slots_in(HOURLY, spans))[::-1]
    assert count_in(HOURLY, spans) == 5


def test_what_two_schedules_share_is_said_as_spans_of_the_second() -> None:
    workday = build({"kind": "cron", "expression": "0 9-17 * * *"}, "UTC")
    whole = [span(0, 48)]
    assert shared(HOURLY, HOURLY, whole) == whole
    assert shared(HOURLY, workday, whole) == [span(9, 41)], "each slot of the second is one of the first"
    assert hours(shared(workday, HOURLY, whole)) == [*range(9, 18), *range(33, 42)]
