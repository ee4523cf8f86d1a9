"""export_report: rows a second, beside PostgreSQL's own COPY of the same columns, and the memory of a real worker."""

import json
import sys
from collections.abc import Iterator
from typing import Any

from benchmarks._database import POSTGRES_OPTIONS, Platform, platforms
from benchmarks._worker import made_by_worker
from benchmarks.record import machine_probe, print_table, write_rows

ROWS = 1_000_000
QUICK_ROWS = 50_000
REPEATS = 1
# What a worker's child may hold at most, however long the report.
MOST_MB = 150
FEW = ["id", "type", "status", "queue", "finished_at"]
# (what it is called, columns, the rest of the payload)
CASES: tuple[tuple[str, list[str], dict[str, Any]], ...] = (
    ("csv", FEW, {}),
    ("csv.gz", FEW, {"gzip": True}),
    ("jsonl", FEW, {"format": "jsonl"}),
    ("xlsx", FEW, {"format": "xlsx"}),
    ("csv, all 17 columns", [], {}),
)
SHOWN = (
    "database",
    "what",
    "rows",
    "seconds",
    "cpu_seconds",
    "rows_per_second",
    "share_of_copy",
    "megabytes",
    "peak_mb",
    "child_seconds",
    "child_peak_mb",
)


def main(quick: bool) -> None:
    """Measure each case on each database, print the table and keep the rows."""
    rows = QUICK_ROWS if quick else ROWS
    found: list[dict[str, Any]] = []
    with platforms() as made:
        for platform in made:
            _step(platform, "fill", rows)
            for _ in range(1 if quick else REPEATS):
                found += _round(platform)
    write_rows("export-quick" if quick else "export", found, {"rows": rows, "postgresql": POSTGRES_OPTIONS})
    print_table("Export of reports; share_of_copy compares with COPY … TO STDOUT in the same round", found, SHOWN)
    over = [f"{row['what']} on {row['database']}" for row in found if (row.get("child_peak_mb") or 0) >= MOST_MB]
    if over:
        sys.exit(f"A worker's child held {MOST_MB} MB or more: {'; '.join(over)}")


def _round(platform: Platform) -> Iterator[dict[str, Any]]:
    copied = None
    if platform.database == "postgresql":
        copied = _measured(platform, "COPY to CSV", "copy", FEW)
        yield copied
    for what, columns, options in CASES:
        payload = {"source": "runs", "columns": columns, **options}
        row = {**_measured(platform, what, "export", payload), **made_by_worker(platform, payload)}
        if copied is not None:
            row["share_of_copy"] = round(row["rows_per_second"] / copied["rows_per_second"], 3)
        yield row


def _measured(platform: Platform, what: str, step: str, argument: Any) -> dict[str, Any]:
    probe = machine_probe()
    row = _step(platform, step, argument)
    return {
        "database": platform.database,
        "what": what,
        **row,
        "rows_per_second": round(row["rows"] / row["seconds"]),
        "megabytes": round(row["bytes"] / 1e6, 1),
        "probe": probe,
    }


def _step(platform: Platform, step: str, argument: Any) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(platform.python("-m", "benchmarks._report", step, json.dumps(argument)))
    return answer
