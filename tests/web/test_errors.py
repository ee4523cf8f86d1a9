"""Error pages, and what every page must not contain."""

import re

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.test import Client
from django.urls import path
from pytest_django import Settings

from scheduler_project import urls
from tasks_app.models import ScheduledTask
from tests import runs
from tests.web.reading import text
from tests.web.test_every_address import ADDRESSES, filled


@pytest.mark.parametrize("name", ["400", "403", "403_csrf", "404", "405", "500"])
def test_error_pages_need_nothing_and_say_what_to_do(name: str) -> None:
    html = render_to_string(f"{name}.html")
    assert 'href="/"' in html
    assert "<script" not in html


def test_an_address_that_is_not_there(as_alice: Client) -> None:
    response = as_alice.get("/nowhere/")
    assert response.status_code == 404
    assert "There is nothing here" in text(response)


def broken(_: HttpRequest) -> HttpResponse:
    raise RuntimeError


def malformed(_: HttpRequest) -> HttpResponse:
    raise SuspiciousOperation


def forbidden(_: HttpRequest) -> HttpResponse:
    raise PermissionDenied


urlpatterns = [path("broken/", broken), path("malformed/", malformed), path("forbidden/", forbidden), *urls.urlpatterns]
handler500 = urls.handler500


@pytest.mark.parametrize(
    ("address", "status"),
    [("/nowhere/", 404), ("/broken/", 500), ("/malformed/", 400), ("/forbidden/", 403), ("/queues/x/resume/", 405)],
)
@pytest.mark.parametrize("theme", ["dark", "light", "", 'x"'])
def test_error_pages_keep_the_theme(alice: User, settings: Settings, address: str, status: int, theme: str) -> None:
    settings.ROOT_URLCONF = __name__
    client = Client(raise_request_exception=False)
    client.force_login(alice)
    client.cookies["theme"] = theme
    response = client.get(address)
    assert response.status_code == status
    chosen = f' data-theme="{theme}"' if theme in ("dark", "light") else ""
    assert f'<html lang="en"{chosen}>' in response.content.decode()


def test_an_expired_form_keeps_the_theme(alice: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice)
    client.cookies["theme"] = "dark"
    assert '<html lang="en" data-theme="dark">' in client.post("/tasks/example/").content.decode()


def test_the_address_of_a_button_leads_back_to_a_page(as_staff: Client, bob: User) -> None:
    for address, above in (
        (f"/settings/people/{bob.pk}/hand-over/", f"/settings/people/{bob.pk}/"),
        ("/queues/critical/resume/", "/queues/"),
        ("/theme/", "/"),
    ):
        response = as_staff.get(address)
        assert (response.status_code, response["Allow"]) == (405, "POST"), address
        assert "It only takes what a button or a form sends to it." in text(response)
        assert f'<a class="button primary" href="{above}">' in response.content.decode()
    assert as_staff.post("/upcoming/")["Allow"] == "GET, HEAD"


def test_ways_back_from_addresses_of_buttons_end_at_a_page(as_staff: Client) -> None:
    seen = 0
    for address in (one for one in ADDRESSES if not one.startswith(("/admin/", "/api/", "/flower"))):
        response = as_staff.get(filled(address, {}))
        seen += response.status_code == 405
        while response.status_code == 405:
            back = re.search(r'<a class="button primary" href="([^"]+)">', response.content.decode())
            assert back is not None, address
            response = as_staff.get(back[1])
    assert seen > 30


def test_programs_and_parts_of_pages_get_no_page(as_alice: Client) -> None:
    assert as_alice.get("/queues/x/resume/", headers={"HX-Request": "true"}).content == b""
    assert as_alice.post("/healthz").content == b""
    assert as_alice.get("/api/queues/x/resume").headers["Content-Type"] == "application/json"


def test_an_expired_form_says_what_to_do(alice: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice)
    response = client.post("/tasks/example/")
    assert response.status_code == 403
    assert "This form has expired" in text(response)


def test_pages_keep_to_a_strict_content_policy(as_staff: Client, alice: User, task: ScheduledTask) -> None:
    """No inline script, style or handler, and nothing from another host."""
    run = runs.make_run(alice, task)
    runs.claim(run)
    runs.fail(run)
    addresses = ["/", "/tasks/", "/tasks/new/", "/tasks/new/?type=export_report", "/runs/", "/settings/", "/ui/"]
    addresses += [f"/tasks/{task.pk}/", f"/tasks/{task.pk}/edit/", f"/runs/{run.pk}/", f"/runs/{run.pk}/retry/"]
    addresses += ["/settings/api-keys/", "/mailbox/", f"/tasks/{task.pk}/delete/", "/upcoming/"]
    assert task.next_due_at is not None
    addresses.append(f"/upcoming/spread/?at={task.next_due_at:%Y-%m-%dT%H:%MZ}")
    for address in addresses:
        html = as_staff.get(address).content.decode()
        assert not re.search(r"<script(?![^>]*\bsrc=)", html), address
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=|\shx-on|javascript:|\bjs:", html), address
        assert not re.search(r'(src|href)="(https?:)?//', html), address


def test_ids_are_unique_on_a_page(as_staff: Client, alice: User, task: ScheduledTask) -> None:
    for address in ("/", "/tasks/", f"/tasks/{task.pk}/", f"/tasks/{task.pk}/edit/", "/runs/", "/ui/", "/upcoming/"):
        ids = re.findall(r'\bid="([^"]+)"', as_staff.get(address).content.decode())
        assert len(ids) == len(set(ids)), address
