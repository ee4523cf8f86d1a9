"""Rows of lists in the task form, without scripts: lists in lists of objects, and secrets that follow their row."""

from collections.abc import Iterator
from typing import Annotated, Any, Literal

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from pydantic import BaseModel, Field, SecretStr

from tasks_app.models import ScheduledTask
from tasks_app.services.sealed_payloads import opened_payload
from tasks_app.services.specs import TaskSpec
from tasks_app.services.tasks import task_create, task_update
from tests.handler_types import declared
from tests.web.reading import errors, filled, value

pytestmark = pytest.mark.django_db


class Member(BaseModel):
    address: str = Field(pattern="@")
    days: list[str] = []


class Team(BaseModel):
    label: str
    members: list[Member] = []


class Rule(BaseModel):
    name: str
    token: SecretStr | None = None
    recipients: list[str] = Field([], max_length=3)
    teams: list[Team] = []


class Own(BaseModel):
    kind: Literal["own"]
    token: SecretStr | None = None


class Away(BaseModel):
    kind: Literal["away"]
    url: str = ""
    token: SecretStr | None = None


class Rules(BaseModel):
    rules: list[Rule] = []
    by_name: dict[str, Rule] = {}
    to: Annotated[Own | Away, Field(discriminator="kind")] | None = None


TWINS = [{"name": "twin", "token": "first-1"}, {"name": "twin", "token": "second-2"}, {"name": "last"}]
NEST = [
    {"name": "r", "recipients": ["a", "b"], "teams": [{"label": "t", "members": [{"address": "x@y", "days": ["mon"]}]}]}
]


@pytest.fixture
def type_name() -> Iterator[str]:
    """A type whose payload has lists in lists of objects."""
    with declared(lambda ctx, payload: {}, payload=Rules) as name:
        yield name


@pytest.fixture
def task(type_name: str, alice: User) -> ScheduledTask:
    """A task with two rules that only their secrets tell apart."""
    return made(type_name, alice, {"rules": TWINS})


def made(type_name: str, owner: User, payload: dict[str, Any]) -> ScheduledTask:
    return task_create(owner=owner, spec=TaskSpec(name="Rules", type=type_name, payload=payload), actor="tests")


def address(task: ScheduledTask) -> str:
    return reverse("task-edit", args=[task.pk])


def opened(client: Client, task: ScheduledTask) -> dict[str, list[str]]:
    return filled(client.get(address(task)))


def pressed(client: Client, task: ScheduledTask, form: dict[str, list[str]], **buttons: str) -> dict[str, list[str]]:
    """Send the form by one of its buttons, and give the form that comes back."""
    answer = client.post(address(task), {**form, **buttons})
    assert answer.status_code == 200
    return filled(answer)


def saved(client: Client, task: ScheduledTask, form: dict[str, list[str]]) -> dict[str, Any]:
    """Save the form, and give the stored payload."""
    answer = client.post(address(task), form)
    assert answer.status_code == 302, answer.context["faulty"]
    return opened_payload(ScheduledTask.objects.get(pk=task.pk))


def test_a_form_that_nobody_touches_keeps_every_level(as_alice: Client, type_name: str, alice: User) -> None:
    task = made(type_name, alice, {"rules": NEST, "by_name": {"n": NEST[0]}})
    assert saved(as_alice, task, opened(as_alice, task)) == {"rules": NEST, "by_name": {"n": NEST[0]}}


def test_rows_in_rows_are_added_and_taken_away_without_scripts(as_alice: Client, type_name: str, alice: User) -> None:
    task = made(type_name, alice, {"rules": NEST})
    form = pressed(as_alice, task, opened(as_alice, task), _add="payload.rules.0.teams.0.members")
    form["payload.rules.0.teams.0.members.1.address"] = ["new@y"]
    form = pressed(as_alice, task, form, _add="payload.rules")
    form["payload.rules.1.name"], form["payload.rules.1.recipients"] = ["s"], ["c\nd"]
    form = pressed(as_alice, task, form, _remove="payload.rules.0.teams.0.members.0")
    first, second = saved(as_alice, task, form)["rules"]
    assert first["teams"] == [{"label": "t", "members": [{"address": "new@y"}]}]
    assert second == {"name": "s", "recipients": ["c", "d"]}


def test_a_fault_far_inside_is_said_at_its_field_and_nothing_is_lost(
    as_alice: Client, type_name: str, alice: User
) -> None:
    task = made(type_name, alice, {"rules": NEST})
    form = opened(as_alice, task)
    form["payload.rules.0.teams.0.members.0.address"] = ["nonsense"]
    form["payload.rules.0.recipients"] = ["a\nb\nc\nd"]
    answer = as_alice.post(address(task), form)
    assert answer.status_code == 400
    assert "pattern" in errors(answer, "payload.rules.0.teams.0.members.0.address")
    assert "at most 3" in errors(answer, "payload.rules.0.recipients")
    assert value(answer, "payload.rules.0.teams.0.members.0.address") == "nonsense"
    assert value(answer, "payload.rules.0.recipients").split() == ["a", "b", "c", "d"]


def test_a_secret_follows_its_row_when_the_first_is_deleted(as_alice: Client, task: ScheduledTask) -> None:
    form = pressed(as_alice, task, opened(as_alice, task), _remove="payload.rules.0")
    assert saved(as_alice, task, form)["rules"] == TWINS[1:]


def test_a_secret_follows_its_row_when_rows_change_places(as_alice: Client, task: ScheduledTask) -> None:
    form = pressed(as_alice, task, opened(as_alice, task), _up="payload.rules.1")
    form = pressed(as_alice, task, form, _up="payload.rules.2")
    assert saved(as_alice, task, form)["rules"] == [TWINS[1], TWINS[2], TWINS[0]]


def test_a_secret_stays_where_its_row_is_edited(as_alice: Client, task: ScheduledTask) -> None:
    form = opened(as_alice, task)
    form["payload.rules.1.name"] = ["renamed"]
    assert saved(as_alice, task, form)["rules"][1] == {"name": "renamed", "token": "second-2"}


def test_a_new_row_never_gets_a_kept_secret(as_alice: Client, task: ScheduledTask) -> None:
    form = pressed(as_alice, task, opened(as_alice, task), _remove="payload.rules.0")
    form = pressed(as_alice, task, form, _add="payload.rules")
    form["payload.rules.2.name"] = ["twin"]
    assert saved(as_alice, task, form)["rules"] == [TWINS[1], TWINS[2], {"name": "twin"}]


def test_a_row_that_a_script_has_put_in_the_middle_is_new(as_alice: Client, task: ScheduledTask) -> None:
    form = opened(as_alice, task)
    form["payload.rules.__row"] = ["1", "3", "0"]  # the second, a new one, the first; the third taken away
    form |= {"payload.rules.3.__from": [""], "payload.rules.3.name": ["twin"]}
    assert saved(as_alice, task, form)["rules"] == [TWINS[1], {"name": "twin"}, TWINS[0]]


def test_two_rows_cannot_come_from_one(as_alice: Client, task: ScheduledTask) -> None:
    form = opened(as_alice, task)
    form["payload.rules.2.__from"] = ["0"]
    assert saved(as_alice, task, form)["rules"] == TWINS


@pytest.mark.parametrize("spelling", ["00", "0000"])
def test_one_row_written_in_another_way_is_still_one(as_alice: Client, task: ScheduledTask, spelling: str) -> None:
    form = opened(as_alice, task)
    form["payload.rules.2.__from"] = [spelling]
    assert saved(as_alice, task, form)["rules"] == TWINS


def test_a_form_of_hundreds_of_rows_is_saved_whole(as_alice: Client, type_name: str, alice: User) -> None:
    task = made(type_name, alice, {"rules": [{"name": f"n{number}"} for number in range(300)]})
    sent = as_alice.post(address(task), opened(as_alice, task) | {"name": ["Many"]})
    task.refresh_from_db()
    assert (sent.status_code, task.name, len(task.payload["rules"])) == (302, "Many", 300)


MANY = [{"name": f"n{number}", "token": f"t{number}"} for number in range(1_200)]


def test_a_list_of_very_many_rows_is_json_and_keeps_its_secrets(
    as_alice: Client, type_name: str, alice: User, settings: Any
) -> None:
    settings.PAYLOAD_MAX_BYTES = 1_000_000
    task = made(type_name, alice, {"rules": MANY, "by_name": {"a": {"name": "x", "token": "y"}}})
    page = as_alice.get(address(task))
    assert "More than 100 rows" in page.content.decode()
    form = filled(page)
    assert len(form) < 200
    assert "t7" not in form["payload.rules"][0]
    assert saved(as_alice, task, form)["rules"] == MANY
    form = opened(as_alice, task)
    form["payload.rules"][0] = form["payload.rules"][0].replace('"n7"', '"renamed"')
    assert saved(as_alice, task, form)["rules"][7] == {"name": "renamed", "token": "t7"}
    rows = opened(as_alice, task)["payload.rules"][0].replace('"n8"', '"moved"').splitlines()
    del rows[1]  # the first; a row that is changed and has moved says its secret again
    answer = as_alice.post(address(task), {**opened(as_alice, task), "payload.rules": "\n".join(rows)})
    assert "Row 8, token: There is no stored value" in errors(answer, "payload.rules")
    assert value(answer, "payload.rules").count("moved") == 1


def test_what_is_no_json_stays_as_it_was_typed(as_alice: Client, type_name: str, alice: User) -> None:
    task = made(type_name, alice, {"rules": [{"name": f"n{number}"} for number in range(300)]})
    form = opened(as_alice, task) | {"payload.rules": ["[{]"]}
    answer = as_alice.post(address(task), form)
    assert "not JSON" in errors(answer, "payload.rules")
    assert value(answer, "payload.rules") == "[{]"


def test_of_more_rows_than_a_form_has_none_is_dropped(as_alice: Client, task: ScheduledTask) -> None:
    before = opened_payload(task)
    rows = {f"payload.rules.{number}.name": [f"n{number}"] for number in range(1_001)}
    form = {**opened(as_alice, task), **rows, "payload.rules.__row": [str(number) for number in range(1_001)]}
    assert as_alice.post(address(task), form).status_code == 400
    task.refresh_from_db()
    assert opened_payload(task) == before


def test_a_form_of_another_payload_guesses_no_secret(as_alice: Client, task: ScheduledTask) -> None:
    form = opened(as_alice, task)
    task_update(task=task, changes={"payload": {"rules": TWINS[1:]}}, actor="tests")
    again = as_alice.post(address(task), form)
    assert again.status_code == 412
    form = filled(again)
    answer = as_alice.post(address(task), form)
    assert answer.status_code == 400
    assert [one.path for one in answer.context["faulty"]] == ["payload.rules.0.token", "payload.rules.1.token"]
    assert "type it again" in errors(answer, "payload.rules.0.token")
    form = filled(answer)
    form["payload.rules.0.token"], form["payload.rules.1.token"] = ["new-1"], ["new-2"]
    assert [row.get("token") for row in saved(as_alice, task, form)["rules"]] == ["new-1", "new-2", None]


def test_what_is_behind_a_name_keeps_its_secret_under_another(as_alice: Client, type_name: str, alice: User) -> None:
    named = {"a": {"name": "x", "token": "of-a"}, "b": {"name": "x", "token": "of-b"}}
    task = made(type_name, alice, {"by_name": named})
    form = pressed(as_alice, task, opened(as_alice, task), _remove="payload.by_name.0")
    form["payload.by_name.0.__name"] = ["a"]
    assert saved(as_alice, task, form)["by_name"] == {"a": named["b"]}


def test_a_secret_that_was_typed_is_asked_for_again_in_words(as_alice: Client, task: ScheduledTask) -> None:
    form = opened(as_alice, task)
    form["payload.rules.2.token"] = ["typed-just-now"]
    html = as_alice.post(address(task), {**form, "_add": "payload.rules"}).content.decode()
    assert "typed-just-now" not in html
    assert html.count("type it once more") == 1


def test_a_secret_does_not_go_along_to_another_kind(as_alice: Client, type_name: str, alice: User) -> None:
    task = made(type_name, alice, {"to": {"kind": "own", "token": "s1"}})
    form = opened(as_alice, task) | {"payload.to.kind": ["away"], "payload.to.url": ["https://elsewhere.example/"]}
    assert saved(as_alice, task, form)["to"] == {"kind": "away", "url": "https://elsewhere.example/"}


def test_a_secret_stays_with_its_kind(as_alice: Client, type_name: str, alice: User) -> None:
    task = made(type_name, alice, {"to": {"kind": "own", "token": "s1"}})
    form = pressed(as_alice, task, opened(as_alice, task) | {"payload.to.kind": ["away"]}, _refresh="1")
    form = pressed(as_alice, task, form | {"payload.to.kind": ["own"]}, _refresh="1")
    assert saved(as_alice, task, form)["to"] == {"kind": "own", "token": "s1"}
