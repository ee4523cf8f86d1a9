"""The forms of the built-in types, as people who write no JSON fill them, without scripts."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from tasks_app.models import ScheduledTask, TaskShare
from tasks_app.services.tasks import task_delete
from tests.web.conftest import MakeTask
from tests.web.reading import chosen, errors, filled, text, value

pytestmark = pytest.mark.django_db
REPORT, MAIL, CLEANUP = (f"/tasks/new/?type={name}" for name in ("export_report", "send_email", "cleanup"))
START = {"name": "Mine", "schedule.kind": "manual"}


def made(client: Client, address: str, form: dict[str, Any]) -> dict[str, Any]:
    """Save a new task, and give its payload."""
    answer = client.post(address, {**form, **START})
    assert answer.status_code == 302, answer.context["faulty"]
    payload: dict[str, Any] = ScheduledTask.objects.get(name="Mine").payload
    return payload


def drawn(client: Client, source: str, **more: Any) -> dict[str, list[str]]:
    return filled(client.post(REPORT, {**START, "payload.source": source, "_refresh": "1", **more}))


def test_a_report_offers_its_own_filters_once_it_is_chosen(as_alice: Client) -> None:
    first = as_alice.get(REPORT)
    assert "Choose under “Report” first" in text(first)
    assert "payload.filters" not in filled(first)
    assert "payload.filters.__way.0" in drawn(as_alice, "runs")
    tasks = drawn(as_alice, "tasks")
    assert tasks["payload.filters.__by"] == ["tasks"]
    assert "payload.filters.__way.0" not in tasks


def test_filters_and_columns_are_kept_as_the_api_has_them(as_alice: Client, make: MakeTask) -> None:
    nightly = make("Nightly")
    form = drawn(as_alice, "runs", _add="payload.columns")
    form |= {
        "payload.filters.__way.0": ["1"],
        "payload.filters.last_hours": ["24"],
        "payload.filters.from": ["2027-01-01T00:00"],  # of a way that is not chosen
        "payload.filters.status": ["failed", "cancelled"],
        "payload.filters.task": ["nightly"],
        "payload.columns.0": ["status"],
    }
    payload = made(as_alice, REPORT, form)
    filters = {"last_hours": 24, "status": ["failed", "cancelled"], "task": str(nightly.pk)}
    assert payload == {"source": "runs", "filters": filters, "columns": ["status"]}


def test_what_was_stored_by_other_means_stays_as_it_is(as_alice: Client, make: MakeTask) -> None:
    stored = {"source": "runs", "filters": {"status": "failed", "last_hours": 24}, "columns": ["status", "id"]}
    task = make("Stored", type="export_report", payload=stored)
    page = as_alice.get(reverse("task-edit", args=[task.pk]))
    assert chosen(page, "payload.filters.status") == ["failed"]
    assert as_alice.post(reverse("task-edit", args=[task.pk]), filled(page)).status_code == 302
    task.refresh_from_db()
    assert task.payload == stored


def test_filters_of_another_report_are_not_lost_unsaid(as_alice: Client) -> None:
    form = drawn(as_alice, "runs")
    form |= {"payload.filters.__way.0": ["1"], "payload.filters.last_hours": ["24"], "payload.source": ["tasks"]}
    answer = as_alice.post(REPORT, {**form, **START})
    assert answer.status_code == 400
    assert "chosen before" in errors(answer, "payload.filters")
    assert made(as_alice, REPORT, filled(answer))["source"] == "tasks"


def test_a_look_at_another_report_loses_nothing(as_alice: Client) -> None:
    form = drawn(as_alice, "runs") | {"payload.filters.__way.0": ["1"], "payload.filters.last_hours": ["24"]}
    for source in ("tasks", "runs"):
        form = filled(as_alice.post(REPORT, {**form, **START, "payload.source": source, "_refresh": "1"}))
    assert form["payload.filters.last_hours"] == ["24"]
    assert made(as_alice, REPORT, form)["filters"] == {"last_hours": 24}


def test_a_wrong_filter_is_said_at_its_field(as_alice: Client) -> None:
    form = drawn(as_alice, "runs")
    form |= {"payload.filters.__way.0": ["1"], "payload.filters.last_hours": ["many"], "payload.filters.task": ["No"]}
    answer = as_alice.post(REPORT, {**form, **START})
    assert "valid integer" in errors(answer, "payload.filters.last_hours")
    assert value(answer, "payload.filters.last_hours") == "many"
    assert "There is no task “No”" in errors(answer, "payload.filters.task")
    assert value(answer, "payload.filters.task") == "No"


def test_a_rule_names_its_task_by_name(as_alice: Client, make: MakeTask) -> None:
    one, nightly = make("One"), make("Nightly")
    form = filled(as_alice.get(CLEANUP))
    form |= {"payload.rules.0.older_than_days": ["30"], "payload.rules.0.task": ["Nightly"]}
    (rule,) = made(as_alice, CLEANUP, form)["rules"]
    assert rule["task"] == str(nightly.pk)
    page = as_alice.get(reverse("task-edit", args=[ScheduledTask.objects.get(name="Mine").pk]))
    assert value(page, "payload.rules.0.task") == "Nightly"
    assert '<option value="One">' in page.content.decode()
    ScheduledTask.objects.filter(pk=one.pk).update(name="Nightly")
    page = as_alice.get(page.request["PATH_INFO"])
    assert value(page, "payload.rules.0.task") == f"Nightly · {nightly.pk}"
    form = filled(page) | {"payload.rules.0.task": ["Nightly"]}
    assert "Several tasks" in errors(as_alice.post(page.request["PATH_INFO"], form), "payload.rules.0.task")
    task_delete(task=ScheduledTask.objects.get(pk=nightly.pk), actor="tests")
    page = as_alice.get(page.request["PATH_INFO"])
    assert value(page, "payload.rules.0.task") == f"Nightly (deleted) · {nightly.pk}"
    assert as_alice.post(page.request["PATH_INFO"], filled(page)).status_code == 302


def test_nobody_finds_tasks_of_others_by_name(as_charlie: Client, make: MakeTask) -> None:
    hidden = make("Hidden")
    assert "Hidden" not in as_charlie.get(reverse("task-names"), {"q": "Hid"}).content.decode()
    form = filled(as_charlie.get(CLEANUP)) | {"payload.rules.0.older_than_days": ["30"]}
    for words in ("Hidden", str(hidden.pk)):
        answer = as_charlie.post(CLEANUP, {**form, **START, "payload.rules.0.task": words})
        said = errors(answer, "payload.rules.0.task")
        assert "no such task" in said or "There is no task" in said
        assert value(answer, "payload.rules.0.task") == words


@pytest.mark.parametrize(("way", "places"), [("0", ["subject", "text"]), ("1", ["template"])])
def test_a_mail_without_content_is_refused_at_the_way_that_was_chosen(
    as_alice: Client, way: str, places: list[str]
) -> None:
    form = filled(as_alice.get(MAIL)) | {"payload.__way.0": [way]}
    answer = as_alice.post(MAIL, {**form, **START})
    assert [one.path for one in answer.context["faulty"]] == [f"payload.{one}" for one in (*places, "recipients")]
    assert answer.context["unplaced"] == []
    assert chosen(answer, "payload.__way.0") == [way]


def test_what_stands_in_the_other_way_is_kept_in_the_form_and_not_sent(as_alice: Client) -> None:
    form = filled(as_alice.get(MAIL))
    form |= {"payload.subject": ["Hello"], "payload.text": ["Dear all"], "payload.recipients": ["ada@example.org"]}
    switched = as_alice.post(MAIL, {**form, **START, "payload.__way.0": "1"})
    assert errors(switched, "payload.template")
    assert value(switched, "payload.subject") == "Hello"
    back = filled(switched) | {"payload.__way.0": ["0"]}
    payload = made(as_alice, MAIL, back)
    assert payload == {"subject": "Hello", "text": "Dear all", "recipients": ["ada@example.org"]}


def test_what_a_mail_needs_is_not_called_optional(as_alice: Client) -> None:
    html = as_alice.get(MAIL).content.decode()
    for name in ("template", "subject", "text", "recipients", "recipients_file"):
        assert f'for="f-payload-{name}">' in html
        label = html.partition(f'for="f-payload-{name}">')[2].partition("</label>")[0]
        assert "optional" not in label


def test_a_way_follows_what_is_stored(as_alice: Client, alice: User, make: MakeTask) -> None:
    alice.email_templates.create(name="Bill", subject="x", text="y")
    task = make("Bills", type="send_email", payload={"template": "Bill", "recipients": ["ada@example.org"]})
    page = as_alice.get(reverse("task-edit", args=[task.pk]))
    assert chosen(page, "payload.__way.0") == ["1"]
    assert as_alice.post(page.request["PATH_INFO"], filled(page)).status_code == 302


def test_a_chosen_way_that_says_nothing_is_refused_at_its_field(as_alice: Client) -> None:
    form = drawn(as_alice, "runs", _add="payload.columns")
    answer = as_alice.post(REPORT, {**form, **START, "payload.filters.__way.0": "1"})
    assert errors(answer, "payload.filters.last_hours") == "This field is required."
    assert errors(answer, "payload.columns.0") == "Choose one, or remove this row."
    again = as_alice.post(REPORT, {**form, **START, "payload.filters.__way.0": "2"})
    assert errors(again, "payload.filters.from") == "Give this, or choose “At any time”."


def test_every_rule_that_would_take_all_is_told(as_alice: Client) -> None:
    form = filled(as_alice.post(CLEANUP, {**filled(as_alice.get(CLEANUP)), **START, "_add": "payload.rules"}))
    answer = as_alice.post(CLEANUP, {**form, **START})
    places = [f"payload.rules.{number}.older_than_days" for number in (0, 1)]
    assert [one.path for one in answer.context["faulty"]] == places


def test_who_edits_anothers_task_reads_no_names_of_theirs(as_charlie: Client, charlie: User, make: MakeTask) -> None:
    hidden = make("Hidden")
    payload = {"rules": [{"what": "runs", "older_than_days": 3, "task": str(hidden.pk)}]}
    shared = make("Shared", type="cleanup", payload=payload)
    TaskShare.objects.create(task=shared, user=charlie, level=TaskShare.Level.MANAGE)
    page = as_charlie.get(reverse("task-edit", args=[shared.pk]))
    assert value(page, "payload.rules.0.task") == str(hidden.pk)
    html = page.content.decode()
    assert "Hidden" not in html
    assert '<option value="Shared">' in html
