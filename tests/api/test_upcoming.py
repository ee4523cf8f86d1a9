"""What comes next, narrowed; how much of it when; and moving tasks off a crowded minute."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from tasks_app.models import ScheduledTask
from tests.api.client import Api, with_key
from tests.api.conftest import make

NEW_YEAR = "2031-01-01T00:00:00Z"


def names(api: Api, query: str) -> list[str]:
    return [slot["task_name"] for slot in api.get(f"upcoming?{query}").body["results"]]


@pytest.fixture
def three(api: Api, operator: Api) -> dict[str, str]:
    """Tasks that differ in everything; their ids by name."""
    made = [
        make(api, name="report", run_at="2031-01-01T01:00:00Z", tags=["wide"]),
        make(api, name="urgent", run_at="2031-01-01T02:00:00Z", queue="critical", tags=["red"]),
        make(operator, name="theirs", run_at=NEW_YEAR),
    ]
    return {task["name"]: task["id"] for task in made}


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("type=export_report", ["theirs", "report", "urgent"]),
        ("type=http_request", []),
        ("queue=critical", ["urgent"]),
        ("tag=wide", ["report"]),
        ("tag=wi", []),
        ("owner=alice", ["report", "urgent"]),
        ("owner=nobody", []),
        ("owner=alice&queue=default", ["report"]),
    ],
)
def test_slots_are_narrowed(operator: Api, three: dict[str, str], query: str, expected: list[str]) -> None:
    assert names(operator, query) == expected


def test_the_slots_of_one_task(api: Api, stranger: Api, three: dict[str, str]) -> None:
    assert names(api, f"task={three['urgent']}") == ["urgent"]
    assert names(api, f"task={three['theirs']}") == []
    assert names(stranger, f"task={three['urgent']}") == []
    assert names(api, f"task={uuid4()}") == []


# -- the load


def parts(api: Api, query: str) -> list[tuple[str, int, int]]:
    body = api.get(f"upcoming/load?{query}").body
    return [(part["at"][11:16], part["count"], part["tasks"]) for part in body["results"]]


def test_the_load_counts_runs_and_tasks_by_hour_and_by_minute(api: Api, stranger: Api, nobody: Api) -> None:
    for name in ("a", "b"):
        make(api, name=name, cron="0,30 2 * * *", timezone="UTC", starts_at=NEW_YEAR)
    make(api, name="dense", schedule={"kind": "every", "seconds": 20}, starts_at=NEW_YEAR, max_runs=9)
    day = f"from={NEW_YEAR}"
    assert parts(api, day) == [("00:00", 9, 1), ("02:00", 4, 2)]
    assert parts(api, f"{day}&per=minute") == [
        ("00:00", 3, 1), ("00:01", 3, 1), ("00:02", 3, 1), ("02:00", 2, 2), ("02:30", 2, 2),
    ]  # fmt: skip
    assert parts(api, f"{day}&until=2031-01-01T02:10:00Z&per=minute")[3:] == [("02:00", 2, 2)]
    assert parts(api, "from=2031-01-01T02:10:00Z&until=2031-01-01T04:00:00Z") == [("02:00", 2, 2)]
    body = api.get(f"upcoming/load?{day}").body
    assert (body["from"], body["until"]) == (NEW_YEAR, "2031-01-02T00:00:00Z")
    assert (body["per"], body["total"], body["is_complete"]) == ("hour", 13, True)
    assert (body["count"], body["count_is_exact"], body["next"], body["previous"]) == (2, True, None, None)
    assert parts(stranger, day) == []
    assert nobody.get("upcoming/load").status == 401


def test_the_load_is_narrowed_as_the_slots_are(operator: Api, three: dict[str, str]) -> None:
    def hours(query: str) -> list[str]:
        return [at for at, _, _ in parts(operator, f"from={NEW_YEAR}&{query}")]

    assert hours("") == ["00:00", "01:00", "02:00"]
    assert hours("queue=critical") == ["02:00"]
    assert hours("owner=alice&tag=wide") == ["01:00"]
    assert hours(f"task={three['theirs']}") == ["00:00"]


def test_the_load_begins_now_at_the_earliest(api: Api) -> None:
    make(api, cron="* * * * *")
    before = timezone.now().replace(second=0, microsecond=0)
    body = api.get("upcoming/load?from=2020-01-01T00:00:00Z&per=minute").body
    assert body["from"] >= before.isoformat().replace("+00:00", "Z")
    assert body["total"] in (1439, 1440, 1441)


@pytest.mark.parametrize(
    ("query", "path", "code"),
    [
        ("until=x", "until", "time_invalid"),
        ("until=2020-01-01T00:00:00Z", "until", "out_of_range"),
        (f"from={NEW_YEAR}&until={NEW_YEAR}", "until", "out_of_range"),
        (f"from={NEW_YEAR}&until=2031-01-02T00:00:01Z&per=minute", "until", "out_of_range"),
        (f"from={NEW_YEAR}&until=2031-01-08T00:00:01Z", "until", "out_of_range"),
        ("per=day", "per", "unknown"),
        ("task=1", "task", "type"),
        ("limit=5", "limit", "unknown_parameter"),
    ],
)
def test_each_bad_parameter_of_the_load_is_named(api: Api, query: str, path: str, code: str) -> None:
    assert api.get(f"upcoming/load?{query}").faults == {path: [code]}


def test_a_week_by_hours_is_allowed(api: Api) -> None:
    make(api, cron="0 * * * *", timezone="UTC")
    assert len(parts(api, f"from={NEW_YEAR}&until=2031-01-08T00:00:00Z")) == 168


# -- spreading


def spread(api: Api, tasks: list[Any], seconds: Any = 600) -> Any:
    return api.post("upcoming/spread", {"tasks": tasks, "spread_seconds": seconds})


def test_tasks_are_spread_and_put_back(api: Api) -> None:
    made = [make(api, cron="0 3 * * *", timezone="UTC") for _ in range(3)]
    ids = [task["id"] for task in made]
    reply = spread(api, [*ids, ids[0]])
    assert reply.status == 200
    assert [one["task"] for one in reply.body["results"]] == ids
    for one, task in zip(reply.body["results"], made, strict=True):
        assert (one["task_name"], one["spread_seconds"], one["spread_seconds_before"]) == ("Nightly", 600, 0)
        assert (one["next_run_at_before"], one["error"]) == (task["next_run_at"], None)
        later = api.get(f"tasks/{task['id']}").body
        assert (later["next_run_at"], later["spread_seconds"]) == (one["next_run_at"], 600)
        assert (later["cron"], later["schedule"]) == (task["cron"], task["schedule"])
        assert timedelta(0) <= _moment(later) - _moment(task) < timedelta(minutes=10)
    undone = spread(api, ids, 0).body
    assert [one["next_run_at"] for one in undone["results"]] == [task["next_run_at"] for task in made]


def _moment(task: dict[str, Any]) -> Any:
    found = ScheduledTask._meta.get_field("next_due_at").to_python(task["next_run_at"])
    assert found is not None
    return found


def test_one_foreign_task_and_nothing_is_changed(api: Api, stranger: Api, operator: Api, nobody: Api) -> None:
    mine, theirs = make(api, cron="0 3 * * *"), make(stranger, cron="0 3 * * *")
    refused = spread(api, [mine["id"], theirs["id"]])
    assert refused.status == 404
    assert theirs["id"] in refused.body["error"]["message"]
    assert spread(api, [str(uuid4())]).status == 404
    assert api.get(f"tasks/{mine['id']}").body["version"] == 1
    assert nobody.post("upcoming/spread", {"tasks": [mine["id"]], "spread_seconds": 5}).status == 401
    assert spread(operator, [mine["id"], theirs["id"]]).status == 200


def test_it_needs_the_scope_to_manage(api: Api, alice: User) -> None:
    task = make(api, cron="0 3 * * *")
    refused = spread(with_key(alice, "run"), [task["id"]])
    assert (refused.status, refused.code) == (403, "insufficient_scope")
    assert spread(with_key(alice, "manage"), [task["id"]]).status == 200


def test_a_task_that_refuses_is_told_and_alone_it_is_a_conflict(api: Api) -> None:
    gone, good = make(api, cron="0 3 * * *"), make(api, cron="0 3 * * *")
    api.post(f"tasks/{gone['id']}/cancel")
    first, second = spread(api, [gone["id"], good["id"]]).body["results"]
    assert "cancelled" in first["error"]
    assert (first["spread_seconds"], second["spread_seconds"], second["error"]) == (0, 600, None)
    assert spread(api, [gone["id"]]).status == 409


@pytest.mark.parametrize(
    ("body", "path", "code"),
    [
        ({"tasks": [], "spread_seconds": 5}, "tasks", "too_short"),
        ({"tasks": ["x"], "spread_seconds": 5}, "tasks.0", "type"),
        ({"tasks": [5], "spread_seconds": 5}, "tasks.0", "type"),
        ({"tasks": "x", "spread_seconds": 5}, "tasks", "type"),
        ({"tasks": [str(uuid4())] * 201, "spread_seconds": 5}, "tasks", "too_many"),
        ({"tasks": [str(uuid4())]}, "spread_seconds", "required"),
        ({"tasks": [str(uuid4())], "spread_seconds": "5"}, "spread_seconds", "type"),
        ({"tasks": [str(uuid4())], "spread_seconds": 5, "seconds": 5}, "seconds", "unknown_field"),
    ],
)
def test_each_fault_of_the_body_is_named(api: Api, body: dict[str, Any], path: str, code: str) -> None:
    assert api.post("upcoming/spread", body).faults == {path: [code]}


@pytest.mark.parametrize("seconds", [-1, 86_401])
def test_a_spread_out_of_bounds_is_refused(api: Api, seconds: int) -> None:
    task = make(api, cron="0 3 * * *")
    assert spread(api, [task["id"]], seconds).faults == {"spread_seconds": ["out_of_range"]}


def test_the_preview_says_how_much_later_a_run_may_start(api: Api) -> None:
    given = {"cron": "0 3 * * *", "spread_seconds": 600, "jitter_seconds": 30}
    notes = api.post("schedule/preview", given).body["notes"]
    assert [(note["code"], note["message"]) for note in notes] == [("spread", "Each run starts up to 630 s later.")]
    assert api.post("schedule/preview", {**given, "spread_seconds": -1}).faults == {"spread_seconds": ["out_of_range"]}
