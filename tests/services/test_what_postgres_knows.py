"""What the database reads for questions whose answer is short, of tables that are long."""

import pytest
from django.contrib.auth.models import User
from django.db import connection

from tasks_app.models import ScheduledTask, TaskRun
from tasks_app.selectors.home import task_counts
from tasks_app.selectors.run_list import RunFilters, run_search
from tests.runs import make_run, make_task

pytestmark = [pytest.mark.postgres, pytest.mark.django_db]
LONG = 3000
PEOPLE, RUNS_OF_EACH = 200, 100


def analyzed(model: type[TaskRun] | type[ScheduledTask]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"ANALYZE {model._meta.db_table}")


def test_the_newest_runs_of_a_task_are_found_without_all_its_others(alice: User) -> None:
    people = User.objects.bulk_create([User(username=f"person{number}") for number in range(PEOPLE)])
    for person in [*people, alice]:
        task = make_task(person)
        copies(make_run(person, task), RUNS_OF_EACH)
    analyzed(TaskRun)
    plan = run_search(alice, RunFilters(task=task.pk))[:10].explain(analyze=True)
    assert "Sort" not in plan, plan


def test_paused_tasks_are_counted_by_their_index(staff: User) -> None:
    make_task(staff, status="paused")
    ScheduledTask.objects.bulk_create(
        [ScheduledTask(owner=staff, name=f"T{n}", type="x", kind="manual", status="active") for n in range(LONG)]
    )
    analyzed(ScheduledTask)
    assert task_counts(staff)["paused"] == 1
    plan = ScheduledTask.objects.filter(deleted_at=None, status="paused")[:1000].explain()
    assert "task_paused" in plan, plan


def copies(run: TaskRun, number: int) -> None:
    """Make so many more of the run."""
    fields = {field.attname: getattr(run, field.attname) for field in TaskRun._meta.concrete_fields}
    del fields["id"]
    TaskRun.objects.bulk_create([TaskRun(**fields) for _ in range(number)])
