"""Putting runs in: ten thousand in one call, and one by one, beside Celery's apply_async as often."""

from collections.abc import Callable
from functools import partial
from typing import Any

from benchmarks import _ours
from benchmarks._contenders import RAW, Contender, ours, peers
from benchmarks._ground import Ground, ground
from benchmarks._pairs import in_turn, medians, ratios
from benchmarks.ours.task_handlers import NOOP
from benchmarks.record import machine_probe, print_table, summarise, write_rows

RUNS, QUICK_RUNS = 10_000, 5_000
SINGLE, QUICK_SINGLE = 2_000, 500
ROUNDS, QUICK_ROUNDS = 5, 3
RATE = "enqueue_per_second"
SHOWN = ("tool", "n", RATE, "range", "ours")
ONE_BY_ONE = "carillon, one by one"


def main(quick: bool) -> None:
    """Put in the same number in turn; no worker runs. Print the medians and keep the rows."""
    count, single, rounds = (QUICK_RUNS, QUICK_SINGLE, QUICK_ROUNDS) if quick else (RUNS, SINGLE, ROUNDS)
    with ground() as found, _ours.template(found) as template:
        mine = partial(_enqueued, ours("carillon, one call", template, type=NOOP), found, count)
        alone = partial(_enqueued, ours(ONE_BY_ONE, template, "enqueue_singly", type=NOOP), found, single)
        raw = [partial(_enqueued, peer, found, count) for peer in peers() if peer.name == RAW]
        others: list[Callable[[], dict[str, Any]]] = [*raw, alone]
        rows = list(in_turn(mine, others, rounds, between=2))
        settings = {"runs": count, "one by one": single, **found.settings()}
    kept = [{**row, "beside": row["beside"].get(RATE)} if "beside" in row else row for row in rows]
    write_rows("enqueue-quick" if quick else "enqueue", kept, settings)
    lines = list(medians(rows, (RATE,), RATE))
    print_table("Runs put in a second; ours = how many times as many by one call", lines, SHOWN)
    summarise(
        quick,
        enqueue_vs_apply_async=ratios(rows, RAW, RATE),
        single_enqueue_vs_apply_async=_single(ratios(rows, ONE_BY_ONE, RATE), ratios(rows, RAW, RATE)),
    )


def _enqueued(contender: Contender, ground: Ground, count: int) -> dict[str, Any]:
    probe = machine_probe()
    with contender.session(ground) as session:
        seconds = session.enqueue(count)
    return {"tool": contender.name, "runs": count, RATE: round(count / seconds, 1), "probe": probe}


def _single(to_alone: list[float], to_raw: list[float]) -> list[float]:
    return [raw / alone for alone, raw in zip(to_alone, to_raw, strict=True)] if to_raw else []
