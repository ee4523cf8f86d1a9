"""The schedule part of the form: every schedule that the API takes can be made and edited here."""

import json
import re
from datetime import UTC, datetime
from html import unescape
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from tasks_app.models import ScheduledTask
from tasks_app.recurrence import build, normalise
from tasks_app.web.forms.schedule.kinds import SENTENCES
from tests.web.conftest import MakeTask
from tests.web.reading import Page, chosen, errors, text, value

NEW = "/tasks/new/?type=http_request"
BERLIN = "Europe/Berlin"
FORM = {"name": "Ping", "payload.url": "https://example.org/ping", "timezone": BERLIN}
TWICE, SKIPPED = "2099-10-25T02:30", "2099-03-29T02:30"

EACH: list[tuple[dict[str, Any], dict[str, Any] | None]] = [
    ({"schedule.kind": "manual"}, None),
    ({"schedule.once.run_at": "2099-01-02T03:04"}, {"kind": "once", "run_at": "2099-01-02T02:04:00Z"}),
    ({"schedule.once.run_at": f"{TWICE}+01:00"}, {"kind": "once", "run_at": "2099-10-25T01:30:00Z"}),
    ({"schedule.once.run_at": f"{TWICE}+02:00"}, {"kind": "once", "run_at": "2099-10-25T00:30:00Z"}),
    ({"schedule.once.run_at": "2099-01-02T03:04:05"}, {"kind": "once", "run_at": "2099-01-02T02:04:05Z"}),
    ({"schedule.every.amount": "15", "schedule.every.unit": "minutes"}, {"kind": "every", "minutes": 15}),
    (
        {"schedule.every.amount": "2", "schedule.every.unit": "days", "schedule.every.anchor": "2026-07-01T09:30"},
        {"kind": "every", "days": 2, "anchor": "2026-07-01T07:30:00Z"},
    ),
    ({"schedule.hourly.minute": "5"}, {"kind": "hourly", "minute": 5}),
    ({"schedule.daily.time": "08:30"}, {"kind": "daily", "time": "08:30"}),
    (
        {"schedule.weekly.days": ["mon", "fri"], "schedule.weekly.time": "07:00"},
        {"kind": "weekly", "days": ["mon", "fri"], "time": "07:00"},
    ),
    (
        {"schedule.monthly.by": "day", "schedule.monthly.day": "31", "schedule.monthly.time": "23:00"},
        {"kind": "monthly", "day": 31, "time": "23:00"},
    ),
    (
        {"schedule.monthly.by": "day", "schedule.monthly.day": "last", "schedule.monthly.time": "23:00"},
        {"kind": "monthly", "day": "last", "time": "23:00"},
    ),
    (
        {"schedule.monthly.by": "day", "schedule.monthly.day": "-4", "schedule.monthly.time": "23:00"},
        {"kind": "monthly", "day": -4, "time": "23:00"},
    ),
    (
        {
            "schedule.monthly.by": "nth",
            "schedule.monthly.nth": "last",
            "schedule.monthly.weekday": "fri",
            "schedule.monthly.time": "16:00",
        },
        {"kind": "monthly", "nth": "last", "weekday": "fri", "time": "16:00"},
    ),
    (
        {"schedule.monthly.by": "workday", "schedule.monthly.workday": "5", "schedule.monthly.time": "08:00"},
        {"kind": "monthly", "workday": 5, "time": "08:00"},
    ),
    (
        {"schedule.monthly.by": "workday", "schedule.monthly.workday": "last", "schedule.monthly.time": "08:00"},
        {"kind": "monthly", "workday": "last", "time": "08:00"},
    ),
    (
        {"schedule.yearly.month": "2", "schedule.yearly.day": "29", "schedule.yearly.time": "09:00"},
        {"kind": "yearly", "month": 2, "day": 29, "time": "09:00"},
    ),
    ({"schedule.text.text": "every weekday at 9"}, {"kind": "text", "text": "every weekday at 9"}),
    ({"schedule.cron.expression": "0 9 * * MON-FRI"}, {"kind": "cron", "expression": "0 9 * * MON-FRI"}),
    (
        {
            "schedule.of.__row": ["0", "1", "2"],
            "schedule.of.0.kind": "daily",
            "schedule.of.0.daily.time": "09:00",
            "schedule.of.1.kind": "cron",
            "schedule.of.1.cron.expression": "0 12 * * SAT",
            "schedule.of.2.kind": "monthly",
            "schedule.of.2.monthly.by": "workday",
            "schedule.of.2.monthly.workday": "first",
            "schedule.of.2.monthly.time": "08:00",
        },
        {
            "kind": "any",
            "of": [
                {"kind": "daily", "time": "09:00"},
                {"kind": "cron", "expression": "0 12 * * SAT"},
                {"kind": "monthly", "workday": "first", "time": "08:00"},
            ],
        },
    ),
]


def typed(fields: dict[str, Any]) -> dict[str, Any]:
    """A whole form with these fields of one kind."""
    first = next(iter(fields)).split(".")[1]
    return {**FORM, "schedule.kind": "any" if first == "of" else first, **fields}


def edit(task: ScheduledTask) -> str:
    return reverse("task-edit", args=[task.pk])


def holds(response: Page, name: str) -> list[str]:
    """What a control holds, chosen or typed."""
    return chosen(response, name) or [value(response, name)]


def as_posted(response: Page, fields: dict[str, Any]) -> dict[str, Any]:
    """What a browser would send of these fields."""
    return {name: holds(response, name) for name in named(fields)}


def named(fields: dict[str, Any]) -> dict[str, Any]:
    """The fields that people see."""
    return {name: given for name, given in fields.items() if not name.endswith("__row")}


def apply(path: str, suggestion: Any, *beside: str) -> dict[str, str]:
    """Press the button of a suggestion."""
    return {"_apply": json.dumps([path, suggestion, *beside])}


@pytest.mark.parametrize(("fields", "schedule"), EACH, ids=lambda one: str(one)[:60])
def test_each_schedule_is_stored_comes_back_and_stays_as_it_is(
    as_alice: Client, alice: User, fields: dict[str, Any], schedule: dict[str, Any] | None
) -> None:
    response = as_alice.post(NEW, typed(fields))
    assert response.status_code == 302, text(response)
    task = ScheduledTask.objects.get(owner=alice)
    assert task.schedule == schedule
    page = as_alice.get(edit(task))
    found = as_posted(page, fields)
    assert found == {
        name: given if isinstance(given, list) else [given] for name, given in fields.items() if name in found
    }
    again = {**typed(fields), **found, "version": str(task.version)}
    assert as_alice.post(edit(task), again).status_code == 302
    assert ScheduledTask.objects.get(owner=alice).schedule == schedule


@pytest.mark.parametrize("schedule", [schedule for _, schedule in EACH if schedule], ids=lambda one: str(one)[:60])
def test_none_of_them_needs_json(as_alice: Client, make: MakeTask, schedule: dict[str, Any]) -> None:
    page = as_alice.get(edit(make(schedule=schedule)))
    assert chosen(page, "schedule.kind") == [schedule["kind"]]


def test_a_schedule_that_the_form_has_no_words_for_stays_as_it_is(as_alice: Client, make: MakeTask) -> None:
    task = make()
    ScheduledTask.objects.filter(pk=task.pk).update(schedule={"kind": "lunar", "phase": "full"})
    page = as_alice.get(edit(task))
    assert chosen(page, "schedule.kind") == ["other"]
    assert json.loads(value(page, "schedule.other")) == {"kind": "lunar", "phase": "full"}


def test_an_interval_of_a_zone_without_minutes_keeps_its_anchor_to_the_second(as_alice: Client, make: MakeTask) -> None:
    schedule = normalise({"kind": "every", "hours": 5, "anchor": "2026-10-25T00:30:15Z"})
    task = make(schedule=schedule)
    page = as_alice.get(edit(task))
    anchor = value(page, "schedule.every.anchor")
    assert anchor == "2026-10-25T02:30:15+02:00"
    assert 'type="text"' in control(page, "schedule.every.anchor")


def control(response: Page, name: str) -> str:
    """The tag of a control."""
    html = response.content.decode()
    return html[html.rindex("<input", 0, html.index(f'name="{name}"')) :].split(">")[0]


RULES = {
    "schedule.of.__row": ["0", "1"],
    "schedule.of.0.kind": "daily",
    "schedule.of.0.daily.time": "09:00",
    "schedule.of.1.kind": "cron",
    "schedule.of.1.cron.expression": "60 * * * *",
}


@pytest.mark.parametrize(
    ("fields", "where", "said"),
    [
        ({"schedule.once.run_at": ""}, "schedule.once.run_at", "required"),
        ({"schedule.once.run_at": "soon"}, "schedule.once.run_at", "not an instant"),
        ({"schedule.once.run_at": "2020-01-01T00:00"}, "schedule.once.run_at", "lies in the past"),
        ({"schedule.once.run_at": TWICE}, "schedule.once.run_at", "comes twice. Which one is meant?"),
        ({"schedule.once.run_at": SKIPPED}, "schedule.once.run_at", "does not exist. The nearest are these."),
        ({"schedule.every.amount": ""}, "schedule.every.amount", "required"),
        ({"schedule.every.amount": "0"}, "schedule.every.amount", "not 0"),
        ({"schedule.every.amount": "many"}, "schedule.every.amount", '"many"'),
        ({"schedule.every.amount": "1", "schedule.every.unit": "seconds"}, "schedule.every.amount", "too often"),
        ({"schedule.every.anchor": TWICE}, "schedule.every.anchor", "comes twice"),
        ({"schedule.hourly.minute": "60"}, "schedule.hourly.minute", "0-59"),
        ({"schedule.daily.time": "25:00"}, "schedule.daily.time", "no time of day"),
        ({"schedule.weekly.days": []}, "schedule.weekly.days", "Choose at least one day."),
        ({"schedule.monthly.day": "32"}, "schedule.monthly.day", "1-31"),
        ({"schedule.yearly.month": "2", "schedule.yearly.day": "30"}, "schedule.yearly.day", "never happen"),
        ({"schedule.cron.expression": ""}, "schedule.cron.expression", "is empty"),
        (
            {"schedule.cron.expression": "0 99 * * *"},
            "schedule.cron.expression",
            "Hour is 0-23, not 99; write 23.",
        ),
        ({"schedule.cron.expression": "0 9 31 2 *"}, "schedule.cron.expression", "never happen"),
        (RULES, "schedule.of.1.cron.expression", "Minute is 0-59, not 60; write 0."),
    ],
)
def test_what_is_wrong_is_said_at_its_field_and_nothing_is_lost(
    as_alice: Client, fields: dict[str, Any], where: str, said: str
) -> None:
    response = as_alice.post(NEW, typed(fields))
    assert response.status_code == 400
    assert said in errors(response, where), text(response)
    for name, given in named(fields).items():
        if isinstance(given, list):
            assert chosen(response, name) == given
        elif name != "schedule.monthly.day":  # a select can only show what it offers
            assert holds(response, name) == [given], name
    assert not ScheduledTask.objects.exists()


@pytest.mark.parametrize("name", ["starts_at", "ends_at"])
@pytest.mark.parametrize(
    ("wall", "said"), [(TWICE, "comes twice"), (SKIPPED, "does not exist"), ("x", "not an instant")]
)
def test_the_window_is_read_as_strictly(as_alice: Client, name: str, wall: str, said: str) -> None:
    response = as_alice.post(NEW, {**FORM, "schedule.kind": "daily", "schedule.daily.time": "09:00", name: wall})
    assert response.status_code == 400
    assert said in errors(response, name)
    assert value(response, name) == wall


def test_the_window_is_stored_and_comes_back_in_the_tasks_zone(as_alice: Client, alice: User) -> None:
    window = {
        "starts_at": "2098-01-01T00:00",
        "ends_at": "2099-07-01T00:00",
        "max_runs": "9",
        "spread_seconds": "600",
        "jitter_seconds": "30",
    }
    as_alice.post(NEW, {**FORM, "schedule.kind": "daily", "schedule.daily.time": "09:00", **window})
    task = ScheduledTask.objects.get(owner=alice)
    assert (task.starts_at, task.ends_at) == (
        datetime(2097, 12, 31, 23, tzinfo=UTC),
        datetime(2099, 6, 30, 22, tzinfo=UTC),
    )
    assert (task.max_runs, task.spread_seconds, task.jitter_seconds) == (9, 600, 30)
    page = as_alice.get(edit(task))
    assert {name: value(page, name) for name in window} == window


def test_rules_are_added_and_taken_away_without_losing_any(as_alice: Client) -> None:
    response = as_alice.post(NEW, {**typed(RULES), "_add": "schedule.of"})
    assert response.status_code == 200
    assert [holds(response, f"schedule.of.{n}.kind") for n in range(3)] == [["daily"], ["cron"], ["daily"]]
    assert value(response, "schedule.of.1.cron.expression") == "60 * * * *"
    assert not errors(response, "schedule.of.1.cron.expression")
    response = as_alice.post(NEW, {**typed(RULES), "_remove": "schedule.of.0"})
    assert holds(response, "schedule.of.0.kind") == ["cron"]
    assert "schedule.of.1.kind" not in response.content.decode()


def test_the_summary_of_a_refused_form_says_in_which_rule_it_is(as_alice: Client) -> None:
    page = as_alice.post(NEW, typed(RULES))
    assert page.status_code == 400
    assert "Rule 2, Expression : Minute" in text(page)


def test_no_rule_at_all_and_too_many_are_said(as_alice: Client) -> None:
    none = as_alice.post(NEW, {**FORM, "schedule.kind": "any"})
    assert none.status_code == 400
    assert "Add at least one rule." in text(none)
    rows = {"schedule.of.__row": [str(n) for n in range(25)]}
    page = as_alice.post(NEW, {**FORM, "schedule.kind": "any", **rows, "_add": "schedule.of"})
    assert page.content.decode().count('class="item rule"') == 20
    assert "Add a rule" not in text(page)


def test_htmx_gets_the_part_alone(as_alice: Client) -> None:
    headers = {"HX-Request": "true", "HX-Target": "schedule-kinds"}
    response = as_alice.post(NEW, {**typed(RULES), "_add": "schedule.of"}, headers=headers)
    html = response.content.decode()
    assert html.lstrip().startswith('<div id="schedule-kinds"')
    assert "<html" not in html


def buttons(response: Page) -> list[list[Any]]:
    """What the buttons of the page would put where."""
    found = re.findall(r'name="_apply"\s+value="([^"]*)"', response.content.decode())
    return [json.loads(unescape(one)) for one in found]


def offers(response: Page) -> list[list[Any]]:
    """Those of them that are suggestions, not examples."""
    return [one for one in buttons(response) if one[1] not in SENTENCES]


def test_a_single_run_that_is_offered_keeps_its_time_in_the_tasks_zone(as_alice: Client) -> None:
    refused = as_alice.post(NEW, typed({"schedule.cron.expression": "0 0 9 1 1 ? 2099"}))
    assert "Use “once, on 1 January 2099 at 09:00”" in text(refused)
    mended = as_alice.post(NEW, {**typed({"schedule.cron.expression": ""}), **apply(*offers(refused)[0])})
    assert value(mended, "schedule.once.run_at") == "2099-01-01T09:00"
    assert "Once, on 1 January 2099 at 09:00, Berlin time" in text(mended)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"schedule.cron.expression": "60 9 * * monday-friday"}, [["schedule.cron.expression", "0 9 * * MON-FRI"]]),
        ({"schedule.cron.expression": "0 0 9 ? * 2-6"}, [["schedule.cron.expression", "0 9 * * MON-FRI"]]),
        (
            {"schedule.cron.expression": "every weekday at 9"},
            [["schedule.cron.expression", {"kind": "text", "text": "every weekday at 9"}]],
        ),
        ({"schedule.cron.expression": "@every 5m"}, [["schedule.cron.expression", {"kind": "every", "minutes": 5}]]),
        (RULES, [["schedule.of.1.cron.expression", "0 * * * *"]]),
        ({"schedule.daily.time": "09:00", "timezone": "europe/berlin"}, [["timezone", BERLIN]]),
        (
            {"schedule.once.run_at": TWICE},
            [["schedule.once.run_at", f"{TWICE}:00+02:00"], ["schedule.once.run_at", f"{TWICE}:00+01:00"]],
        ),
        (
            {"schedule.once.run_at": SKIPPED},
            [["schedule.once.run_at", "2099-03-29T03:00"], ["schedule.once.run_at", "2099-03-29T01:59"]],
        ),
    ],
)
def test_a_suggestion_is_a_button_and_the_form_then_saves(
    as_alice: Client, alice: User, fields: dict[str, Any], expected: list[list[Any]]
) -> None:
    refused = as_alice.post(NEW, typed(fields))
    # Once at the field, once in the preview beside it.
    assert offers(refused) == expected * 2
    mended = as_alice.post(NEW, {**typed(fields), **apply(*expected[0])})
    assert mended.status_code == 200
    assert not offers(mended)
    assert value(mended, "payload.url") == FORM["payload.url"]
    names = [*(name for name in fields if name != "schedule.of.__row"), "schedule.kind", "timezone"]
    rows = {"schedule.of.__row": ["0", "1"]} if "schedule.of.__row" in fields else {}
    more = {"schedule.every.amount": "5", "schedule.every.unit": "minutes", "schedule.text.text": "every day at 9"}
    again = {**FORM, **rows, **{name: holds(mended, name) for name in names}, **more}
    assert as_alice.post(NEW, again).status_code == 302
    assert ScheduledTask.objects.filter(owner=alice).exists()


def test_a_cron_line_that_is_offered_for_words_is_said_in_the_time_that_it_will_have(as_alice: Client) -> None:
    refused = as_alice.post(NEW, typed({"schedule.text.text": "0 9 * * *"}))
    assert "Use “every day at 09:00”" in text(refused)
    mended = as_alice.post(NEW, {**typed({"schedule.text.text": "0 9 * * *"}), **apply(*offers(refused)[0])})
    assert "Every day at 09:00, Berlin time" in text(mended)


@pytest.mark.parametrize(
    ("fields", "label", "mended"),
    [
        (
            {"schedule.text.text": "every day at 9am new york time"},
            "Use “every day at 9am” in America/New_York",
            {"schedule.text.text": "every day at 9am", "timezone": "America/New_York"},
        ),
        (
            {"schedule.text.text": "CRON_TZ=Asia/Tokyo 0 9 * * *"},
            "Use “every day at 09:00” in Asia/Tokyo",
            {"schedule.cron.expression": "0 9 * * *", "timezone": "Asia/Tokyo"},
        ),
        (
            {"schedule.cron.expression": "0 9 * * * Asia/Tokyo"},
            "Use “0 9 * * *” in Asia/Tokyo",
            {"schedule.cron.expression": "0 9 * * *", "timezone": "Asia/Tokyo"},
        ),
    ],
)
def test_a_suggestion_for_a_text_that_names_a_zone_sets_the_zone_too(
    as_alice: Client, fields: dict[str, Any], label: str, mended: dict[str, str]
) -> None:
    refused = as_alice.post(NEW, typed(fields))
    assert label in text(refused)
    pressed = as_alice.post(NEW, {**typed(fields), **apply(*offers(refused)[0])})
    assert not offers(pressed)
    assert {name: value(pressed, name) for name in mended} == mended


def test_the_fault_is_marked_in_what_was_typed(as_alice: Client) -> None:
    html = as_alice.post(NEW, typed({"schedule.cron.expression": "0 9 99 * *"})).content.decode()
    assert '<code class="marked">0 9 <mark>99</mark> * *</code>' in html


def test_what_is_offered_is_focused_when_it_has_been_put_in_place(as_alice: Client) -> None:
    fields = {"schedule.cron.expression": "60 * * * *"}
    mended = as_alice.post(NEW, {**typed(fields), **apply("schedule.cron.expression", "0 * * * *")})
    assert "autofocus" in control(mended, "schedule.cron.expression")


@pytest.mark.parametrize(
    "pressed",
    ["", "x", "[]", '["timezone"]', '["timezone", 5]', '["name", "x"]', '[5, "x"]', '["schedule.daily.when", "x"]',
     '["schedule.weekly.days", "x"]', '["schedule.cron.expression", {"kind": "x"}]', "null", '["", ""]',
     '["schedule.of.7.daily.time", "x", "UTC"]', '["name", "x", "UTC"]',
     '["schedule.cron.expression", {"kind": "any", "of": 3}]'],
)  # fmt: skip
def test_a_button_that_means_nothing_changes_nothing(as_alice: Client, pressed: str) -> None:
    response = as_alice.post(NEW, {**typed({"schedule.daily.time": "07:07"}), "_apply": pressed})
    assert response.status_code == 200
    assert chosen(response, "schedule.kind") == ["daily"]
    assert value(response, "schedule.daily.time") == "07:07"
    assert value(response, "timezone") == BERLIN


def test_an_example_sentence_is_filled_in_by_one_click(as_alice: Client) -> None:
    page = as_alice.get(NEW)
    assert "every weekday at 9:00" in text(page)
    chosen_one = as_alice.post(
        NEW, {**FORM, "schedule.kind": "text", **apply("schedule.text.text", "every 15 minutes")}
    )
    assert chosen(chosen_one, "schedule.kind") == ["text"]
    assert value(chosen_one, "schedule.text.text") == "every 15 minutes"


@pytest.mark.parametrize("sentence", SENTENCES)
def test_each_example_sentence_is_understood(sentence: str) -> None:
    assert build({"kind": "text", "text": sentence}, BERLIN).next_after(datetime(2031, 1, 1, tzinfo=UTC))


def test_a_word_that_is_not_understood_is_marked_and_mended(as_alice: Client) -> None:
    refused = as_alice.post(NEW, typed({"schedule.text.text": "evry day at 9"}))
    assert "<mark>evry</mark> day at 9" in refused.content.decode()
    assert ["schedule.text.text", "every day at 9"] in buttons(refused)
    assert 'did you mean "every"?' in errors(refused, "schedule.text.text")


def test_a_new_task_begins_in_the_zone_that_one_has_chosen(as_alice: Client) -> None:
    as_alice.cookies["zone"] = "Europe/Paris"
    assert value(as_alice.get(NEW), "timezone") == "Europe/Paris"
    as_alice.post("/settings/", {"timezone": "Asia/Kolkata"})
    assert value(as_alice.get(NEW), "timezone") == "Asia/Kolkata"
    example = as_alice.get("/tasks/new/?example=generate-monthly-invoices")
    assert value(example, "timezone") == "Asia/Kolkata"
