"""Short ways to write what a text means, for tables."""

from collections.abc import Mapping
from typing import Any

import pytest

from tasks_app.recurrence import Problem, ScheduleError, build

ZONE = "Europe/Berlin"


def meaning(text: str, zone: str = ZONE) -> str:
    """Give the meaning of a text in the short form of the tables."""
    return short(build({"kind": "text", "text": text}, zone).meaning)


def short(schedule: Mapping[str, Any]) -> str:
    """Write a schedule object on one line; a cron schedule is its expression."""
    kind = schedule["kind"]
    if kind == "any":
        return " + ".join(short(part) for part in schedule["of"])
    if kind == "cron":
        return str(schedule["expression"])
    if kind == "every":
        (count, unit) = next((value, name) for name, value in schedule.items() if name not in ("kind", "anchor"))
        return f"every {count} {unit}" + (f" from {schedule['anchor']}" if "anchor" in schedule else "")
    values = [",".join(value) if isinstance(value, list) else str(value) for value in schedule.values()]
    if "workday" in schedule:
        values.insert(1, "workday")
    if kind == "yearly":
        values[1:3] = [f"{schedule['day']}.{schedule['month']}."]
    return " ".join(values)


def rows(table: Mapping[str, tuple[str, ...]]) -> list[tuple[str, str]]:
    """Give each text with its meaning."""
    return [(text, expected) for expected, texts in table.items() for text in texts]


def refusal(text: str, zone: str = ZONE) -> Problem:
    """Give what is wrong with a text."""
    with pytest.raises(ScheduleError) as refused:
        build({"kind": "text", "text": text}, zone)
    ((path, (problem, *others)),) = refused.value.problems.items()
    assert (path, others) == ("text", [])
    return problem
