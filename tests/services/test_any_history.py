"""Outages, pauses, edits of schedule and calendar in any order: each slot has exactly one account in the history."""

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
from hypothesis.strategies import fixed_dictionaries, frozensets, integers, sampled_from

from tasks_app.models import Calendar, Overlap, ScheduledTask, TaskRun
from tasks_app.services import firing, outcomes, planning, tasks, upkeep
from tasks_app.services.calendars import calendar_create, calendar_update
from tests.clocks import Clock
from tests.services.conftest import Make
from tests.services.deeds import fresh, take_next, update
from tests.services.slot_model import START, ZONE, SlotModel

pytestmark = pytest.mark.django_db

LINES = ("0 9 * * *", "0 9,17 * * *", "30 2 * * *", "0 12 * * sat,sun", "*/20 * * * *", "0 0,8,16 * * *")
# Clocks go back on Sunday, 25 October.
DAYS = [f"2026-10-{day}" for day in range(18, 32)] + [f"2026-11-0{day}" for day in range(1, 9)]
POLICIES = ("skip", "previous", "next")
MISFIRES = ({"policy": "skip"}, {"policy": "latest"}, {"policy": "all", "max": 3}, {"grace_seconds": 86_400})
SOME_DAYS = frozensets(sampled_from(DAYS), max_size=6)

MANNERS = fixed_dictionaries(
    {
        "misfire": sampled_from(MISFIRES),
        "overlap": sampled_from(Overlap.values),
        "spread_seconds": sampled_from([0, 0, 7200]),
    }
)


class Machine(RuleBasedStateMachine):
    """One task with its calendar, and a clock that only this test moves."""

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

    @initialize(cron=sampled_from(LINES), days=SOME_DAYS, policy=sampled_from(POLICIES), manner=MANNERS)
    def begin(self, cron: str, days: frozenset[str], policy: str, manner: dict[str, Any]) -> None:
        values = {"name": "Office", "weekend": [], "days": sorted(days)}
        self.calendar: Calendar = calendar_create(owner=self.alice, values=values)
        named = {"calendar": str(self.calendar.id), "calendar_policy": policy}
        self.task: ScheduledTask = self.make(cron=cron, timezone=ZONE, **named, **manner)
        self.model = SlotModel(cron, days, policy, START)

    @rule(hours=integers(1, 100), minutes=sampled_from([0, 0, 1, 30]))
    def wait(self, hours: int, minutes: int) -> None:
        self.now += timedelta(hours=hours, minutes=minutes)
        self.clock.move_to(self.now)

    @rule()
    def beat(self) -> None:
        while firing.fire_due(actor="test", task_ids=[str(self.task.id)]).tasks:
            pass
        if fresh(self.task).status == "active":
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
        tasks.task_pause(task=fresh(self.task), actor="test")

    @rule()
    def resume(self) -> None:
        if fresh(self.task).status == "paused":
            tasks.task_resume(task=fresh(self.task), actor="test")
            self.model.settle(self.now)

    @rule(cron=sampled_from(LINES))
    def reschedule(self, cron: str) -> None:
        if cron != self.model.cron:
            update(fresh(self.task), cron=cron)
            self.model.settle(self.now)
            self.model.cron, self.model.until = cron, self.now

    @rule(policy=sampled_from(POLICIES))
    def change_policy(self, policy: str) -> None:
        if policy != self.model.policy:
            update(fresh(self.task), calendar_policy=policy)
            self.model.settle(self.now)
            self.model.move(self.model.days, policy, self.now)

    @rule(days=SOME_DAYS)
    def change_days(self, days: frozenset[str]) -> None:
        if days != self.model.days:
            calendar_update(calendar=self.calendar, by=self.alice, changes={"days": sorted(days)}, actor="test")
            self.model.settle(self.now)
            self.model.move(days, self.model.policy, self.now)

    @precondition(lambda self: hasattr(self, "model"))
    @invariant()
    def each_slot_has_one_account(self) -> None:
        rows = list(TaskRun.objects.filter(task=self.task))
        own = {row.slot for row in rows if row.slot is not None}
        ranges = [row for row in rows if row.range_to is not None]
        expected = self.model.accounted
        assert own <= expected, ("before its time, or never meant", sorted(own - expected))
        assert {end for row in ranges for end in (row.scheduled_for, row.range_to)} <= expected - own
        if all(row.range_count is not None for row in ranges):
            counted = sum(row.range_count or 0 for row in ranges)
            assert len(own) + counted == len(expected), (sorted(expected - own), self.model)


def run(alice: User, make: Make, clock: Clock, *, examples: int, steps: int) -> None:
    """Try any order of deeds, so many times."""
    machine = type("Machine", (Machine,), {"alice": alice, "make": staticmethod(make), "clock": clock})
    bounds = settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
    )
    run_state_machine_as_test(machine, settings=bounds)


def test_no_order_of_deeds_loses_a_slot_or_counts_one_twice(alice: User, make: Make, clock: Clock) -> None:
    run(alice, make, clock, examples=30, steps=14)
