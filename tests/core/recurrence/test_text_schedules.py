"""The kind text among the other kinds: what is kept, what works from the meaning, where instants come from."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from tasks_app.recurrence import ScheduleError, build, normalise, zone_names
from tasks_app.recurrence.kinds import schedule_of
from tasks_app.recurrence.zones import load_zone
from tests.core.recurrence.texts import meaning

AFTER = datetime(2027, 1, 1, tzinfo=UTC)


def text(words: str) -> dict[str, str]:
    return {"kind": "text", "text": words}


def first(words: str, zone: str, count: int = 1) -> list[str]:
    recurrence = build(text(words), zone)
    found: list[datetime] = []
    for _ in range(count):
        following = recurrence.next_after(found[-1] if found else AFTER)
        assert following is not None
        found.append(following)
    return [instant.strftime("%Y-%m-%dT%H:%M") for instant in found]


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("every weekday at 9:00", "every weekday at 9:00"),
        ("  Every\u00a0 weekday,\tat 9:00 \n", "Every weekday, at 9:00"),
        ("every\u200bday at 9", "every day at 9"),
        ("every day – at “9”", "every day – at “9”"),
    ],
)
def test_what_the_person_wrote_is_kept_tidied(written: str, kept: str) -> None:
    schedule = normalise(text(written), "Europe/Berlin")
    assert schedule == text(kept)
    assert normalise(schedule, "Europe/Berlin") == schedule
    assert build(text(written), "Europe/Berlin").schedule == schedule
    assert meaning(written) == meaning(kept)


@pytest.mark.parametrize(
    "written",
    [
        "Monday 9am / Friday 10am",
        "Monday 9am | Friday 10am",
        "Monday 9am & Friday 10am",
        "Mon at 9 / Fri at 10",
        "Monday 9am; Friday 10am",
    ],
)
def test_rules_may_be_parted_by_a_stroke(written: str) -> None:
    assert meaning(written) == meaning("every Monday at 9 and every Friday at 10")


@pytest.mark.parametrize("written", ["6am/6pm daily", "every day at 6am / 6pm", "every day at 6 a.m. | 6 p.m."])
def test_times_may_be_parted_by_a_stroke(written: str) -> None:
    assert meaning(written) == meaning("every day at 6:00 and 18:00")


def test_a_stroke_between_numbers_is_a_date_and_asked_back() -> None:
    with pytest.raises(ScheduleError):
        meaning("03/04/2027 14:00")
    with pytest.raises(ScheduleError):
        meaning("on 3 / 4 at 9")


def test_everything_but_the_object_comes_from_the_meaning() -> None:
    weekly = build(text("every weekday at 9"), "Europe/Berlin")
    assert weekly.meaning == {"kind": "weekly", "days": ["mon", "tue", "wed", "thu", "fri"], "time": "09:00"}
    assert (weekly.kind, weekly.cron, weekly.interval, weekly.run_at) == ("recurring", "0 9 * * 1-5", None, None)
    every = build(text("every 90 seconds"), "Europe/Berlin")
    assert (every.kind, every.cron, every.interval) == ("recurring", None, (90, "seconds"))
    once = build(text("3 March 2027 at noon"), "Europe/Berlin")
    assert (once.kind, once.run_at) == ("once", datetime(2027, 3, 3, 11, tzinfo=UTC))
    assert once.next_after(datetime(2027, 3, 3, 11, tzinfo=UTC)) is None
    assert build({"kind": "daily", "time": "09:00"}, "UTC").meaning == {"kind": "daily", "time": "09:00"}


def test_a_text_is_read_once_for_each_zone() -> None:
    zone = load_zone("Europe/Berlin")
    assert schedule_of("every day at 9", zone) is schedule_of("every day at 9", zone)
    assert meaning("3 March 2027 at noon", "UTC") != meaning("3 March 2027 at noon", "Asia/Tokyo")


def test_a_union_holds_texts() -> None:
    parts = [text("every weekday at 9 and on Saturday at 11"), {"kind": "daily", "time": "20:00"}]
    union = build({"kind": "any", "of": parts}, "UTC")
    assert union.schedule == {"kind": "any", "of": parts}
    assert union.next_after(datetime(2027, 1, 2, tzinfo=UTC)) == datetime(2027, 1, 2, 11, tzinfo=UTC)
    same = [text("at 9 every day"), text("every day at 17")]
    assert build({"kind": "any", "of": same}, "UTC").cron == "0 9,17 * * *"


def test_a_faulty_text_in_a_union_is_refused_at_its_place() -> None:
    with pytest.raises(ScheduleError) as refused:
        normalise({"kind": "any", "of": [{"kind": "daily", "time": "09:00"}, text("evry day at 9")]}, "UTC")
    ((path, (problem,)),) = refused.value.problems.items()
    assert (path, problem.code, problem.suggestion) == ("of.1.text", "text_word", "every day at 9")


@pytest.mark.parametrize(
    ("words", "zone", "expected"),
    [
        ("every weekday at 9", "Europe/Berlin", ["2027-01-01T08:00", "2027-01-04T08:00"]),
        ("every weekday at 9", "America/New_York", ["2027-01-01T14:00", "2027-01-04T14:00"]),
        ("on the last Friday of the month at 17:30", "Asia/Tokyo", ["2027-01-29T08:30", "2027-02-26T08:30"]),
        ("every other Tuesday at 10", "UTC", ["2027-01-05T10:00", "2027-01-19T10:00"]),
        ("every other Tuesday at 10 from 12 January 2027", "UTC", ["2027-01-12T10:00", "2027-01-26T10:00"]),
        ("every 2 weeks on Mon and Thu at 6 from 7 January 2027", "UTC", ["2027-01-04T06:00", "2027-01-07T06:00"]),
        ("every 3 days at 6", "UTC", ["2027-01-02T06:00", "2027-01-05T06:00"]),
        ("every hour from 22 to 6", "UTC", ["2027-01-01T01:00", "2027-01-01T02:00"]),
        ("every quarter on the last day at 18", "UTC", ["2027-03-31T18:00", "2027-06-30T18:00"]),
        ("every leap day at noon", "UTC", ["2028-02-29T12:00", "2032-02-29T12:00"]),
        ("third working day of the month at 7", "UTC", ["2027-01-05T07:00", "2027-02-03T07:00"]),
        ("two days before the end of the month at 18", "UTC", ["2027-01-29T18:00", "2027-02-26T18:00"]),
        ("every 2 hours at minute 15", "Europe/Berlin", ["2027-01-01T01:15", "2027-01-01T03:15"]),
        ("3 March 2027 at 9 and 17", "Europe/Berlin", ["2027-03-03T08:00", "2027-03-03T16:00"]),
    ],
)
def test_the_first_instants_are_those_of_a_calendar(words: str, zone: str, expected: list[str]) -> None:
    assert first(words, zone, len(expected)) == expected


def test_weeks_without_a_start_are_counted_alike_in_every_zone() -> None:
    for zone in sorted(zone_names()):
        recurrence = build(text("every other Monday at 0:30"), zone)
        following = recurrence.next_after(AFTER)
        assert following is not None
        wall = following.astimezone(load_zone(zone))
        days = wall.toordinal() - datetime(1970, 1, 5).toordinal()
        assert days % 14 == 0, zone
        assert (wall.hour, wall.minute) == (0, 30), zone


def test_an_anchor_in_a_gap_of_the_clocks_counts_on_from_a_later_round() -> None:
    recurrence = build(text("every 2 weeks on Sunday at 2:30 starting 28 March 2027"), "Europe/Berlin")
    after_the_gap = recurrence.next_after(datetime(2027, 3, 28, 12, tzinfo=UTC))
    assert after_the_gap == datetime(2027, 4, 11, 0, 30, tzinfo=UTC)
    assert recurrence.previous_before(after_the_gap) == datetime(2027, 3, 28, 1, tzinfo=UTC)


def test_a_window_of_minutes_follows_elapsed_time_across_a_change_of_the_clocks() -> None:
    recurrence = build(text("every 15 minutes from 0:30 to 5:15"), "Europe/Berlin")
    instant, found = datetime(2027, 10, 30, 22, tzinfo=UTC), []
    while (instant := recurrence.next_after(instant) or instant) < datetime(2027, 10, 31, 5, tzinfo=UTC):
        found.append(instant)
    assert {later - earlier for earlier, later in pairwise(found)} == {timedelta(minutes=15)}
    assert len(found) == 24  # 0:30 to 5:15, and the hour from 2:00 twice
