"""A thousand schedules due at one second, among many others: how late each run is published, and how late it starts."""

import time
from collections.abc import Iterator
from typing import Any

from benchmarks import _ours
from benchmarks._contenders import CARILLON
from benchmarks._ground import Ground, ground
from benchmarks._pairs import spread
from benchmarks._process import until
from benchmarks._schedulers import Bed, Scheduler, ours, peers
from benchmarks.record import machine_probe, print_table, summarise, write_rows

BURST = 1_000
ROUNDS = 5
SIZES, PEER_SIZES = (1_000, 10_000, 100_000), (1_000, 10_000)
QUICK_SIZES, QUICK_PEER_SIZES = (1_000, 100_000), (1_000,)
AHEAD_SECONDS = 10.0
PATIENCE, QUICK_PATIENCE = 60.0, 20.0
_LOOK_SECONDS = 0.005
SHOWN = ("tool", "schedules", "sent", "p50", "p99", "max", "queued_p99", "start_p50", "start_p99")
_ROWS = (
    "SELECT extract(epoch FROM run.queued_at - slot)::float, extract(epoch FROM run.started_at - slot)::float"
    " FROM tasks_app_taskrun AS run JOIN tasks_app_scheduledtask AS task ON task.id = task_id"
    " WHERE task.key LIKE 'burst:%' AND slot IS NOT NULL"
)


def main(quick: bool) -> None:
    """Measure the sizes in turn, ours and the peers; print all and keep the rows."""
    sizes, peer_sizes = (QUICK_SIZES, QUICK_PEER_SIZES) if quick else (SIZES, PEER_SIZES)
    patience = QUICK_PATIENCE if quick else PATIENCE
    rows: list[dict[str, Any]] = []
    with ground() as found, _ours.template(found) as template:
        mine = ours(template)
        for number in range(1 if quick else ROUNDS):
            for size in sizes:
                for scheduler in (mine, *(peers() if size in peer_sizes else ())):
                    rows.append({"round": number, **_published(scheduler, found, size, patience)})
            rows.append({"round": number, **_started(mine, found, sizes[0], 2 * patience)})
        settings = {"burst": BURST, **found.settings()}
    write_rows("burst-quick" if quick else "burst", rows, settings)
    print_table("Seconds late, of a thousand due at one second", rows, SHOWN)
    summarise(
        quick,
        burst_p99_s_1k=list(_late(rows, 1_000)),
        burst_p99_s_10k=list(_late(rows, 10_000)),
        burst_p99_s_100k=list(_late(rows, 100_000)),
    )


def _late(rows: list[dict[str, Any]], size: int) -> Iterator[float]:
    for row in rows:
        if row["tool"] == CARILLON and row["schedules"] == size and row.get("p99") is not None:
            yield row["p99"]


def _published(scheduler: Scheduler, ground: Ground, size: int, patience: float) -> dict[str, Any]:
    """Watch only the publishing: nobody works off what is sent."""
    row = {"tool": scheduler.name, "schedules": size, "probe": machine_probe()}
    try:
        with scheduler.bed(ground) as bed:
            moment = _aimed(bed, size)
            with bed.start() as beat:
                until(lambda: bed.sent("first"), AHEAD_SECONDS * 3, f"{scheduler.name} sends")
                row |= {"was_ready": time.time() < moment, **_watched(bed, moment, patience)}
                if bed.platform is not None:
                    row["queued_p99"] = _queued_p99(bed.platform)
                return row | ({"error": beat.last_words()} if beat.has_ended else {})
    except (RuntimeError, TimeoutError) as fault:
        return row | {"sent": 0, "error": str(fault)[-800:]}


def _queued_p99(platform: _ours.Ours) -> float | int | None:
    """Say the same by what the rows say of themselves: the instant of the tick that made them."""
    with platform.connect() as connection:
        return spread([late for late, _ in connection.execute(_ROWS)])["p99"]


def _aimed(bed: Bed, size: int) -> float:
    bed.do("seed", count=size, burst=BURST, offset=0)
    moment = float(int(time.time() + AHEAD_SECONDS))
    bed.do("aim", moment=moment)
    return moment


def _watched(bed: Bed, moment: float, patience: float) -> dict[str, Any]:
    """Look every few milliseconds how many are out; what is never sent has no lateness."""
    late: list[float] = []
    time.sleep(max(0.0, moment - time.time() - 0.05))
    while len(late) < BURST and time.time() < moment + patience:
        sent, now = bed.sent("burst"), time.time()
        late += [now - moment] * (sent - len(late))
        time.sleep(_LOOK_SECONDS)
    found = spread(late)
    for name, share in (("p50", 0.5), ("p99", 0.99), ("max", 1.0)):
        if len(late) < share * BURST:
            found[name] = None
    return {"sent": len(late), **found}


def _started(scheduler: Scheduler, ground: Ground, size: int, patience: float) -> dict[str, Any]:
    """Watch the starts, with a worker."""
    row = {"tool": f"{scheduler.name} and a worker", "schedules": size, "probe": machine_probe()}
    with scheduler.bed(ground) as bed:
        assert bed.platform is not None
        with bed.platform.running("worker"):
            moment = _aimed(bed, size)
            with bed.start(), bed.platform.connect() as connection:
                time.sleep(max(0.0, moment - time.time()))
                query = f"SELECT count(*) FROM ({_ROWS} AND run.started_at IS NOT NULL) AS started".replace("%", "%%")
                _settle(lambda: _ours.one(connection, query) >= BURST, patience)
                found = [(queued, start) for queued, start in connection.execute(_ROWS) if start is not None]
    queued, starts = spread([late for late, _ in found]), spread([start for _, start in found])
    starting = {f"start_{name}": starts[name] for name in ("p50", "p99", "max")}
    return {**row, "sent": len(found), "queued_p99": queued["p99"], **starting}


def _settle(condition: Any, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.1)
