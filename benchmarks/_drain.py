"""One measurement of a contender: so many jobs put in, then worked off."""

import time
from typing import Any

from benchmarks._contenders import Contender, Session
from benchmarks._ground import Ground
from benchmarks._process import Process, cpu_seconds, memory_mib
from benchmarks.record import machine_probe

_PAUSE_SECONDS = 0.02
_START_SECONDS = 60


def measured(contender: Contender, ground: Ground, count: int, seconds: float) -> dict[str, Any]:
    """Put the jobs in, start the workers, and time the way to the last one; starting up is not counted.

    `drain_per_second` is taken from the first jobs that were seen done to the last. A contender that fails or takes
    longer than `seconds` has a row that says so, with the rate that it had.
    """
    row: dict[str, Any] = {"tool": contender.name, "durable": contender.is_durable, "jobs": count}
    row["probe"] = machine_probe()
    try:
        with contender.session(ground) as session:
            spent = session.enqueue(count)
            row |= {"enqueue_seconds": round(spent, 4), "enqueue_per_second": round(count / spent, 1)}
            with session.workers() as processes:
                row |= _drained(session, processes, count, seconds)
    except (RuntimeError, TimeoutError, KeyError) as fault:
        return row | {"error": str(fault)[-800:]}
    rate = row["drain_per_second"]
    row["e2e_per_second"] = round(count / (spent + count / rate), 1) if rate else None
    return row


def _drained(session: Session, processes: list[Process], count: int, seconds: float) -> dict[str, Any]:
    before, started = _first_seen(session, processes)
    pids = [pid for process in processes for pid in process.family()]
    used = cpu_seconds(pids)
    done, now, deadline = before, started, started + seconds
    while done < count and now < deadline:
        time.sleep(_PAUSE_SECONDS)
        done, now = session.done(), time.monotonic()
    rate = (done - before) / (now - started) if done > before else None
    found: dict[str, Any] = {
        "drain_per_second": round(rate, 1) if rate else None,
        "seen_first": before,
        "workers_cpu_ms_per_job": round((cpu_seconds(pids) - used) * 1000 / max(1, done - before), 3),
        "workers_pss_mib": round(sum(memory_mib(pid)["pss"] for pid in pids if _is_alive(pid)), 1),
    }
    return found if done >= count else found | {"error": f"{done} of {count} after {seconds:g} s"}


def _first_seen(session: Session, processes: list[Process]) -> tuple[int, float]:
    deadline = time.monotonic() + _START_SECONDS
    while not (done := session.done()):
        for process in processes:
            if process.has_ended:
                raise RuntimeError(f"a worker has ended: {process.last_words()}")
        if time.monotonic() > deadline:
            raise TimeoutError(f"no job was done within {_START_SECONDS} s: {processes[0].last_words()}")
        time.sleep(_PAUSE_SECONDS / 4)
    return done, time.monotonic()


def _is_alive(pid: int) -> bool:
    try:
        memory_mib(pid)
    except (OSError, KeyError, IndexError):
        return False
    return True
