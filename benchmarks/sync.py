"""sync_external_service: records a second for a first sync, one without a change, and one with 1 % changed."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from benchmarks._database import POSTGRES_OPTIONS, Platform, platforms
from benchmarks._list_service import PAGE, ListService, list_service
from benchmarks.record import machine_probe, print_table, write_rows

RECORDS = 100_000
QUICK_RECORDS = 20_000
REPEATS = 3
# (what it is called, which records are other than before)
CASES = (("first", 0), ("unchanged", 0), ("1 % changed", 100))
SHOWN = ("database", "what", "records", "new", "changed", "seconds", "records_per_second", "peak_mb", "grown_mb")


def main(quick: bool) -> None:
    """Measure each case on each database, print the table and keep the rows."""
    records = QUICK_RECORDS if quick else RECORDS
    found: list[dict[str, Any]] = []
    for _ in range(1 if quick else REPEATS):
        with list_service() as service, platforms() as made:
            for platform in made:
                found += _round(platform, service, records)
    settings = {"records": records, "records_per_page": PAGE, "postgresql": POSTGRES_OPTIONS}
    write_rows("sync-quick" if quick else "sync", found, settings)
    print_table("Sync of a list in pages of 1,000", found, SHOWN)


def _round(platform: Platform, service: ListService, records: int) -> Iterator[dict[str, Any]]:
    reaching = replace(platform, environment={**platform.environment, "ALLOW_PRIVATE_ADDRESSES": "1"})
    for what, changed_every in CASES:
        service.fill(records, changed_every=changed_every)
        probe = machine_probe()
        row: dict[str, Any] = json.loads(reaching.python("-m", "benchmarks._sync", service.url))
        yield {
            "database": platform.database,
            "what": what,
            **row,
            "records_per_second": round(row["records"] / row["seconds"]),
            "probe": probe,
        }
