"""However many rows a report has, a worker holds one page of them."""

import json
import os
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings

from benchmarks._database import Platform, on_postgres, on_sqlite

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
ROWS = 200_000
# What a worker may hold at most, of which the platform's code alone takes two thirds.
MOST_MB = 150
GROWTH_MB = 20


@pytest.fixture(scope="module")
def platform() -> Iterator[Platform]:
    """A platform with many runs, on the kind of database that is tested."""
    made = on_sqlite() if settings.IS_SQLITE else on_postgres(os.environ["DATABASE_URL"])
    with made as platform:
        _step(platform, "fill", ROWS)
        yield platform


def _step(platform: Platform, step: str, argument: object) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(platform.python("-m", "benchmarks._report", step, json.dumps(argument)))
    return answer


@pytest.mark.parametrize("kind", ["csv", "jsonl", "xlsx"])
def test_a_long_report_takes_little_memory(platform: Platform, kind: str) -> None:
    columns = ["id", "type", "status", "queue", "finished_at"]
    found = _step(platform, "export", {"source": "runs", "columns": columns, "format": kind, "gzip": kind == "csv"})
    assert found["rows"] == ROWS
    if found["peak_mb"] is None:
        pytest.skip("this system does not tell the peak of a process")
    assert found["peak_mb"] < MOST_MB
    assert found["peak_mb"] - found["start_mb"] < GROWTH_MB
