"""Whatever the tasks are, counting them together gives what walking each gives; equal ones cost nothing more."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st

from tasks_app.models import ScheduledTask
from tasks_app.selectors.planned import PlannedFilters
from tasks_app.services.load import Load, hours_of, minutes_of
from tasks_app.services.starts import Window, starts_within
from tests.calls import counted_calls
from tests.services.planned import START, by_minute, daily, plan, plan_all
from tests.services.test_load import load

pytestmark = pytest.mark.django_db

times = st.builds("{:02}:{:02}".format, st.integers(0, 23), st.sampled_from([0, 15, 30, 59]))
schedules = st.one_of(
    st.builds(daily, times),
    st.builds(lambda minute: {"kind": "hourly", "minute": minute}, st.integers(0, 59)),
    st.builds(lambda seconds: {"kind": "every", "seconds": seconds}, st.sampled_from([20, 30, 41, 60, 61, 3600])),
    st.builds(
        lambda unit, count: {"kind": "every", unit: count}, st.sampled_from(["minutes", "hours"]), st.integers(1, 9)
    ),
    st.sampled_from(
        [
            {"kind": "cron", "expression": "*/5 8-18 * * 1-5"},
            {"kind": "cron", "expression": "* * * * *"},
            {"kind": "weekly", "days": ["sun", "mon"], "time": "02:30"},
            {"kind": "any", "of": [daily("09:00"), {"kind": "hourly", "minute": 5}]},
            {"kind": "once", "run_at": "2026-11-29T05:30:00Z"},
            {"kind": "once", "run_at": "2026-11-29T01:02:30.750Z"},
        ]
    ),
)
tasks = st.fixed_dictionaries(
    {
        "schedule": schedules,
        "timezone": st.sampled_from(["UTC", "Europe/Berlin", "Asia/Kolkata", "Australia/Lord_Howe"]),
        "spread_seconds": st.sampled_from([0, 0, 0, 1, 50, 600]),
        "jitter_seconds": st.sampled_from([0, 0, 0, 1, 30, 300]),
        "calendar_policy": st.sampled_from(["", "", "skip", "previous", "next"]),
    },
    optional={
        "ends_at": st.integers(1, 90_000).map(lambda seconds: START + timedelta(seconds=seconds)),
        "max_runs": st.integers(3, 40),
    },
)


@settings(
    max_examples=25,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],  # to make an example smaller takes minutes here
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(some=st.lists(tasks, min_size=1, max_size=4), twice=st.booleans(), hours=st.sampled_from([1, 26]))
def test_counting_together_gives_what_walking_each_gives(
    alice: User, some: list[dict[str, Any]], twice: bool, hours: int
) -> None:
    plan_all(alice, some * (1 + twice))
    window = Window.of(START, START + timedelta(hours=hours))
    found = Load(starts_within(alice, window, PlannedFilters()), hours_of(window))
    by_the_minute = Load(starts_within(alice, window, PlannedFilters()), minutes_of(window))
    runs, counts = by_minute(window)
    minutes = range(window.start, window.end, 60)
    assume(found.is_complete)  # moving what is dense off its days takes more steps than there are
    assert {minute: count for minute, count in zip(minutes, found.runs, strict=True) if count} == runs
    assert {minute: count for minute, count in zip(minutes, found.tasks, strict=True) if count} == counts
    assert [(part.runs, part.tasks) for part in by_the_minute.parts] == list(zip(found.runs, found.tasks, strict=True))


def test_tasks_with_the_same_schedule_are_planned_once(alice: User) -> None:
    def work(more: int) -> dict[str, int]:
        for _ in range(more):
            plan(alice, daily("03:00"))
            plan(alice, {"kind": "hourly", "minute": 5}, spread_seconds=600)
        load(alice)
        with counted_calls() as counts:
            load(alice)
        return {name: counts[name] for name in ("_Plan.__init__", "build", "schedule_of", "next_of", "loads")}

    few = work(2)
    assert few["_Plan.__init__"] == 2
    assert work(20) == few


def test_what_is_planned_without_a_schedule_counts_once(alice: User) -> None:
    task = plan(alice, daily("03:00"))
    ScheduledTask.objects.filter(id=task.id).update(schedule=None)
    assert load(alice).total == 1


def test_minutes_in_a_row_are_alike_where_the_same_tasks_start(alice: User) -> None:
    for schedule in ({"kind": "every", "seconds": 20}, {"kind": "cron", "expression": "* 3-9 * * *"}):
        plan(alice, schedule)
    found = load(alice)
    assert found.tasks == [1 + (58 <= at < 478) for at in range(len(found.tasks))]
    assert len(set(found.marks)) == 2
