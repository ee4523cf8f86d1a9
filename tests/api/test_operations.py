"""Queues, workers, figures, what comes next, and who one is."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.contrib.auth.models import Group, User
from django.utils import timezone

from tasks_app.models import ScheduledTask, TaskRun, Worker
from tests.api.client import Api, with_key
from tests.api.conftest import make
from tests.runs import claim, fail, make_run, make_task, succeed
from tests.services.ended import count_all, ended, insert


def make_worker(name: str, **fields: object) -> Worker:
    now = timezone.now()
    values = {
        "hostname": "here",
        "pid": 1,
        "queues": ["default"],
        "concurrency": 2,
        "started_at": now,
        "heartbeat_at": now,
    }
    return Worker.objects.create(name=name, **{**values, **fields})


def test_me_says_who_is_asking(api: Api, alice: User, operator: Api, nobody: Api) -> None:
    alice.groups.add(Group.objects.create(name="Readers"))
    body = api.get("me").body
    assert (body["username"], body["email"], body["roles"], body["is_staff"]) == (
        "alice",
        "alice@example.org",
        ["Readers"],
        False,
    )
    assert body["permissions"] == ["read", "run", "manage"]
    assert body["api_key"] is None
    assert operator.get("me").body["permissions"] == ["read", "run", "manage", "see_all", "operate"]
    key = with_key(alice, "run").get("me").body
    assert key["permissions"] == ["read", "run"]
    assert (key["api_key"]["name"], key["api_key"]["scope"]) == ("ci", "run")
    assert nobody.get("me").status == 401


def test_queues_say_what_waits_in_them(api: Api, nobody: Api, alice: User) -> None:
    make_worker("one")
    make_worker("gone", heartbeat_at=timezone.now() - timedelta(hours=1))
    oldest = make_run(alice, queued_at=timezone.now() - timedelta(minutes=5))
    claim(make_run(alice))
    make_run(alice)
    body = api.get("queues").body
    assert [queue["name"] for queue in body["results"]] == ["critical", "default", "low-priority"]
    critical, default, _ = body["results"]
    assert (default["queued"], default["running"], default["workers"]) == (2, 1, 1)
    assert default["oldest_queued_at"] == oldest.queued_at.isoformat().replace("+00:00", "Z")  # type: ignore[union-attr]  # it is queued
    assert 299 < default["oldest_age_seconds"] < 400
    assert (critical["queued"], critical["oldest_age_seconds"], critical["is_paused"]) == (0, None, False)
    assert nobody.get("queues").status == 401


def test_operators_hold_queues(operator: Api) -> None:
    paused = operator.post("queues/default/pause")
    assert paused.status == 200
    assert (paused.body["is_paused"], paused.body["paused_by"]) == (True, "user:ada")
    assert operator.post("queues/default/pause").status == 200
    resumed = operator.post("queues/default/resume").body
    assert (resumed["is_paused"], resumed["paused_at"], resumed["paused_by"]) == (False, None, None)
    assert paused.body["pause_note"] is None
    noted = operator.post("queues/default/pause", {"note": "disks are full"}).body
    assert noted["pause_note"] == "disks are full"
    assert operator.post("queues/default/pause").body["pause_note"] == "disks are full"
    changed = operator.post("queues/default/pause", {"note": "at noon"}).body
    assert changed == {**noted, "pause_note": "at noon"}
    assert operator.post("queues/default/pause", {"note": ""}).body["pause_note"] is None
    assert operator.post("queues/default/resume").body["pause_note"] is None
    refused = operator.post("queues/default/pause", {"note": "x" * 501})
    assert refused.faults == {"note": ["too_long"]}
    assert refused.body["error"]["fields"]["note"][0]["message"] == "At most 500 characters; this has 501."


@pytest.mark.parametrize("action", ["pause", "resume"])
def test_others_do_not_hold_queues(api: Api, operator: Api, nobody: Api, action: str) -> None:
    assert (api.post(f"queues/default/{action}").status, nobody.post(f"queues/default/{action}").status) == (403, 401)
    assert operator.post(f"queues/nope/{action}").status == 404
    assert operator.post(f"queues/a%00b/{action}").status == 404
    assert operator.get(f"queues/default/{action}").status == 405


def test_workers_are_for_operators(api: Api, operator: Api, nobody: Api) -> None:
    make_worker("live", running=1)
    make_worker("silent", heartbeat_at=timezone.now() - timedelta(hours=1))
    make_worker("stopped", stopped_at=timezone.now(), heartbeat_at=timezone.now() - timedelta(hours=2))
    workers = operator.get("workers").body["results"]
    alive = [(worker["name"], worker["is_alive"]) for worker in workers]
    assert alive == [("live", True), ("silent", False), ("stopped", False)]
    assert (workers[0]["queues"], workers[0]["concurrency"], workers[0]["running"]) == (["default"], 2, 1)
    assert (api.get("workers").status, nobody.get("workers").status) == (403, 401)


@pytest.mark.parametrize(
    ("action", "wish", "state"), [("quiet", "quiet", "alive"), ("stop", "stop", "stopping"), ("resume", None, "alive")]
)
def test_operators_ask_something_of_a_worker(operator: Api, action: str, wish: str | None, state: str) -> None:
    make_worker("carillon@here", wish="quiet" if action == "resume" else "", load=0.5)
    asked = operator.post(f"workers/carillon@here/{action}")
    assert asked.status == 200
    assert (asked.body["wish"], asked.body["state"], asked.body["load"]) == (wish, state, 0.5)
    assert (asked.body["wished_by"], asked.body["is_quiet"]) == ("user:ada", False), "it has not obeyed yet"
    again = operator.post(f"workers/carillon@here/{action}")
    assert (again.status, again.body["wished_at"]) == (200, asked.body["wished_at"])


@pytest.mark.parametrize("action", ["quiet", "resume", "stop"])
def test_others_ask_nothing_of_a_worker(api: Api, operator: Api, nobody: Api, action: str) -> None:
    make_worker("one")
    assert (api.post(f"workers/one/{action}").status, nobody.post(f"workers/one/{action}").status) == (403, 401)
    assert operator.post(f"workers/nope/{action}").status == 404
    assert operator.get(f"workers/one/{action}").status == 405


def test_nothing_is_asked_of_a_worker_that_would_not_hear_it(operator: Api) -> None:
    ago = timezone.now() - timedelta(minutes=1)
    make_worker("stopped", stopped_at=timezone.now())
    make_worker("silent", heartbeat_at=ago)
    make_worker("stopping", wish="stop")
    codes = {name: operator.post(f"workers/{name}/quiet") for name in ("stopped", "silent", "stopping")}
    assert {name: (reply.status, reply.body["error"]["code"]) for name, reply in codes.items()} == {
        name: (409, f"worker_{name}") for name in codes
    }


def test_what_is_known_of_a_worker_is_said_honestly(operator: Api) -> None:
    now = timezone.now()
    make_worker("a", is_quiet=True, wish="quiet")
    make_worker("b", wish="quiet")
    make_worker("c", heartbeat_at=now - timedelta(seconds=40), is_quiet=True)
    make_worker("d", heartbeat_at=now - timedelta(minutes=3), wish="stop")
    make_worker("e", heartbeat_at=now - timedelta(minutes=3), stopped_at=now)
    found = {worker["name"]: worker["state"] for worker in operator.get("workers").body["results"]}
    assert found == {"a": "quiet", "b": "alive", "c": "silent", "d": "gone", "e": "stopped"}


def test_stats_count_and_time_the_callers_runs(api: Api, stranger: Api, nobody: Api, alice: User) -> None:
    task = make_task(alice)
    good, bad, running, waiting = (make_run(alice, task) for _ in range(4))
    for run in (good, bad, running):
        TaskRun.objects.filter(id=run.id).update(is_serial=False)
        claim(run)
    succeed(good)
    fail(bad)
    started = timezone.now() - timedelta(minutes=10)
    TaskRun.objects.filter(id=running.id).update(started_at=started)
    TaskRun.objects.filter(id=good.id).update(started_at=started, finished_at=started + timedelta(seconds=3))
    TaskRun.objects.filter(id=bad.id).update(started_at=started, finished_at=started + timedelta(seconds=1), failures=3)
    body = api.get("stats").body
    assert {name: count for name, count in body["counts"].items() if count} == {
        "succeeded": 1, "failed": 1, "running": 1, "queued": 1,
    }  # fmt: skip
    assert (body["total"], body["is_complete"], body["success_rate"]) == (4, True, 0.5)
    assert (body["mean_ms"], body["retries"]) == (2000.0, 2)
    assert 2500 < body["p95_ms"] <= 3000
    assert {name: (one["succeeded"], one["failed"]) for name, one in body["by_type"].items()} == {good.type: (1, 1)}
    (longest,) = body["longest_running"]
    assert (longest["run"], longest["task"]) == (str(running.id), str(task.id))
    assert longest["seconds"] >= 600
    default = next(queue for queue in body["queues"] if queue["name"] == "default")
    assert default["queued"] == 2, "one of alice's, and the mail about her failed one"
    assert api.get(f"stats?task={task.id}").body["total"] == 4
    assert api.get(f"stats?task={uuid4()}").body["total"] == 0
    assert api.get("stats?type=export_report").body["total"] == 0
    theirs = stranger.get("stats").body
    assert (theirs["total"], theirs["longest_running"], theirs["success_rate"], theirs["p95_ms"]) == (0, [], None, None)
    assert nobody.get("stats").status == 401
    assert waiting.status == "queued"


def test_stats_are_the_same_once_the_runs_are_counted(api: Api, alice: User) -> None:
    at = timezone.now() - timedelta(minutes=10)
    insert([ended(alice, at), ended(alice, at, status="failed", failures=2), ended(alice, at, type="export_report")])
    before = api.get("stats").body
    count_all()
    after = api.get("stats").body
    assert after["by_type"]["export_report"]["mean_ms"] == 40
    names = ("counts", "total", "by_type", "mean_ms", "p95_ms", "retries", "success_rate")
    assert [after[name] for name in names] == [before[name] for name in names]


def test_stats_of_another_time_tell_what_is_open_as_it_is_now(api: Api, alice: User) -> None:
    insert([ended(alice, timezone.now())])
    make_run(alice)
    body = api.get("stats?to=2025-01-01T00:00:00Z").body
    assert {name: count for name, count in body["counts"].items() if count} == {"queued": 1}


@pytest.mark.parametrize(
    ("query", "path", "code"),
    [
        ("from=x", "from", "time_invalid"),
        ("to=0001-01-01T00:00:00", "to", "time_invalid"),
        ("from=2031-01-01T00:00:00Z&to=2030-01-01T00:00:00Z", "to", "out_of_range"),
        ("task=1", "task", "type"),
        ("queue=default", "queue", "unknown_parameter"),
    ],
)
def test_each_bad_parameter_of_stats_is_named(api: Api, query: str, path: str, code: str) -> None:
    assert api.get(f"stats?{query}").faults == {path: [code]}


def test_upcoming_merges_the_slots_of_all_tasks(api: Api, stranger: Api, nobody: Api) -> None:
    often = make(api, name="often", schedule={"kind": "every", "hours": 12}, starts_at="2031-01-01T00:00:00Z")
    make(api, name="once", run_at="2031-01-01T18:00:00Z")
    make(api, name="twice", cron="0 1 * * *", starts_at="2031-01-01T00:30:00Z", max_runs=2)
    make(api, name="paused", cron="* * * * *", enabled=False)
    ScheduledTask.objects.filter(id=often["id"]).update(name="often")
    body = api.get("upcoming?until=2031-01-03T02:00:00Z").body
    hours = [(slot["task_name"], slot["due_at"][8:13]) for slot in body["results"]]
    expected = sorted([("twice", "01T01"), ("once", "01T18"), ("twice", "02T01")], key=lambda one: one[1])
    assert [slot for slot in hours if slot[0] != "often"] == expected
    assert [slot["due_at"] for slot in body["results"]] == sorted(slot["due_at"] for slot in body["results"])
    assert len([slot for slot in hours if slot[0] == "often"]) in (4, 5)
    assert body["count_is_exact"] is True
    few = api.get("upcoming?limit=2").body
    assert (len(few["results"]), few["count_is_exact"]) == (2, False)
    assert few["results"] == body["results"][:2]
    assert stranger.get("upcoming").body["results"] == []
    assert nobody.get("upcoming").status == 401


def test_one_broken_schedule_does_not_hide_the_others(api: Api, alice: User) -> None:
    make(api, name="good", run_at="2031-01-02T00:00:00Z")
    at = timezone.now() + timedelta(hours=1)
    make_task(alice, name="bad", kind="recurring", schedule={"kind": "gone"}, next_slot=at, next_due_at=at)
    assert [slot["task_name"] for slot in api.get("upcoming").body["results"]] == ["bad", "good"]


@pytest.mark.parametrize(
    ("query", "path", "code"),
    [
        ("until=x", "until", "time_invalid"),
        ("limit=0", "limit", "out_of_range"),
        ("limit=201", "limit", "out_of_range"),
        ("who=alice", "who", "unknown_parameter"),
    ],
)
def test_each_bad_parameter_of_upcoming_is_named(api: Api, query: str, path: str, code: str) -> None:
    assert api.get(f"upcoming?{query}").faults == {path: [code]}
