"""The database's clock is set while runs are at work: nobody alive loses a run, and no run is lost for hours."""

from datetime import datetime, timedelta
from functools import partial

import pytest
from django.contrib.auth.models import User
from pytest_django import Settings

from tasks_app.models import TaskRun, db_now
from tasks_app.services import upkeep
from tasks_app.services.clock_steps import ClockSteps
from tests import runs
from tests.services.test_upkeep import expired

pytestmark = pytest.mark.django_db
LEASE = 30
RENEWED = LEASE / 3 + 4


@pytest.fixture(autouse=True)
def lease(settings: Settings) -> None:
    """Let a lease be so long on every database."""
    settings.LEASE_SECONDS = LEASE


class Steady:
    """A steady clock in the test's hand."""

    seconds = 1000.0

    def __call__(self) -> float:
        """Read it."""
        return self.seconds


def earlier(instant: datetime) -> datetime:
    """Give what was read before."""
    return instant


def test_a_clock_that_is_set_forward_ends_no_lease_before_it_could_be_renewed(alice: User) -> None:
    steady, now, run = Steady(), db_now(), expired(alice)
    clock = ClockSteps(steady)
    assert clock.may_rescue(lambda: now - timedelta(hours=1))
    upkeep.upkeep(actor="upkeep:here", clock=clock)
    assert runs.fresh(run).status == "running", "its worker has had no time to renew by the new clock"
    steady.seconds += RENEWED
    assert clock.may_rescue(lambda: now + timedelta(seconds=RENEWED))


def test_a_clock_that_is_set_back_makes_no_lease_of_a_dead_worker_longer(alice: User) -> None:
    steady, now = Steady(), db_now()
    dead, alive = (runs.make_run(alice) for _ in range(2))
    for run, seconds in ((dead, 3600), (alive, LEASE)):
        runs.claim(run)
        TaskRun.objects.filter(id=run.id).update(lease_until=now + timedelta(seconds=seconds))
    clock = ClockSteps(steady)
    assert clock.may_rescue(lambda: now + timedelta(hours=1))
    assert clock.may_rescue(lambda: now)
    steady.seconds += RENEWED
    assert clock.may_rescue(lambda: now + timedelta(seconds=RENEWED))
    assert runs.fresh(dead).lease_until == now + timedelta(seconds=RENEWED + LEASE)
    assert runs.fresh(alive).lease_until == now + timedelta(seconds=LEASE)


def test_a_clock_that_goes_on_is_taken_for_no_step() -> None:
    steady, now = Steady(), db_now()
    clock = ClockSteps(steady)
    for _ in range(3):
        assert clock.may_rescue(partial(earlier, now))
        steady.seconds += 5
        now += timedelta(seconds=6)


def test_a_database_that_is_slow_to_answer_is_taken_for_no_step() -> None:
    steady, now = Steady(), db_now()
    clock = ClockSteps(steady)

    def answer(seconds_before: float, seconds_after: float) -> datetime:
        steady.seconds += seconds_before + seconds_after
        return now + timedelta(seconds=steady.seconds - Steady.seconds - seconds_after)

    for before, after in ((0, 0), (0, 9), (0, 0), (9, 0), (9, 0), (0, 9), (9, 9), (0, 0)):
        assert clock.may_rescue(partial(answer, before, after))
