"""Every page of the admin opens, and loads nothing from another host."""

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group, User
from django.db.models import Model
from django.test import Client
from django.urls import reverse
from django_celery_beat.models import PeriodicTask

from tasks_app.models import ApiKey, Queue, ScheduledTask, TaskRun
from tasks_app.services.tasks import task_update
from tests.admin.conftest import Exhibits
from tests.admin.pages import address, foreign, read, select

MODELS = sorted(admin.site._registry, key=lambda model: model._meta.label)
NEVER_ADDED = {
    "TaskRun", "Worker", "Beat", "Effect", "ApiKey", "StoredFile", "TaskResult", "GroupResult", "EmailTemplate",
    "MailCount", "SyncedCollection", "Credential", "Batch",
    "Calendar", "AuditEntry", "RunRollup", "RollupMark", "TaskRevision",
    "Profile", "SecondFactor", "RecoveryCode", "TokenSignIn", "TaskShare", "SyncedRecord", "SyncedChange", "Lease",
    "IdempotencyKey", "PlannedRuns", "TaskCount",
}  # fmt: skip


def test_everything_that_should_be_is_registered() -> None:
    names = {model._meta.object_name for model in MODELS}
    assert names == {
        "User", "Group", "PeriodicTask", "ClockedSchedule", "CrontabSchedule", "IntervalSchedule", "SolarSchedule",
        "TaskResult", "GroupResult", "ScheduledTask", "TaskRun", "Worker", "Queue", "Beat", "Effect", "ApiKey",
        "StoredFile", "AllowedCommand", "EmailTemplate", "MailCount", "SyncedCollection",
        "Credential", "Batch", "TypeRule",
        "Calendar", "AuditEntry", "RunRollup", "RollupMark", "TaskRevision",
        "Profile", "SecondFactor", "RecoveryCode", "TokenSignIn", "TaskShare", "SyncedRecord", "SyncedChange", "Lease",
        "IdempotencyKey", "PlannedRuns", "TaskCount",
    }  # fmt: skip


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.object_name)
def test_the_list_opens_empty_and_with_rows(desk: Client, model: type[Model], request: pytest.FixtureRequest) -> None:
    read(desk, address(model, "changelist"))
    exhibits: Exhibits = request.getfixturevalue("exhibits")
    html = read(desk, address(model, "changelist"))
    assert str(exhibits.rows[model].pk) in html


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.object_name)
def test_the_page_of_a_row_opens_with_its_history(desk: Client, model: type[Model], exhibits: Exhibits) -> None:
    row = exhibits.rows[model]
    read(desk, address(model, "change", row.pk))
    read(desk, address(model, "history", row.pk))


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.object_name)
def test_rows_are_added_where_people_make_them(desk: Client, model: type[Model]) -> None:
    response = desk.get(address(model, "add"))
    if model is ScheduledTask:
        assert response.headers["Location"] == "/tasks/new/"
    elif model.__name__ in NEVER_ADDED:
        assert response.status_code == 403
    else:
        assert response.status_code == 200
        assert foreign(response.content.decode()) == []


@pytest.mark.parametrize("url", ["admin:index", "admin:password_change", "admin:jsi18n"])
def test_the_pages_of_the_site_itself_open(desk: Client, url: str) -> None:
    read(desk, reverse(url))


@pytest.mark.parametrize("app", ["tasks_app", "django_celery_beat", "django_celery_results", "auth"])
def test_the_page_of_an_app_opens(desk: Client, app: str) -> None:
    read(desk, reverse("admin:app_list", args=[app]))


def test_the_site_says_its_name_and_its_environment(desk: Client) -> None:
    html = read(desk, reverse("admin:index"))
    assert "Carillon" in html
    assert "development" in html


def test_the_theme_of_the_pages_is_the_theme_of_the_admin(desk: Client) -> None:
    desk.cookies["theme"] = "dark"
    assert 'class="dark"' in read(desk, reverse("admin:index"))


def test_times_are_in_the_readers_zone(desk: Client, exhibits: Exhibits) -> None:
    run = exhibits.rows[TaskRun]
    assert isinstance(run, TaskRun)
    desk.cookies["zone"] = "Asia/Tokyo"
    hour = (run.created_at.hour + 9) % 24
    assert f" {hour:02d}:{run.created_at:%M:%S}" in read(desk, address(TaskRun, "change", run.pk))


def test_an_api_key_shows_no_digest(desk: Client, exhibits: Exhibits) -> None:
    key = exhibits.rows[ApiKey]
    assert isinstance(key, ApiKey)
    for url in (address(ApiKey, "changelist"), address(ApiKey, "change", key.pk)):
        html = read(desk, url)
        assert key.prefix in html
        assert key.digest not in html


def test_filters_and_searches_of_lists_answer(desk: Client, exhibits: Exhibits) -> None:
    run, task = exhibits.rows[TaskRun], exhibits.rows[ScheduledTask]
    for url, is_found in (
        (f"{address(TaskRun, 'changelist')}?status__exact=failed", True),
        (f"{address(TaskRun, 'changelist')}?status__exact=running", False),
        (f"{address(TaskRun, 'changelist')}?needs=person&created=hour&type=export_report", True),
        (f"{address(TaskRun, 'changelist')}?type=http_request", False),
        (f"{address(TaskRun, 'changelist')}?q={run.pk}", True),
        (f"{address(TaskRun, 'changelist')}?q={task.pk}", True),
        (f"{address(TaskRun, 'changelist')}?q=Morning", False),
        (f"{address(TaskRun, 'changelist')}?task__id__exact={task.pk}", True),
    ):
        assert (address(TaskRun, "change", run.pk) in read(desk, url)) is is_found, url
    for query, is_found in (
        ("?q=orning", True),
        (f"?q={task.pk}", True),
        ("?status__exact=active&kind__exact=recurring&type=export_report", True),
        ("?last_run=failed", False),
        ("?deleted=yes", False),
        ("?deleted=all", True),
    ):
        html = read(desk, address(ScheduledTask, "changelist") + query)
        assert (address(ScheduledTask, "change", task.pk) in html) is is_found, query
    read(desk, f"{address(PeriodicTask, 'changelist')}?mirror=yes&q=Morning")
    read(desk, f"{address(User, 'changelist')}?q=alice")
    read(desk, f"{address(Group, 'changelist')}?q=Viewer")
    read(desk, f"{address(Queue, 'changelist')}?o=1")


def test_schedules_are_looked_up_not_listed(desk: Client, exhibits: Exhibits) -> None:
    for name in ("interval", "crontab", "clocked", "solar"):
        query = {"app_label": "django_celery_beat", "model_name": "periodictask", "field_name": name, "term": "1"}
        assert desk.get(reverse("admin:autocomplete"), query).status_code == 200


def test_what_people_write_is_text_on_every_page(desk: Client, exhibits: Exhibits, task: ScheduledTask) -> None:
    evil = '<img src="//evil.example/x" onerror="alert(1)">'
    task_update(task=task, changes={"name": evil, "description": evil, "tags": [evil]}, actor="tests")
    TaskRun.objects.update(error=evil, worker=evil)
    run, mirror = exhibits.rows[TaskRun], PeriodicTask.objects.get(scheduled_task=task)
    said = select(desk, ScheduledTask, "pause", task) + select(desk, PeriodicTask, "enable_tasks", mirror)
    assert len(said) == 2
    for url in (
        reverse("admin:index"),
        *(address(model, "changelist") for model in (ScheduledTask, TaskRun, PeriodicTask)),
        *(address(type(row), view, row.pk) for row in (task, run, mirror) for view in ("change", "history")),
        address(ScheduledTask, "delete", task.pk),
    ):
        assert evil not in desk.get(url).content.decode(), url


def test_a_message_is_text_too(desk: Client, task: ScheduledTask) -> None:
    task_update(task=task, changes={"name": "<b>bold</b>"}, actor="tests")
    url = address(ScheduledTask, "changelist")
    html = desk.post(url, {"action": "pause", "_selected_action": [str(task.pk)]}, follow=True).content.decode()
    assert "&lt;b&gt;bold&lt;/b&gt;: paused." in html
    assert "<b>bold</b>" not in html
