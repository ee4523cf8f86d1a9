"""What is done to many at once, its way back, groups of failures and sign-ins: rows of their own."""

import uuid
from collections.abc import Iterable, Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from tasks_app.models import ScheduledTask, TaskRun
from tasks_app.selectors.bulk import mark_of
from tasks_app.services.bulk import bulk_begin, bulk_go_on
from tasks_app.services.bulk_deeds import Order, Verb
from tests import runs
from tests.api.client import Api, Reply
from tests.badinput.values import HALF, NUL

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("empty_redis")]
NOBODYS = "00000000-0000-0000-0000-000000000001"
NOT_IDS: list[Any] = [
    *("x", "", NUL, HALF, 5, None, True, [], {}, NOBODYS.upper().replace("1", "A"), f"{{{NOBODYS}}}", NOBODYS[:-1]),
    *(NOBODYS.replace("-", ""), "١" * 36, 10**12, [NOBODYS], {"id": NOBODYS}),
]


def _rows(field: str, at: str, values: Iterable[Any]) -> list[tuple[str, str, Any]]:
    return [(field, at, value) for value in values]


BULK: list[tuple[str, str, Any]] = [
    *_rows("do", "do", ("", "undelete", "DELETE", "delete ", NUL, HALF, 5, None, True, [], {}, "x" * 999)),
    *_rows("tasks", "tasks", ("x", 5, True, {}, {"0": NOBODYS}, [NOBODYS] * 1_001)),
    *_rows("tasks", "tasks.0", ([one] for one in NOT_IDS)),
    *_rows("filters", "filters", ("x", 5, True, [], {}, {"nonsense": 1}, {"status": "x"}, {"kind": 5})),
    *_rows("filters", "filters", ({"search": NUL}, {"tag": "x" * 201}, {"calendar": "x"}, {"shared": 1})),
    *_rows("filters", "filters", ({"next_run_before": one} for one in ("x", 5, "9999-12-31T23:59:59-14:00", NUL))),
    *_rows("note", "note", (5, True, None, [], {}, NUL, HALF, "x" * 501)),
    *_rows("tag", "tag", (5, True, None, [], {}, NUL, "x" * 51)),
    ("nonsense", "nonsense", 1),
    ("owner", "owner", "admin"),
    ("token", "token", NOBODYS),
]
_TEXTS = ("task", "worker", "from", "to")
_NOT_TEXTS: list[Any] = [5, [], {}, NUL]
_NOT_FLAGS: list[Any] = ["true", 1, 0, [], "x"]
SWEEPS: list[tuple[str, str, Any]] = [
    *_rows("do", "do", ("", "delete", "RETRY", NUL, HALF, 5, None, True, [], {})),
    *_rows("filters", "filters", (None, "x", 5, [], {}, {"nonsense": 1}, {"status": "x"})),
    *_rows("filters", "filters", ({"error_type": one} for one in [*_NOT_TEXTS, True, HALF, "x" * 2_001])),
    *_rows("filters", "filters", ({"needs_person": one} for one in _NOT_FLAGS)),
    *_rows("filters", "filters", ({name: one} for name in _TEXTS for one in _NOT_TEXTS)),
    *_rows("filters", "filters", ({"from": one} for one in ("x", "2027-02-30", "9999-12-31T23:59:59-14:00"))),
    *_rows("note", "note", (5, True, None, [], NUL, "x" * 501)),
    ("nonsense", "nonsense", 1),
]
GOOD_BULK = {"do": "pause", "tasks": [NOBODYS]}
GOOD_SWEEP = {"do": "retry", "filters": {"needs_person": True}}


@pytest.fixture
def task(alice: User) -> ScheduledTask:
    """A task of alice's with a failed run."""
    task = runs.make_task(alice)
    run = runs.make_run(alice, task)
    runs.claim(run)
    runs.fail(run)
    return task


@pytest.fixture
def api(alice: User) -> Api:
    """The owner's calls."""
    return Api(alice)


def shape_of(reply: Reply) -> str:
    """Say what is wrong with the shape of a refusal."""
    error = reply.body.get("error", {}) if isinstance(reply.body, dict) else {}
    return "" if set(error) == {"code", "message", "fields", "request_id"} else f"{reply.status} {reply.body!r}"[:300]


def faults(api: Api, path: str, good: dict[str, Any], rows: list[tuple[str, str, Any]]) -> Iterator[str]:
    """Give the rows that are not refused at their field."""
    for field, at, value in rows:
        body = {name: kept for name, kept in good.items() if {name, field} != {"tasks", "filters"}}
        reply = api.post(path, {**body, field: value})
        said = f"{field} = {str(value)[:60]!r}: "
        if reply.status != 400 or shape_of(reply):
            yield f"{said}{reply.status} {reply.body!r}"[:300]
        elif not any(one == at or one.startswith(f"{at}.") for one in reply.faults):
            yield f"{said}{at} is not among {reply.faults}"[:300]


def test_a_bulk_deed_refuses_each_value_at_its_field(api: Api, task: ScheduledTask) -> None:
    assert [*faults(api, "tasks/bulk", GOOD_BULK, BULK)] == []
    assert api.post("tasks/bulk", GOOD_BULK).status == 201
    assert ScheduledTask.objects.get(pk=task.pk).status == "active"


def test_a_sweep_refuses_each_value_at_its_field(api: Api, task: ScheduledTask) -> None:
    assert [*faults(api, "runs/sweeps", GOOD_SWEEP, SWEEPS)] == []
    count = TaskRun.objects.count()
    assert api.post("runs/sweeps", GOOD_SWEEP).status == 201
    assert TaskRun.objects.count() == count


def test_tasks_and_filters_together_or_neither_are_refused(api: Api) -> None:
    for body in ({"do": "pause"}, {"do": "pause", "tasks": None}, {**GOOD_BULK, "filters": {"status": "active"}}):
        assert api.post("tasks/bulk", body).faults == {"tasks": ["conflict"]}


def test_the_same_task_named_twice_is_one(api: Api, task: ScheduledTask) -> None:
    reply = api.post("tasks/bulk", {"do": "pause", "tasks": [str(task.pk)] * 1_000})
    assert (reply.status, reply.body["total"]) == (201, 1)


@pytest.mark.parametrize("kind", ["tasks/bulk", "runs/sweeps"])
def test_what_is_not_there_or_anothers_is_not_found(api: Api, charlie: User, task: ScheduledTask, kind: str) -> None:
    made = api.post(kind, GOOD_BULK if kind == "tasks/bulk" else GOOD_SWEEP).body["id"]
    doors = ("", "/go-on", "/undo") if kind == "tasks/bulk" else ("", "/go-on")
    for name in (made, NOBODYS):
        for door in doors:
            reply = Api(charlie).call("POST" if door else "GET", f"{kind}/{name}{door}")
            assert (reply.status, reply.code, shape_of(reply)) == (404, "not_found", "")
    for name in ("x", "5", NOBODYS.upper().replace("1", "A"), "%00", "..", NOBODYS[:-1]):
        for door in doors:
            reply = api.call("POST" if door else "GET", f"{kind}/{name}{door}")
            assert (reply.status, shape_of(reply)) == (404, ""), (name, door)


@pytest.mark.parametrize("kind", ["tasks/bulk", "runs/sweeps"])
def test_going_on_and_back_take_no_input(api: Api, task: ScheduledTask, kind: str) -> None:
    made = api.post(kind, {**GOOD_BULK, "tasks": [str(task.pk)]} if kind == "tasks/bulk" else GOOD_SWEEP).body["id"]
    for door in ("go-on", "undo") if kind == "tasks/bulk" else ("go-on",):
        bodies: list[Any] = [{"nonsense": 1}, [], b"{", b"5"]
        for body in bodies:
            reply = api.post(f"{kind}/{made}/{door}", body)
            assert (reply.status, shape_of(reply)) == (400, ""), (door, body)
        for method in ("GET", "PUT", "PATCH", "DELETE"):
            reply = api.call(method, f"{kind}/{made}/{door}")
            assert (reply.status, shape_of(reply)) == (405, ""), (door, method)
        assert api.post(f"{kind}/{made}/{door}?nonsense=1").faults == {"nonsense": ["unknown_parameter"]}
        assert api.post(f"{kind}/{made}/{door}", b"a=1", Content_Type="text/plain").status == 415
    assert ScheduledTask.objects.get(pk=task.pk).status == "active"


def test_a_way_back_is_gone_once_it_is_no_more(api: Api, alice: User, task: ScheduledTask) -> None:
    made = api.post("tasks/bulk", {"do": "delete", "tasks": [str(task.pk)]}).body["id"]
    reply = api.post(f"tasks/bulk/{made}/undo")
    assert (reply.status, shape_of(reply)) == (409, ""), "nothing is done yet"
    assert api.post(f"tasks/bulk/{made}/go-on").body["is_finished"]
    undo = api.post(f"tasks/bulk/{made}/undo").body["id"]
    assert api.post(f"tasks/bulk/{undo}/go-on").body["done"] == 1
    reply = api.post(f"tasks/bulk/{undo}/undo")
    assert (reply.status, shape_of(reply)) == (409, "")
    assert ScheduledTask.objects.get(pk=task.pk).deleted_at is None


@pytest.mark.parametrize("query", ["nonsense=1", "page=1", "type=x", "cursor=x"])
def test_groups_of_failures_take_no_parameters(api: Api, task: ScheduledTask, query: str) -> None:
    reply = api.get(f"runs/groups?{query}")
    assert (reply.status, shape_of(reply)) == (400, "")
    assert api.post("runs/groups", {}).status == 405


@pytest.mark.parametrize("text", ["%00", "%1b[31m", "9" * 5_000, "a&error_type=b", "a%0ab"])
def test_an_odd_class_of_error_is_refused(api: Api, task: ScheduledTask, text: str) -> None:
    for path in ("runs", "tasks/history", f"tasks/{task.pk}/history"):
        reply = api.get(f"{path}?error_type={text}")
        if path == "runs" or reply.status != 200:
            assert (reply.status, shape_of(reply), [*reply.faults]) == (400, "", ["error_type"]), path


@pytest.mark.parametrize("text", ["%25", "_", "'", "Nothing", "-", "none", "\u202e", "A" * 200])
def test_a_class_of_error_is_only_a_name(api: Api, task: ScheduledTask, text: str) -> None:
    assert api.get(f"runs?error_type={text}").status == 200


@pytest.mark.parametrize(
    "text", ["²", "http", "https", "task-list", "a b", "-1", "//evil.example", "javascript:x", NUL]
)
def test_where_to_go_next_is_an_address_of_ours_or_nothing(as_owner: Client, text: str) -> None:
    answer = as_owner.post("/theme/", {"theme": "dark", "next": text})
    assert (answer.status_code, answer.headers["Location"]) == (302, "/")


ODD_BULKS: list[dict[str, Any]] = [
    {},
    {"do": "pause"},
    {"do": "undelete", "all": "1"},
    {"do": ["pause", "delete"], "all": "1"},
    {"do": NUL, "all": "1"},
    {"do": "pause", "all": ["1", "2"], "seen": "x"},
    {"do": "pause", "all": "1", "seen": ""},
    {"do": "pause", "all": "1", "seen": "9" * 5_000, "token": "x"},
    {"do": "pause", "all": "1", "seen": NUL, "token": NUL},
    {"do": "pause", "all": "1", "search": "status:("},
    {"do": "pause", "all": "1", "search": NUL},
    {"do": "pause", "all": "1", "page": "9" * 5_000, "ordering": "x"},
    {"do": "pause", "task": ["x", NUL, "\u00b2", "9" * 5_000]},
    {"do": "pause", "task": [NOBODYS] * 500},
    {"do": "tag", "all": "1", "tag_name": "x" * 5_000},
    {"do": "tag", "all": "1", "tag_name": "a\nb"},
    {"do": "pause", "all": "1", "note": "x" * 5_000},
]


def test_the_form_for_all_that_match_does_nothing_of_what_is_odd(as_owner: Client, task: ScheduledTask) -> None:
    mark = mark_of([task.pk])
    for odd in ODD_BULKS:
        for more in ({}, {"seen": mark}, {"seen": mark, "token": "x"}):
            for send in (as_owner.get, as_owner.post):
                answer = send(reverse("task-bulk"), {**odd, **more})
                assert answer.status_code in (200, 302, 400, 404, 409), (odd, answer.status_code)
    assert ScheduledTask.objects.get(pk=task.pk).version == task.version


def test_what_was_sent_with_another_mark_asks_again(as_owner: Client, task: ScheduledTask) -> None:
    form = {"do": "delete", "all": "1", "seen": mark_of([]), "token": str(uuid.uuid4())}
    assert as_owner.post(reverse("task-bulk"), form).status_code == 409
    assert ScheduledTask.objects.get(pk=task.pk).deleted_at is None


@pytest.fixture
def as_owner(client: Client, alice: User) -> Client:
    """The owner's browser."""
    client.force_login(alice)
    return client


def test_pages_of_an_action_are_its_owners(as_owner: Client, charlie: User, task: ScheduledTask) -> None:
    token = uuid.uuid4()
    bulk_begin(user=charlie, token=token, order=Order(verb=Verb.PAUSE), ids=[task.pk])
    bulk_go_on(user=charlie, token=token)
    for name in (token, uuid.UUID(NOBODYS)):
        assert as_owner.get(reverse("task-bulk-progress", args=[name])).status_code == 404
        assert as_owner.post(reverse("task-bulk-progress", args=[name])).status_code == 404
        assert as_owner.post(reverse("task-bulk-undo", args=[name])).status_code == 404
        assert as_owner.get(reverse("task-bulk-undo", args=[name])).status_code == 405


@pytest.mark.parametrize("handle", ["x", "%00", "..", "9" * 300, "²", "a b"])
def test_a_browser_that_is_not_ones_own_is_not_signed_out(as_owner: Client, alice: User, handle: str) -> None:
    for method in ("GET", "POST"):
        answer = as_owner.generic(method, f"/settings/sign-ins/browsers/{handle}/end/")
        assert answer.status_code in (302, 404, 405), (method, answer.status_code)
    answer = as_owner.post(f"/settings/sign-ins/{NOBODYS}/end/")
    assert answer.status_code in (302, 404)
    assert as_owner.get("/settings/sign-ins/").status_code == 200, "still signed in"
