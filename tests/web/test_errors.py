"""Error pages, and what every page must not contain."""

import re

import pytest
from django.contrib.auth.models import User
from django.template.loader import render_to_string
from django.test import Client

from tasks_app.models import ScheduledTask
from tests import runs
from tests.web.reading import text


@pytest.mark.parametrize("name", ["400", "403", "403_csrf", "404", "500"])
def test_error_pages_need_nothing_and_say_what_to_do(name: str) -> None:
    html = render_to_string(f"{name}.html")
    assert 'href="/"' in html
    assert "<script" not in html


def test_an_address_that_is_not_there(as_alice: Client) -> None:
    response = as_alice.get("/nowhere/")
    assert response.status_code == 404
    assert "There is nothing here" in text(response)


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
