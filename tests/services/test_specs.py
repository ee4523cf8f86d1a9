"""What a task may be asked to be: every fault is named at its field, in one answer."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from tasks_app.errors import Invalid
from tasks_app.models import Queue
from tasks_app.services import specs
from tasks_app.services.specs import TaskSpec
from tests.handler_types import declared

pytestmark = pytest.mark.django_db

PAYLOAD = {"url": "https://example.org/"}
FAR = datetime(2100, 1, 1, tzinfo=UTC)


def fields(**values: Any) -> dict[str, Any]:
    """Check a spec and give the task's fields."""
    spec = TaskSpec(**{"name": "n", "type": "http_request", "payload": PAYLOAD, **values})
    return specs.task_fields(spec, owner=None)


def faults(**values: Any) -> dict[str, list[str]]:
    """Check a spec and give the codes of its faults by field."""
    try:
        fields(**values)
    except Invalid as error:
        for found in error.fields.values():
            assert all(fault.message for fault in found)
        return {path: [fault.code for fault in found] for path, found in error.fields.items()}
    return {}


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"name": ""}, {"name": ["blank"]}),
        ({"name": " \u200b "}, {"name": ["blank"]}),
        ({"name": "n" * 201}, {"name": ["too_long"]}),
        ({"name": "a\x00b"}, {"name": ["characters"]}),
        ({"name": 5}, {"name": ["type"]}),
        ({"key": " "}, {"key": ["blank"]}),
        ({"type": "no.such"}, {"type": ["unknown"]}),
        ({"payload": {}}, {"payload.url": ["required"]}),
        ({"payload": []}, {"payload": ["type"]}),
        ({"payload": None}, {"payload": ["type"]}),
        ({"queue": "nowhere"}, {"queue": ["unknown"]}),
        ({"priority": 10}, {"priority": ["out_of_range"]}),
        ({"priority": -1}, {"priority": ["out_of_range"]}),
        ({"priority": "5"}, {"priority": ["type"]}),
        ({"priority": True}, {"priority": ["type"]}),
        ({"priority": None}, {"priority": ["type"]}),
        ({"jitter_seconds": None}, {"jitter_seconds": ["type"]}),
        ({"jitter_seconds": 86_401}, {"jitter_seconds": ["out_of_range"]}),
        ({"cron": "0 0,1 * * *", "jitter_seconds": 3601}, {"jitter_seconds": ["out_of_range"]}),
        ({"max_retries": 51}, {"max_retries": ["out_of_range"]}),
        ({"timeout_seconds": -1}, {"timeout_seconds": ["out_of_range"]}),
        ({"max_runs": 0}, {"max_runs": ["out_of_range"]}),
        ({"pause_after_failures": 0}, {"pause_after_failures": ["out_of_range"]}),
        ({"overlap": "perhaps"}, {"overlap": ["unknown"]}),
        ({"on_exhausted": "panic"}, {"on_exhausted": ["unknown"]}),
        ({"tags": "a,b"}, {"tags": ["type"]}),
        ({"tags": ["a", ""]}, {"tags.1": ["blank"]}),
        ({"tags": ["a", "b, c"]}, {"tags.1": ["comma"]}),
        ({"tags": ["t"] * 21}, {"tags": ["too_many"]}),
        ({"retry": []}, {"retry": ["type"]}),
        ({"retry": {"delays": []}}, {"retry.delays": ["type"]}),
        ({"retry": {"delays": [1, -1]}}, {"retry.delays.1": ["out_of_range"]}),
        ({"retry": {"delays": [1], "factor": 2}}, {"retry": ["conflict"]}),
        ({"retry": {"factor": 0}}, {"retry.factor": ["out_of_range"]}),
        ({"retry": {"often": 1}}, {"retry.often": ["unknown"]}),
        ({"misfire": "skip"}, {"misfire": ["type"]}),
        ({"misfire": {"policy": "never"}}, {"misfire.policy": ["unknown"]}),
        ({"misfire": {"grace_seconds": 0}}, {"misfire.grace_seconds": ["out_of_range"]}),
        ({"misfire": {"hurry": 1}}, {"misfire.hurry": ["unknown"]}),
        ({"timezone": "Mars/Olympus"}, {"timezone": ["timezone_unknown"]}),
        ({"cron": "* * * *"}, {"cron": ["cron_field_count"]}),
        ({"cron": "0 9 30 2 *"}, {"cron": ["cron_never"]}),
        ({"schedule": {"kind": "daily"}}, {"schedule.time": ["required"]}),
        ({"schedule": {"kind": "nonsense"}}, {"schedule.kind": ["unknown_kind"]}),
        ({"run_at": "tomorrow"}, {"run_at": ["time_invalid"]}),
        ({"run_at": datetime(2020, 1, 1, tzinfo=UTC)}, {"run_at": ["in_past"]}),
        ({"cron": "0 9 * * *", "run_at": FAR}, {"cron": ["conflict"]}),
        ({"starts_at": datetime(2100, 1, 1)}, {"starts_at": ["type"]}),
        ({"ends_at": datetime(2100, 1, 1)}, {"ends_at": ["type"]}),
        ({"cron": "0 9 * * *", "starts_at": FAR, "ends_at": FAR}, {"ends_at": ["out_of_range", "never"]}),
        (
            {"cron": "0 0 1 1 *", "starts_at": FAR, "ends_at": FAR + timedelta(seconds=-1)},
            {"ends_at": ["out_of_range", "never"]},
        ),
        (
            {"cron": "0 0 2 1 *", "starts_at": FAR, "ends_at": FAR + timedelta(hours=1)},
            {"ends_at": ["never"]},
        ),
    ],
)
def test_each_fault_is_named_at_its_field(values: dict[str, Any], expected: dict[str, list[str]]) -> None:
    assert faults(**values) == expected


def test_one_answer_names_every_fault() -> None:
    found = faults(name="", type="no.such", priority=99, cron="61 * * * *", tags=[""], retry={"x": 1})
    assert set(found) == {"name", "type", "priority", "cron", "tags.0", "retry.x"}


def test_a_manual_task_needs_no_schedule() -> None:
    made = fields()
    assert (made["kind"], made["schedule"], made["cron_expression"]) == ("manual", None, None)


@pytest.mark.parametrize(
    ("when", "kind"),
    [
        ({"run_at": FAR}, "once"),
        ({"run_at": "2100-01-01T09:00"}, "once"),
        ({"cron": "0 9 * * 1-5"}, "recurring"),
        ({"schedule": {"kind": "weekly", "days": ["mon"], "time": "9:00"}}, "recurring"),
    ],
)
def test_a_schedule_is_stored_in_its_one_form_with_its_sentence(when: dict[str, Any], kind: str) -> None:
    made = fields(**when, timezone="Europe/Berlin")
    assert made["kind"] == kind
    assert made["schedule"]["kind"]
    assert "Berlin" in made["schedule_text"]
    assert fields(schedule=made["schedule"], timezone="Europe/Berlin") == made


def test_a_naive_instant_is_wall_time_in_the_tasks_zone() -> None:
    made = fields(run_at="2100-01-01T09:00", timezone="Asia/Tokyo")
    assert made["schedule"]["run_at"].startswith("2100-01-01T00:00")


def every(**step: int) -> dict[str, Any]:
    """Give a schedule of one interval."""
    return {"kind": "every", **step}


@pytest.mark.parametrize(
    ("schedule", "is_too_often"),
    [
        (every(seconds=4), True),
        (every(seconds=5), False),
        ({"kind": "any", "of": [every(seconds=4), every(hours=1)]}, True),
        ({"kind": "any", "of": [every(seconds=6), every(hours=1)]}, False),
        ({"kind": "any", "of": [every(seconds=59), every(seconds=61)]}, True),
        ({"kind": "any", "of": [every(seconds=14), {"kind": "daily", "time": "09:00"}]}, True),
        ({"kind": "any", "of": [every(seconds=6), {"kind": "daily", "time": "09:00"}]}, False),
        (
            {"kind": "any", "of": [{**every(seconds=5), "anchor": f"2026-01-01T00:00:0{n}Z"} for n in range(5)]},
            True,
        ),
    ],
)
def test_the_shortest_interval_holds_inside_any_as_well(schedule: dict[str, Any], is_too_often: bool) -> None:
    assert faults(schedule=schedule) == ({"schedule": ["too_often"]} if is_too_often else {})


@pytest.mark.parametrize(
    ("when", "is_too_often"),
    [
        ({"cron": "* * * * *"}, True),
        ({"cron": "*/5 * * * *"}, False),
        ({"cron": "0 9 * * *"}, False),
        ({"cron": "*/7 * * * *"}, True),
        ({"cron": "0,4 9 1 1 *"}, True),
        ({"schedule": {"kind": "text", "text": "every day at 9:00 and 9:04"}}, True),
        ({"schedule": {"kind": "text", "text": "every day at 9:00 and 9:05"}}, False),
        ({"schedule": every(minutes=4)}, True),
        ({"run_at": FAR}, False),
    ],
)
def test_the_shortest_interval_holds_for_every_way_to_say_when(
    when: dict[str, Any], is_too_often: bool, settings: Any
) -> None:
    settings.MIN_INTERVAL_SECONDS = 300
    assert [code for codes in faults(**when).values() for code in codes] == (["too_often"] if is_too_often else [])


def test_a_payload_has_a_largest_size_and_depth(settings: Any) -> None:
    settings.PAYLOAD_MAX_BYTES = 1024
    assert faults(payload={"url": "https://example.org/", "body": "x" * 1024}) == {"payload": ["too_large"]}
    deep: Any = "x"
    for _ in range(30):
        deep = [deep]
    assert faults(payload={"url": "https://example.org/", "body": deep}) == {"payload": ["too_large"]}


def test_a_fault_in_the_payload_is_named_where_it_stands() -> None:
    found = faults(payload={"url": "https://example.org/", "headers": {"a\x00": "b"}, "body": float("nan")})
    assert all(path.startswith("payload.") for path in found)


def test_texts_are_trimmed_and_tags_are_kept_once() -> None:
    made = fields(name="  n  ", key=" k ", tags=[" a", "b", "a "])
    assert (made["name"], made["key"], made["tags"]) == ("n", "k", ["a", "b"])


def test_the_queue_is_the_types_own_unless_another_is_given() -> None:
    Queue.objects.get_or_create(name="critical")
    with declared(lambda ctx, payload: None, queue="gpu") as name:
        assert fields(type=name, payload={})["queue"] == "gpu"
        assert fields(type=name, payload={}, queue="gpu")["queue"] == "gpu"
        assert fields(type=name, payload={}, queue="critical")["queue"] == "critical"


def test_a_moment_ago_is_not_the_past() -> None:
    assert faults(run_at=timezone.now() - timedelta(seconds=20)) == {}
    assert faults(run_at=timezone.now() - timedelta(seconds=40)) == {"run_at": ["in_past"]}
