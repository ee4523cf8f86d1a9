"""POST /api/tasks: what is accepted, what is refused and where."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User

from tasks_app.models import ScheduledTask
from tests.api.client import Api
from tests.api.conftest import TASK, make

FAR = "2031-03-03T12:00:00Z"
EVERY_FIELD: dict[str, Any] = {
    "name": "Report",
    "type": "export_report",
    "payload": {"source": "tasks"},
    "cron": "0 9 * * 1-5",
    "key": "report",
    "timezone": "Europe/Berlin",
    "starts_at": "2031-01-01T00:00:00",
    "ends_at": "2032-01-01T00:00:00Z",
    "max_runs": 20,
    "jitter_seconds": 30,
    "queue": "critical",
    "priority": 9,
    "max_retries": 5,
    "retry": {"delays": [1, 2.5]},
    "soft_timeout_seconds": 10,
    "timeout_seconds": 20,
    "overlap": "queue_one",
    "misfire": {"policy": "all", "grace_seconds": 120, "window_seconds": 3600, "max": 5},
    "on_exhausted": "dismiss",
    "pause_after_failures": 3,
    "tags": ["a", "b"],
    "description": "Every weekday",
    "enabled": True,
    "notify_on_failure": False,
}


def test_everything_accepted_is_answered(api: Api) -> None:
    reply = api.post("tasks", EVERY_FIELD)
    assert reply.status == 201, reply.body
    task = reply.body
    read_in_berlin = {"starts_at": "2030-12-31T23:00:00Z"}
    assert {name: task[name] for name in EVERY_FIELD} == EVERY_FIELD | read_in_berlin
    assert task["schedule"] == {"kind": "cron", "expression": "0 9 * * 1-5"}
    assert task["cron_expression"] == "0 9 * * 1-5"
    assert (task["status"], task["kind"], task["owner"], task["version"]) == ("active", "recurring", "alice", 1)
    assert task["next_run_at"].startswith("2031-01-01T08:00:")
    assert (task["last_run_at"], task["last_run_status"], task["run_at"]) == (None, None, None)
    assert reply.headers["Location"] == f"/api/tasks/{task['id']}"
    assert reply.headers["ETag"] == '"1"'


def test_a_sentence_longer_than_its_column_is_answered_whole(api: Api) -> None:
    days = [{"kind": "yearly", "month": 1 + day % 12, "day": 1 + day, "time": f"09:{day:02d}"} for day in range(20)]
    schedule = {"kind": "any", "of": days}
    task = make(api, schedule=schedule, timezone="Europe/Berlin")
    assert len(task["schedule_text"]) > 300
    preview = api.post("schedule/preview", {"schedule": schedule, "timezone": "Europe/Berlin"}).body
    assert task["schedule_text"] == preview["description"]
    assert api.get(f"tasks/{task['id']}").body["schedule_text"] == preview["description"]


def test_a_task_without_a_schedule_is_started_by_hand_only(api: Api) -> None:
    task = make(api)
    assert (task["kind"], task["next_run_at"], task["schedule"]) == ("manual", None, None)


@pytest.mark.parametrize(
    ("when", "kind"),
    [
        ({"run_at": FAR}, "once"),
        ({"run_at": "2031-03-03T12:00:00", "timezone": "Asia/Tokyo"}, "once"),
        ({"cron": "0 0 * * 7"}, "recurring"),
        ({"cron": "0 0 29 2 *"}, "recurring"),
        ({"schedule": {"kind": "every", "minutes": 5}}, "recurring"),
        ({"schedule": {"kind": "weekly", "days": ["mon"], "time": "09:00"}, "timezone": "Etc/GMT+12"}, "recurring"),
    ],
)
def test_each_way_to_say_when_is_accepted(api: Api, when: dict[str, Any], kind: str) -> None:
    task = make(api, **when)
    assert task["kind"] == kind
    assert task["next_run_at"].endswith("Z")


def test_a_wall_time_is_read_in_the_tasks_zone(api: Api) -> None:
    task = make(api, run_at="2031-03-03T12:00:00", timezone="Asia/Tokyo")
    assert task["run_at"] == task["next_run_at"] == "2031-03-03T03:00:00Z"


def test_an_instant_of_a_few_seconds_ago_still_runs(api: Api) -> None:
    just_now = datetime.now(UTC) - timedelta(seconds=10)
    assert make(api, run_at=just_now.isoformat())["next_run_at"] is not None


CRON = "cron"
REFUSED: list[tuple[dict[str, Any], str, str]] = [
    # C: cron
    ({"cron": ""}, CRON, "cron_empty"),
    ({"cron": "  "}, CRON, "cron_empty"),
    ({"cron": "* * * *"}, CRON, "cron_"),
    ({"cron": "* * * * * *"}, CRON, "cron_"),
    ({"cron": "* * * * * * *"}, CRON, "cron_"),
    ({"cron": "60 * * * *"}, CRON, "cron_"),
    ({"cron": "-1 * * * *"}, CRON, "cron_"),
    ({"cron": "* 24 * * *"}, CRON, "cron_"),
    ({"cron": "* * 0 * *"}, CRON, "cron_"),
    ({"cron": "* * 32 * *"}, CRON, "cron_"),
    ({"cron": "* * * 0 *"}, CRON, "cron_"),
    ({"cron": "* * * 13 *"}, CRON, "cron_"),
    ({"cron": "0 0 31 2 *"}, CRON, "cron_never"),
    ({"cron": 5}, CRON, "type"),
    # Z: time zones
    ({"timezone": "Mars/Phobos"}, "timezone", "timezone_unknown"),
    ({"timezone": "utc+3"}, "timezone", "timezone_unknown"),
    ({"timezone": "+03:00"}, "timezone", "timezone_unknown"),
    ({"timezone": "GMT+25"}, "timezone", "timezone_unknown"),
    ({"timezone": ""}, "timezone", "timezone_unknown"),
    ({"timezone": "../../etc/passwd"}, "timezone", "timezone_unknown"),
    ({"timezone": "/etc/passwd"}, "timezone", "timezone_unknown"),
    ({"timezone": None}, "timezone", "type"),
    # T: instants
    ({"run_at": "2031-03-30T02:30:00", "timezone": "Europe/Berlin"}, "run_at", "time_nonexistent"),
    ({"run_at": "2031-10-26T02:30:00", "timezone": "Europe/Berlin"}, "run_at", "time_ambiguous"),
    ({"run_at": "2020-01-01T00:00:00Z"}, "run_at", "in_past"),
    ({"run_at": "tomorrow"}, "run_at", "time_invalid"),
    ({"run_at": "0001-01-01T00:00:00+14:00"}, "run_at", "time_invalid"),
    ({"run_at": 1_900_000_000}, "run_at", "type"),
    ({"cron": "0 * * * *", "starts_at": "2031-03-30T02:30:00", "timezone": "Europe/Berlin"}, "starts_at", "time_"),
    ({"cron": "0 * * * *", "ends_at": "soon"}, "ends_at", "time_invalid"),
    ({"cron": "0 * * * *", "starts_at": "0001-01-01T00:00:00"}, "starts_at", "out_of_range"),
    ({"cron": "0 * * * *", "starts_at": "9999-12-31T23:59:59"}, "starts_at", "out_of_range"),
    ({"cron": "0 * * * *", "starts_at": FAR, "ends_at": "2031-01-01T00:00:00Z"}, "ends_at", "out_of_range"),
    ({"cron": "0 * * * *", "ends_at": "2020-01-01T00:00:00Z"}, "ends_at", "never"),
    # N: names and text
    ({"name": "a\0b"}, "name", "characters"),
    ({"name": ""}, "name", "blank"),
    ({"name": "\u200b\ufeff"}, "name", "blank"),
    ({"name": "x" * 256}, "name", "too_long"),
    ({"name": 5}, "name", "type"),
    ({"name": None}, "name", "type"),
    ({"description": "a\0b"}, "description", "characters"),
    ({"description": "x" * 10_001}, "description", "too_long"),
    ({"key": ""}, "key", "blank"),
    ({"key": "x" * 201}, "key", "too_long"),
    ({"tags": "one"}, "tags", "type"),
    ({"tags": [""]}, "tags.0", "blank"),
    ({"tags": ["a", 5]}, "tags.1", "type"),
    ({"tags": ["a"] * 21}, "tags", "too_many"),
    ({"tags": ["a", "b,c"]}, "tags.1", "comma"),
    # the rest of the fields
    ({"type": "no.such"}, "type", "unknown"),
    ({"type": "notify_run_failed"}, "type", "unknown"),
    ({"payload": []}, "payload", "type"),
    ({"payload": {"source": "runs", "nope": 1}}, "payload.nope", "unknown_field"),
    ({"payload": {"source": "runs", "columns": 5}}, "payload.columns", "list_type"),
    ({"cron": "0 * * * *", "run_at": FAR}, "cron", "conflict"),
    ({"schedule": {"kind": "nope"}}, "schedule.kind", "unknown_kind"),
    ({"schedule": {"kind": "every", "seconds": 1}}, "schedule", "too_often"),
    ({"schedule": {"kind": "daily", "time": "25:00"}}, "schedule.time", "time_invalid"),
    ({"schedule": "daily"}, "schedule", "type"),
    ({"max_runs": 0}, "max_runs", "out_of_range"),
    ({"max_runs": "5"}, "max_runs", "type"),
    ({"max_runs": True}, "max_runs", "type"),
    ({"max_runs": 5.0}, "max_runs", "type"),
    ({"jitter_seconds": -1}, "jitter_seconds", "out_of_range"),
    ({"jitter_seconds": None}, "jitter_seconds", "type"),
    ({"schedule": {"kind": "every", "minutes": 5}, "jitter_seconds": 301}, "jitter_seconds", "out_of_range"),
    ({"queue": "nope"}, "queue", "unknown"),
    ({"priority": 10}, "priority", "out_of_range"),
    ({"max_retries": 51}, "max_retries", "out_of_range"),
    ({"retry": {"delays": []}}, "retry.delays", "type"),
    ({"retry": {"nope": 1}}, "retry.nope", "unknown"),
    ({"retry": {"factor": 0}}, "retry.factor", "out_of_range"),
    ({"soft_timeout_seconds": -1}, "soft_timeout_seconds", "out_of_range"),
    ({"timeout_seconds": 31 * 86_400}, "timeout_seconds", "out_of_range"),
    ({"overlap": "nope"}, "overlap", "unknown"),
    ({"misfire": {"policy": "nope"}}, "misfire.policy", "unknown"),
    ({"misfire": {"grace_seconds": 0}}, "misfire.grace_seconds", "out_of_range"),
    ({"on_exhausted": "nope"}, "on_exhausted", "unknown"),
    ({"pause_after_failures": 0}, "pause_after_failures", "out_of_range"),
    ({"enabled": "yes"}, "enabled", "type"),
    ({"enabled": 1}, "enabled", "type"),
    ({"notify_on_failure": None}, "notify_on_failure", "type"),
    ({"calendar": "de"}, "calendar", "unknown"),
    ({"id": "999"}, "id", "unknown_field"),
    ({"owner": "bob"}, "owner", "unknown_field"),
]


@pytest.mark.parametrize(
    ("fields", "path", "code"), REFUSED, ids=[f"{n}-{path}" for n, (_, path, _) in enumerate(REFUSED)]
)
def test_each_fault_is_named_at_its_field(api: Api, fields: dict[str, Any], path: str, code: str) -> None:
    reply = api.post("tasks", {**TASK, **fields})
    assert reply.status == 400, reply.body
    assert any(found.startswith(code) for found in reply.faults[path]), reply.faults
    assert not ScheduledTask.objects.exists()
    assert api.get("tasks").status == 200


def test_all_faults_are_named_at_once(api: Api) -> None:
    faults = api.post("tasks", {**TASK, "name": "", "priority": 10, "cron": "x", "overlap": "nope"}).faults
    assert set(faults) == {"name", "priority", "cron", "overlap"}


def test_what_is_missing_is_said(api: Api) -> None:
    assert api.post("tasks", {}).faults == {"name": ["required"], "type": ["required"]}


def test_a_message_echoes_little_of_what_was_sent(api: Api) -> None:
    reply = api.post("tasks", {**TASK, "cron": "<script>" + "x" * 100})
    assert "x" * 81 not in str(reply.body)


def test_a_payload_that_is_too_large_is_refused(api: Api) -> None:
    reply = api.post("tasks", {**TASK, "payload": {"source": "runs", "filename": "x" * 70_000}})
    assert reply.status == 400
    assert reply.faults == {"payload": ["too_large"]}


def test_the_same_key_again_is_a_conflict_that_names_the_task(api: Api) -> None:
    first = make(api, key="mine")
    reply = api.post("tasks", {**TASK, "key": "mine"})
    assert (reply.status, reply.code) == (409, "key_taken")
    assert first["id"] in reply.body["error"]["message"]


def test_two_people_may_use_the_same_key(api: Api, stranger: Api) -> None:
    make(api, key="mine")
    make(stranger, key="mine")


def test_strangers_must_sign_in(nobody: Api) -> None:
    reply = nobody.post("tasks", TASK)
    assert (reply.status, reply.code) == (401, "not_signed_in")
    assert reply.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_task_belongs_to_whoever_makes_it(api: Api, stranger: Api, charlie: User) -> None:
    mine, theirs = make(api), make(stranger)
    assert ScheduledTask.objects.get(id=theirs["id"]).owner == charlie
    assert stranger.get(f"tasks/{mine['id']}").status == 404
