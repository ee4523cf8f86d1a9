"""However many tasks are shared with somebody, a statement about them is no longer for it."""

import uuid

import pytest
from django.contrib.auth.models import User

from tasks_app.models import ScheduledTask, TaskRun, TaskShare
from tasks_app.selectors.access import visible_runs, visible_tasks
from tasks_app.selectors.any_of import any_of
from tasks_app.selectors.rollup_rows import Choice
from tasks_app.selectors.search_tasks import task_qualifiers
from tasks_app.selectors.search_text import read
from tasks_app.selectors.task_list import TaskFilters, task_search
from tests import runs

pytestmark = pytest.mark.django_db


def test_it_finds_the_rows_of_the_ids_and_no_others(alice: User) -> None:
    first, second, _ = (runs.make_task(alice) for _ in range(3))
    wanted = frozenset({first.pk, second.pk, uuid.uuid4()})
    assert set(ScheduledTask.objects.filter(any_of("id", wanted))) == {first, second}
    assert ScheduledTask.objects.exclude(any_of("id", wanted)).count() == 1
    assert not ScheduledTask.objects.filter(any_of("id", frozenset())).exists()
    assert ScheduledTask.objects.filter(any_of("id", wanted) | any_of("id", frozenset())).count() == 2


def test_a_statement_has_as_many_parameters_for_one_shared_task_as_for_many(alice: User, bob: User) -> None:
    def parameters() -> list[int]:
        reader = User.objects.get(pk=bob.pk)
        figures = [share.rows for share in Choice(reader).shares()]
        shared = task_search(reader, TaskFilters(), search=read("shared:me", task_qualifiers(reader)))
        of_all = (visible_tasks(reader), visible_runs(reader), shared, *figures)
        return [len(rows.query.sql_with_params()[1]) for rows in of_all]

    def share(count: int) -> None:
        for _ in range(count):
            task = runs.make_task(alice)
            TaskShare.objects.create(task=task, user=bob, level="view", created_by=alice.username)

    share(1)
    few = parameters()
    share(9)
    assert parameters() == few
    assert visible_tasks(User.objects.get(pk=bob.pk)).count() == 10
    assert TaskRun.objects.count() == 0
