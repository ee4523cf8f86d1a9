"""The examples on the page about schedules do what the page says."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tasks_app.recurrence import ScheduleError, build, parse
from tasks_app.recurrence.kinds import KINDS

PAGE = (Path(__file__).parents[2] / "docs" / "schedules.md").read_text(encoding="utf-8")
ZONE = "Europe/Berlin"


def table(*head: str) -> list[tuple[str, ...]]:
    """Give the rows of all tables with these names of columns, without their backticks."""
    title = "| " + " | ".join(head) + " |\n"
    rows = [
        tuple(cell.strip().strip("`") for cell in line.strip("|").split("|"))
        for block in PAGE.split(title)[1:]
        for line in re.match(r"\|[ -|]*\|\n((?:\|.*\n?)+)", block)[1].splitlines()  # type: ignore[index]  # is a table
    ]
    assert rows
    return rows


def problem(schedule: dict[str, Any]) -> Any:
    with pytest.raises(ScheduleError) as refused:
        build(schedule, ZONE)
    return next(iter(refused.value.problems.values()))[0]


def test_every_kind_is_shown() -> None:
    assert list(dict.fromkeys(json.loads(schedule)["kind"] for schedule, _ in table("schedule", "reads"))) == [
        *("once", "every", "hourly", "daily", "weekly", "monthly", "yearly", "cron", "text", "any")
    ]
    assert {json.loads(schedule)["kind"] for schedule, _ in table("schedule", "reads")} == set(KINDS)


@pytest.mark.parametrize(("schedule", "sentence"), table("schedule", "reads"))
def test_a_schedule_reads_as_the_page_says(schedule: str, sentence: str) -> None:
    assert build(json.loads(schedule), ZONE).describe() == sentence


@pytest.mark.parametrize(("text", "sentence"), table("text", "is understood as"))
def test_a_text_is_understood_as_the_page_says(text: str, sentence: str) -> None:
    assert build({"kind": "text", "text": text}, ZONE).describe() == sentence


@pytest.mark.parametrize(("text", "message", "suggestion"), table("text", "why not", "suggestion"))
def test_a_text_is_refused_as_the_page_says(text: str, message: str, suggestion: str) -> None:
    found = problem({"kind": "text", "text": text})
    assert (found.message, found.suggestion or "") == (message, suggestion)


@pytest.mark.parametrize(("expression", "sentence"), table("expression", "reads"))
def test_an_expression_reads_as_the_page_says(expression: str, sentence: str) -> None:
    assert parse(expression, ZONE).describe() == sentence


@pytest.mark.parametrize(("expression", "suggestion"), table("expression", "suggestion"))
def test_a_dialect_is_answered_as_the_page_says(expression: str, suggestion: str) -> None:
    found = problem({"kind": "cron", "expression": expression}).suggestion
    assert found == (json.loads(suggestion) if suggestion.startswith("{") else suggestion)


@pytest.mark.parametrize(("expression", "start", "runs"), table("expression", "from", "runs"))
def test_an_expression_runs_across_a_change_of_the_clocks_as_the_page_says(
    expression: str, start: str, runs: str
) -> None:
    recurrence, zone = parse(expression, ZONE), ZoneInfo(ZONE)
    instant = datetime.fromisoformat(start).replace(tzinfo=zone).astimezone(UTC)
    for run in runs.split(", "):
        instant = recurrence.next_after(instant) or instant
        assert instant.astimezone(zone).isoformat(timespec="minutes") == run


@pytest.mark.parametrize(("run_at", "answer"), table("run_at", "answer"))
def test_an_instant_is_answered_as_the_page_says(run_at: str, answer: str) -> None:
    schedule = {"kind": "once", "run_at": run_at}
    if answer.startswith("Once"):
        assert build(schedule, ZONE).describe() == answer
    else:
        assert problem(schedule).message == answer
