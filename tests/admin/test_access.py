"""Who gets into the admin: staff, through the platform's one sign-in."""

from uuid import UUID

import pytest
from django.contrib.auth.models import Group, User
from django.core.management import call_command
from django.db.models import Model
from django.test import Client
from django.urls import reverse
from django_celery_beat.models import PeriodicTask
from django_celery_results.models import TaskResult

from tasks_app.models import ApiKey, AuditEntry, Batch, Credential, Queue, ScheduledTask, TaskRun
from tests.admin.pages import address, read, select

URLS = ["/admin/", "/admin/tasks_app/taskrun/", "/admin/auth/user/1/change/", "/admin/nowhere/", "/admin/jsi18n/"]


@pytest.mark.parametrize("url", URLS)
def test_a_stranger_is_asked_to_sign_in_on_the_pages(client: Client, url: str, db: None) -> None:
    assert client.get(url).headers["Location"] == f"/sign-in/?next={url}"


@pytest.mark.parametrize("url", [*URLS, "/admin/login/", "/admin/logout/"])
def test_for_people_who_are_not_staff_there_is_no_admin(client: Client, url: str, alice: User) -> None:
    client.force_login(alice)
    assert client.get(url).status_code == 404


def test_the_admin_has_no_sign_in_of_its_own(client: Client, staff: User) -> None:
    assert client.get("/admin/login/").headers["Location"] == "/sign-in/?next=/admin/"
    assert client.get("/admin/login/?next=/admin/auth/").headers["Location"] == "/sign-in/?next=/admin/auth/"
    posted = client.post("/admin/login/", {"username": "staff", "password": "staff-password"})
    assert posted.headers["Location"].startswith("/sign-in/")
    assert "_auth_user_id" not in client.session
    client.force_login(staff)
    assert client.get("/admin/login/").headers["Location"] == "/admin/"


def test_signing_out_ends_the_session_everywhere(desk: Client) -> None:
    assert desk.get("/admin/logout/").status_code == 405
    assert desk.post("/admin/logout/").headers["Location"] == "/sign-in/"
    assert desk.get("/admin/").headers["Location"] == "/sign-in/?next=/admin/"
    assert desk.get("/admin/logout/").headers["Location"] == "/sign-in/"


@pytest.fixture
def viewer(db: None, staff: User) -> Client:
    """The browser of somebody who is staff and may look, no more."""
    call_command("bootstrap", verbosity=0)
    user = User.objects.create_user("vera", is_staff=True)
    user.groups.add(Group.objects.get(name="Viewer"))
    client = Client()
    client.force_login(user)
    return client


def test_a_viewer_sees_and_cannot_act(viewer: Client, task: ScheduledTask, failed_run: TaskRun, queue: Queue) -> None:
    for row in (task, failed_run, queue):
        html = read(viewer, address(type(row), "change", row.pk))
        assert 'name="_save"' not in html
        assert "_here" not in html
    for row, deed in ((task, "pause"), (failed_run, "retry"), (queue, "pause")):
        viewer.post(address(type(row), "changelist"), {"action": deed, "_selected_action": [str(row.pk)]})
        assert viewer.post(address(type(row), f"{deed}_here", row.pk), {"_form_submitted": "True"}).status_code == 403
    for row in (task, queue):
        row.refresh_from_db()
    assert task.status == "active"
    assert queue.paused_at is None
    assert TaskRun.objects.filter(owner=task.owner).count() == 1


def test_an_operator_acts_and_does_not_delete(viewer: Client, task: ScheduledTask) -> None:
    User.objects.get(username="vera").groups.set([Group.objects.get(name="Operator")])
    assert select(viewer, ScheduledTask, "pause", task) == ["Morning report: paused."]
    assert viewer.post(address(ScheduledTask, "delete", task.pk), {"post": "yes"}).status_code == 403


def test_staff_without_rights_get_in_and_see_nothing(client: Client, alice: User) -> None:
    User.objects.filter(pk=alice.pk).update(is_staff=True)
    client.force_login(alice)
    html = read(client, reverse("admin:index"))
    assert "carillon-card " not in html
    assert client.get("/admin/tasks_app/taskrun/").status_code == 403


PRY = [
    (ApiKey, "digest__startswith=a"),
    (ScheduledTask, "payload__url__startswith=http"),
    (ScheduledTask, "payload__icontains=x"),
    (ScheduledTask, "name__regex=(a%2B)%2B%24"),
    (ScheduledTask, "description=x"),
    (ScheduledTask, "status__regex=a"),
    (ScheduledTask, "status__in=active"),
    (ScheduledTask, "owner__password__startswith=x"),
    (ScheduledTask, "owner=1"),
    (ScheduledTask, "owner_id__gte=1"),
    (ScheduledTask, "pk__startswith=0"),
    (ScheduledTask, "periodic_task__args__contains=1"),
    (ScheduledTask, "runs__payload__icontains=x"),
    (TaskRun, "payload__url__startswith=http"),
    (TaskRun, "result__contains=1"),
    (TaskRun, "error__icontains=x"),
    (TaskRun, "status__iregex=a"),
    (Credential, "sealed__startswith=a"),
    (Credential, "kind__startswith=b"),
    (User, "password__startswith=pbkdf2"),
    (User, "email__icontains=x"),
    (PeriodicTask, "args__contains=1"),
    (TaskResult, "result__startswith=1"),
]


@pytest.mark.parametrize(("model", "query"), PRY)
def test_a_list_is_narrowed_by_nothing_but_what_it_offers(desk: Client, model: type[Model], query: str) -> None:
    """Whatever else could be asked of a column would read it, letter by letter, also where it is not shown."""
    assert desk.get(f"{address(model, 'changelist')}?{query}").status_code == 400


OFFERED = [
    (ScheduledTask, "status__exact=active"),
    (ScheduledTask, f"calendar__id__exact={UUID(int=0)}"),
    (TaskRun, f"task__id__exact={UUID(int=0)}"),
    (TaskRun, "status__isnull=True"),
    (User, "groups__id__exact=1"),
    (User, "is_active__exact=1"),
    (TaskResult, "date_done__gte=2026-01-01+00:00:00%2B00:00&date_done__lt=2026-01-02+00:00:00%2B00:00"),
    (PeriodicTask, "enabled__exact=1&mirror=no"),
    (ApiKey, "scope__exact=read"),
    (AuditEntry, "action=task.pause&created=week"),
    (Batch, "created=day"),
]


@pytest.mark.parametrize(("model", "query"), OFFERED)
def test_what_a_list_offers_narrows_it(desk: Client, model: type[Model], query: str) -> None:
    assert desk.get(f"{address(model, 'changelist')}?{query}").status_code == 200
