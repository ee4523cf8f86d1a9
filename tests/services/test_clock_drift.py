"""A worker whose machine's clock is wrong: leases are made, kept and judged by the database's clock alone."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.contrib.auth.models import User

from tasks_app.models import TaskRun, db_now
from tasks_app.services import claiming, upkeep
from tasks_app.services.execution import keeper
from tests import runs
from tests.handler_types import attempt_at

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]
LEASE = 30.0


@pytest.mark.parametrize("minutes", [-10, 10])
def test_a_worker_whose_clock_is_wrong_neither_loses_its_runs_nor_takes_those_of_others(
    minutes: int, alice: User
) -> None:
    others, mine, kept = (runs.make_run(alice) for _ in range(3))
    runs.claim(others)
    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=minutes)):
        claimed = claiming.claim_next(queues=["default"], worker="odd", lease_seconds=LEASE)
        assert claimed is not None
        assert claimed.id == mine.id
        with attempt_at(kept) as attempt:
            keeper._renew(attempt)
        assert upkeep.rescue_expired("upkeep:odd") == 0
    for run in (mine, kept):
        lease_until = runs.fresh(run).lease_until
        assert lease_until is not None
        assert timedelta(0) < lease_until - db_now() <= timedelta(seconds=120)
    assert upkeep.rescue_expired("upkeep:right") == 0
    assert set(TaskRun.objects.values_list("status", flat=True)) == {"running"}
    TaskRun.objects.filter(id=others.id).update(lease_until=db_now() - timedelta(seconds=1))
    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=minutes)):
        assert upkeep.rescue_expired("upkeep:odd") == 1, "what has really ended is seen, too"
