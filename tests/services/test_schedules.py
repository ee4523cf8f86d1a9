"""Seeing a schedule before it is saved: what it means, when it runs next, what to know; nothing is stored."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tasks_app.errors import Invalid
from tasks_app.models import ScheduledTask
from tasks_app.services.schedules import SchedulePreview, schedule_preview
from tasks_app.services.specs import TaskSpec

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


def test_without_a_schedule_there_is_nothing_to_come() -> None:
    seen = preview()
    assert (seen.next, seen.cron, seen.schedule, seen.warnings) == ([], None, None, [])
    assert "by hand" in seen.description


def test_a_window_and_a_number_of_runs_bound_what_is_shown() -> None:
    window = {"starts_at": NEW_YEAR + timedelta(days=10), "ends_at": NEW_YEAR + timedelta(days=12, hours=12)}
    seen = preview(count=10, cron="0 9 * * *", **window)
    assert [slot.day for slot in seen.next] == [11, 12, 13]
    assert len(preview(count=10, cron="0 9 * * *", max_runs=2).next) == 2


def test_a_schedule_that_never_comes_due_says_so() -> None:
    seen = preview(run_at=NEW_YEAR - timedelta(days=1))
    assert seen.next == []
    assert "never" in seen.warnings[0]


def test_a_change_of_the_clocks_is_told() -> None:
    spring = datetime(2027, 3, 27, tzinfo=UTC)
    seen = preview(count=4, after=spring, cron="30 2 * * *", timezone="Europe/Berlin")
    assert [f"{slot:%d %H:%M}" for slot in seen.next] == ["27 01:30", "28 01:00", "29 00:30", "30 00:30"]
    assert any("clocks change" in warning for warning in seen.warnings)
    assert any("skip an hour" in warning and "03:00" in warning for warning in seen.warnings)


def test_the_end_of_summer_time_is_no_gap() -> None:
    autumn = datetime(2027, 10, 30, tzinfo=UTC)
    seen = preview(count=4, after=autumn, cron="0 * * * *", timezone="Europe/Berlin")
    assert not any("skip" in warning for warning in seen.warnings)


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
    ],
)
def test_a_fault_is_named_at_its_field(fields: dict[str, Any], path: str) -> None:
    with pytest.raises(Invalid) as refusal:
        preview(**fields)
    assert set(refusal.value.fields) == {path}


@pytest.mark.django_db
def test_nothing_is_stored() -> None:
    preview(cron="0 9 * * *")
    assert not ScheduledTask.objects.exists()
