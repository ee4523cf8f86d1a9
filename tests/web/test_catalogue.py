"""Choosing a type, or beginning with an example."""

import re

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from tasks_app.catalogue import EXAMPLES
from tasks_app.handlers import registry
from tasks_app.models import ScheduledTask
from tests.api.client import Api
from tests.web.reading import chosen, text, value

NEW = "/tasks/new/"
INSTALLED = [example.key for example in EXAMPLES if example.type in {spec.name for spec in registry.all()}]


def test_a_type_that_is_off_is_no_link_and_says_why(as_alice: Client) -> None:
    response = as_alice.get(NEW)
    html = response.content.decode()
    assert 'href="?type=http_request"' in html
    assert 'href="?type=shell_command"' not in html
    assert "ALLOW_SHELL_COMMANDS" in text(response)


def test_every_example_that_one_may_use_is_one_click_away(as_staff: Client, as_alice: Client) -> None:
    links = re.findall(r'href="\?example=([a-z0-9-]+)"', as_staff.get(NEW).content.decode())
    assert set(links) >= {"generate-monthly-invoices", "cleanup-expired-tokens"}
    own = re.findall(r'href="\?example=([a-z0-9-]+)"', as_alice.get(NEW).content.decode())
    assert "generate-monthly-invoices" in own
    assert "cleanup-expired-tokens" not in own


@pytest.mark.parametrize("key", INSTALLED)
def test_an_example_opens_the_form_filled_in(as_staff: Client, key: str) -> None:
    example = next(one for one in EXAMPLES if one.key == key)
    response = as_staff.get(NEW, {"example": key})
    assert response.status_code == 200
    assert value(response, "name") == example.name
    assert chosen(response, "schedule.kind") == [example.schedule["kind"]]
    page = text(response)
    assert all(blank.words in page for blank in example.blanks)


def test_a_filled_in_example_becomes_a_task(as_alice: Client, alice: User) -> None:
    address = f"{NEW}?example=process-monthly-salaries"
    response = as_alice.get(address)
    assert value(response, "payload.url") == ""
    assert chosen(response, "queue") == ["critical"]
    fields = {
        "name": value(response, "name"),
        "payload.method": "POST",
        "payload.url": "https://payroll.example.com/salaries/process",
        "schedule.kind": "monthly",
        "schedule.monthly.day": chosen(response, "schedule.monthly.day")[0],
        "schedule.monthly.time": value(response, "schedule.monthly.time"),
        "timezone": "Europe/Berlin",
        "queue": "critical",
    }
    refused = as_alice.post(address, {**fields, "payload.url": ""})
    assert refused.status_code == 400
    assert value(refused, "name") == "Process monthly salaries"
    task = ScheduledTask.objects.get(name=fields["name"]) if as_alice.post(address, fields).status_code == 302 else None
    assert task is not None
    assert (task.owner, task.schedule_text) == (alice, "On the last day of every month at 23:00, Berlin time")


def test_an_example_that_is_none_leads_to_the_choice(as_alice: Client) -> None:
    assert "Choose a type" in text(as_alice.get(NEW, {"example": "nonsense"}))


def test_an_empty_list_makes_its_example_by_one_click(as_alice: Client, alice: User) -> None:
    assert "Make the example" in text(as_alice.get(reverse("task-list")))
    as_alice.post(reverse("task-example"))
    task = ScheduledTask.objects.get(owner=alice)
    assert (task.name, task.type) == ("Failed runs of the last day", "export_report")


def test_the_api_gives_every_example(alice: User) -> None:
    reply = Api(alice).get("catalogue?page_size=200")
    entries = {entry["key"]: entry for entry in reply.body["results"]}
    assert set(entries) == set(INSTALLED)
    invoices = entries["generate-monthly-invoices"]
    assert invoices["schedule"] == {"kind": "monthly", "day": 1, "time": "06:00"}
    assert [blank["path"] for blank in invoices["blanks"]] == ["url", "credential"]
    assert (invoices["group"], invoices["why_not"]) == ("Sales", "")
    assert entries["cleanup-expired-tokens"]["why_not"]
    assert Api().get("catalogue").status == 401


def test_types_and_examples_are_found_by_words(as_alice: Client) -> None:
    shown = text(as_alice.get(NEW, {"search": "url Calls"}))
    assert "HTTP request" in shown
    assert "Clean up" not in shown
    assert "Generate monthly invoices" in text(as_alice.get(NEW, {"search": "INVOICES"}))
    assert "Nothing matches “zeppelin”" in text(as_alice.get(NEW, {"search": "zeppelin"}))


def test_a_search_is_answered_with_what_was_found_alone(as_alice: Client) -> None:
    found = as_alice.get(NEW, {"search": "url"}, headers={"HX-Request": "true", "HX-Target": "type-choice"})
    assert "HTTP request" in text(found)
    assert "<html" not in found.content.decode()
