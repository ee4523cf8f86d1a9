"""`manage.py demo`: a platform that looks as if it had been used."""

from datetime import timedelta
from io import StringIO

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db.models import Count

from tasks_app.management.commands import demo as command
from tasks_app.management.demo import history
from tasks_app.models import RunEvent, RunRollup, ScheduledTask, TaskRun, db_now
from tasks_app.services.planning import recurrence_of
from tasks_app.services.rollups import rollup_count
from tasks_app.states import FINAL
from tests.live import inside


@pytest.fixture(autouse=True)
def _queues(db: None) -> None:
    """Those of a first start."""
    call_command("bootstrap", stdout=StringIO(), stderr=StringIO())


@pytest.fixture
def admin_user() -> User:
    """Who the examples belong to: the first administrator, without what a first start gives."""
    ScheduledTask.objects.all().delete()
    return User.objects.get(is_superuser=True)


def demo(**options: object) -> str:
    """Fill the platform and give what was said."""
    said = StringIO()
    call_command("demo", stdout=said, stderr=said, **options)
    return said.getvalue()


def test_the_examples_have_a_week_of_runs_each_of_a_slot_of_its_own(admin_user: User) -> None:
    said = demo(tasks=12)
    tasks = ScheduledTask.objects.filter(owner=admin_user)
    runs = TaskRun.objects.filter(owner=admin_user)
    assert said == f"Made 12 tasks and {runs.count():,} runs for {admin_user.username}.\n"
    assert tasks.count() == 12
    assert {run.status for run in runs} <= set(FINAL)
    assert not runs.filter(slot__lt=db_now() - timedelta(days=7, minutes=1)).exists()
    assert not runs.values("task", "slot").annotate(count=Count("id")).filter(count__gt=1).exists()
    fired = {task.id: task.slots_fired for task in tasks}
    assert fired == {task.id: task.runs.count() for task in tasks}
    assert sum(fired.values()) > 600, "every 15 minutes alone makes 672"


@pytest.mark.django_db(transaction=True)
def test_the_history_is_as_true_as_one_that_has_happened(admin_user: User) -> None:
    demo(tasks=12)
    stories = [inside.story(run.id) for run in TaskRun.objects.order_by("-id")[:200]]
    assert [fault for story in stories for fault in story.faults()] == []
    assert RunEvent.objects.filter(run_id=stories[0].run_id).exists()


@pytest.mark.parametrize("is_counted_before", [True, False])
def test_its_figures_are_there_at_once(admin_user: User, is_counted_before: bool) -> None:
    if is_counted_before:  # as on a platform that runs: the history lies before what has been counted
        rollup_count("tests")
    demo(tasks=12, runs=240)
    ended = TaskRun.objects.filter(finished_at__lt=db_now() - timedelta(seconds=3))
    counted = sum(
        row.succeeded + row.failed + row.cancelled + row.skipped for row in RunRollup.objects.filter(grain="ever")
    )
    assert counted == ended.count() > 200


@pytest.mark.parametrize(("tasks", "runs"), [(30, 100), (5, 3), (2, 0)])
def test_as_many_are_made_as_are_asked_for(admin_user: User, tasks: int, runs: int) -> None:
    demo(tasks=tasks, runs=runs)
    assert (ScheduledTask.objects.count(), TaskRun.objects.count()) == (tasks, runs)


def test_a_history_that_is_written_in_pieces_is_whole(admin_user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "_AT_ONCE", 7)
    monkeypatch.setattr(command, "_RUNS", 60)
    demo(tasks=5, runs=200)
    for task in ScheduledTask.objects.filter(owner=admin_user):
        slots = [run.slot for run in task.runs.order_by("slot") if run.slot is not None]
        rule = recurrence_of(task)
        assert rule is not None
        assert len(slots) == task.slots_fired == 40
        assert [rule.next_after(slot) for slot in slots[:-1]] == slots[1:]
        last = task.runs.exclude(status="skipped").latest("slot")
        assert (task.last_run_id, task.last_run_status, task.last_run_at) == (last.id, last.status, last.started_at)


def test_a_second_time_makes_nothing_twice(admin_user: User) -> None:
    demo(tasks=3, runs=30)
    assert "there already" in demo(tasks=3, runs=30)
    assert (ScheduledTask.objects.count(), TaskRun.objects.count()) == (3, 30)
    demo(tasks=5, runs=20)
    assert (ScheduledTask.objects.count(), TaskRun.objects.count()) == (5, 50)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"tasks": 0}, "--tasks is 1 to"),
        ({"runs": -1}, "--runs is 0 to"),
        ({"owner": "nobody"}, "there is no active user 'nobody'"),
        ({}, "there is no administrator"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(options: dict[str, object], says: str) -> None:
    User.objects.update(is_superuser=bool(options))
    said = StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("demo", stdout=said, stderr=said, **options)
    assert ended.value.code == 2
    assert says in said.getvalue()
    assert not ScheduledTask.objects.filter(key__startswith="demo-").exists()
