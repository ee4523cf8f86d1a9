"""New and edit: what is typed is kept, what is wrong is said at its field, what is right is stored."""

import re
from typing import Any, Literal

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from pydantic import BaseModel, SecretStr

from tasks_app.models import ScheduledTask
from tasks_app.services.tasks import task_update
from tests.handler_types import declared
from tests.web.conftest import MakeTask
from tests.web.reading import chosen, errors, text, value

NEW = "/tasks/new/?type=http_request"
FORM = {
    "name": "Ping",
    "payload.url": "https://example.org/ping",
    "schedule.kind": "daily",
    "schedule.daily.time": "08:30",
    "timezone": "Europe/Berlin",
    "tags": "a, b",
    "priority": "7",
    "overlap": "queue_one",
    "on_exhausted": "pause_task",
    "misfire.policy": "skip",
    "max_retries": "5",
    "notify_on_failure": "on",
}


def edit(task: ScheduledTask) -> str:
    return reverse("task-edit", args=[task.pk])


def as_typed(task: ScheduledTask, **changes: str) -> dict[str, str]:
    kept = {"name": task.name, "payload.url": "https://example.org/", "schedule.kind": "daily"}
    more = {"schedule.daily.time": "09:00", "timezone": "Europe/Berlin", "version": str(task.version)}
    return {**kept, **more, **changes}


def test_types_are_offered_with_what_they_do(as_alice: Client) -> None:
    page = text(as_alice.get("/tasks/new/"))
    assert "HTTP request" in page
    assert "Calls a URL" in page


def test_an_unknown_or_internal_type_has_no_form(as_alice: Client) -> None:
    assert as_alice.get("/tasks/new/?type=nonsense").status_code == 404
    assert as_alice.get("/tasks/new/?type=notify_run_failed").status_code == 404


def test_a_type_that_one_may_not_use_says_so_before_anything_is_typed(as_alice: Client) -> None:
    address = "/tasks/new/?type=database_backup"
    reason = "You may not use “Back up the database”; an administrator can give you the permission."
    assert reason in text(as_alice.get(address))
    refused = text(as_alice.post(address, {"name": "Copy", "schedule.kind": "manual"}))
    assert refused.count(reason) == 1
    assert f"type: {reason}" not in refused


def test_a_part_that_may_be_left_out_asks_with_its_own_words(as_alice: Client) -> None:
    words = text(as_alice.get("/tasks/new/?type=export_report"))
    assert words.count("Send the file to a URL too.") == 1
    assert "Give it" not in words


def test_faults_are_said_in_words_for_people(as_alice: Client) -> None:
    blank = {"name": "Clean", "schedule.kind": "manual"}
    assert "Must have at least 1 item, not 0." in text(as_alice.post("/tasks/new/?type=cleanup", blank))
    inside = {**FORM, "payload.url": "http://127.0.0.1/"}
    assert "an administrator can allow these with ALLOW_PRIVATE_ADDRESSES=1" in text(as_alice.post(NEW, inside))
    mails = {"name": "Mail", "payload.recipients": "ada@example.com\nbob", "payload.subject": "S", "payload.text": "T"}
    assert "Line 2: Must be one e-mail address" in text(as_alice.post("/tasks/new/?type=send_email", mails))


def test_the_form_is_made_from_the_type(as_alice: Client) -> None:
    response = as_alice.get(NEW)
    assert chosen(response, "payload.method") == ["GET"]
    assert value(response, "payload.url") == ""
    assert chosen(response, "schedule.kind") == ["daily"]


def test_a_full_form_makes_the_task(as_alice: Client, alice: User) -> None:
    response = as_alice.post(NEW, FORM)
    task = ScheduledTask.objects.get(owner=alice)
    assert response["Location"] == reverse("task-detail", args=[task.pk])
    assert (task.name, task.tags, task.priority, task.overlap) == ("Ping", ["a", "b"], 7, "queue_one")
    assert (task.on_exhausted, task.misfire, task.max_retries) == ("pause_task", {"policy": "skip"}, 5)
    assert task.schedule == {"kind": "daily", "time": "08:30"}
    assert task.timezone == "Europe/Berlin"
    assert task.payload == {"url": "https://example.org/ping"}
    assert task.notify_on_failure
    assert task.next_due_at is not None


@pytest.mark.parametrize(
    ("fields", "where", "said"),
    [
        ({"name": " "}, "name", "blank"),
        ({"payload.url": ""}, "payload.url", "required"),
        ({"payload.url": "nonsense"}, "payload.url", "URL"),
        ({"payload.method": "SHOUT"}, "payload.method", "Must be"),
        ({"payload.headers": "no colon here"}, "payload.headers", "Name: value"),
        ({"priority": "12"}, "priority", "between 0 and 9"),
        ({"max_retries": "many"}, "max_retries", "whole number"),
        ({"max_retries": "51"}, "max_retries", "between 0 and 50"),
        ({"timeout_seconds": "-1"}, "timeout_seconds", "between"),
        ({"queue": "nowhere"}, "queue", "no such queue"),
        ({"misfire.grace_seconds": "0"}, "misfire.grace_seconds", "between"),
        ({"retry.style": "delays", "retry.delays": "5, soon"}, "retry.delays", "seconds"),
        ({"timezone": "Europe/Berlim"}, "timezone", "Europe/Berlin"),
        ({"timezone": ""}, "timezone", "A time zone is needed"),
        ({"timezone": "", "schedule.kind": "manual"}, "timezone", "A time zone is needed"),
        ({"schedule.daily.time": "25:00"}, "schedule.daily.time", ""),
        ({"schedule.kind": "cron", "schedule.cron.expression": "0 9 31 2 *"}, "schedule.cron.expression", ""),
        ({"schedule.kind": "weekly", "schedule.weekly.days": []}, "schedule.weekly.days", ""),
        ({"schedule.kind": "every", "schedule.every.amount": "0"}, "schedule.every.amount", ""),
        ({"schedule.kind": "once", "schedule.once.run_at": ""}, "schedule.once.run_at", ""),
    ],
)
def test_what_is_wrong_is_said_at_its_field_and_nothing_is_lost(
    as_alice: Client, fields: dict[str, Any], where: str, said: str
) -> None:
    typed = {**FORM, **fields}
    response = as_alice.post(NEW, typed)
    assert response.status_code == 400
    assert errors(response, where), text(response)
    assert said.lower() in errors(response, where).lower()
    for name, given in typed.items():
        if name in ("queue", "payload.method", "priority"):
            continue  # a select can only show what it offers
        selected = chosen(response, name)
        found = selected if isinstance(given, list) else (selected or [value(response, name)])[0]
        assert found == given, name
    assert not ScheduledTask.objects.exists()


def test_what_is_too_large_as_a_whole_is_said_at_the_largest_field_with_a_way_out(as_alice: Client) -> None:
    typed = {**FORM, "payload.subject": "x", "payload.text": "x"}
    typed["payload.to"] = "\n".join(f"somebody.{number}@example.org" for number in range(90))
    response = as_alice.post("/tasks/new/?type=send_email", {**typed, "payload.text": "é" * 40_000})
    assert response.status_code == 400
    said = errors(response, "payload.text")
    assert "takes more than 64 KiB together" in said
    assert "from a file" in said
    assert "payload:" not in text(response)


def test_all_faults_are_said_at_once(as_alice: Client) -> None:
    typed = {**FORM, "name": "", "payload.url": "", "schedule.daily.time": "soon", "payload.headers": "x"}
    response = as_alice.post(NEW, typed)
    for name in ("name", "payload.url", "schedule.daily.time", "payload.headers"):
        assert errors(response, name), name


def test_an_instant_in_the_past_is_refused(as_alice: Client) -> None:
    once = {"schedule.kind": "once", "schedule.once.run_at": "2020-01-01T00:00"}
    response = as_alice.post(NEW, {**FORM, **once})
    assert response.status_code == 400
    assert "lies in the past" in text(response)
    assert value(response, "schedule.once.run_at") == "2020-01-01T00:00"


def test_save_and_run_makes_both(as_alice: Client, alice: User) -> None:
    response = as_alice.post(NEW, {**FORM, "_then": "run"})
    run = ScheduledTask.objects.get(owner=alice).runs.get()
    assert response["Location"] == reverse("run-detail", args=[run.pk])
    assert (run.trigger, run.actor) == ("manual", "user:alice")


def test_editing_changes_what_was_changed_and_no_more(as_alice: Client, make: MakeTask) -> None:
    task = make(key="nightly", pause_after_failures=4, description="why", jitter_seconds=30)
    before = ScheduledTask.objects.get(pk=task.pk)
    page = as_alice.get(edit(task))
    assert value(page, "pause_after_failures") == "4"
    typed = as_typed(task, name="Renamed", description="why", pause_after_failures="4", jitter_seconds="30")
    assert as_alice.post(edit(task), typed).status_code == 302
    task.refresh_from_db()
    assert task.name == "Renamed"
    same = ("key", "payload", "schedule", "next_due_at", "pause_after_failures", "jitter_seconds", "description")
    assert [getattr(task, name) for name in same] == [getattr(before, name) for name in same]


def test_an_edit_in_between_is_told_and_not_overwritten(as_alice: Client, task: ScheduledTask) -> None:
    typed = as_typed(task, name="Mine")
    as_alice.post(edit(task), as_typed(task, name="Theirs"))
    response = as_alice.post(edit(task), typed)
    assert response.status_code == 412
    assert "You have changed this task elsewhere since you opened it here. Save again" in text(response)
    assert "Version 2 alice, now Name before: Nightly with it: Theirs" in text(response)
    assert value(response, "name") == "Mine"
    task.refresh_from_db()
    assert task.name == "Theirs"
    task_update(task=task, changes={"name": "Bobs"}, actor="user:bob")
    again = as_alice.post(edit(task), {**typed, "version": value(response, "version")})
    assert "bob has changed this task since you opened it. Save again" in text(again)
    assert "Version 3 bob, now Name before: Theirs with it: Bobs" in text(again)
    assert "Version 2" not in text(again), "it was told already"
    both = as_alice.post(edit(task), typed)
    assert "bob and alice have changed this task" in text(both)
    assert as_alice.post(edit(task), {**typed, "version": value(again, "version")}).status_code == 302


def test_what_makes_no_version_is_told_as_no_change_of_the_form(as_alice: Client, task: ScheduledTask) -> None:
    typed = as_typed(task, name="Mine")
    as_alice.post(reverse("task-pause", args=[task.pk]))
    response = as_alice.post(edit(task), typed)
    assert response.status_code == 412
    assert "Somebody has changed this task since you opened it." in text(response)
    assert "Nothing that this form holds is different" in text(response)


def test_a_cancelled_task_cannot_be_edited_and_the_form_says_so(as_alice: Client, task: ScheduledTask) -> None:
    as_alice.post(reverse("task-cancel", args=[task.pk]))
    task.refresh_from_db()
    response = as_alice.post(edit(task), as_typed(task))
    assert response.status_code == 409
    assert "duplicate it instead" in text(response)


def test_without_javascript_a_button_previews_and_keeps_everything(as_alice: Client) -> None:
    response = as_alice.post(NEW, {**FORM, "name": "", "_preview": "1"})
    assert response.status_code == 200
    assert "Every day at 08:30, Berlin time" in text(response)
    assert value(response, "payload.url") == FORM["payload.url"]
    assert not errors(response, "name")


def test_the_form_asks_in_the_order_in_which_people_think(as_alice: Client, task: ScheduledTask) -> None:
    for address in ("/tasks/new/?type=http_request", reverse("task-edit", args=[task.pk])):
        html = as_alice.get(address).content.decode()
        order = ['name="name"', "When it runs", 'id="preview"', "What it does", 'name="description"', "Policies"]
        places = [html.index(one) for one in order]
        assert places == sorted(places)


def test_description_and_tags_are_folded_until_they_say_something(as_alice: Client, make: MakeTask) -> None:
    def is_open(address: str) -> bool:
        return as_alice.get(address).context["details_open"] is True

    assert not is_open("/tasks/new/?type=http_request")
    assert not is_open(reverse("task-edit", args=[make().pk]))
    assert is_open(reverse("task-edit", args=[make(tags=("red",)).pk]))


def test_places_in_a_list_are_counted_from_one(as_alice: Client) -> None:
    fields = {**FORM, "tags": f"a, b, {'x' * 300}", "retry.style": "delays", "retry.delays": "-1, 60"}
    response = as_alice.post(NEW, fields)
    assert errors(response, "tags").startswith("Tag 3: ")
    assert errors(response, "retry.delays").startswith("Delay 1: ")


def test_the_two_time_limits_are_told_apart(as_alice: Client) -> None:
    response = as_alice.post(NEW, {**FORM, "payload.timeout_seconds": "0", "timeout_seconds": "-1"})
    labels = [one.label for one in response.context["faulty"]]
    assert len(labels) == 2
    assert labels[1] == "Time limit of each run, in seconds"
    assert labels[0] != labels[1]


def test_what_is_to_be_mended_is_listed_in_order_and_leads_to_its_field(as_alice: Client) -> None:
    fields = {"schedule.kind": "weekly", "schedule.weekly.time": "09:00", "timezone": "UTC", "tags": "x" * 300}
    response = as_alice.post("/tasks/new/?type=http_request", {**fields, "payload.url": ""})
    html = response.content.decode()
    summary = html[html.index('role="alert"') :].split("</ul>", 1)[0]
    ids = re.findall(r'href="#([^"]+)"', summary)
    assert ids == ["f-name", "f-schedule-weekly-days", "f-payload-url", "f-tags"]
    assert all(html.count(f'id="{one}"') == 1 for one in ids)
    assert "Choose at least one day." in summary


def test_the_first_fault_has_the_focus_and_the_summary_leads_to_each(as_alice: Client) -> None:
    html = as_alice.post(NEW, {**FORM, "payload.url": "", "priority": "12"}).content.decode()
    assert re.findall(r'name="([^"]+)"[^>]*\bautofocus', html) == ["payload.url"]
    assert 'href="#f-payload-url"' in html
    assert 'href="#f-priority"' in html


def test_a_look_at_another_kind_loses_nothing(as_alice: Client) -> None:
    address = "/tasks/new/?type=sync_external_service"
    typed = {"name": "S", "payload.pagination.style": "cursor", "payload.pagination.cursor_path": "next.token"}
    away = as_alice.post(address, {**typed, "payload.pagination.style": "page", "_refresh": "1"})
    assert value(away, "payload.pagination.cursor_path") == "next.token"
    assert 'type="hidden" name="payload.pagination.cursor_path"' in away.content.decode()
    back = as_alice.post(address, {**typed, "_refresh": "1"})
    assert value(back, "payload.pagination.cursor_path") == "next.token"
    assert 'type="hidden" name="payload.pagination.cursor_path"' not in back.content.decode()


def test_a_part_that_is_not_given_keeps_what_was_typed_in_it(as_alice: Client) -> None:
    typed = {"name": "", "payload.source": "runs", "payload.upload.url": "https://example.org/in"}
    answer = as_alice.post("/tasks/new/?type=export_report", typed)
    assert answer.status_code == 400
    assert value(answer, "payload.upload.url") == "https://example.org/in"


def test_rows_stay_when_something_else_is_refused(as_alice: Client) -> None:
    address = "/tasks/new/?type=cleanup"
    rows = {"payload.rules.__row": "0", "payload.rules.0.what": "runs"}
    added = as_alice.post(address, {"name": "", **rows, "_add": "payload.rules"})
    assert added.content.decode().count('name="payload.rules.__row"') == 3, "and one for scripts"
    refused = as_alice.post(address, {"name": "", **rows})
    assert refused.status_code == 400
    assert refused.content.decode().count('name="payload.rules.__row"') == 2


def test_a_secret_that_was_typed_is_not_carried_along(as_alice: Client) -> None:
    class Key(BaseModel):
        kind: Literal["key"] = "key"
        secret: SecretStr

    class Open(BaseModel):
        kind: Literal["open"] = "open"

    class Door(BaseModel):
        door: Key | Open

    with declared(lambda ctx, payload: {}, payload=Door) as name:
        typed = {"name": "D", "payload.door.kind": "open", "payload.door.secret": "canary-55", "_refresh": "1"}
        answer = as_alice.post(f"/tasks/new/?type={name}", {**typed, "payload.door.unknown": "canary-56"})
    assert answer.status_code == 200
    assert "canary-5" not in answer.content.decode()
