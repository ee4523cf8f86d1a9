"""Credentials: written and never read back, bounded, and named by tasks that hold them in place."""

import logging
from typing import Any

import pytest
from django.contrib.auth.models import User
from pydantic import Field

from tasks_app.errors import Conflict, Invalid, Stale
from tasks_app.handlers import Payload
from tasks_app.kinds.references import CredentialName
from tasks_app.models import Credential, Queue, ScheduledTask
from tasks_app.services.credentials import credential_delete, credential_update, headers_for
from tasks_app.services.credentials.writing import MOST
from tasks_app.services.specs import TaskSpec
from tasks_app.services.tasks import task_create
from tests.handler_types import declared
from tests.services.credentials import KINDS, SECRET, make_credential

pytestmark = pytest.mark.django_db


def faults(**fields: Any) -> dict[str, list[str]]:
    """Give the codes with which an attempt to make one is refused."""
    owner = fields.pop("owner")
    with pytest.raises(Invalid) as refusal:
        make_credential(owner, fields.pop("kind", "bearer"), **fields)
    assert SECRET not in str(refusal.value)
    return {path: [fault.code for fault in found] for path, found in refusal.value.fields.items()}


@pytest.mark.parametrize("kind", KINDS)
def test_no_column_and_no_word_about_it_holds_the_secret(
    kind: str, alice: User, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    credential = make_credential(alice, kind)
    row = Credential.objects.values().get()
    told = [repr(credential), str(credential), repr(vars(credential)), caplog.text, *map(str, row.values())]
    assert not any(SECRET in text for text in told)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"name": " "}, {"name": ["blank"]}),
        ({"name": "n" * 101}, {"name": ["too_long"]}),
        ({"hosts": []}, {"hosts": ["required"]}),
        ({"hosts": "api.example.com"}, {"hosts": ["type"]}),
        ({"hosts": [5]}, {"hosts": ["type"]}),
        ({"hosts": [f"h{n}.example.com" for n in range(21)]}, {"hosts": ["too_many"]}),
        ({"hosts": ["api.example.com", "https://api.example.com"]}, {"hosts.1": ["host"]}),
        ({"secret": ""}, {"secret": ["required"]}),
        ({"secret": "s" * 4001}, {"secret": ["too_long"]}),
        ({"secret": "one\r\nX-Other: two"}, {"secret": ["characters"]}),
        ({"secret": "tökén"}, {"secret": ["characters"]}),
        ({"secret": "Bearer abc"}, {"secret": ["invalid"]}),
        ({"secret": "a b"}, {"secret": ["characters"]}),
        ({"details": {"username": "robot"}}, {"details.username": ["unknown_field"]}),
        ({"kind": "basic", "details": {}}, {"details.username": ["blank"]}),
        ({"kind": "basic", "details": {"username": "a:b"}}, {"details.username": ["invalid"]}),
        ({"kind": "basic", "secret": "a\nb"}, {"secret": ["characters"]}),
        ({"kind": "header", "details": {"header": "X Key"}}, {"details.header": ["invalid"]}),
        ({"kind": "header", "details": {"header": "X\r\nY"}}, {"details.header": ["characters", "invalid"]}),
        ({"kind": "header", "details": {"header": "Host"}}, {"details.header": ["invalid"]}),
        ({"kind": "header", "details": {"header": "User-Agent"}}, {"details.header": ["invalid"]}),
        ({"kind": "header", "details": {"header": "proxy-authorization"}}, {"details.header": ["invalid"]}),
        ({"kind": "signing", "secret": "short"}, {"secret": ["too_short"]}),
        ({"kind": "oauth2", "details": {"client_id": "me"}}, {"details.token_url": ["blank"]}),
    ],
)
def test_each_fault_is_named_at_its_field(fields: dict[str, Any], expected: dict[str, list[str]], alice: User) -> None:
    assert faults(owner=alice, **fields) == expected
    assert not Credential.objects.exists()


@pytest.mark.parametrize(
    "url",
    [
        "http://login.example.com/token",
        "https://127.0.0.1/token",
        "https://169.254.169.254/latest",
        "https://[::1]/token",
        "https://localhost/token",
        "https://0x7f.1/token",
        "https://user:word@login.example.com/token",
        "https://login.example.com:22/token",
        "ftp://login.example.com/token",
        "//login.example.com/token",
    ],
)
def test_a_token_url_is_held_to_the_rules_of_every_address(url: str, alice: User) -> None:
    details = {"token_url": url, "client_id": "me"}
    assert faults(owner=alice, kind="oauth2", details=details) == {"details.token_url": ["invalid"]}


@pytest.mark.parametrize("client_auth", ["query", "Header", "body "])
def test_the_way_of_signing_in_is_one_of_two(client_auth: str, alice: User) -> None:
    details = {**KINDS["oauth2"], "client_auth": client_auth}
    if client_auth.strip() == "body":
        assert make_credential(alice, "oauth2", details=details).details["client_auth"] == "body"
    else:
        assert faults(owner=alice, kind="oauth2", details=details) == {"details.client_auth": ["invalid"]}


def test_what_was_pasted_around_a_token_is_taken_off_and_a_password_is_left_alone(alice: User) -> None:
    token = make_credential(alice, secret=f" {SECRET}\n")
    assert headers_for(token, "https://api.example.com/") == {"Authorization": f"Bearer {SECRET}"}
    assert faults(owner=alice, kind="basic", name="b", secret="word\n") == {"secret": ["characters"]}


def test_a_name_is_taken_once_per_person(alice: User, charlie: User) -> None:
    make_credential(alice)
    with pytest.raises(Conflict) as refusal:
        make_credential(alice)
    assert [fault.code for fault in refusal.value.fields["name"]] == ["taken"]
    assert make_credential(charlie).name == "crm"


def test_a_person_has_so_many_and_no_more(alice: User) -> None:
    one = make_credential(alice)
    rows = [Credential(owner=alice, name=f"n{n}", kind="bearer", sealed=one.sealed) for n in range(MOST - 1)]
    Credential.objects.bulk_create(rows)
    with pytest.raises(Conflict, match=str(MOST)):
        make_credential(alice, name="one more")


def test_an_edit_keeps_what_it_does_not_name(alice: User) -> None:
    credential = make_credential(alice, "basic", hosts=["*.example.com"])
    edited = credential_update(credential=credential, changes={"name": "shop", "hosts": ["a.example.com"]}, actor="t")
    assert (edited.name, edited.hosts, edited.version) == ("shop", ["a.example.com"], 2)
    assert SECRET not in str(edited.details)
    assert headers_for(edited, "https://a.example.com/")["Authorization"].startswith("Basic ")
    assert credential_update(credential=edited, changes={"name": "shop"}, actor="t").version == 2


def test_an_edit_of_something_older_is_refused(alice: User) -> None:
    credential = make_credential(alice)
    with pytest.raises(Stale):
        credential_update(credential=credential, changes={"name": "x"}, actor="t", expected_version=2)
    with pytest.raises(Stale):
        credential_delete(credential=credential, actor="t", expected_version=2)
    assert Credential.objects.get().name == "crm"


@pytest.mark.parametrize(
    "changes",
    [
        {"hosts": ["api.example.com", "evil.example.net"]},
        {"hosts": ["evil.example.net"]},
        {"hosts": ["*.example.com"]},
        {"hosts": ["api.example.com:8443"]},
        {"details": {"token_url": "https://evil.example.net/token", "client_id": "carillon"}},
    ],
)
def test_a_secret_goes_nowhere_new_unless_it_is_given_again(changes: dict[str, Any], alice: User) -> None:
    credential = make_credential(alice, "oauth2")
    with pytest.raises(Invalid) as refusal:
        credential_update(credential=credential, changes=changes, actor="t")
    assert set(refusal.value.fields) == {"secret"}
    edited = credential_update(credential=credential, changes={**changes, "secret": "another one"}, actor="t")
    assert edited.version == 2


def test_a_credential_that_tasks_name_is_neither_deleted_nor_renamed(alice: User, charlie: User) -> None:
    class Deep(Payload):
        inner: CredentialName

    class Uses(Payload):
        credential: CredentialName | None = None
        several: list[Deep] = Field([])

    credential = make_credential(alice)
    Queue.objects.get_or_create(name="default")
    with declared(lambda ctx, payload: None, payload=Uses) as name:
        spec = TaskSpec(name="a", type=name, payload={"credential": "crm"})
        task_create(owner=charlie, spec=spec, actor="t")
        task_create(owner=alice, spec=TaskSpec(name="other", type=name, payload={"credential": "crm2"}), actor="t")
        credential_update(credential=credential, changes={"name": "crm1"}, actor="t")
        credential_update(credential=credential, changes={"name": "crm"}, actor="t")
        task_create(owner=alice, spec=spec, actor="t")
        deep = {"several": [{"inner": "x"}, {"inner": "crm"}]}
        task_create(owner=alice, spec=TaskSpec(name="b", type=name, payload=deep, enabled=False), actor="t")
        with pytest.raises(Conflict, match="2 tasks use it"):
            credential_delete(credential=credential, actor="t")
        with pytest.raises(Conflict, match="2 tasks use it"):
            credential_update(credential=credential, changes={"name": "shop"}, actor="t")
        ScheduledTask.objects.filter(name="b").update(status="cancelled")
        with pytest.raises(Conflict, match="1 task uses it"):
            credential_delete(credential=credential, actor="t")
        ScheduledTask.objects.filter(owner=alice, name="a").update(status="completed")
        credential_delete(credential=credential, actor="t")
    assert not Credential.objects.exists()
