"""The page of the audit log, and the history of one task on its page."""

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from tasks_app.models import AuditEntry, ScheduledTask
from tasks_app.services import audit
from tasks_app.services.tasks import task_update
from tests.web.conftest import signed_in
from tests.web.reading import chosen, text, value

PAGE = "/settings/audit/"


def test_it_tells_who_did_what_with_what_differs(as_alice: Client, task: ScheduledTask) -> None:
    as_alice.post(reverse("task-pause", args=[task.pk]), {"note": "too loud"})
    task_update(task=ScheduledTask.objects.get(pk=task.pk), changes={"name": "Other"}, actor="user:alice")
    page = as_alice.get(PAGE)
    said = text(page)
    assert "alice paused the task" in said
    assert "too loud" in said
    assert "name Nightly → Other" in said
    assert reverse("task-detail", args=[task.pk]) in page.content.decode()


def test_the_page_of_a_task_has_its_history(as_alice: Client, task: ScheduledTask) -> None:
    as_alice.post(reverse("task-pause", args=[task.pk]), {"note": "too loud"})
    page = as_alice.get(reverse("task-detail", args=[task.pk]))
    assert "alice paused the task" in text(page)
    assert f"{PAGE}?object_type=task&amp;object={task.pk}" in page.content.decode()
    of_task = as_alice.get(f"{PAGE}?object_type=task&object={task.pk}")
    assert "paused the task" in text(of_task)
    assert "signed in" not in text(of_task).partition("Clear")[2]


def test_one_sees_ones_own_and_administrators_all(
    as_charlie: Client, admin: User, task: ScheduledTask, as_alice: Client
) -> None:
    as_alice.post(reverse("task-pause", args=[task.pk]))
    assert "paused the task" not in text(as_charlie.get(PAGE)).partition("Clear")[0].partition("Export JSON lines")[2]
    assert "alice paused the task" in text(signed_in(admin).get(PAGE))


def test_filters_are_kept_and_go_into_the_export(as_alice: Client, task: ScheduledTask) -> None:
    as_alice.post(reverse("task-pause", args=[task.pk]))
    page = as_alice.get(f"{PAGE}?action=task.pause&actor=ali&from=2020-01-01&to=2099-12-31&search=Night")
    assert (value(page, "actor"), value(page, "search"), value(page, "from")) == ("ali", "Night", "2020-01-01")
    assert chosen(page, "action") == ["task.pause"]
    html = page.content.decode()
    kept = "actor=ali&amp;action=task.pause&amp;search=Night&amp;from=2020-01-01T00%3A00%3A00Z"
    assert f"/api/audit/export?{kept}" in html
    assert as_alice.get("/api/audit/export?actor=ali&action=task.pause&format=csv").status_code == 200
    assert "No entry matches" in text(as_alice.get(f"{PAGE}?from=2099-01-01"))


def test_odd_filters_narrow_nothing_and_break_nothing(as_alice: Client) -> None:
    for query in ("from=x", "to=9999-12-31", "from=0001-01-01", "before=x", "action=%00", "outcome=x", "object=%22"):
        assert as_alice.get(f"{PAGE}?{query}").status_code == 200


def test_a_long_log_has_pages(as_staff: Client) -> None:
    AuditEntry.objects.bulk_create(audit.entry("queue.pause", name=f"q{number:03}") for number in range(60))
    first = as_staff.get(f"{PAGE}?action=queue.pause")
    assert "q059" in text(first)
    assert "q009" not in text(first)
    last = AuditEntry.objects.filter(object_name="q010").get()
    second = as_staff.get(f"{PAGE}?action=queue.pause&before={last.pk}")
    assert "q009" in text(second)
    assert "q010" not in text(second)


def test_what_somebody_wrote_is_text(as_staff: Client) -> None:
    audit.note("task.update", name="<script>alert(1)</script>", before={"a": "<b>"}, after={"a": "<i>"})
    html = as_staff.get(PAGE).content.decode()
    assert "<script>alert(1)" not in html
    assert "<b>" not in html.partition("differences")[2].partition("</ul>")[0].replace("<b>a</b>", "")


@pytest.mark.usefixtures("empty_redis")
def test_a_new_password_is_an_entry_without_it(as_alice: Client, alice: User) -> None:
    words = {"old_password": "alice-password", "new_password1": "quite-new-canary", "new_password2": "quite-new-canary"}
    assert as_alice.post(reverse("password"), words).status_code == 302
    entry = AuditEntry.objects.get(action="password.change")
    assert (entry.actor, entry.object_name) == ("user:alice", "alice")
    assert "canary" not in str(vars(entry))
