"""No-op jobs: put in, then worked off, by the platform and by its peers in turn; and short runs beside long ones."""

import statistics
from collections.abc import Iterator
from functools import partial
from typing import Any

from benchmarks import _ours
from benchmarks._contenders import CARILLON, RAW, Contender, of_ours, ours, peers
from benchmarks._drain import measured
from benchmarks._ground import Ground, ground
from benchmarks._pairs import in_turn, medians, ratios, spread
from benchmarks.ours.task_handlers import NAP, NAP_ALONE
from benchmarks.record import machine_probe, print_table, summarise, write_rows

JOBS, QUICK_JOBS = 10_000, 1_000
ROUNDS = 5
LONG_EVERY, LONG_SECONDS = 100, 5.0
MIXED, QUICK_MIXED = 2_000, 200
SHOWN = ("tool", "n", "enqueue_per_second", "drain_per_second", "e2e_per_second", "range", "ours", "fault")
SHOWN_MIXED = ("tool", "jobs", "long", "p50", "p99", "max")
E2E = "e2e_per_second"


def main(quick: bool) -> None:
    """Measure all in turn; print the medians and keep the rows."""
    count, rounds, seconds = (QUICK_JOBS, 1, 30.0) if quick else (JOBS, ROUNDS, 600.0)
    with ground() as found, _ours.template(found) as template:
        mine, alone = of_ours(template)
        others = [alone, *peers()]
        measure = partial(measured, ground=found, count=count, seconds=seconds)
        turns = [partial(measure, other) for other in others]
        rows = list(in_turn(partial(measure, mine), turns, rounds, between=4 if quick else 1))
        mixed = list(_mixed(found, template, QUICK_MIXED if quick else MIXED, 1 if quick else ROUNDS))
        settings = {"jobs": count, "children": _ours.CHILDREN, **found.settings()}
    write_rows("throughput-quick" if quick else "throughput", [*_plain(rows), *mixed], settings)
    lines = list(medians(rows, ("enqueue_per_second", "drain_per_second", E2E), E2E))
    print_table("Jobs a second; ours = how many times as many the platform did beside it", lines, SHOWN)
    print_table("Seconds that runs without work waited where one in a hundred takes 5 s", mixed, SHOWN_MIXED)
    summarise(
        quick,
        durable_vs_raw_celery=ratios(rows, RAW, E2E),
        durable_vs_best_durable=_against_the_best(rows, others),
        alone_vs_raw_celery=_alone_against_raw(ratios(rows, alone.name, E2E), ratios(rows, RAW, E2E)),
    )


def _alone_against_raw(to_alone: list[float], to_raw: list[float]) -> list[float]:
    return [raw / alone for alone, raw in zip(to_alone, to_raw, strict=False)]


def _against_the_best(rows: list[dict[str, Any]], others: list[Contender]) -> list[float]:
    """Give the ratios to the durable peer that came nearest."""
    names = [other.name for other in others if other.is_durable and not other.name.startswith(CARILLON)]
    found = [values for name in names if (values := ratios(rows, name, E2E))]
    return min(found, key=statistics.median, default=[])


def _plain(rows: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for row in rows:
        beside = row.get("beside")
        yield {**row, "beside": beside.get(E2E)} if beside else row


def _mixed(ground: Ground, template: str, count: int, rounds: int) -> Iterator[dict[str, Any]]:
    """Let one run in a hundred take five seconds, with groups of runs and without."""
    how: dict[str, Any] = {"every": LONG_EVERY, "seconds": LONG_SECONDS}
    for number in range(rounds):
        for name, type in (("groups", NAP), ("no groups", NAP_ALONE)):
            contender = ours(name, template, "enqueue_naps", type=type, **how)
            yield {"round": number, **_waits(contender, ground, count)}


def _waits(contender: Contender, ground: Ground, count: int) -> dict[str, Any]:
    probe = machine_probe()
    query = (
        "SELECT extract(epoch FROM started_at - queued_at)::float FROM tasks_app_taskrun"
        " WHERE status = 'succeeded' AND (payload->>'seconds')::float = 0"
    )
    with contender.session(ground) as session:
        session.enqueue(count)
        with session.workers():
            _ours.count_until(
                session.connection, "SELECT count(*) FROM tasks_app_taskrun WHERE status = 'succeeded'", count, 900
            )
        found = spread([seconds for (seconds,) in session.connection.execute(query)])
    return {"tool": contender.name, "jobs": count, "long": count // LONG_EVERY, **found, "probe": probe}
