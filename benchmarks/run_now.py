"""From the request of run-now to the first line of the handler, on an idle platform."""

import time
from typing import Any
from uuid import UUID

import httpx
import psycopg

from benchmarks import _ours
from benchmarks._ground import ground
from benchmarks._pairs import spread
from benchmarks._process import until
from benchmarks.record import machine_probe, print_table, summarise, write_rows

CALLS, QUICK_CALLS = 100, 50
ROUNDS = 5
WARM = 5
PAUSE_SECONDS = 0.05
SHOWN = ("what", "calls", "p50", "p99", "max")


def main(quick: bool) -> None:
    """Call one at a time; print the spread and keep every call."""
    rows: list[dict[str, Any]] = []
    calls = QUICK_CALLS if quick else CALLS
    with ground() as found, _ours.template(found) as template, _ours.platform(found, template) as platform:
        with platform.running("web", "worker"):
            for number in range(1 if quick else ROUNDS):
                rows.append({"round": number, "calls": calls, **_measured(platform, calls)})
        settings = found.settings()
    write_rows("run_now-quick" if quick else "run_now", rows, settings)
    shown = [{"what": what, "calls": calls, **spread(row[what])} for row in rows for what in ("start_ms", "answer_ms")]
    print_table("Milliseconds from the request to the handler (start) and to the answer", shown, SHOWN)
    summarise(
        quick,
        run_now_p50_ms=[float(spread(row["start_ms"])["p50"] or 0) for row in rows],
        run_now_p99_ms=[float(spread(row["start_ms"])["p99"] or 0) for row in rows],
    )


def _measured(platform: _ours.Ours, calls: int) -> dict[str, Any]:
    task, key = platform.do("task_to_run_now"), platform.do("api_key")
    probe = machine_probe()
    headers = {"Authorization": f"Bearer {key}"}
    path = f"/api/tasks/{task}/run-now"
    starts, answers = [], []
    with httpx.Client(base_url=platform.url, headers=headers, trust_env=False) as client, platform.connect() as watch:
        for number in range(calls + WARM):
            start, answer = _once(client, path, watch)
            if number >= WARM:
                starts.append(start)
                answers.append(answer)
            time.sleep(PAUSE_SECONDS)
    return {"start_ms": starts, "answer_ms": answers, "probe": probe}


def _once(client: httpx.Client, path: str, watch: "psycopg.Connection[tuple[Any, ...]]") -> tuple[float, float]:
    """Give the milliseconds until the handler's own clock was read, and until the answer was there."""
    asked = time.time_ns()
    answer = client.post(path, json={})
    answered = time.time_ns()
    run = UUID(answer.raise_for_status().json()["id"])
    query = "SELECT result->>'at' FROM tasks_app_taskrun WHERE id = %s AND status = 'succeeded'"
    began = int(until(lambda: _ours.one(watch, query, run), 30, "the run ends", pause=0.01))
    return round((began - asked) / 1e6, 2), round((answered - asked) / 1e6, 2)
