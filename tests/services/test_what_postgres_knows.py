"""What the database reads for questions whose answer is short, of tables that are long."""

import json
from collections import Counter
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import connection

from tasks_app.models import ScheduledTask, TaskRun, db_now
from tasks_app.selectors import run_walk
from tasks_app.selectors.home import task_counts
from tasks_app.selectors.run_list import RunFilters, run_search
from tasks_app.selectors.run_walk import run_find
from tests.runs import make_run, make_task
from tests.services.ended import ended, id_at, insert

pytestmark = [pytest.mark.postgres, pytest.mark.usefixtures("new_tables")]
LONG = 3000
TASKS, RUNS_READ = 40, 3000
RUNS_NEAR = 400
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


def read_by(plan: str) -> dict[str, int]:
    """How many rows were taken from each table."""
    found = Counter[str]()
    nodes = [json.loads(plan)[0]["Plan"]]
    while nodes:
        node = nodes.pop()
        nodes += node.get("Plans", [])
        if "Relation Name" in node:
            rows = node["Actual Rows"] + node.get("Rows Removed by Filter", 0)
            found[node["Relation Name"]] += round(rows * node["Actual Loops"])
    return dict(found)


def test_words_are_looked_for_in_each_name_once_and_in_so_many_runs(
    alice: User, staff: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(TASKS):
        copies(make_run(alice, make_task(alice, name=f"Task {number}")), RUNS_OF_EACH)
    analyzed(TaskRun)
    analyzed(ScheduledTask)
    monkeypatch.setattr(run_walk, "READ", RUNS_READ)
    for words, most in (("nothing-has-this", RUNS_READ), (f"task {TASKS - 1}", RUNS_OF_EACH)):
        found = run_find(staff, RunFilters(search=words))
        read = read_by(found.rows[:50].explain(analyze=True, format="json"))
        assert read[TaskRun._meta.db_table] <= most
        # A second time where one is shown.
        assert read[ScheduledTask._meta.db_table] <= TASKS + 50


def test_runs_that_ended_in_a_span_are_read_near_it(alice: User, staff: User, monkeypatch: pytest.MonkeyPatch) -> None:
    now, minute = db_now(), timedelta(minutes=1)
    made = [now - ago * minute for ago in range(LONG)]
    insert(ended(alice, at + timedelta(seconds=30), id=id_at(at)) for at in made)
    analyzed(TaskRun)
    monkeypatch.setattr(run_walk, "WALK", RUNS_NEAR)
    filters = RunFilters(ended_from=now - 1100 * minute, ended_to=now - 1000 * minute)
    first = run_find(staff, filters)
    shown = list(first.rows.all())
    assert len(shown) == 100
    last = run_find(staff, filters, before=shown[-2].id)
    for rows in (first.rows, last.rows.filter(id__lt=shown[-2].id)):
        read = read_by(rows[:41].explain(analyze=True, format="json"))
        assert 0 < read[TaskRun._meta.db_table] <= RUNS_NEAR


def copies(run: TaskRun, number: int) -> None:
    """Make so many more of the run."""
    fields = {field.attname: getattr(run, field.attname) for field in TaskRun._meta.concrete_fields}
    del fields["id"]
    TaskRun.objects.bulk_create([TaskRun(**fields) for _ in range(number)])
