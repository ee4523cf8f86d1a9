"""Finished runs are kept as long as the settings say for how they ended, and what has not ended whatever its age."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.test import override_settings

from tasks_app.models import RunEvent, RunLog, TaskRun, db_now
from tasks_app.models.ids import first_id_at
from tasks_app.services import upkeep
from tests import runs

pytestmark = pytest.mark.django_db


def _aged(owner: User, days: float, *, is_ended: bool) -> TaskRun:
    """Make a run that is as old as that, with an event and a log line."""
    then = db_now() - timedelta(days=days)
    run = runs.make_run(owner, id=first_id_at(then))
    if is_ended:
        runs.claim(run)
        runs.succeed(run)
        TaskRun.objects.filter(id=run.id).update(finished_at=then)
    RunLog.objects.create(run=run, first_line=1, line_count=1, lines=[["", "info", "x"]])
    return run


def test_only_what_ended_before_the_retention_goes(alice: User, valkey: str) -> None:
    old = _aged(alice, 11, is_ended=True)
    kept = {_aged(alice, 9, is_ended=True).id, _aged(alice, 12, is_ended=False).id}
    with override_settings(RETENTION_DAYS_BY_STATUS={"succeeded": 10, "failed": 3}):
        assert upkeep.prune("test") == 1
        assert set(TaskRun.objects.values_list("id", flat=True)) == kept
        assert not RunEvent.objects.filter(run_id=old.id).exists()
        assert not RunLog.objects.filter(run_id=old.id).exists()
        assert upkeep.prune("test") == 0


def test_each_way_of_ending_has_a_retention_of_its_own(alice: User, valkey: str) -> None:
    succeeded, failed = _aged(alice, 11, is_ended=True), _aged(alice, 11, is_ended=True)
    TaskRun.objects.filter(id=failed.id).update(status="failed")
    with override_settings(RETENTION_DAYS_BY_STATUS={"succeeded": 10, "failed": 90}):
        upkeep.prune("test")
    assert [run.id for run in TaskRun.objects.all()] == [failed.id]
    with override_settings(RETENTION_DAYS_BY_STATUS={"succeeded": 10, "failed": 9}):
        upkeep.prune("test")
    assert not TaskRun.objects.exists(), "the backstop takes failed runs that nobody has looked at, too"
    assert succeeded.id != failed.id


def test_all_are_kept_as_long_as_retention_days_unless_said_otherwise() -> None:
    assert (
        dict.fromkeys(("succeeded", "failed", "cancelled", "skipped"), settings.RETENTION_DAYS)
        == settings.RETENTION_DAYS_BY_STATUS
    )
