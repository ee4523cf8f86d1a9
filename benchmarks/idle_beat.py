"""What a beat costs while nothing is due, how long it takes to start, and how soon it sees an edit."""

import time
from collections.abc import Iterator
from typing import Any

from benchmarks import _ours
from benchmarks._contenders import CARILLON
from benchmarks._ground import Ground, ground
from benchmarks._process import Process, cpu_seconds, memory_mib, until
from benchmarks._schedulers import BEAT, Bed, Scheduler, ours, peers
from benchmarks.record import machine_probe, print_table, summarise, write_rows

ROUNDS = 5
SECONDS, QUICK_SECONDS = 60.0, 20.0
MANY, FEW = 100_000, 10_000
OFFSET = 900
PATIENCE = 120.0
SETTLE_SECONDS = 3.0
SHOWN = ("tool", "schedules", "due", "start_seconds", "cpu_pct", "rss_mib", "pss_mib", "edit_seconds", "error")


def main(quick: bool) -> None:
    """Measure ours and stock beat in turn; print all and keep the rows."""
    rows: list[dict[str, Any]] = []
    seconds = QUICK_SECONDS if quick else SECONDS
    with ground() as found, _ours.template(found) as template:
        mine, stock = ours(template), peers(BEAT)
        plan = [(mine, MANY, OFFSET), *((peer, FEW, OFFSET) for peer in stock)]
        if not quick:
            plan += [(mine, FEW, OFFSET), *((peer, MANY, OFFSET) for peer in stock), (mine, MANY, 0)]
        for number in range(1 if quick else ROUNDS):
            for scheduler, size, offset in plan:
                rows.append({"round": number, **_measured(scheduler, found, size, offset, seconds)})
        settings = {"seconds": seconds, **found.settings()}
    write_rows("idle_beat-quick" if quick else "idle_beat", rows, settings)
    print_table("One beat and nothing due (or an hour's share of them); CPU in % of a core", rows, SHOWN)
    summarise(
        quick,
        beat_idle_cpu_pct_100k=list(_ours_of(rows, "cpu_pct")),
        beat_rss_mib_100k=list(_ours_of(rows, "rss_mib")),
        beat_start_s_100k=list(_ours_of(rows, "start_seconds")),
        beat_edit_seen_s_100k=list(_ours_of(rows, "edit_seconds")),
    )


def _ours_of(rows: list[dict[str, Any]], name: str) -> Iterator[float]:
    for row in rows:
        if row["tool"] == CARILLON and row["schedules"] == MANY and row["due"] == "none" and name in row:
            yield row[name]


def _measured(scheduler: Scheduler, ground: Ground, size: int, offset: int, seconds: float) -> dict[str, Any]:
    due = "none" if offset else f"{size / 3600:.0f} a second"
    row = {"tool": scheduler.name, "schedules": size, "due": due, "probe": machine_probe()}
    try:
        with scheduler.bed(ground) as bed:
            bed.do("seed", count=size, burst=0, offset=offset)
            bed.do("aim", moment=time.time() + 7200)
            with bed.start() as beat:
                until(lambda: bed.sent("first"), PATIENCE, f"{scheduler.name} sends")
                row["start_seconds"] = round(time.time() - beat.started_at, 2)
                return row | _idle(beat, seconds) | _edited(bed)
    except (RuntimeError, TimeoutError) as fault:
        return row | {"error": str(fault)[-300:]}


def _idle(beat: Process, seconds: float) -> dict[str, Any]:
    """Watch it, once it has come to rest."""
    time.sleep(SETTLE_SECONDS)
    used, started = cpu_seconds(beat.family()), time.monotonic()
    time.sleep(seconds)
    share = (cpu_seconds(beat.family()) - used) / (time.monotonic() - started)
    memory = memory_mib(beat.pid)
    return {"cpu_pct": round(share * 100, 3), "rss_mib": memory["rss"], "pss_mib": memory["pss"]}


def _edited(bed: Bed) -> dict[str, Any]:
    """Make one schedule due at once by an edit, and wait until it is sent."""
    at = bed.do("edit")["at"]
    until(lambda: bed.sent("edited"), PATIENCE, "the edited schedule is sent", pause=0.005)
    return {"edit_seconds": round(max(0.0, time.time() - at), 3)}
