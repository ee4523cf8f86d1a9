"""Lists cost the same however long the history is."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.db.models import Model
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django_celery_beat.models import CrontabSchedule, PeriodicTask
from django_celery_results.models import TaskResult
from unfold.admin import checkbox
from unfold.utils import display_for_label

from tasks_app.admin import base
from tasks_app.admin.shown import TASK_TONES
from tasks_app.models import Batch, Queue, ScheduledTask, StoredFile, TaskRun
from tasks_app.models.ids import first_id_at
from tests import runs as moves
from tests.admin.conftest import make_task
from tests.admin.pages import address, read
from tests.calls import counted_calls

FEW, MANY = 2, 12
CALLS_OF_A_ROW = 1200


def grow(owner: User, count: int) -> None:
    """Make so many tasks, each with a mirror, a run and a file, and as many results."""
    for number in range(count):
        task = make_task(owner, name=f"task {number}", cron=f"{number} 7 * * *")
        run = moves.make_run(owner, task)
        StoredFile.objects.create(owner=owner, run=run, name="f", path=f"{run.pk}", content_type="t", size=1)
        Batch.objects.create(owner=owner, task=task, kind="backfill", total=1, max_concurrency=1)
        TaskResult.objects.create(task_id=str(run.pk), task_name="x", status="SUCCESS")


def queries(client: Client, url: str) -> list[str]:
    """What opening the page asks the database."""
    with CaptureQueriesContext(
        connection,
    ) as asked:
        read(client, url)
    return [query["sql"] for query in asked.captured_queries]


@pytest.mark.parametrize(
    "model", [ScheduledTask, TaskRun, Batch, StoredFile, PeriodicTask, CrontabSchedule, TaskResult]
)
def test_a_list_asks_no_more_for_more_rows(desk: Client, alice: User, queue: Any, model: type[Model]) -> None:
    url = address(model, "changelist")
    grow(alice, FEW)
    few = queries(desk, url)
    grow(alice, MANY)
    many = queries(desk, url)
    assert len(few) == len(many) <= 6
    counting = [sql for sql in many if "COUNT(" in sql.upper()]
    assert counting
    assert all("LIMIT" in sql for sql in counting), counting


def test_a_runs_page_asks_no_more_for_a_longer_story(desk: Client, failed_run: TaskRun) -> None:
    url = address(TaskRun, "change", failed_run.pk)
    read(desk, url)
    few = queries(desk, url)
    for _ in range(MANY):
        moves.log(failed_run, "more")
    assert len(queries(desk, url)) == len(few) <= 12


def test_the_list_of_runs_reads_no_wide_columns(desk: Client, failed_run: TaskRun) -> None:
    for sql in queries(desk, address(TaskRun, "changelist")):
        assert '"tasks_app_taskrun"."payload"' not in sql
        assert '"tasks_app_scheduledtask"."payload"' not in sql


def test_a_schedule_that_many_use_is_shown_with_some_of_them(desk: Client, alice: User, queue: Any) -> None:
    for number in range(25):
        make_task(alice, name=f"task {number:02d}", cron="0 7 * * *")
    html = read(desk, address(CrontabSchedule, "change", CrontabSchedule.objects.get().pk))
    assert "task 19" in html
    assert "task 20" not in html


def test_the_form_of_a_periodic_task_lists_no_schedules(desk: Client, alice: User, queue: Any) -> None:
    url = address(PeriodicTask, "add")
    read(desk, url)
    few = len(queries(desk, url))
    grow(alice, MANY)
    assert len(queries(desk, url)) == few
    assert "11 7 * * *" not in read(desk, url)


def test_counting_ends_somewhere(desk: Client, alice: User, queue: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base, "COUNTED", 3)
    grow(alice, 3)
    assert "More than" not in read(desk, address(TaskRun, "changelist"))
    fourth = moves.make_run(alice)
    html = read(desk, address(TaskRun, "changelist"))
    assert "More than 3 runs" in html
    assert str(fourth.pk) in html


def test_words_are_looked_for_in_the_newest_rows_and_the_page_says_so(
    desk: Client, alice: User, queue: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"{address(ScheduledTask, 'changelist')}?q=needle"
    for name in ("oldest needle", "second needle", "hay", "newest needle"):
        make_task(alice, name=name)
    assert "were searched" not in read(desk, url)
    monkeypatch.setattr(base, "SEARCHED", 3)
    html = read(desk, url)
    assert "Only the newest 3 rows were searched." in html
    assert [name in html for name in ("oldest needle", "second needle", "newest needle")] == [False, True, True]
    assert "were searched" not in read(desk, address(ScheduledTask, "changelist"))


def test_what_must_be_equal_is_found_however_old_it_is(
    desk: Client, alice: User, queue: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(base, "SEARCHED", 2)
    grow(alice, 4)
    oldest = TaskResult.objects.earliest("id")
    html = read(desk, f"{address(TaskResult, 'changelist')}?q={oldest.task_id}")
    assert oldest.task_id in html
    assert "were searched" not in html


def test_a_row_draws_no_heads_and_no_word_anew(desk: Client, alice: User, queue: Any) -> None:
    url = address(ScheduledTask, "changelist")

    def calls() -> int:
        read(desk, url)
        with counted_calls() as counted:
            desk.get(url)
        return counted.total()

    grow(alice, FEW)
    few = calls()
    grow(alice, MANY)
    assert (calls() - few) / MANY < CALLS_OF_A_ROW


def test_a_row_says_what_unfold_draws(desk: Client, alice: User, queue: Any) -> None:
    task = make_task(alice, name="drawn")
    html = read(desk, address(ScheduledTask, "changelist"))
    assert str(checkbox.render("_selected_action", str(task.pk))).strip() in html
    assert display_for_label("active", "", TASK_TONES).strip() in html


def test_a_row_that_was_found_leads_back_to_what_was_found_with_it(desk: Client, alice: User, queue: Any) -> None:
    grow(alice, FEW)
    list_of_tasks = address(ScheduledTask, "changelist")
    assert read(desk, f"{list_of_tasks}?q=task").count("/change/?_changelist_filters=q%3Dtask") >= FEW
    assert "_changelist_filters" not in read(desk, list_of_tasks)


def test_runs_are_found_by_type(desk: Client, alice: User, queue: Any) -> None:
    wanted, other = (moves.make_run(alice, type=name) for name in ("export_report", "http_request"))
    html = read(desk, f"{address(TaskRun, 'changelist')}?type=export_report")
    assert str(wanted.pk) in html
    assert str(other.pk) not in html


@pytest.mark.parametrize(("created", "is_found"), [("hour", False), ("day", False), ("week", True), ("month", True)])
def test_age_is_read_from_the_id(desk: Client, alice: User, created: str, is_found: bool) -> None:
    old = moves.make_run(alice, id=first_id_at(timezone.now() - timedelta(days=3)))
    html = read(desk, f"{address(TaskRun, 'changelist')}?created={created}")
    assert (str(old.pk) in html) is is_found


def test_words_are_not_looked_for_in_the_history(desk: Client, alice: User) -> None:
    run = moves.make_run(alice, error="needle")
    html = read(desk, f"{address(TaskRun, 'changelist')}?q=needle")
    assert str(run.pk) not in html
    assert "Only an id can be searched for here." in html


@pytest.mark.parametrize(
    "query",
    [
        "status__exact=nonsense",
        "status__exact=%00",
        "task__id__exact=nonsense",
        "needs=%00&created=x&type=%00",
        "type=nonsense",
        "p=abc",
        "p=99999",
        "p=-1",
        "o=x.y",
        "q=%00",
        "q=" + "x" * 5000,
        "nosuch=1",
        "all=",
    ],
)
@pytest.mark.parametrize("model", [TaskRun, ScheduledTask])
def test_an_odd_address_is_no_error(desk: Client, failed_run: TaskRun, model: type[Model], query: str) -> None:
    status = desk.get(f"{address(model, 'changelist')}?{query}").status_code
    assert status == 404 if "%00" in query else status in (200, 302)


def test_a_nul_is_in_no_row(desk: Client, queue: Queue) -> None:
    assert desk.get(f"{address(Queue, 'changelist')}%00/change/").status_code == 404
    posted = {"action": "pause", "_selected_action": ["\0"]}
    assert desk.post(address(Queue, "changelist"), posted).status_code == 404
