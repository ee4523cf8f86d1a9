"""The page of the audit log, and the history of one task on its page."""

import re
from datetime import UTC, timedelta
from html import unescape
from urllib.parse import quote

import pytest
from django.contrib.auth.models import Permission, User
from django.db.models import Model
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from tasks_app.models import AuditEntry, Queue, ScheduledTask, StoredFile, TaskRun, TypeRule
from tasks_app.selectors import audit_walk
from tasks_app.selectors.audit import ACTIONS, AuditFilters, audit_search
from tasks_app.services import audit
from tasks_app.services.api_keys import api_key_create
from tasks_app.services.tasks import task_update
from tasks_app.web.audit_words import KINDS
from tests.ops.conftest import make_worker
from tests.web.conftest import MakeTask, signed_in
from tests.web.reading import Page, chosen, filled, text, value

PAGE = "/settings/audit/"


def _flat(page: Page) -> str:
    return " ".join(page.content.decode().split())


def test_it_tells_who_did_what_with_what_differs(as_alice: Client, task: ScheduledTask) -> None:
    as_alice.post(reverse("task-pause", args=[task.pk]), {"note": "too loud"})
    task_update(task=ScheduledTask.objects.get(pk=task.pk), changes={"name": "Other"}, actor="user:alice")
    page = as_alice.get(PAGE)
    said = text(page)
    assert "alice paused Nightly" in said
    assert "too loud" in said
    assert "Name Nightly → Other" in said
    assert reverse("task-detail", args=[task.pk]) in page.content.decode()


def test_a_run_is_named_by_its_task_and_told_with_what_it_led_to(as_alice: Client, task: ScheduledTask) -> None:
    as_alice.post(reverse("task-run-now", args=[task.pk]))
    run = TaskRun.objects.get(task=task)
    as_alice.post(reverse("run-cancel", args=[run.pk]))
    page = as_alice.get(PAGE)
    href = reverse("run-detail", args=[run.pk])
    assert f'alice</b> ran <a href="{reverse("task-detail", args=[task.pk])}">Nightly</a>' in _flat(page)
    assert f'alice</b> cancelled <a href="{href}">a run of Nightly</a>' in _flat(page)
    assert f'<a class="small" href="{href}">See the run</a>' in _flat(page)


def test_what_is_gone_or_another_s_is_named_and_no_link(
    as_alice: Client, task: ScheduledTask, make: MakeTask, bob: User
) -> None:
    as_alice.post(reverse("task-delete", args=[task.pk]))
    other = make("Theirs", owner=bob)
    audit.note("task.update", other, actor="user:alice", user_id=task.owner_id)
    page = as_alice.get(PAGE)
    assert "alice deleted Nightly" in text(page)
    assert "alice changed Theirs" in text(page)
    assert reverse("task-detail", args=[task.pk]) not in page.content.decode()
    assert reverse("task-detail", args=[other.pk]) not in page.content.decode()


def test_what_an_operator_did_leads_to_where_it_stands(as_alice: Client, alice: User, staff: User, bob: User) -> None:
    queue, worker, rule = Queue.objects.get(name="default"), make_worker(), TypeRule(type="http_request")
    [mine, theirs] = [api_key_create(user=user, name="ci", scope="read")[0] for user in (alice, staff)]
    file = StoredFile.objects.create(owner=alice, name="Umsätze & mehr.csv", path="x", size=1, purpose="upload")
    things: tuple[Model, ...] = (queue, worker, rule, mine, theirs, file)
    for thing in things:
        audit.note(f"{audit.kind_of(thing)}.update", thing, actor="user:alice", user_id=alice.pk, owner_id=bob.pk)
    everybody = {"/settings/types/http_request/"}
    operators = {"/queues/default/edit/", "/workers/#worker-carillon%40here"}
    own, seen = {"/settings/api-keys/"}, {"/files/?search=Ums%C3%A4tze+%26+mehr.csv"}
    assert _leads(as_alice) == everybody | own | seen
    assert _leads(signed_in(bob)) == everybody | operators | seen
    assert _leads(signed_in(staff)) == everybody | operators | own | seen
    for there in everybody | operators | own | seen:
        assert signed_in(staff).get(there).status_code == 200
    bob.groups.clear()
    bob.user_permissions.add(Permission.objects.get(codename="manage_queues"))
    assert "/queues/" in _leads(signed_in(bob)), "who may not change queues reads them in the list"


def _leads(browser: Client) -> set[str]:
    """Where the sentences of the page lead."""
    html = browser.get(f"{PAGE}?actor=alice").content.decode()
    return {unescape(href) for href in re.findall(r'</b> [^<]*<a href="([^"]*)"', html)}


def test_ids_are_short_and_whole_in_the_details(as_alice: Client, task: ScheduledTask) -> None:
    whole = "0123456789abcdef0123456789abcdef"
    as_alice.post(reverse("task-pause", args=[task.pk]), headers={"X-Request-ID": whole})
    page = as_alice.get(PAGE)
    assert "request 01234567…" in text(page)
    assert f'<code class="whole">{whole}</code>' in page.content.decode()
    same = re.search(rf'<a href="([^"]*search={whole}[^"]*)"', page.content.decode())
    assert same is not None
    found = text(as_alice.get(unescape(same.group(1))))
    assert "alice paused Nightly" in found
    assert "alice made Nightly" not in found


def test_a_key_is_told_of_beside_its_owner(as_alice: Client, alice: User) -> None:
    audit.note("queue.pause", name="default", actor="key:alice/ci", owner_id=alice.pk)
    said = text(as_alice.get(PAGE))
    assert "alice paused the queue default" in said
    assert "by the API key ci" in said


def test_a_schedule_is_told_on_the_clock_of_its_task(as_alice: Client, task: ScheduledTask) -> None:
    zone = {"timezone": "Europe/Berlin"}
    task_update(
        task=task, changes={"schedule": {"kind": "cron", "expression": "0 9 * * *"}, **zone}, actor="user:alice"
    )
    task = ScheduledTask.objects.get(pk=task.pk)
    task_update(task=task, changes={"schedule": {"kind": "cron", "expression": "0 10 * * *"}}, actor="user:alice")
    assert "Every day at 09:00, Berlin time → Every day at 10:00, Berlin time" in text(as_alice.get(PAGE))


def test_days_narrow_the_log(as_alice: Client, task: ScheduledTask) -> None:
    as_alice.post(reverse("task-pause", args=[task.pk]))
    page = as_alice.get(f"{PAGE}?within=today")
    assert "alice paused Nightly" in text(page)
    assert chosen(page, "within") == ["today"]
    assert re.search(r"/api/audit/export\?from=\d{4}-", page.content.decode())
    assert "No entry matches" in text(as_alice.get(f"{PAGE}?within=today&to=2020-01-01"))


def test_every_action_can_be_chosen() -> None:
    assert {action.partition(".")[0] for action in ACTIONS} == set(KINDS)


def test_one_action_and_all_of_its_kind_are_two_choices(as_staff: Client) -> None:
    for action in ("sign_in", "sign_in.fail", "sign_out"):
        audit.note(action, name=f"by {action}")
    page = as_staff.get(PAGE)
    select = page.content.decode().partition('<select name="action"')[2].partition("</select>")[0]
    values = re.findall(r'<option value="([^"]*)"', select)
    assert set(ACTIONS) < set(values)
    assert len(values) == len(set(values))
    one, every = as_staff.get(f"{PAGE}?action=sign_in"), as_staff.get(f"{PAGE}?action=sign_in.*")
    assert (chosen(one, "action"), chosen(every, "action")) == (["sign_in"], ["sign_in.*"])
    assert "by sign_in" in text(one)
    assert "by sign_in.fail" not in text(one)
    assert "by sign_in.fail" in text(every)
    assert "by sign_out" not in text(every)
    assert chosen(as_staff.get(f"{PAGE}?action=task"), "action") == ["task.*"]


def test_every_action_can_be_asked_for_alone(staff: User) -> None:
    AuditEntry.objects.bulk_create(audit.entry(one) for one in ACTIONS)
    found = {action: [one.action for one in audit_search(staff, AuditFilters(action=action))] for action in ACTIONS}
    assert found == {action: [action] for action in ACTIONS}


def test_a_full_page_asks_once_for_each_kind_of_thing(
    as_alice: Client, make: MakeTask, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(20):
        task = make(f"t{number}")
        as_alice.post(reverse("task-run-now", args=[task.pk]))
    for run in TaskRun.objects.all():
        as_alice.post(reverse("run-cancel", args=[run.pk]))
    with django_assert_max_num_queries(16):
        assert "a run of t19" in text(as_alice.get(PAGE))


def test_the_page_of_a_task_has_its_history(as_alice: Client, task: ScheduledTask) -> None:
    as_alice.post(reverse("task-pause", args=[task.pk]), {"note": "too loud"})
    page = as_alice.get(reverse("task-detail", args=[task.pk]))
    assert "alice paused the task" in text(page)
    assert f"{PAGE}?object_type=task&amp;object={task.pk}" in page.content.decode()
    of_task = as_alice.get(f"{PAGE}?object_type=task&object={task.pk}")
    assert "paused Nightly" in text(of_task)
    assert "signed in" not in text(of_task).partition("Clear")[2]


def test_one_sees_ones_own_and_administrators_all(
    as_charlie: Client, admin: User, task: ScheduledTask, as_alice: Client
) -> None:
    as_alice.post(reverse("task-pause", args=[task.pk]))
    assert "paused Nightly" not in text(as_charlie.get(PAGE))
    assert "alice paused Nightly" in text(signed_in(admin).get(PAGE))


def test_filters_are_kept_and_go_into_the_export(as_alice: Client, task: ScheduledTask) -> None:
    as_alice.post(reverse("task-pause", args=[task.pk]))
    page = as_alice.get(f"{PAGE}?action=task.pause&actor=ali&from=2020-01-01&to=2099-12-31&search=Night")
    assert (value(page, "actor"), value(page, "search"), value(page, "from")) == ("ali", "Night", "2020-01-01")
    assert chosen(page, "action") == ["task.pause"]
    html = page.content.decode()
    kept = "actor=ali&amp;action=task.pause&amp;search=Night&amp;from=2020-01-01T00%3A00%3A00Z"
    assert f"/api/audit/export?{kept}" in html
    assert " download>" not in html, "a refusal is shown, and not kept as a file"
    assert as_alice.get("/api/audit/export?actor=ali&action=task.pause&format=csv").status_code == 200
    assert "No entry matches" in text(as_alice.get(f"{PAGE}?from=2099-01-01"))


def test_a_time_that_is_none_is_named_and_nothing_is_exported(as_alice: Client, task: ScheduledTask) -> None:
    as_alice.post(reverse("task-pause", args=[task.pk]))
    assert "/api/audit/export" in as_alice.get(f"{PAGE}?from=2020-01-01").content.decode()
    for asked in ("from=garbage", "to=2026-13-01", "to=garbage&within=today"):
        page = as_alice.get(f"{PAGE}?{asked}")
        name, _, typed = asked.partition("&")[0].partition("=")
        assert filled(page)[name] == [typed]
        given = f"{name}: “{typed}"
        assert f"{given}” is no day or time such as" in text(page)
        assert "alice paused Nightly" in text(page)
        assert "/api/audit/export" not in page.content.decode()


def test_an_instant_narrows_the_log_and_stays_in_its_field(as_alice: Client, task: ScheduledTask) -> None:
    as_alice.post(reverse("task-pause", args=[task.pk]))
    as_alice.cookies["zone"] = "UTC"
    at = AuditEntry.objects.get(action="task.pause").at.astimezone(UTC).replace(second=0, microsecond=0)
    day, minute, after = f"{at:%Y-%m-%d}", f"{at:%Y-%m-%dT%H:%M}", f"{at + timedelta(minutes=1):%Y-%m-%dT%H:%M}"
    elsewhere = f"{at + timedelta(hours=2):%Y-%m-%dT%H:%M}%2B02:00"
    for asked, is_there in (
        (f"from={minute}&to={after}", True),
        (f"from={after}", False),
        (f"from={day}&to={minute}", False),
        (f"from={day}&to={day}", True),
        (f"from={elsewhere}&to={after}Z", True),
    ):
        assert ("alice paused Nightly" in text(as_alice.get(f"{PAGE}?{asked}"))) is is_there, asked
    page = as_alice.get(f"{PAGE}?from={minute}&to={day}")
    assert (value(page, "from"), value(page, "to")) == (minute, day)
    html = page.content.decode()
    assert re.search(r'type="datetime-local"\s+name="from"', html)
    assert re.search(r'type="date"\s+name="to"', html)
    assert f"from={quote(minute)}%3A00Z&amp;to=" in html


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
    assert "<b>" not in html.partition("differences")[2].partition("</ul>")[0].replace("<b>A</b>", "")


def test_an_odd_entry_does_not_keep_the_page_away(as_staff: Client) -> None:
    for odd in ("9" * 26, "-1", "²", "x"):
        audit.note(
            "user.update", name=f"odd {odd}", kind="user", object_id=odd, after={"run": [1], "schedule": {"a": 1}}
        )
    assert "odd 9999" in text(as_staff.get(PAGE))


@pytest.mark.usefixtures("empty_redis")
def test_a_new_password_is_an_entry_without_it(as_alice: Client, alice: User) -> None:
    words = {"old_password": "alice-password", "new_password1": "quite-new-canary", "new_password2": "quite-new-canary"}
    assert as_alice.post(reverse("password"), words).status_code == 302
    entry = AuditEntry.objects.get(action="password.change")
    assert (entry.actor, entry.object_name) == ("user:alice", "alice")
    assert "canary" not in str(vars(entry))


def test_the_page_says_how_far_it_looked_and_leads_on(
    as_alice: Client, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit_walk, "READ", 2)
    for name in ("wanted", "a", "b"):
        audit.note("task.update", actor="user:alice", user_id=alice.pk, kind="task", name=name)
    page = as_alice.get(PAGE, {"search": "wanted"})
    assert "None of the newest 2 does." in text(page)
    assert "Searched the newest 2 entries, back to" in text(page)
    [further] = re.findall(r'href="([^"]*)">Search further back', page.content.decode())
    assert "changed wanted" in text(as_alice.get(PAGE + unescape(further)))
    assert "Searched" not in text(as_alice.get(PAGE))
