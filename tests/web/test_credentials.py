"""Credentials under Settings, and fields that choose among them."""

from typing import Any
from urllib.parse import urlencode

import pytest
from django.contrib.auth.models import User
from django.http import QueryDict
from django.test import Client
from pydantic import BaseModel

from tasks_app.kinds.references import CredentialName
from tasks_app.models import Credential
from tasks_app.services.credentials import headers_for
from tasks_app.web.forms.choices import choice_source, with_options
from tasks_app.web.forms.draw import draw_payload
from tasks_app.web.forms.field import Field
from tasks_app.web.forms.read import Reader
from tests.services.credentials import KINDS, SECRET, make_credential
from tests.web.conftest import MakeTask
from tests.web.reading import chosen, errors, text, value

LIST = "/settings/credentials/"
TYPED = {"name": "crm", "secret": SECRET, "hosts": "api.example.com\r\n\r\n *.example.org "}


class Row(BaseModel):
    credential: CredentialName
    number: int = 1


class Chooses(BaseModel):
    one: CredentialName
    maybe: CredentialName | None = None
    several: list[CredentialName] = []
    rows: list[Row] = []
    typed: str = ""


SCHEMA = Chooses.model_json_schema()


def drawn(owner: Any, payload: dict[str, Any]) -> dict[str, Field]:
    """The fields by name."""
    return {one.path.removeprefix("payload."): one for one in draw_payload(SCHEMA, payload, {}, owner=owner)}


def options(field: Field) -> list[tuple[str, str, bool]]:
    return [(one.value, one.label, one.is_chosen) for one in field.choices]


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_is_made_by_its_form_and_never_shown(kind: str, as_alice: Client, alice: User) -> None:
    assert f"?kind={kind}" in as_alice.get(f"{LIST}new/").content.decode()
    address = f"{LIST}new/?kind={kind}"
    form = as_alice.get(address)
    assert 'type="password"' in form.content.decode()
    details = {f"details.{name}": word for name, word in KINDS[kind].items()}
    made = as_alice.post(address, {**TYPED, **details}, follow=True)
    assert "crm" in text(made)
    row = Credential.objects.get()
    assert (row.owner, row.kind, row.hosts) == (alice, kind, ["api.example.com", "*.example.org"])
    for page in (made, as_alice.get(LIST), as_alice.get(f"{LIST}{row.pk}/")):
        assert SECRET not in page.content.decode()


def test_a_refusal_keeps_what_was_typed_but_the_secret(as_alice: Client) -> None:
    typed = {**TYPED, "name": "", "hosts": "https://api.example.com/x", "details.username": "robot"}
    response = as_alice.post(f"{LIST}new/?kind=basic", typed)
    assert response.status_code == 400
    assert errors(response, "name")
    assert "host name" in errors(response, "hosts")
    assert value(response, "details.username") == "robot"
    assert value(response, "hosts") == "https://api.example.com/x"
    assert SECRET not in response.content.decode()
    assert not Credential.objects.exists()


def test_a_name_that_is_taken_is_said_at_the_name(as_alice: Client, alice: User) -> None:
    make_credential(alice)
    response = as_alice.post(f"{LIST}new/?kind=bearer", TYPED)
    assert response.status_code == 409
    assert errors(response, "name")


def test_a_secret_left_empty_is_kept(as_alice: Client, alice: User) -> None:
    row = make_credential(alice, "oauth2")
    address = f"{LIST}{row.pk}/"
    page = as_alice.get(address)
    assert value(page, "details.client_id") == "carillon"
    assert chosen(page, "details.client_auth") == ["header"]
    assert value(page, "secret") == ""
    details = {f"details.{name}": word for name, word in KINDS["oauth2"].items()}
    sent = {**details, "name": "crm2", "hosts": "api.example.com", "secret": "", "version": "1"}
    before = Credential.objects.get().sealed
    assert as_alice.post(address, sent).status_code == 302
    row.refresh_from_db()
    assert (row.name, row.sealed, row.version) == ("crm2", before, 2)
    stale = as_alice.post(address, sent)
    assert stale.status_code == 412
    assert value(stale, "version") == "2"
    moved = as_alice.post(address, {**sent, "version": "2", "hosts": "evil.example.net"})
    assert moved.status_code == 400
    assert "Give the secret again" in errors(moved, "secret")
    assert value(moved, "hosts") == "evil.example.net"


def test_a_new_secret_takes_the_place_of_the_old_one(as_alice: Client, alice: User) -> None:
    row = make_credential(alice)
    sent = {"name": "crm", "hosts": "api.example.net", "secret": "a-newer-one"}
    assert as_alice.post(f"{LIST}{row.pk}/", sent).status_code == 302
    row.refresh_from_db()
    assert headers_for(row, "https://api.example.net/") == {"Authorization": "Bearer a-newer-one"}


def test_deleting_asks_first_and_is_refused_while_tasks_use_it(as_alice: Client, alice: User, make: MakeTask) -> None:
    row = make_credential(alice, hosts=["example.org"])
    address = f"{LIST}{row.pk}/delete/"
    task = make(payload={"url": "https://example.org/", "credential": "crm"})
    assert "Delete “crm”?" in text(as_alice.get(address))
    assert "1 task uses it" in text(as_alice.post(address, follow=True))
    as_alice.post(f"/tasks/{task.pk}/delete/")
    assert "is deleted" in text(as_alice.post(address, follow=True))
    assert not Credential.objects.exists()


def test_what_is_not_ones_own_does_not_exist(as_charlie: Client, as_staff: Client, client: Client, alice: User) -> None:
    row = make_credential(alice)
    for address in (f"{LIST}{row.pk}/", f"{LIST}{row.pk}/delete/"):
        for browser in (as_charlie, as_staff):
            assert browser.get(address).status_code == 404
            assert browser.post(address, TYPED).status_code == 404
        assert "/sign-in/" in client.get(address).headers["Location"]
    assert "crm" not in text(as_staff.get(LIST))
    assert as_charlie.get(f"{LIST}new/?kind=magic").status_code == 404
    assert Credential.objects.get().name == "crm"


def test_a_field_offers_what_the_owner_has(alice: User, charlie: User) -> None:
    make_credential(alice)
    make_credential(alice, "signing", name="key")
    make_credential(charlie, name="theirs")
    fields = drawn(alice, {"maybe": "crm", "several": ["crm", "old"], "rows": [{"credential": "gone"}]})
    assert options(fields["one"]) == [("", "Choose…", True), ("crm", "crm", False)]
    assert options(fields["maybe"]) == [("", "–", False), ("crm", "crm", True)]
    assert options(fields["several"]) == [("old", "old (gone)", True), ("crm", "crm", True)]
    (row,) = fields["rows"].children
    assert options(row.children[0]) == [("gone", "gone (gone)", True), ("crm", "crm", False)]
    assert {one.link for one in fields.values()} == {None}
    assert "maxlength" not in fields["one"].attributes


def test_without_any_it_leads_to_where_one_is_made(charlie: User) -> None:
    fields = drawn(charlie, {})
    assert options(fields["one"]) == [("", "None yet", True)]
    for name in ("one", "maybe", "several"):
        link = fields[name].link
        assert link is not None
        assert link.href == "/settings/credentials/new/"
    assert fields["typed"].link is None


def test_for_nobody_or_an_unknown_source_it_is_text(alice: User) -> None:
    fields = drawn(None, {"one": "crm", "several": ["a", "b"]})
    assert (fields["one"].kind, fields["one"].value) == ("text", "crm")
    assert (fields["several"].kind, fields["several"].value) == ("lines", "a\nb")
    unknown = {"type": "object", "properties": {"x": {"type": "string", "x-choices": "nothing-of-the-kind"}}}
    assert [one.kind for one in draw_payload(unknown, {}, {}, owner=alice)] == ["text"]


def test_numbers_can_be_chosen_and_a_source_is_asked_once(alice: User) -> None:
    asked: list[Any] = []

    def numbers(user: Any) -> list[tuple[int, str]]:
        asked.append(user)
        return [(1, "One"), (2, "Two")]

    choice_source("test-numbers", numbers)
    node = {"type": "integer", "x-choices": "test-numbers"}
    schema = {"type": "object", "properties": {"a": node, "b": node, "x-choices": {"type": "string"}}}
    fields = draw_payload(schema, {"a": 2, "b": 3}, {}, owner=alice)
    assert asked == [alice]
    assert options(fields[0])[-1] == ("2", "Two", True)
    assert options(fields[1])[1] == ("3", "3 (gone)", True)
    assert fields[2].kind == "text"
    data = QueryDict("payload.a=2&payload.b=x")
    assert Reader(schema, data).payload() == {"a": 2, "b": "x"}
    assert with_options(schema, alice)["properties"]["a"]["type"] == "integer"


@pytest.mark.parametrize(
    ("pairs", "expected"),
    [
        ([("one", "crm"), ("several", "a"), ("several", "b")], {"one": "crm", "several": ["a", "b"]}),
        ([("one", "crm"), ("several", "a\r\n b \r\n")], {"one": "crm", "several": ["a", "b"]}),
        ([("one", ""), ("maybe", "")], {}),
        ([("rows.__row", "0"), ("rows.0.credential", "x"), ("rows.0.number", "1")], {"rows": [{"credential": "x"}]}),
    ],
)
def test_what_was_chosen_is_read(pairs: list[tuple[str, str]], expected: dict[str, Any]) -> None:
    data = QueryDict(urlencode([(f"payload.{name}", raw) for name, raw in pairs]))
    assert Reader(SCHEMA, data).payload() == expected


def test_the_form_of_a_task_chooses_and_remembers(as_alice: Client, alice: User, make: MakeTask) -> None:
    make_credential(alice, hosts=["example.org"])
    assert chosen(as_alice.get("/tasks/new/?type=http_request"), "payload.credential") == [""]
    task = make(payload={"url": "https://example.org/", "credential": "crm"})
    assert chosen(as_alice.get(f"/tasks/{task.pk}/edit/"), "payload.credential") == ["crm"]
    Credential.objects.all().delete()
    page = as_alice.get(f"/tasks/{task.pk}/edit/")
    assert chosen(page, "payload.credential") == ["crm"]
    assert "crm (gone)" in text(page)
    assert "You have none yet. Add one" in text(page)
