"""What a form does with a stored payload: it stays as it is, and says where it can no longer stay."""

from collections.abc import Iterator
from typing import Annotated, Any, Literal, NotRequired
from uuid import UUID, uuid4

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse
from pydantic import BaseModel, Field
from pytest_django import Settings
from typing_extensions import TypedDict

from tasks_app.models import AllowedCommand, ScheduledTask, TaskRun
from tasks_app.services.sealed_payloads import opened_payload
from tests import runs
from tests.handler_types import declared
from tests.web.conftest import MakeTask
from tests.web.reading import chosen, errors, filled, text, value

pytestmark = pytest.mark.django_db
URL = "https://example.org/"
LETTER = {"subject": "Hello", "text": "Dear {sign}", "recipients": ["ada@example.org"]}
START = {"name": "Mine", "schedule.kind": "manual"}
STORED: list[tuple[str, dict[str, Any]]] = [
    ("http_request", {"url": URL, "query": {"filter:state": "open", "q": " x "}, "method": "GET"}),
    ("http_request", {"url": URL, "body": "\nfirst\r\nsecond\r", "expected_status": []}),
    ("http_request", {"url": URL, "json": ["a", {"b": None}], "credential": None}),
    ("send_email", {**LETTER, "values": {"sign": "Ada\nTown: Paris"}}),
    ("send_email", {**LETTER, "values": {"sign": "Ada\nParis"}, "template": None}),
    ("shell_command", {"command": "note", "arguments": ["--note", "", " x"], "stdin": "\n a\n"}),
    ("export_report", {"source": "runs", "filters": {"from": "2026-10-25T01:00:00Z", "to": "2026-10-26T01:00:00.5Z"}}),
    ("export_report", {"source": "runs", "filters": {"status": ["failed", "cancelled"], "last_hours": 3}}),
    ("cleanup", {"rules": [{"what": "runs", "older_than_days": 30, "status": ["skipped", "cancelled"]}]}),
]


@pytest.fixture
def berlin(as_alice: Client, alice: User, settings: Settings) -> Client:
    """Alice's browser in Berlin; she may run commands."""
    settings.ALLOW_SHELL_COMMANDS = True
    alice.user_permissions.add(Permission.objects.get(codename="run_shell_command"))
    AllowedCommand.objects.create(name="note", command=["true"], arguments="-*[a-z ]*")
    as_alice.cookies["zone"] = "Europe/Berlin"
    return as_alice


def edit(task: ScheduledTask) -> str:
    return reverse("task-edit", args=[task.pk])


def saved(client: Client, task: ScheduledTask, form: dict[str, Any]) -> dict[str, Any]:
    """Save the form, and give the payload that is stored then."""
    answer = client.post(edit(task), form)
    assert answer.status_code == 302, answer.context["faulty"]
    return opened_payload(ScheduledTask.objects.get(pk=task.pk))


@pytest.mark.parametrize(("type", "payload"), STORED)
def test_a_saved_form_changes_nothing_that_nobody_has_touched(
    berlin: Client, make: MakeTask, type: str, payload: dict[str, Any]
) -> None:
    task = make(type=type, payload=payload)
    assert saved(berlin, task, filled(berlin.get(edit(task)))) == payload


@pytest.mark.parametrize(("type", "payload"), STORED)
def test_a_retry_with_changes_changes_nothing_that_nobody_has_touched(
    berlin: Client, alice: User, type: str, payload: dict[str, Any]
) -> None:
    run = runs.make_run(alice, type=type, payload=payload)
    runs.claim(run)
    runs.fail(run)
    again = reverse("run-retry", args=[run.pk])
    assert berlin.post(again, filled(berlin.get(again))).status_code == 302
    assert opened_payload(TaskRun.objects.get(rerun_of=run)) == payload


def test_what_lines_cannot_say_is_written_as_json_and_says_so(berlin: Client, make: MakeTask) -> None:
    task = make(payload={"url": URL, "query": {"filter:state": "open"}, "headers": {"Accept": "a/b"}})
    page = berlin.get(edit(task))
    assert value(page, "payload.query") == '{\n  "filter:state": "open"\n}'
    assert value(page, "payload.headers") == "Accept: a/b"
    assert "so it is written as JSON" in text(page)
    form = filled(page) | {"payload.query": ['{"filter:state": "closed", "page": "1"}']}
    assert saved(berlin, task, form)["query"] == {"filter:state": "closed", "page": "1"}


def test_what_is_no_json_stays_as_it_was_typed(berlin: Client, make: MakeTask) -> None:
    task = make(payload={"url": URL, "query": {"filter:state": "open"}})
    form = filled(berlin.get(edit(task))) | {"payload.query": ['{"filter:state"']}
    answer = berlin.post(edit(task), form)
    assert "is not JSON" in errors(answer, "payload.query")
    assert value(answer, "payload.query") == '{"filter:state"'
    assert filled(answer)["payload.query.__json"] == ["1"]


def test_an_hour_that_comes_twice_has_its_offset(berlin: Client, make: MakeTask) -> None:
    payload = {"source": "runs", "filters": {"from": "2026-10-25T01:30:00Z", "to": "2026-10-25T02:30:00Z"}}
    page = berlin.get(edit(make(type="export_report", payload=payload)))
    assert value(page, "payload.filters.from") == "2026-10-25T02:30+01:00"
    assert value(page, "payload.filters.to") == "2026-10-25T03:30"


class Mail(BaseModel):
    kind: Literal["mail"]
    to: str


class File(BaseModel):
    kind: Literal["file"]
    path: str
    labels: dict[str, str] = {}


class Extra(TypedDict):
    mode: NotRequired[Literal["fast", "slow"]]
    is_deep: NotRequired[bool]


class Made(BaseModel):
    """What its factories make, and what has no default at all."""

    suffixes: list[str] = Field(default_factory=lambda: ["jpg"])
    is_kept: bool = Field(default_factory=lambda: True)
    ident: UUID = Field(default_factory=uuid4)
    extra: Extra = Field(default_factory=lambda: Extra(mode="slow"))
    more: Extra = {}


class Needs(BaseModel):
    since: int | None
    until: int | None = 5
    target: Annotated[Mail | File, Field(discriminator="kind")] | None


class Sends(BaseModel):
    target: Annotated[Mail | File, Field(discriminator="kind")]


def of_type(model: type[BaseModel]) -> Any:
    return declared(lambda ctx, payload: None, payload=model, title="Mine")


def made(client: Client, type: str, **changes: list[str]) -> dict[str, Any]:
    """Fill the form of a new task, and give the payload that is stored."""
    address = f"/tasks/new/?type={type}"
    answer = client.post(address, {**filled(client.get(address)), **START, **changes})
    assert answer.status_code == 302, answer.context["faulty"]
    return opened_payload(ScheduledTask.objects.get(name="Mine"))


@pytest.fixture
def making() -> Iterator[str]:
    with of_type(Made) as name:
        yield name


def test_what_a_factory_makes_is_shown_and_not_stored(as_alice: Client, making: str) -> None:
    page = as_alice.get(f"/tasks/new/?type={making}")
    assert value(page, "payload.suffixes") == "jpg"
    assert chosen(page, "payload.is_kept") == ["on"]
    assert chosen(page, "payload.extra.mode") == ["slow"]
    assert value(page, "payload.ident") == ""
    assert made(as_alice, making) == {}


def test_what_a_factory_makes_can_be_taken_away(as_alice: Client, making: str) -> None:
    assert made(as_alice, making, **{"payload.suffixes": [""], "payload.more.mode": ["fast"]}) == {
        "suffixes": [],
        "more": {"mode": "fast"},
    }


def test_a_choice_that_need_not_be_made_begins_with_none(as_alice: Client, making: str) -> None:
    page = as_alice.get(f"/tasks/new/?type={making}")
    assert chosen(page, "payload.more.mode") == [""]


def test_what_is_required_and_may_be_null_is_null_where_it_is_left_empty(as_alice: Client) -> None:
    with of_type(Needs) as name:
        assert made(as_alice, name) == {"since": None, "target": None}
        task = ScheduledTask.objects.get()
        page = as_alice.get(edit(task))
        assert saved(as_alice, task, filled(page) | {"payload.since": ["3"]}) == {"since": 3, "target": None}


def test_a_retry_with_changes_remembers_the_other_kind_of_a_union(as_alice: Client, alice: User) -> None:
    with of_type(Sends) as name:
        run = runs.make_run(alice, type=name, payload={"target": {"kind": "mail", "to": "ada@example.org"}})
        runs.claim(run)
        runs.fail(run)
        again = reverse("run-retry", args=[run.pk])
        form = filled(as_alice.get(again)) | {"payload.target.to": ["bob@example.org"]}
        for kind in ("file", "mail"):
            form = filled(as_alice.post(again, {**form, "payload.target.kind": kind, "_refresh": "1"}))
        assert form["payload.target.to"] == ["bob@example.org"]


def test_what_is_written_as_json_is_still_that_after_a_look_at_another_kind(as_alice: Client, alice: User) -> None:
    payload = {"target": {"kind": "file", "path": "/x", "labels": {"a:b": "c\nd"}}}
    with of_type(Sends) as name:
        run = runs.make_run(alice, type=name, payload=payload)
        runs.claim(run)
        runs.fail(run)
        again = reverse("run-retry", args=[run.pk])
        form = filled(as_alice.get(again))
        for kind in ("mail", "file"):
            form = filled(as_alice.post(again, {**form, "payload.target.kind": kind, "_refresh": "1"}))
        assert as_alice.post(again, form).status_code == 302
        assert opened_payload(TaskRun.objects.get(rerun_of=run)) == payload


@pytest.mark.parametrize(
    ("type", "payload", "names"),
    [
        ("http_request", {"url": URL, "method": "TRACE"}, ("method", "url")),
        ("export_report", {"source": "runs", "filters": {"status": ["lost"]}}, ("filters.status", "filename")),
    ],
)
def test_a_stored_choice_that_is_gone_says_so_and_is_refused_at_its_field(
    as_alice: Client, make: MakeTask, type: str, payload: dict[str, Any], names: tuple[str, str]
) -> None:
    (place, other), task = names, make()
    ScheduledTask.objects.filter(pk=task.pk).update(type=type, payload=payload)
    page = as_alice.get(edit(task))
    (gone,) = chosen(page, f"payload.{place}")
    assert gone in ("TRACE", "lost")
    assert f"{gone} (gone)" in text(page)
    assert saved(as_alice, task, filled(page)) == payload
    answer = as_alice.post(edit(task), filled(page) | {f"payload.{other}": ["https://example.org/new"]})
    assert answer.status_code == 400
    assert [one.path for one in answer.context["faulty"]] == [f"payload.{place}"]
