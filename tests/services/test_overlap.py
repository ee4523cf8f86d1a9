"""A slot beside a run of its task that has not ended: each policy, with real claims, told by the history."""

from datetime import timedelta

import pytest

from tasks_app.models import ScheduledTask, TaskRun
from tasks_app.services import firing, outcomes, upkeep
from tasks_app.services.lifecycle import Claim
from tests.clocks import Clock
from tests.services.conftest import START, Make
from tests.services.deeds import at, fire, fresh, history, take_next, update
from tests.services.ends import failure

pytestmark = pytest.mark.django_db


def claimed() -> Claim:
    """Claim the next run."""
    held = take_next()
    assert held is not None
    return held


def fire_at(clock: Clock, task: ScheduledTask, *minutes: int) -> None:
    """Let the clock reach each minute, and fire."""
    for minute in minutes:
        clock.move_to(START + timedelta(minutes=minute))
        fire(task)


def slot_of(held: Claim) -> str:
    """Say which slot a claimed run is of."""
    return f"{TaskRun.objects.get(id=held.run_id).scheduled_for:%H:%M}"


def work_off() -> list[str]:
    """Run what may run, one after the other; gives the slots in their order."""
    done = []
    while (held := take_next()) is not None:
        assert take_next() is None, "no two runs of a serial task at once"
        outcomes.attempt_succeeded(held, result=None)
        done.append(f"{TaskRun.objects.get(id=held.run_id).scheduled_for:%H:%M}")
    return done


def test_skip_leaves_the_slot_out_while_a_run_waits_or_runs(make: Make, clock: Clock) -> None:
    task = make(overlap="skip")
    fire_at(clock, task, 10, 20)
    held = claimed()
    fire_at(clock, task, 30)
    outcomes.attempt_succeeded(held, result=None)
    fire_at(clock, task, 40)
    assert history(task) == [
        "09:10 succeeded",
        "09:20 skipped/overlap",
        "09:30 skipped/overlap",
        "09:40 queued/due",
    ]


def test_skip_leaves_the_slot_out_while_a_run_waits_for_its_retry(make: Make, clock: Clock) -> None:
    task = make(overlap="skip", retry={"delays": [3600]})
    fire_at(clock, task, 10)
    outcomes.attempt_failed(claimed(), failure())
    fire_at(clock, task, 20)
    assert history(task) == ["09:10 scheduled/retry", "09:20 skipped/overlap"]


@pytest.mark.parametrize("overlap", ["skip", "queue_one"])
def test_a_run_that_spread_holds_back_leaves_no_slot_out(overlap: str, make: Make, clock: Clock) -> None:
    task = at(make(overlap=overlap, spread_seconds=7200), next_due_at=START + timedelta(minutes=100))
    clock.move_to(START + timedelta(minutes=25))
    update(task, spread_seconds=0)
    assert history(task) == ["09:10 scheduled/delayed", "09:20 scheduled/delayed"]
    fire_at(clock, task, 30)
    assert work_off() == ["09:30"]
    TaskRun.objects.filter(task=task, status="scheduled").update(due_at=START + timedelta(minutes=35))
    clock.move_to(START + timedelta(minutes=35))
    firing.release_due(actor="test")
    fire_at(clock, task, 40)
    assert history(task)[-1] == "09:40 skipped/overlap"


def test_queue_one_lets_one_wait_and_leaves_out_the_next(make: Make, clock: Clock) -> None:
    task = make(overlap="queue_one")
    fire_at(clock, task, 10)
    held = claimed()
    fire_at(clock, task, 20, 30)
    assert take_next() is None
    assert history(task) == ["09:10 running", "09:20 queued/due", "09:30 skipped/overlap"]
    outcomes.attempt_succeeded(held, result=None)
    assert work_off() == ["09:20"]


def test_queue_all_lets_all_wait_and_runs_them_one_by_one(make: Make, clock: Clock) -> None:
    task = make(overlap="queue_all")
    fire_at(clock, task, 10)
    held = claimed()
    fire_at(clock, task, 20, 30, 40)
    assert take_next() is None
    outcomes.attempt_succeeded(held, result=None)
    assert work_off() == ["09:20", "09:30", "09:40"]


def test_cancel_running_asks_the_running_one_to_stop_and_drops_those_that_wait(make: Make, clock: Clock) -> None:
    task = make(overlap="cancel_running")
    fire_at(clock, task, 10)
    held = claimed()
    fire_at(clock, task, 20, 30)
    assert TaskRun.objects.get(id=held.run_id).cancel_requested_at is not None
    assert take_next() is None, "it has not stopped yet"
    outcomes.attempt_stopped(held)
    assert history(task) == ["09:10 cancelled/user", "09:20 cancelled/replaced", "09:30 queued/due"]
    assert work_off() == ["09:30"]


def test_allow_runs_side_by_side(make: Make, clock: Clock) -> None:
    task = make(overlap="allow")
    fire_at(clock, task, 10, 20)
    assert take_next() is not None
    assert take_next() is not None
    assert history(task) == ["09:10 running", "09:20 running"]


@pytest.mark.parametrize("overlap", ["skip", "queue_one", "queue_all", "cancel_running"])
def test_slots_that_are_made_up_for_run_one_after_the_other(overlap: str, make: Make, clock: Clock) -> None:
    task = make(overlap=overlap, misfire={"policy": "all", "max": 3})
    fire_at(clock, task, 55)
    assert work_off() == ["09:30", "09:40", "09:50"]
    upkeep.expand_missed("test")
    assert history(task) == [
        "09:10 skipped/missed",
        "09:20 skipped/missed",
        *(f"09:{minute} succeeded" for minute in (30, 40, 50)),
    ]


def test_slots_that_are_made_up_for_wait_for_each_other_only_where_runs_go_side_by_side(
    make: Make, clock: Clock
) -> None:
    task = make(overlap="allow", misfire={"policy": "all", "max": 3})
    fire_at(clock, task, 10)
    claimed()
    fire_at(clock, task, 55, 60)
    made_up = claimed()
    assert slot_of(made_up) == "09:30", "the one of 09:10 is no hindrance"
    assert slot_of(claimed()) == "10:00", "nor is the one that is made up for to what comes on time"
    assert take_next() is None
    outcomes.attempt_succeeded(made_up, result=None)
    assert [slot_of(claimed()), take_next()] == ["09:40", None]


def test_a_made_up_slot_that_waits_for_a_retry_lets_the_next_one_in(make: Make, clock: Clock) -> None:
    task = make(overlap="allow", misfire={"policy": "all", "max": 2}, retry={"delays": [3600]})
    fire_at(clock, task, 55)
    outcomes.attempt_failed(claimed(), failure())
    assert slot_of(claimed()) == "09:50"


def test_where_runs_no_longer_go_side_by_side_a_serial_one_waits_for_those_that_did(make: Make, clock: Clock) -> None:
    task = make(overlap="allow")
    fire_at(clock, task, 10)
    claimed()
    update(task, overlap="queue_all")
    fire_at(clock, task, 20)
    assert take_next() is None


@pytest.mark.parametrize("overlap", ["skip", "queue_one"])
@pytest.mark.parametrize(("policy", "made_up"), [("all", ["09:20", "09:30"]), ("latest", ["09:30"])])
def test_what_the_outage_broke_off_does_not_keep_missed_slots_from_running(
    policy: str, made_up: list[str], overlap: str, make: Make, clock: Clock
) -> None:
    task = make(overlap=overlap, misfire={"policy": policy})
    fire_at(clock, task, 10)
    outcomes.attempt_handed_back(claimed(), actor="worker:w")
    fire_at(clock, task, 35)
    assert work_off() == ["09:10", *made_up]


def test_made_up_slots_replace_what_was_open_before_them_but_not_each_other(make: Make, clock: Clock) -> None:
    task = make(overlap="cancel_running", misfire={"policy": "all"})
    fire_at(clock, task, 10, 35)
    assert history(task) == ["09:10 cancelled/replaced", "09:20 queued/due", "09:30 queued/due"]


def test_a_slot_that_comes_while_made_up_ones_wait_follows_the_policy(make: Make, clock: Clock) -> None:
    task = make(overlap="skip", misfire={"policy": "all"})
    fire_at(clock, task, 25, 30)
    assert history(task) == ["09:10 queued/due", "09:20 queued/due", "09:30 skipped/overlap"]


def test_a_slot_that_is_left_out_for_an_overlap_uses_up_no_run_of_the_task(make: Make, clock: Clock) -> None:
    task = make(overlap="skip", max_runs=2)
    fire_at(clock, task, 10)
    held = claimed()
    fire_at(clock, task, 20, 30)
    assert (fresh(task).slots_fired, fresh(task).status) == (1, "active")
    outcomes.attempt_succeeded(held, result=None)
    fire_at(clock, task, 40, 50)
    assert history(task) == [
        "09:10 succeeded",
        "09:20 skipped/overlap",
        "09:30 skipped/overlap",
        "09:40 queued/due",
    ]
    assert fresh(task).status == "completed"
