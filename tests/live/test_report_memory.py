"""However many rows a report has, the worker's child that makes it holds one page of them."""

import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from benchmarks._memory import peak_mb
from benchmarks._report import FIRST_MS
from benchmarks.export import MOST_MB
from scheduler_project.settings import BASE_DIR
from tests.live import inside
from tests.live.platform import Platform, running_platform

pytestmark = [pytest.mark.live, pytest.mark.slow, pytest.mark.timeout(600)]
FEW, MANY = 60_000, 160_000
# The file of so many more rows has 10 to 15 MB, and as Python's objects they would be far more. After few
# the child has grown by most of what its first reports make it grow; 3 MB more were measured.
GROWTH_MB = 7
COLUMNS = ["id", "type", "status", "queue", "finished_at"]


@pytest.fixture(scope="module")
def platform() -> Iterator[Platform]:
    """A worker of one child, and many runs to report of, a millisecond from each other."""
    with running_platform("redis", "worker", WORKER_CONCURRENCY="1") as platform:
        words = [sys.executable, "-m", "benchmarks._report", "fill", str(MANY)]
        subprocess.run(words, cwd=BASE_DIR, env=platform.environment, check=True, stdout=subprocess.DEVNULL)
        yield platform


def made(platform: Platform, rows: int, **payload: Any) -> float:
    """Make a report of the first so many rows, and give the most memory that the child which made it has ever held."""
    children = platform["worker"].children()
    end = datetime.fromtimestamp((FIRST_MS + 1 + rows) / 1000, UTC).isoformat()
    filters = {"from": "2020-01-01T00:00:00Z", "to": end}
    report = {"source": "runs", "columns": COLUMNS, "filters": filters, **payload}
    story = platform.ended(platform.do(inside.enqueue, "export_report", report), 300)
    assert (story.status, story.result["rows"]) == ("succeeded", rows), json.dumps(story.result)
    (child,) = platform["worker"].children()
    assert [child] == children, "no other child can have made it"
    peak = peak_mb(child)
    if peak is None:
        pytest.skip("this system does not tell the peak of a process")
    return peak


@pytest.mark.parametrize("kind", ["csv", "jsonl", "xlsx"])
def test_a_child_holds_no_more_for_many_rows_than_for_a_few(platform: Platform, kind: str) -> None:
    few = made(platform, FEW, format=kind, gzip=kind == "csv")
    many = made(platform, MANY, format=kind, gzip=kind == "csv")
    assert many < MOST_MB
    assert many - few < GROWTH_MB
