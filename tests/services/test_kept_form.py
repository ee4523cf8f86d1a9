"""What upkeep keeps of plans, as it finds it: in the form of an earlier version, or gone in the meantime."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection

from tasks_app.models import PlannedRuns, ScheduledTask, db_now
from tasks_app.services import planned_runs
from tests.clocks import Clock
from tests.services.planned import START
from tests.services.test_kept_day import ACTOR, ALL, clock, is_kept, keep, loaded, many

__all__ = ["clock", "many"]
pytestmark = pytest.mark.django_db


def test_the_form_that_was_kept_before_is_read_as_nothing_and_made_anew(
    many: list[ScheduledTask], alice: User, staff: User
) -> None:
    PlannedRuns.objects.update(minutes=[9] * 10_080, made_at=START - planned_runs.EVERY)
    assert [minutes_of(user) for user in (alice, staff)] == [14, 21]
    assert not is_kept(alice)
    assert loaded(alice).total == 2
    assert keep() == 2
    assert is_kept(alice)
    assert [minutes_of(user) for user in (alice, staff)] == [14, 21]


def test_a_day_for_which_there_is_no_week_any_more_is_not_kept(
    many: list[ScheduledTask], alice: User, clock: Clock
) -> None:
    clock.move_to(START + timedelta(minutes=6))
    with Between(PlannedRuns.objects.all().delete):
        assert planned_runs.day_keep(ACTOR) == 1
    assert not PlannedRuns.objects.exists()


def minutes_of(user: User) -> int:
    return sum(planned_runs.minutes_planned(user, ALL, db_now()).runs)


class Between:
    """Do something, once, when the owners of what is planned are read: a day is then worked out and not yet kept."""

    def __init__(self, deed: Callable[[], object]) -> None:
        self._deed: Callable[[], object] | None = deed

    def __enter__(self) -> None:
        self._wrapped = connection.execute_wrapper(self._look)
        self._wrapped.__enter__()

    def __exit__(self, *_: object) -> None:
        self._wrapped.__exit__(None, None, None)

    def _look(self, execute: Any, sql: str, *rest: Any) -> Any:
        if self._deed is not None and sql.startswith("SELECT DISTINCT") and "owner_id" in sql:
            deed, self._deed = self._deed, None
            deed()
        return execute(sql, *rest)
