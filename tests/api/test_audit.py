"""Reading the audit log: who sees what, filters, and the export."""

import csv
import json
from datetime import timedelta
from io import StringIO
from typing import Any
from urllib.parse import urlsplit

import pytest
import redis
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from tasks_app.models import AuditEntry, StoredFile
from tasks_app.selectors import audit_walk
from tasks_app.services import audit
from tests.api.client import Api, with_key
from tests.api.conftest import make
from tests.services.credentials import make_credential

SECRETIVE = {"type": "http_request", "payload": {"url": "https://example.org/"}}


def entries(api: Api, query: str = "") -> list[Any]:
    reply = api.get(f"audit?{query}")
    assert reply.status == 200, reply.body
    return list(reply.body["results"])


def exported(api: Api, query: str) -> str:
    response: Any = api.client.get(f"/api/audit/export?{query}")
    assert response.streaming
    assert response.status_code == 200
    assert response["Content-Disposition"].startswith("attachment;")
    return str(response.getvalue().decode())


def test_an_entry_tells_who_what_when_and_from_where(api: Api, alice: User) -> None:
    task = make(api)
    api.patch(f"tasks/{task['id']}", {"name": "Other"}, X_Request_ID="req-7")
    (entry,) = entries(api, "action=task.update")
    assert {name: entry[name] for name in ("actor", "address", "request_id", "object_type", "object_id")} == {
        "actor": "user:alice",
        "address": "127.0.0.1",
        "request_id": "req-7",
        "object_type": "task",
        "object_id": task["id"],
    }
    assert (entry["before"], entry["after"]) == ({"name": "Nightly"}, {"name": "Other"})
    assert (entry["outcome"], entry["position"], entry["digest"] is not None) == ("done", None, True)


def test_a_key_is_told_by_its_name(alice: User) -> None:
    make(with_key(alice))
    assert AuditEntry.objects.get(action="task.create").actor == "key:alice/ci"


def test_one_sees_ones_own_and_what_happened_to_it(api: Api, stranger: Api, operator: Api, nobody: Api) -> None:
    task = make(api)
    make(stranger)
    operator.post(f"tasks/{task['id']}/pause", {"note": "too loud"})
    mine = entries(api, "object_type=task")
    assert [(one["action"], one["actor"]) for one in mine] == [
        ("task.pause", "user:ada"),
        ("task.create", "user:alice"),
    ]
    assert [one["address"] for one in mine] == [None, "127.0.0.1"], "from where others act is not for everybody"
    assert [one["actor"] for one in entries(stranger, "object_type=task")] == ["user:charlie"]
    everything = entries(operator, "object_type=task")
    assert len(everything) == 3
    assert {one["address"] for one in everything} == {"127.0.0.1"}
    assert nobody.get("audit").status == nobody.get("audit/export").status == 401


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_nobody_changes_it_by_the_api(operator: Api, method: str) -> None:
    assert operator.call(method, "audit").status == 405


def test_filters_narrow_it(operator: Api, staff: User) -> None:
    task = make(operator, name="Nightly report")
    operator.delete(f"tasks/{task['id']}")
    make_credential(staff, name="crm")

    def found(query: str) -> list[str]:
        return [one["action"] for one in entries(operator, query) if one["action"] != "sign_in"]

    assert found("action=task") == ["task.delete", "task.create"]
    assert found("action=task.delete") == ["task.delete"]
    assert found("action=tas") == []
    assert found("action=task.*") == ["task.delete", "task.create"]
    assert found("object_type=credential") == ["credential.create"]
    assert found(f"object={task['id']}") == ["task.delete", "task.create"]
    assert found("actor=ada") == ["task.delete", "task.create"]
    assert found("actor=ada&action=task.create") == ["task.create"]
    assert found("search=report") == ["task.delete", "task.create"]
    assert found("outcome=refused") == []
    soon, before = timezone.now() + timedelta(minutes=1), timezone.now() - timedelta(minutes=1)
    assert found(f"from={soon:%Y-%m-%dT%H:%M:%SZ}") == found(f"to={before:%Y-%m-%dT%H:%M:%SZ}") == []
    assert len(found(f"from={before:%Y-%m-%dT%H:%M:%SZ}&to={soon:%Y-%m-%dT%H:%M:%SZ}")) == 3


def test_one_action_is_asked_for_alone_and_with_all_of_its_kind(operator: Api) -> None:
    for action in ("sign_in", "sign_in.fail", "sign_out"):
        audit.note(action)
    assert {one["action"] for one in entries(operator, "action=sign_in")} == {"sign_in"}
    assert {one["action"] for one in entries(operator, "action=sign_in.*")} == {"sign_in", "sign_in.fail"}


@pytest.mark.parametrize(
    ("query", "path", "code"),
    [
        ("outcome=maybe", "outcome", "unknown"),
        ("from=yesterday", "from", "time_invalid"),
        ("who=alice", "who", "unknown_parameter"),
        ("cursor=x", "cursor", "invalid"),
    ],
)
def test_each_bad_parameter_is_named(operator: Api, query: str, path: str, code: str) -> None:
    assert operator.get(f"audit?{query}").faults == {path: [code]}
    if path != "cursor":
        assert operator.get(f"audit/export?{query}").faults == {path: [code]}


def test_it_goes_by_cursor(operator: Api) -> None:
    for number in range(5):
        audit.note("queue.pause", name=f"q{number}")
    first = operator.get("audit?page_size=2&action=queue.pause").body
    rest = operator.get(first["next"].partition("/api/")[2]).body
    names = [one["object_name"] for one in (*first["results"], *rest["results"])]
    assert names == ["q4", "q3", "q2", "q1"]


def test_a_cell_of_the_export_is_no_formula_and_the_export_is_an_entry(operator: Api) -> None:
    make(operator, name="=1+1")
    rows = list(csv.DictReader(StringIO(exported(operator, "action=task.create&actor="))))
    assert [(row["actor"], row["object_name"]) for row in rows] == [("user:ada", "'=1+1")]
    assert json.loads(rows[0]["after"])["name"] == "=1+1"
    assert entries(operator, "action=audit.export")[0]["after"] == {"action": "task.create"}


def test_an_export_has_every_page_and_only_what_one_may_see(operator: Api, stranger: Api) -> None:
    AuditEntry.objects.bulk_create(audit.entry("queue.pause", name=f"q{number}") for number in range(1203))
    lines = exported(operator, "format=jsonl&action=queue.pause").splitlines()
    assert [json.loads(line)["object_name"] for line in lines] == [f"q{number}" for number in reversed(range(1203))]
    rows = list(csv.DictReader(StringIO(exported(operator, "action=queue.pause"))))
    assert len(rows) == 1203
    assert exported(stranger, "format=jsonl&action=queue.pause") == ""


def test_reading_others_sensitive_payload_is_an_entry(api: Api, staff: User, admin: User) -> None:
    task = make(api, **SECRETIVE)
    reader = Api(staff)
    assert reader.get(f"tasks/{task['id']}").body["payload"] is not None
    assert reader.get("tasks").body["results"][0]["payload_hidden"] is False
    assert Api(admin).get(f"tasks/{task['id']}").body["payload_hidden"] is True
    api.get(f"tasks/{task['id']}")
    read = AuditEntry.objects.filter(action="payload.read")
    assert [(one.actor, one.object_id) for one in read] == [("user:staff", task["id"])] * 2


def test_a_payload_that_is_not_sensitive_is_read_freely(api: Api, staff: User) -> None:
    make(api)
    Api(staff).get("tasks")
    assert not AuditEntry.objects.filter(action="payload.read").exists()


def test_downloading_somebody_elses_file_is_an_entry(api: Api, staff: User, empty_redis: redis.Redis) -> None:
    made = api.post("files?name=a.csv", b"a,b\n").body["id"]
    api.client.get(f"/api/files/{made}/content").getvalue()
    assert not AuditEntry.objects.filter(action="file.read").exists()
    Api(staff).client.get(f"/api/files/{made}/content").getvalue()
    link = api.post(f"files/{made}/link", {}).body["url"]
    Client().get(link.partition("8000")[2]).getvalue()
    read = AuditEntry.objects.filter(action="file.read").order_by("id")
    assert [(one.actor, one.object_id) for one in read] == [("user:staff", made), ("nobody", made)]
    assert read[0].owner_id == StoredFile.objects.get(id=made).owner_id


def test_refusals_are_entries_and_never_more_than_a_bounded_number(
    api: Api, alice: User, empty_redis: redis.Redis
) -> None:
    for _ in range(audit.EACH.most + 10):
        assert api.post("queues/default/pause").status == 403
    refused = AuditEntry.objects.filter(action="request.refuse")
    assert refused.count() == audit.EACH.most
    assert {(one.actor, one.object_name, one.outcome) for one in refused} == {
        ("user:alice", "POST /api/queues/default/pause", "refused")
    }


def test_an_address_inside_the_network_is_an_entry_though_nothing_was_made(api: Api, empty_redis: redis.Redis) -> None:
    task = {"name": "x", "type": "http_request", "payload": {"url": "http://169.254.169.254/latest?token=canary"}}
    assert api.post("tasks", task).status == 400
    entry = AuditEntry.objects.get(action="address.refuse")
    assert (entry.actor, entry.object_name, entry.outcome) == ("user:alice", "169.254.169.254", "refused")
    assert "canary" not in str(vars(entry))


def test_a_failed_sign_in_tells_the_name_that_was_tried(alice: User, empty_redis: redis.Redis) -> None:
    Client().post("/sign-in/", {"username": "alice" + "x" * 300, "password": "canary"})
    entry = AuditEntry.objects.get(action="sign_in.fail")
    assert (entry.actor, entry.user_id, entry.address, len(entry.object_name)) == ("nobody", None, "127.0.0.1", 150)
    assert "canary" not in str(vars(entry))


def test_coming_and_going_are_entries(alice: User) -> None:
    browser = Client()
    browser.post("/sign-in/", {"username": "alice", "password": "alice-password"})
    browser.post("/sign-out/")
    told = AuditEntry.objects.order_by("id").values_list("action", "actor", "user_id", "address")
    assert list(told) == [
        ("sign_in", "user:alice", alice.pk, "127.0.0.1"),
        ("sign_out", "user:alice", alice.pk, "127.0.0.1"),
    ]


def test_every_answer_has_its_request_id(api: Api, client: Client) -> None:
    for path in ("/sign-in/", "/api/me", "/healthz", "/nowhere", "/admin/"):
        given = client.get(path, headers={"X-Request-ID": "from-the-proxy:1"})
        made = client.get(path, headers={"X-Request-ID": "a b\n"})
        assert given["X-Request-ID"] == "from-the-proxy:1"
        assert len(made["X-Request-ID"]) == 32


def walked(api: Api, query: str, way: str = "next") -> list[tuple[list[str], bool]]:
    """The names on each page that follows, and whether the search came to the end there."""
    found, url = [], f"audit?{query}"
    while url:
        body = api.get(url).body
        found.append(([entry["object_name"] for entry in body["results"]], body["is_complete"]))
        assert (body["searched_to"] is None) or not body["is_complete"]
        url = f"audit?{urlsplit(body[way]).query}" if body[way] else ""
    return found


@pytest.fixture
def log(alice: User, api: Api, operator: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """Eight entries of alice's above older ones, of which three are looked at for a page."""
    monkeypatch.setattr(audit_walk, "READ", 3)
    monkeypatch.setattr(audit_walk, "WALK", 3)
    for name in ("wanted 1", "wanted 2", "a", "b", "c", "d", "e", "wanted 3"):
        audit.note("task.update", actor="user:alice", user_id=alice.pk, kind="task", name=name)


def test_a_part_of_a_name_is_looked_for_in_bounded_steps(log: None, api: Api, operator: Api) -> None:
    for one in (api, operator):
        first, second, third, *_, last = walked(one, "search=wanted") + walked(one, "search=nothing")
        assert (first, second) == ((["wanted 3"], False), ([], False))
        assert third[0] == ["wanted 2", "wanted 1"]
        assert last == ([], True)


def test_a_bounded_search_of_the_log_leads_back_as_well(log: None, operator: Api) -> None:
    url = "audit?search=wanted"
    while not (body := operator.get(url).body)["results"] or body["results"][0]["object_name"] != "wanted 2":
        url = f"audit?{urlsplit(body['next']).query}"
    back = walked(operator, urlsplit(url).query, "previous")
    assert [names for names, _ in back if names] == [["wanted 2", "wanted 1"], ["wanted 3"]]


@pytest.mark.parametrize("query", ["", "action=task.update", "object_type=task&object=7", "from=2020-01-01T00:00:00Z"])
def test_where_an_index_leads_all_of_the_log_is_searched(log: None, operator: Api, query: str) -> None:
    assert operator.get(f"audit?{query}").body["is_complete"]


@pytest.mark.parametrize("query", ["action=task.delete&actor=alice", "object_type=task&object=7&outcome=done"])
def test_what_is_narrowed_further_is_looked_for_among_what_an_index_gives(
    log: None, operator: Api, alice: User, query: str
) -> None:
    audit.note("task.delete", actor="user:alice", user_id=alice.pk, kind="task", object_id="7", name="wanted")
    for _ in range(4):
        audit.note("task.update", actor="user:alice", user_id=alice.pk, kind="task", object_id="8")
    assert walked(operator, query) == [(["wanted"], True)]


def test_the_export_has_all_that_match_however_far_back(log: None, operator: Api) -> None:
    assert exported(operator, "search=wanted").count("wanted") == 3
