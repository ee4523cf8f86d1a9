"""Pages and lists of a large platform: 10,000 tasks and 2,000,000 runs, asked for one after the other.

Each is asked for by one who sees everything and by one who owns few tasks; warm, with what the process keeps of earlier
answers, and cold. At half the size and at the whole, EXPLAIN ANALYZE tells how many rows the queries of each place in
the code read: what reads more of a larger table will be slow one day.
"""

import time
from typing import Any

from benchmarks import _ours
from benchmarks._ground import ground
from benchmarks._pairs import spread
from benchmarks.record import print_table, summarise, write_rows

TASKS, RUNS = 10_000, 2_000_000
QUICK_TASKS, QUICK_RUNS = 500, 20_000
CALLS, QUICK_CALLS = 20, 2
P50_MS, P99_MS = 100, 300
GROWS, AT_LEAST = 1.5, 500
"""A place grows whose rows become so many times as many, and so many more, when the tables are doubled."""
SHOWN = (
    *("who", "page", "p50", "p99", "cold p50", "cold p99", "cpu", "cold cpu"),
    *("queries", "rows read", "grows", "kB", "misses"),
)

Row = dict[str, Any]


def main(quick: bool) -> None:
    """Fill a platform by halves, ask for every page after each, print the spreads and keep every call."""
    tasks, runs = (QUICK_TASKS, QUICK_RUNS) if quick else (TASKS, RUNS)
    with ground() as found, _ours.template(found) as template, _ours.platform(found, template) as platform:
        filled = [_filled(platform, tasks // 2, runs // 2)]
        half = platform.do("ask", calls=0)
        filled.append(_filled(platform, tasks, runs))
        rows = platform.do("ask", calls=QUICK_CALLS if quick else CALLS)
        settings = {"tasks": tasks, "runs": runs, "filled": filled, **found.settings()}
    for row, before in zip(rows, half, strict=True):
        row["rows_read_at_half"] = before["rows_read"]
        row["growing"] = growing(before["rows_read"], row["rows_read"])
    write_rows("pages-quick" if quick else "pages", rows, settings)
    shown = [_line(row) for row in rows]
    print_table("Milliseconds per page, asked for one after the other", shown, SHOWN)
    print_table(
        "Places that read more of larger tables", list(_places(rows)), ("who", "page", "place", "half", "whole")
    )
    summarise(
        quick,
        page_p50_ms_worst=[max(line["p50"] for line in shown)],
        page_p99_ms_worst=[max(line["p99"] for line in shown)],
        pages_that_grow=[sum(1 for row in rows if row["growing"])],
    )


def _filled(platform: _ours.Ours, tasks: int, runs: int) -> Row:
    began = time.monotonic()
    done = platform.do("fill", tasks=tasks, runs=runs)
    seconds = round(time.monotonic() - began)
    print(f"filled to {tasks:,} tasks and {runs:,} runs in {seconds} s, {done['cpu_seconds']:.0f} of them computing")
    return {"tasks": tasks, "runs": runs, "seconds": seconds, **done}


def growing(half: dict[str, int], whole: dict[str, int]) -> list[str]:
    """Name the places whose queries read more of larger tables, those with the most rows first."""
    found = {
        place: rows
        for place, rows in whole.items()
        if rows >= half.get(place, 0) * GROWS and rows - half.get(place, 0) >= AT_LEAST
    }
    return sorted(found, key=found.__getitem__, reverse=True)


def _line(row: Row) -> Row:
    warm, cold = spread(row["milliseconds"]), spread(row["cold_milliseconds"])
    missed = [
        *([f"p50 {P50_MS}"] if max(warm["p50"] or 0, cold["p50"] or 0) > P50_MS else []),
        *([f"p99 {P99_MS}"] if max(warm["p99"] or 0, cold["p99"] or 0) > P99_MS else []),
    ]
    return {
        **row,
        **warm,
        "cold p50": cold["p50"],
        "cold p99": cold["p99"],
        "cpu": spread(row["cpu_milliseconds"])["p50"],
        "cold cpu": spread(row["cold_cpu_milliseconds"])["p50"],
        "rows read": sum(row["rows_read"].values()),
        "grows": len(row["growing"]) or None,
        "kB": row["kilobytes"],
        "misses": ", ".join(missed),
    }


def _places(rows: list[Row]) -> "list[Row]":
    return [
        {
            "who": row["who"],
            "page": row["page"],
            "place": place,
            "half": row["rows_read_at_half"].get(place, 0),
            "whole": row["rows_read"][place],
        }
        for row in rows
        for place in row["growing"]
    ]
