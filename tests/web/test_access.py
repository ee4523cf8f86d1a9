"""Every address: strangers sign in first, and what one may not see does not exist."""

import re

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from pydantic import BaseModel, SecretStr

from tasks_app.models import ScheduledTask
from tests.handler_types import declared
from tests.runs import make_run
from tests.web.conftest import signed_in
from tests.web.reading import filled, text, value

OPEN = ["home", "task-list", "task-new", "run-list", "upcoming", "batch-list", "settings", "password", "api-key-list"]
OPEN += ["calendar-list", "calendar-new"]
STAFF = ["mailbox", "gallery"]
OF_A_TASK = ["task-detail", "task-row", "task-edit", "task-cancel", "task-delete", "task-backfill"]
OF_A_RUN = ["run-detail", "run-row", "run-log", "run-retry"]
TASK_POSTS = [
    "task-run-now", "task-pause", "task-resume", "task-cancel", "task-delete", "task-duplicate", "task-edit",
    "task-backfill",
]  # fmt: skip
RUN_POSTS = ["run-cancel", "run-retry", "run-dismiss"]


@pytest.mark.parametrize("name", OPEN + STAFF)
def test_a_stranger_is_asked_to_sign_in_and_comes_back(client: Client, name: str) -> None:
    address = reverse(name)
    response = client.get(f"{address}?a=b")
    assert response.status_code == 302
    assert response["Location"] == f"/sign-in/?next={address}%3Fa%3Db"


@pytest.mark.parametrize("name", OF_A_TASK)
def test_a_stranger_learns_nothing_of_a_task(client: Client, task: ScheduledTask, name: str) -> None:
    assert client.get(reverse(name, args=[task.pk])).status_code == 302


@pytest.mark.parametrize("name", OF_A_TASK)
def test_alices_task_does_not_exist_for_charlie(as_charlie: Client, task: ScheduledTask, name: str) -> None:
    assert as_charlie.get(reverse(name, args=[task.pk])).status_code == 404


@pytest.mark.parametrize("name", TASK_POSTS)
def test_charlie_cannot_touch_alices_task(as_charlie: Client, task: ScheduledTask, name: str) -> None:
    version = task.version
    assert as_charlie.post(reverse(name, args=[task.pk])).status_code == 404
    task.refresh_from_db()
    assert (task.version, task.status, task.deleted_at, task.runs.count()) == (version, "active", None, 0)


@pytest.mark.parametrize("name", OF_A_RUN)
def test_alices_run_does_not_exist_for_charlie(as_charlie: Client, alice: User, name: str) -> None:
    assert as_charlie.get(reverse(name, args=[make_run(alice).pk])).status_code == 404


@pytest.mark.parametrize("name", RUN_POSTS)
def test_charlie_cannot_touch_alices_run(as_charlie: Client, alice: User, name: str) -> None:
    run = make_run(alice)
    assert as_charlie.post(reverse(name, args=[run.pk])).status_code == 404
    run.refresh_from_db()
    assert run.status == "queued"


@pytest.mark.parametrize("name", STAFF)
def test_pages_of_staff_do_not_exist_for_others(as_alice: Client, as_staff: Client, name: str) -> None:
    assert as_alice.get(reverse(name)).status_code == 404
    assert as_staff.get(reverse(name)).status_code == 200


def test_staff_see_everybodys_things(as_staff: Client, task: ScheduledTask, alice: User) -> None:
    assert as_staff.get(reverse("task-detail", args=[task.pk])).status_code == 200
    assert as_staff.get(reverse("run-detail", args=[make_run(alice).pk])).status_code == 200


@pytest.mark.parametrize("name", TASK_POSTS)
def test_actions_are_posts_that_carry_a_token(alice: User, task: ScheduledTask, name: str) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice)
    assert client.post(reverse(name, args=[task.pk])).status_code == 403


def test_a_user_who_left_sees_nothing(alice: User, task: ScheduledTask) -> None:
    client = signed_in(alice)
    alice.is_active = False
    alice.save()
    assert client.get(reverse("task-detail", args=[task.pk])).status_code == 302


def test_a_fragment_says_that_one_is_signed_out_and_leads_nowhere(client: Client, task: ScheduledTask) -> None:
    response = client.get(reverse("task-detail", args=[task.pk]), headers={"HX-Request": "true"})
    assert (response.status_code, response["HX-Trigger"]) == (204, "signed-out")
    assert "HX-Redirect" not in response


def test_a_form_of_somebody_signed_out_is_kept_and_can_be_sent_again(client: Client, alice: User) -> None:
    typed = {"name": "Typed <long>", "tag": ["a", "b"], "csrfmiddlewaretoken": "old", "payload.secretary": "Ada"}
    response = client.post(f"{reverse('task-new')}?type=http_request", typed)
    assert response.status_code == 401
    assert "no-store" in response["Cache-Control"]
    html = response.content.decode()
    assert 'action="/tasks/new/?type=http_request"' in html
    assert value(response, "name") == "Typed <long>"
    assert re.findall(r'name="tag" value="(.)"', html) == ["a", "b"]
    assert value(response, "payload.secretary") == "Ada"
    assert value(response, "csrfmiddlewaretoken") != "old"
    assert not ScheduledTask.objects.exists()


@pytest.mark.parametrize(
    "name",
    [
        *("password", "new_password1", "secret", "code", "payload.api_key", "payload.a.Token"),
        *("payload.password", "payload.smtp.password", "payload.smtp_passwd"),
    ],
)
def test_what_would_be_sent_without_its_secret_is_shown_and_not_sent(client: Client, alice: User, name: str) -> None:
    """Left empty, it would mean to keep the old one, and say that it is saved."""
    sent = {"name": "Typed <long>", "_save": "1", name: "S3CRET-IN-CLEAR"}
    response = client.post("/settings/credentials/new/", sent)
    assert response.status_code == 401
    html = response.content.decode()
    assert "Typed &lt;long&gt;" in html
    for what in ("S3CRET", "<button", "<input", "_save"):
        assert what not in html
    assert "open the form there anew and give all of it again" in text(response)


def test_a_form_names_its_secrets_whatever_they_are_called(client: Client, as_alice: Client) -> None:
    class Door(BaseModel):
        dsn: SecretStr
        place: str = ""

    with declared(lambda ctx, payload: {}, payload=Door) as name:
        address = f"{reverse('task-new')}?type={name}"
        sent = {
            **filled(as_alice.get(address)),
            "name": "Typed",
            "payload.place": "left",
            "payload.dsn": "S3CRET-IN-CLEAR",
        }
        response = client.post(address, sent)
    assert response.status_code == 401
    assert "S3CRET" not in response.content.decode()
    assert "payload.place left" in text(response)
    assert "__secret" not in text(response)
    assert "<button" not in response.content.decode()


def test_what_would_be_sent_without_its_file_is_shown_and_not_sent(client: Client, alice: User) -> None:
    sent = {"note": "typed", "upload": SimpleUploadedFile("a.csv", b"a,b")}
    response = client.post(reverse("file-upload"), sent)
    assert "note typed" in text(response)
    assert "<button" not in response.content.decode()


def test_a_fragment_says_whom_it_is_for(as_alice: Client, alice: User) -> None:
    page = as_alice.get("/runs/")
    assert f'data-person="{alice.pk}"' in page.content.decode()
    assert as_alice.get("/runs/", headers={"HX-Request": "true"})["X-Person"] == str(alice.pk)


def test_pages_are_not_kept_by_caches(as_alice: Client) -> None:
    response = as_alice.get("/")
    assert response["Cache-Control"] == "no-store"
    assert "HX-Target" in response["Vary"]
