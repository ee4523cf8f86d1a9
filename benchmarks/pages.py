"""Pages and lists of a large platform: 10,000 tasks and 2,000,000 runs, asked for one after the other."""

import secrets
import time
from collections.abc import Iterator
from typing import Any

import httpx

from benchmarks import _ours
from benchmarks._ground import ground
from benchmarks._pairs import spread
from benchmarks.record import machine_probe, print_table, summarise, write_rows

TASKS, RUNS = 10_000, 2_000_000
QUICK_TASKS, QUICK_RUNS = 500, 20_000
CALLS, QUICK_CALLS = 30, 5
FILL_SECONDS = 1800
SHOWN = ("who", "page", "p50", "p99", "max", "kilobytes", "status")
PAGES = (
    "/",
    "/tasks/",
    "/tasks/?ordering=-last_run_at",
    "/tasks/?search=invoices",
    "/tasks/?status=active&type=send_email",
    "/tasks/{task}/",
    "/runs/",
    "/runs/?status=failed",
    "/runs/?status=needs",
    "/runs/?type=cleanup",
    "/runs/?tag=finance",
    "/runs/?worker=nobody",
    "/runs/?search=nothing-has-this",
    "/runs/groups/",
    "/runs/{run}/",
    "/calendar/",
    "/upcoming/",
    "/queues/",
    "/workers/",
    "/batches/",
    "/settings/audit/",
    "/api/tasks",
    "/api/runs",
    "/api/runs?status=failed",
    "/api/stats",
    "/api/upcoming",
    "/metrics",
)

OPERATORS_ONLY = {"/queues/", "/workers/"}


def main(quick: bool) -> None:
    """Fill a platform, ask for every page, print the spreads and keep every call."""
    token = secrets.token_urlsafe(32)
    with (
        ground() as found,
        _ours.template(found) as template,
        _ours.platform(found, template, METRICS_TOKEN=token) as platform,
    ):
        size = {"tasks": QUICK_TASKS if quick else TASKS, "runs": QUICK_RUNS if quick else RUNS}
        began = time.monotonic()
        filled = platform.do("fill", **size)
        print(f"filled with {size} in {time.monotonic() - began:.0f} s")
        with platform.running("web", "worker"):
            rows = list(_measured(platform, filled, token, QUICK_CALLS if quick else CALLS))
        settings = {**size, **found.settings()}
    write_rows("pages-quick" if quick else "pages", rows, settings)
    shown = [{**row, **spread(row["milliseconds"])} for row in rows]
    print_table("Milliseconds per page, asked for one after the other", shown, SHOWN)
    summarise(
        quick,
        page_p50_ms_worst=[max(float(row["p50"] or 0) for row in shown)],
        page_p99_ms_worst=[max(float(row["p99"] or 0) for row in shown)],
    )


def _measured(platform: _ours.Ours, filled: dict[str, Any], token: str, calls: int) -> Iterator[dict[str, Any]]:
    for who, places in filled.items():
        with httpx.Client(base_url=platform.url, cookies=places["cookies"], trust_env=False, timeout=60) as client:
            for page in PAGES if who == "administrator" else (page for page in PAGES if page not in OPERATORS_ONLY):
                said = {"Authorization": f"Bearer {token}"} if page == "/metrics" else {}
                yield {"who": who, "page": page, **_asked(client, page.format(**places["ids"]), said, calls)}


def _asked(client: httpx.Client, path: str, said: dict[str, str], calls: int) -> dict[str, Any]:
    """Ask so many times, after once that does not count; a page that is not there says nothing of its speed."""
    probe, taken = machine_probe(), []
    client.get(path, headers=said).raise_for_status()
    for _ in range(calls):
        began = time.perf_counter()
        answer = client.get(path, headers=said)
        taken.append(round((time.perf_counter() - began) * 1000, 2))
        answer.raise_for_status()
    return {
        "milliseconds": taken,
        "status": answer.status_code,
        "kilobytes": round(len(answer.content) / 1000),
        "probe": probe,
    }
