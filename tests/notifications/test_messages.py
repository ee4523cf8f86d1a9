"""The frames are the contract's, and closed."""

import json
from datetime import UTC, datetime

import pytest
from pydantic import ValidationError

from notifications.groups import groups_of_run, parse_topic
from notifications.messages import ErrorFrame, Hint, LogLine, RunLog, TaskUpdated

AT = datetime(2030, 1, 1, 12, tzinfo=UTC)
UPDATE = TaskUpdated(
    task_id=None, run_id="r", status="running", reason="", version=2, seq=1, progress=None, message="", at=AT
)


def test_a_task_update_has_the_contracts_fields() -> None:
    fields = ["type", "task_id", "run_id", "status", "reason", "version", "seq", "progress", "message", "at"]
    frame = json.loads(UPDATE.encode())
    assert list(frame) == fields
    assert (frame["type"], frame["at"]) == ("TaskUpdated", "2030-01-01T12:00:00Z")


def test_a_log_frame_has_the_contracts_fields() -> None:
    line = LogLine(n=1, at=AT, level="info", message="hello")
    frame = json.loads(RunLog(run_id="r", lines=[line]).encode())
    assert list(frame) == ["type", "run_id", "lines"]
    assert frame["lines"] == [{"n": 1, "at": "2030-01-01T12:00:00Z", "level": "info", "message": "hello"}]


def test_an_error_names_its_topic_where_it_has_one() -> None:
    assert json.loads(ErrorFrame(code="bad_request").encode()) == {"type": "error", "code": "bad_request"}
    assert json.loads(ErrorFrame(code="not_found", topic="tasks").encode())["topic"] == "tasks"


@pytest.mark.parametrize("text", ['{"owner_id": 1}', '{"owner_id": 1, "frame": {}, "more": 1}', "[]", "\x00", ""])
def test_what_is_no_hint_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  # whatever pydantic says, it is a ValueError
        Hint.decode(text)


def test_a_frame_takes_no_unknown_field() -> None:
    with pytest.raises(ValidationError):
        TaskUpdated.model_validate({**UPDATE.model_dump(), "result": "secret"})


def test_a_hint_survives_the_way() -> None:
    hint = Hint(owner_id=None, frame=UPDATE)
    assert Hint.decode(hint.encode()) == hint


RUN = "018f0000-0000-7000-8000-000000000001"


@pytest.mark.parametrize("text", ["tasks", f"run:{RUN}", f"task:{RUN}"])
def test_a_topic_is_written_as_it_was_read(text: str) -> None:
    assert str(parse_topic(text)) == text


def test_a_topic_has_one_form() -> None:
    assert parse_topic(f"run:{RUN.upper()}") == parse_topic(f"run:{{{RUN}}}") == parse_topic(f"run:{RUN}")


@pytest.mark.parametrize("text", [None, 7, "", "run", "run:", f"queue:{RUN}", f"tasks:{RUN}", ["tasks"], "Tasks"])
def test_anything_else_is_no_topic(text: object) -> None:
    assert parse_topic(text) is None


def test_a_run_concerns_staff_its_followers_its_task_and_its_owner() -> None:
    assert groups_of_run(run_id="r", task_id="t", owner_id=3) == ["all", "run.r", "task.t", "owner.3"]
    assert groups_of_run(run_id="r", task_id=None, owner_id=None) == ["all", "run.r"]
