"""Seeing a schedule before it is saved: what it means, when it runs next, what to know; nothing is stored."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User

from tasks_app.errors import Invalid
from tasks_app.models import ScheduledTask
from tasks_app.services import planning
from tasks_app.services.calendars import calendar_create
from tasks_app.services.schedules import SchedulePreview, schedule_preview
from tasks_app.services.specs import TaskSpec
from tasks_app.services.timing import timing_of

pytestmark = pytest.mark.django_db

NEW_YEAR = datetime(2027, 1, 1, tzinfo=UTC)


def preview(count: int = 3, after: datetime = NEW_YEAR, **fields: Any) -> SchedulePreview:
    """Look at a schedule."""
    return schedule_preview(spec=TaskSpec(name="", type="", **fields), count=count, after=after)


def test_a_schedule_is_told_as_a_sentence_a_cron_and_its_next_instants() -> None:
    seen = preview(schedule={"kind": "weekly", "days": ["mon"], "time": "09:00"}, timezone="Europe/Berlin")
    assert seen.cron == "0 9 * * 1"
    assert "Monday" in seen.description
    assert seen.next == [datetime(2027, 1, day, 8, 0, tzinfo=UTC) for day in (4, 11, 18)]
    assert seen.warnings == []
    assert seen.schedule == {"kind": "weekly", "days": ["mon"], "time": "09:00"}


def test_no_cron_is_named_where_none_says_it() -> None:
    assert preview(schedule={"kind": "every", "minutes": 7}).cron is None


@pytest.mark.parametrize(
    ("zone", "words"),
    [
        ("EST", "EST never changes its clocks; did you mean America/New_York?"),
        ("GMT", "GMT never changes its clocks; did you mean Europe/London?"),
        ("CET", "CET is an abbreviation and no place, though its clocks do change; did you mean Europe/Berlin?"),
        (
            "Etc/GMT-3",
            "Etc/GMT-3 is UTC+3, as the signs of such names are reversed, and it never changes its clocks.",
        ),
    ],
)
def test_a_zone_that_is_seldom_meant_is_accepted_with_a_warning(zone: str, words: str) -> None:
    assert preview(cron="0 9 * * *", timezone=zone).warnings == [words]
    assert preview(schedule={"kind": "every", "minutes": 5}, timezone=zone).warnings == []


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "Etc/UTC", "HST", "Asia/Kolkata", "America/New_York"])
def test_no_other_zone_is_warned_of(zone: str) -> None:
    assert preview(cron="0 9 * * *", timezone=zone).warnings == []


def test_without_a_schedule_there_is_nothing_to_come() -> None:
    seen = preview()
    assert (seen.next, seen.cron, seen.schedule, seen.warnings) == ([], None, None, [])
    assert "by hand" in seen.description


def test_a_long_sentence_is_shown_whole_and_kept_without_losing_its_calendar(alice: User) -> None:
    calendar = calendar_create(owner=alice, values={"name": "Office"})
    times = [{"kind": "cron", "expression": f"*/{step} {step} * * *"} for step in range(2, 20)]
    fields: dict[str, Any] = {"schedule": {"kind": "any", "of": times}, "calendar": str(calendar.id)}
    spec = TaskSpec(name="", type="", **fields)
    seen = schedule_preview(spec=spec, owner=alice, count=1, after=NEW_YEAR)
    ending = ", but not on days off of “Office”"
    assert len(seen.description) > 300
    assert seen.description.endswith(ending)
    kept = timing_of(spec, owner=alice).fields["schedule_text"]
    assert len(kept) <= 300
    assert kept.endswith(f" ...{ending}")
    assert seen.description.startswith(kept.partition(" ...")[0])


def test_a_window_and_a_number_of_runs_bound_what_is_shown() -> None:
    window = {"starts_at": NEW_YEAR + timedelta(days=10), "ends_at": NEW_YEAR + timedelta(days=12, hours=12)}
    seen = preview(count=10, cron="0 9 * * *", **window)
    assert [slot.day for slot in seen.next] == [11, 12, 13]
    assert len(preview(count=10, cron="0 9 * * *", max_runs=2).next) == 2


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"run_at": NEW_YEAR - timedelta(days=1)}, "lies in the past"),
        ({"cron": "0 9 * * *", "ends_at": NEW_YEAR - timedelta(days=1)}, "Its end lies in the past"),
        ({"cron": "0 9 * * *", "ends_at": NEW_YEAR + timedelta(hours=1)}, "The window ends before the first run"),
        ({"run_at": NEW_YEAR + timedelta(days=1), "starts_at": NEW_YEAR + timedelta(days=2)}, "within its window"),
    ],
)
def test_a_schedule_that_never_comes_due_says_why(fields: dict[str, Any], why: str) -> None:
    seen = preview(**fields)
    assert (seen.next, seen.notes) == ([], [])
    [warning] = seen.warnings
    assert why in warning
    assert "never comes due" in warning


def told(seen: SchedulePreview) -> list[tuple[str, str]]:
    """The notes by the day that they are about."""
    return [(f"{note.at:%Y-%m-%d %H:%M}" if note.at else "", note.code) for note in seen.notes]


NIGHT: dict[str, Any] = {"cron": "30 2 * * *", "timezone": "Europe/Berlin"}
SPRING = datetime(2027, 3, 27, tzinfo=UTC)


def test_a_change_of_the_clocks_is_told_at_its_run() -> None:
    seen = preview(count=4, after=SPRING, **NIGHT)
    assert [f"{slot:%d %H:%M}" for slot in seen.next] == ["27 01:30", "28 01:00", "29 00:30", "30 00:30"]
    assert told(seen) == [("2027-03-28 01:00", "gap"), ("2027-10-31 00:30", "overlap")]
    assert seen.notes[0].message == "Clocks go forward: 02:30 does not exist, so it runs at 03:00."
    assert seen.warnings == []


def test_changes_of_the_coming_year_are_told_though_their_runs_are_not_shown() -> None:
    assert told(preview(count=1, after=SPRING - timedelta(days=30), **NIGHT)) == [
        ("2027-03-28 01:00", "gap"),
        ("2027-10-31 00:30", "overlap"),
    ]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"ends_at": SPRING + timedelta(days=30)}, [("2027-03-28 01:00", "gap")]),
        ({"starts_at": SPRING + timedelta(days=30)}, [("2027-10-31 00:30", "overlap"), ("2028-03-26 01:00", "gap")]),
        ({"max_runs": 5}, [("2027-03-28 01:00", "gap")]),
        ({"max_runs": 1}, []),
    ],
)
def test_a_change_is_told_only_where_the_task_has_a_run(
    fields: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    assert told(preview(after=SPRING, **NIGHT, **fields)) == expected


def test_a_change_is_told_at_a_run_that_is_years_away() -> None:
    yearly: dict[str, Any] = {
        "schedule": {"kind": "yearly", "month": 3, "day": 28, "time": "02:30"},
        "timezone": "Europe/Berlin",
    }
    assert told(preview(count=20, **yearly)) == [
        ("2027-03-28 01:00", "gap"),
        ("2032-03-28 01:00", "gap"),
        ("2038-03-28 01:00", "gap"),
    ]


def test_what_nobody_would_miss_is_told_only_of_the_runs_that_are_shown() -> None:
    often: dict[str, Any] = {"cron": "0 * * * *", "timezone": "Europe/Berlin"}
    assert told(preview(after=SPRING, **often)) == []
    autumn = datetime(2027, 10, 31, tzinfo=UTC)
    assert told(preview(after=autumn, **often)) == [("2027-10-31 01:00", "twice")]


def test_spread_is_said_of_a_new_task_whose_place_in_it_is_not_known() -> None:
    seen = preview(cron="0 9 * * *", spread_seconds=600, jitter_seconds=60)
    assert seen.next[0] == NEW_YEAR + timedelta(hours=9)
    assert [(note.at, note.message) for note in seen.notes] == [(None, "Each run starts up to 11 min later.")]


def test_a_task_that_is_edited_has_its_own_instants_and_what_is_left_of_its_runs(alice: User) -> None:
    spec = TaskSpec(name="", type="", cron="0 9 * * *", max_runs=5, spread_seconds=3600)
    task = ScheduledTask(owner=alice, slots_fired=3, max_runs=5, spread_seconds=3600, **timing_of(spec).fields)
    seen = schedule_preview(spec=spec, after=NEW_YEAR, task=task)
    assert seen.coming == planning.upcoming(task, NEW_YEAR, 10)
    assert seen.next == [one.at for one in seen.coming]
    assert len(seen.next) == 2
    assert seen.notes == []
    task.slots_fired = 5
    assert "has had its 5 runs" in schedule_preview(spec=spec, after=NEW_YEAR, task=task).warnings[0]


@pytest.mark.parametrize(("cron", "pace"), [("*/15 * * * *", 96), ("0 9 * * 1-5", 5 / 7), (None, None)])
def test_it_is_said_how_often_it_runs(cron: str | None, pace: float | None) -> None:
    assert preview(cron=cron).runs_per_day == (pace and pytest.approx(pace))


@pytest.mark.parametrize("count", [0, 101, -1])
def test_a_number_of_instants_out_of_bounds_is_refused(count: int) -> None:
    with pytest.raises(Invalid) as refusal:
        preview(count=count, cron="0 9 * * *")
    assert set(refusal.value.fields) == {"count"}


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"cron": "nonsense"}, "cron"),
        ({"schedule": {"kind": "daily", "time": "25:00"}}, "schedule.time"),
        ({"schedule": {"kind": "any", "of": [{"kind": "daily"}]}}, "schedule.of.0.time"),
        ({"cron": "0 9 * * *", "timezone": "Nowhere"}, "timezone"),
        ({"schedule": {"kind": "every", "seconds": 1}}, "schedule"),
        ({"cron": "0 9 * * *", "spread_seconds": 100_000}, "spread_seconds"),
        ({"cron": "0 9 * * *", "jitter_seconds": "some"}, "jitter_seconds"),
        ({"cron": "*/10 * * * *", "jitter_seconds": 601}, "jitter_seconds"),
        ({"cron": "0 9 * * *", "max_runs": 0}, "max_runs"),
    ],
)
def test_a_fault_is_named_at_its_field(fields: dict[str, Any], path: str) -> None:
    with pytest.raises(Invalid) as refusal:
        preview(**fields)
    assert set(refusal.value.fields) == {path}


def test_nothing_is_stored() -> None:
    preview(cron="0 9 * * *")
    assert not ScheduledTask.objects.exists()


@pytest.mark.parametrize(
    "fields",
    [
        {"schedule": {"kind": "text", "text": "every other Tuesday at 10 starting 2 March 2032"}},
        {"schedule": {"kind": "every", "hours": 5, "anchor": "2032-03-02T10:00:00Z"}},
    ],
)
def test_an_interval_that_runs_before_what_it_is_counted_from_says_so(fields: dict[str, Any]) -> None:
    said = "It is counted from 2 March 2032 both ways, and runs before that day too; set a start to begin then."
    assert said in [note.message for note in preview(**fields).notes]
    begun = preview(**fields, starts_at=datetime(2032, 3, 1, tzinfo=UTC))
    assert all(note.code != "anchor" for note in begun.notes)
    assert begun.next[0] >= datetime(2032, 3, 1, tzinfo=UTC)
