"""Slots that nobody could fire in time: each is accounted for, and no more run than policy and task allow."""

from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID

import pytest

from tasks_app.models import ScheduledTask, TaskRun, db_now
from tasks_app.services import firing, missed, planning, upkeep
from tasks_app.services.missed import Chosen
from tests.services.conftest import Make

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def at(minutes: float) -> datetime:
    """Give an instant of that day."""
    return START + timedelta(minutes=minutes)


def task(**fields: Any) -> ScheduledTask:
    """Make an unsaved task that runs every ten minutes."""
    values = {"schedule": {"kind": "cron", "expression": "*/10 * * * *"}, "timezone": "UTC", **fields}
    return ScheduledTask(**values)


def choose(now: float, slot: float = 0, **fields: Any) -> Chosen:
    """Decide at a minute of that day about the slot of another one."""
    return missed.choose(task(**fields), at(slot), now=at(now))


ALL = {"policy": "all", "max": 1000}


@pytest.mark.parametrize(
    ("now", "fields", "runs", "skipped", "last"),
    [
        (0.5, {}, [0], None, 0),
        (1, {}, [0], None, 0),
        (1.1, {}, [0], None, 0),
        (1.1, {"misfire": {"policy": "skip"}}, [], (0, 0), 0),
        (9, {"misfire": {"grace_seconds": 600, "policy": "skip"}}, [0], None, 0),
        (35, {}, [30], (0, 20), 30),
        (30.5, {}, [30], (0, 20), 30),
        (35, {"misfire": {"policy": "skip"}}, [], (0, 30), 30),
        (30.5, {"misfire": {"policy": "skip"}}, [], (0, 20), 20),
        (35, {"misfire": ALL}, [0, 10, 20, 30], None, 30),
        (35, {"misfire": {"policy": "all", "max": 2}}, [20, 30], (0, 10), 30),
        (35, {"misfire": {**ALL, "window_seconds": 900}}, [20, 30], (0, 10), 30),
        (35, {"misfire": {**ALL, "window_seconds": 60}}, [], (0, 30), 30),
        (35, {"misfire": {"policy": "all"}, "max_runs": 5, "slots_fired": 4}, [30], (0, 20), 30),
        (35, {"misfire": {"policy": "all"}, "max_runs": 9, "slots_fired": 4}, [0, 10, 20, 30], None, 30),
        (35, {"ends_at": at(15)}, [10], (0, 0), 10),
        (35, {"ends_at": at(15), "misfire": {"policy": "skip"}}, [], (0, 10), 10),
    ],
)
def test_what_runs_and_what_is_written_down(
    now: float,
    fields: dict[str, Any],
    runs: list[float],
    skipped: tuple[float, float] | None,
    last: float,
) -> None:
    chosen = choose(now, **fields)
    assert chosen.run == [at(minute) for minute in runs]
    assert chosen.skipped == (skipped and (at(skipped[0]), at(skipped[1])))
    assert chosen.last == at(last)


@pytest.mark.parametrize("policy", ["skip", "latest", "all"])
@pytest.mark.parametrize("most", [1, 3, 1000])
@pytest.mark.parametrize("now", [0, 1.5, 10, 12, 59, 60.5, 300])
def test_every_slot_up_to_the_last_is_run_or_skipped_once(policy: str, most: int, now: float) -> None:
    chosen = choose(now, misfire={"policy": policy, "max": most})
    slots = [at(minute) for minute in range(0, int((chosen.last - START).total_seconds() // 60) + 1, 10)]
    skipped = [slot for slot in slots if chosen.skipped and chosen.skipped[0] <= slot <= chosen.skipped[1]]
    assert sorted(chosen.run + skipped) == slots
    assert chosen.last <= at(now)


def test_a_slot_is_late_only_after_its_jitter() -> None:
    shifted = task(jitter_seconds=3600, misfire={"policy": "skip"})
    slot = START
    due_at = planning.due_at(shifted, slot)
    assert missed.choose(shifted, slot, now=due_at + timedelta(seconds=59)).run == [slot]
    assert missed.choose(shifted, slot, now=due_at + timedelta(seconds=61)).run == []


@pytest.mark.parametrize(
    ("policy", "runs", "skipped"),
    [("skip", [], (0, 20)), ("latest", [20], (0, 10)), ("all", [0, 10, 20], None)],
)
def test_a_slot_that_its_spread_still_holds_back_is_not_missed(
    policy: str, runs: list[int], skipped: tuple[int, int] | None
) -> None:
    """At minute 36 the slot of minute 30 is still to come: this task's are due 7 to 9 minutes after their instants."""
    tasks = (task(id=UUID(int=number), misfire={"policy": policy}, spread_seconds=600) for number in count())
    made = next(made for made in tasks if at(7) < planning.due_at(made, START) < at(9))
    chosen = missed.choose(made, START, now=at(36))
    assert chosen.run == [at(minute) for minute in runs]
    assert chosen.skipped == (skipped and (at(skipped[0]), at(skipped[1])))
    assert chosen.last == at(20)


@pytest.mark.django_db
def test_a_task_never_runs_more_often_than_it_may_after_an_outage(make: Make) -> None:
    made = make(overlap="allow", max_runs=3, misfire={"policy": "all", "max": 1000})
    then = db_now().replace(minute=0, second=0, microsecond=0) - timedelta(hours=5)
    ScheduledTask.objects.filter(id=made.id).update(next_slot=then, next_due_at=then)
    while firing.fire_due(actor="test").tasks:
        pass
    upkeep.expand_missed("test")
    made.refresh_from_db()
    assert (made.status, made.slots_fired) == ("completed", 3)
    assert TaskRun.objects.filter(task=made, status="queued").count() == 3
    rows = TaskRun.objects.filter(task=made).order_by("slot")
    assert rows[0].slot == then
    assert {row.status for row in rows[: len(rows) - 3]} == {"skipped"}
