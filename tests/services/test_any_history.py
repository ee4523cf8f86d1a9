"""Outages, pauses, edits of schedule and calendar in any order: each slot has exactly one account in the history."""

from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from hypothesis.strategies import booleans, fixed_dictionaries, integers, sampled_from, tuples

from tasks_app.errors import Invalid
from tasks_app.models import Calendar, Overlap, ScheduledTask, TaskRun
from tasks_app.services import firing, outcomes, planning, tasks, upkeep
from tasks_app.services.calendars import calendar_create, calendar_update
from tests.clocks import Clock
from tests.services.conftest import Make
from tests.services.deeds import fresh, take_next, update
from tests.services.slot_model import START, ZONE, SlotModel

pytestmark = pytest.mark.django_db

LINES = ("0 9 * * *", "0 9,17 * * *", "30 2 * * *", "0 12 * * sat,sun", "*/20 * * * *", "0 0,8,16 * * *")
POLICIES = ("skip", "previous", "next")
MISFIRES = ({"policy": "skip"}, {"policy": "latest"}, {"policy": "all", "max": 3}, {"grace_seconds": 86_400})
BLOCKS = tuples(integers(-2, 3), integers(1, 3))
"""Days off in a row: how many days from now they begin, and how many there are."""

MANNERS = fixed_dictionaries(
    {
        "misfire": sampled_from(MISFIRES),
        "overlap": sampled_from(Overlap.values),
        "spread_seconds": sampled_from([0, 0, 7200]),
    }
)


class Machine(RuleBasedStateMachine):
    """One task with its calendar, and a clock that only this test moves; clocks go back on 25 October."""

    alice: User
    make: Make
    clock: Clock

    def __init__(self) -> None:
        super().__init__()
        self.savepoint = transaction.savepoint()
        self.now = START
        self.clock.move_to(START)

    def teardown(self) -> None:
        transaction.savepoint_rollback(self.savepoint)

    @initialize(cron=sampled_from(LINES), block=BLOCKS, policy=sampled_from(POLICIES), manner=MANNERS)
    def begin(self, cron: str, block: tuple[int, int], policy: str, manner: dict[str, Any]) -> None:
        self.days = days = self._days(block)
        values = {"name": "Office", "weekend": [], "days": sorted(days)}
        self.calendar: Calendar = calendar_create(owner=self.alice, values=values)
        named = {"calendar": str(self.calendar.id), "calendar_policy": policy}
        self.task: ScheduledTask = self.make(cron=cron, timezone=ZONE, **named, **manner)
        self.model = SlotModel(cron, days, policy, START)

    def _days(self, block: tuple[int, int]) -> frozenset[str]:
        start, count = block
        return frozenset(f"{self.now + timedelta(days=start + number):%Y-%m-%d}" for number in range(count))

    @rule(hours=sampled_from([1, 5, 20, 24, 70]), minutes=sampled_from([0, 1, 30]))
    def wait(self, hours: int, minutes: int) -> None:
        self.now += timedelta(hours=hours, minutes=minutes)
        self.clock.move_to(self.now)

    @rule()
    def beat(self) -> None:
        while firing.fire_due(actor="test", task_ids=[str(self.task.id)]).tasks:
            pass
        if fresh(self.task).status != "paused":
            self.model.settle(self.now - planning.spread_of(self.task))

    @rule()
    def work(self) -> None:
        firing.release_due(actor="test")
        while (held := take_next()) is not None:
            outcomes.attempt_succeeded(held, result=None)

    @rule()
    def count(self) -> None:
        upkeep.expand_missed("test")

    @rule()
    def pause(self) -> None:
        if self._has_more():
            tasks.task_pause(task=fresh(self.task), actor="test")

    @rule()
    def resume(self) -> None:
        if fresh(self.task).status == "paused":
            tasks.task_resume(task=fresh(self.task), actor="test")
            self.model.settle(self.now)

    @rule(cron=sampled_from(LINES))
    def reschedule(self, cron: str) -> None:
        self._edit({"cron": cron}, cron=cron)

    @rule(policy=sampled_from(POLICIES))
    def change_policy(self, policy: str) -> None:
        self._edit({"calendar_policy": policy}, policy=policy)

    @rule(policy=sampled_from(POLICIES), start=sampled_from([None, 3, 30]), end=sampled_from([None, 40, 200]))
    def change_policy_and_window(self, policy: str, start: int | None, end: int | None) -> None:
        window = tuple(hours and self.now + timedelta(hours=hours) for hours in (start, end))
        asked = {"calendar_policy": policy, "starts_at": window[0], "ends_at": window[1]}
        self._edit(asked, policy=policy, window=window)

    @rule(policy=sampled_from(POLICIES), cron=sampled_from(LINES), zone=sampled_from([ZONE, ZONE, "Asia/Tokyo"]))
    def change_policy_and_schedule(self, policy: str, cron: str, zone: str) -> None:
        asked = {"calendar_policy": policy, "cron": cron, "timezone": zone}
        self._edit(asked, policy=policy, cron=cron, zone=zone)

    @rule(is_kept=booleans())
    def keep_the_calendar(self, is_kept: bool) -> None:
        asked = {"calendar": str(self.calendar.id) if is_kept else None}
        self._edit(asked, days=self.days if is_kept else frozenset())

    def _edit(self, asked: dict[str, Any], **changes: Any) -> None:
        if all(getattr(self.model, name) == value for name, value in changes.items()):
            return
        has_more = self._has_more()
        with suppress(Invalid):  # it would never run again
            update(fresh(self.task), **asked)
            self._changed(has_more, changes)

    def _has_more(self) -> bool:
        return fresh(self.task).status != "completed"

    def _changed(self, has_more: bool, changes: dict[str, Any]) -> None:
        if has_more:
            self.model.settle(self.now)
        self.model.change(self.now, has_more=has_more, **changes)

    @rule(hours=sampled_from([5, 24, 50]), block=BLOCKS)
    def pause_for_a_while_and_change_days(self, hours: int, block: tuple[int, int]) -> None:
        self.pause()
        self.wait(hours, 0)
        self.resume()
        self.change_days(block)

    @rule(hours=sampled_from([5, 24, 70]), block=BLOCKS)
    def sleep_and_change_days(self, hours: int, block: tuple[int, int]) -> None:
        self.wait(hours, 0)
        self.beat()
        self.change_days(block)

    @rule(block=BLOCKS)
    def change_days(self, block: tuple[int, int]) -> None:
        days = self.days ^ self._days(block)
        is_kept = fresh(self.task).calendar_id is not None
        has_more = self._has_more()
        with suppress(Invalid):
            calendar_update(calendar=self.calendar, by=self.alice, changes={"days": sorted(days)}, actor="test")
            self.days = days
            if is_kept:
                self._changed(has_more, {"days": days})

    @precondition(lambda self: hasattr(self, "model"))
    @invariant()
    def each_slot_has_one_account(self) -> None:
        rows = list(TaskRun.objects.filter(task=self.task))
        own = {row.slot for row in rows if row.slot is not None}
        ranges = [row for row in rows if row.range_to is not None]
        expected = self.model.accounted
        assert own <= expected, ("before its time, or never meant", sorted(own - expected))
        ends = {end for row in ranges if row.range_count for end in (row.scheduled_for, row.range_to)}
        assert ends <= expected - own
        if all(row.range_count is not None for row in ranges):
            counted = sum(row.range_count or 0 for row in ranges)
            assert len(own) + counted == len(expected), (sorted(expected - own), self.model)


def run(alice: User, make: Make, clock: Clock, *, examples: int, steps: int) -> None:
    """Try any order of deeds, so many times."""
    machine = type("Machine", (Machine,), {"alice": alice, "make": staticmethod(make), "clock": clock})
    bounds = settings(
        max_examples=examples,
        stateful_step_count=steps,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
    )
    run_state_machine_as_test(machine, settings=bounds)


def test_no_order_of_deeds_loses_a_slot_or_counts_one_twice(alice: User, make: Make, clock: Clock) -> None:
    run(alice, make, clock, examples=20, steps=12)
