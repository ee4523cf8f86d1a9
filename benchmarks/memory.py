"""What a worker's children hold in memory, and what they gain over a hundred thousand runs."""

from typing import Any

import psycopg

from benchmarks import _ours
from benchmarks._contenders import SUCCEEDED
from benchmarks._ground import ground
from benchmarks._process import Process, memory_mib
from benchmarks.ours.task_handlers import NOOP
from benchmarks.record import machine_probe, print_table, summarise, write_rows

RUNS, QUICK_RUNS = 100_000, 3_000
LOT = 10_000
PATIENCE = 3_600
SHOWN = ("runs", "process", "rss", "pss", "uss")


def main(quick: bool) -> None:
    """Work off lot after lot, and look at the memory after each."""
    runs = QUICK_RUNS if quick else RUNS
    lot = min(LOT, runs // 3)
    with ground() as found, _ours.template(found) as template, _ours.platform(found, template) as platform:
        with platform.running("worker") as (worker,), platform.connect() as connection:
            rows = [
                row for done in range(lot, runs + 1, lot) for row in _after(platform, worker, connection, done, lot)
            ]
        settings = {"children": _ours.CHILDREN, **found.settings()}
    write_rows("memory-quick" if quick else "memory", rows, settings)
    children = [row for row in rows if row["process"] != "parent"]
    print_table("A worker's processes after so many runs, in MiB", rows, SHOWN)
    last = [row for row in children if row["runs"] == rows[-1]["runs"]]
    summarise(
        quick,
        worker_child_pss_mib=[row["pss"] for row in last],
        worker_child_growth_mib_100k=_growth(children) if not quick else [],
    )


def _after(
    platform: _ours.Ours, worker: Process, connection: "psycopg.Connection[tuple[Any, ...]]", lot: int, done: int
) -> list[dict[str, Any]]:
    probe = machine_probe()
    platform.do("enqueue", type=NOOP, count=lot)
    _ours.count_until(connection, SUCCEEDED, done, PATIENCE)
    parent, *children = worker.family()
    named = [("parent", parent), *((f"child {number}", pid) for number, pid in enumerate(children, 1))]
    return [{"runs": done, "process": name, "pid": pid, **memory_mib(pid), "probe": probe} for name, pid in named]


def _growth(children: list[dict[str, Any]]) -> list[float]:
    """Give what each child alone has gained from the first look to the last; a child that was replaced starts anew."""
    found = []
    for pid in dict.fromkeys(row["pid"] for row in children):
        own = [row["uss"] for row in children if row["pid"] == pid]
        found.append(own[-1] - own[0])
    return found
