"""From a run's transition to the browser, over 1, 100 and 1,000 sockets; and what a thousand cost the runs."""

import contextlib
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

from benchmarks import _ours
from benchmarks._contenders import SUCCEEDED
from benchmarks._ground import ROOT, Ground, ground
from benchmarks._pairs import spread
from benchmarks._process import cpu_seconds, until
from benchmarks.ours.task_handlers import NOOP
from benchmarks.record import machine_probe, print_table, summarise, write_rows

# How many runs, and the pause between two: a thousand sockets cannot be told of as many as one.
PLAN = ((1, 100, 0.1), (100, 100, 0.3), (1_000, 20, 2.0))
QUICK_PLAN = ((1, 40, 0.1), (100, 25, 0.3))
ROUNDS = 5
DRAINED, QUICK_DRAINED = 30_000, 500
LAST_IN_LINE = 19
CROWD, SOME = 1_000, 100
PATIENCE = 600
TRANSITIONS = 3
LAST_SECONDS = 2.0
SHOWN = ("sockets", "frames", "expected", "p50", "p99", "max")
SHOWN_DRAIN = ("sockets", "runs", "drain_per_second", "web_cores", "frames", "p50", "p99")


def main(quick: bool) -> None:
    """Watch slow runs over more and more sockets, then a backlog with a thousand watching and with none."""
    plan, runs = (QUICK_PLAN, QUICK_DRAINED) if quick else (PLAN, DRAINED)
    rows: list[dict[str, Any]] = []
    drains: list[dict[str, Any]] = []
    with ground() as found, _ours.template(found) as template:
        for number in range(1 if quick else ROUNDS):
            with _ours.platform(found, template) as platform, platform.running("web", "worker"):
                for sockets, count, pause in plan:
                    rows.append({"round": number, **_watched(platform, sockets, count, pause)})
            for sockets in (0, CROWD):
                drains.append({"round": number, **_drained(found, template, sockets, runs)})
        settings = found.settings()
    write_rows("frames-quick" if quick else "frames", [*rows, *drains], settings)
    print_table("Milliseconds from a run's transition to the browser", rows, SHOWN)
    print_table("Runs a second, watched by so many", drains, SHOWN_DRAIN)
    summarise(
        quick,
        frame_p50_ms_100=_of(rows, SOME, "p50"),
        frame_p99_ms_100=_of(rows, SOME, "p99"),
        frame_p99_ms_1000=_of(rows, CROWD, "p99"),
    )


def _of(rows: list[dict[str, Any]], sockets: int, name: str) -> list[float]:
    return [row[name] for row in rows if row["sockets"] == sockets and row["frames"]]


class _Browsers:
    """The process with the sockets.

    It stands for machines of other people. Where the runs of a second are counted it therefore takes what processor
    these leave (`LAST_IN_LINE`); where milliseconds are, its turn comes as everybody's does.
    """

    def __init__(self, platform: _ours.Ours, count: int, nice: int) -> None:
        url = f"{platform.url.replace('http', 'ws', 1)}/ws/"
        words = [sys.executable, "-m", "benchmarks._sockets", url, platform.do("api_key"), str(count), str(nice)]
        environment = platform.ground.environment
        self._process = subprocess.Popen(
            words, cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def wait_until_open(self) -> None:
        """Wait until every socket is subscribed."""
        assert self._process.stdout is not None
        if self._process.stdout.readline().strip() != "ready":
            raise RuntimeError("the sockets could not be opened")

    def end(self) -> list[float]:
        """Close the sockets; gives the delays of all frames."""
        found: list[float] = json.loads(self._process.communicate("")[0])["delays_ms"]
        return found

    def close(self) -> None:
        """End it, whatever has happened."""
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()


@contextlib.contextmanager
def _browsers(platform: _ours.Ours, count: int, *, nice: int = 0) -> Iterator[_Browsers]:
    browsers = _Browsers(platform, count, nice)
    try:
        browsers.wait_until_open()
        yield browsers
    finally:
        browsers.close()


def _watched(platform: _ours.Ours, sockets: int, runs: int, pause: float) -> dict[str, Any]:
    probe = machine_probe()
    with _browsers(platform, sockets) as browsers, platform.connect() as connection:
        before = _ours.one(connection, SUCCEEDED)
        platform.do("run_slowly", type=NOOP, count=runs, pause=pause)
        _ours.count_until(connection, SUCCEEDED, before + runs, PATIENCE)
        time.sleep(LAST_SECONDS)
        delays = browsers.end()
    expected = sockets * runs * TRANSITIONS
    return {
        "sockets": sockets,
        "runs": runs,
        "frames": len(delays),
        "expected": expected,
        **spread(delays),
        "probe": probe,
    }


def _drained(ground: Ground, template: str, sockets: int, runs: int) -> dict[str, Any]:
    """Work off a backlog while so many watch; the worker starts after the backlog is there."""
    probe = machine_probe()
    with _ours.platform(ground, template) as platform, contextlib.ExitStack() as stack:
        (web,) = stack.enter_context(platform.running("web"))
        browsers = stack.enter_context(_browsers(platform, sockets, nice=LAST_IN_LINE)) if sockets else None
        connection = stack.enter_context(platform.connect())
        platform.do("enqueue", type=NOOP, count=runs)
        stack.enter_context(platform.start("worker"))
        first = until(lambda: _ours.one(connection, SUCCEEDED), _ours.START_SECONDS, "the first run has ended")
        started, used = time.time(), cpu_seconds([web.pid])
        ended = _ours.count_until(connection, SUCCEEDED, runs, PATIENCE)
        seconds, used = ended - started, cpu_seconds([web.pid]) - used
        delays = browsers.end() if browsers else []
    rate = round((runs - first) / seconds, 1)
    cores = round(used / seconds, 3)
    found = {"drain_per_second": rate, "web_cores": cores, "frames": len(delays), **spread(delays)}
    return {"sockets": sockets, "runs": runs, **found, "probe": probe}
