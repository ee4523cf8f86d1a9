"""A report made by a real worker, in a child of its own, whose memory is read when it has ended."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks._database import Platform
from benchmarks._memory import peak_mb
from tests.live.process import Process


def made_by_worker(platform: Platform, payload: dict[str, Any]) -> dict[str, Any]:
    """Let a worker of one child run the report; gives the child's peak, and how long the run took."""
    with _started(platform, "redis"), _started(platform, "worker") as worker:
        run = platform.python("-m", "benchmarks._report", "enqueue", json.dumps(payload))
        ended: dict[str, Any] = json.loads(platform.python("-m", "benchmarks._report", "wait", run))
        assert ended["status"] == "succeeded", ended
        assert ended["crashes"] == 0, "it is the first child still"
        (child,) = worker.children()
        return {"child_seconds": ended["seconds"], "child_peak_mb": peak_mb(child)}


@contextmanager
def _started(platform: Platform, kind: str) -> Iterator[Process]:
    log = Path(platform.environment["VAR_DIR"]) / f"{kind}.log"
    environment = {**platform.environment, "WORKER_CONCURRENCY": "1"}
    process = Process(kind, kind, f"exec {sys.executable} -m scheduler_project.start {kind}", environment, log)
    try:
        yield process
    finally:
        process.stop()
