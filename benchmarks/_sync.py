"""One measured sync, in a process of its own: `python -m benchmarks._sync URL`."""

import json
import sys
import time
from pathlib import Path
from typing import Any

import django

django.setup()

from django.contrib.auth.models import User  # noqa: E402

import scheduler_project.celery  # noqa: E402, F401  # what a worker has loaded
import tasks_app.worker  # noqa: E402, F401
from tasks_app.handlers.testing import RecordingContext, call_handler  # noqa: E402


def sync(url: str) -> dict[str, Any]:
    """Sync once, and give the counts, the time and the memory."""
    owner = User.objects.get_or_create(username="owner")[0]
    payload = {
        "url": url,
        "collection": "articles",
        "key": "id",
        "pagination": {"style": "page"},
        "remove_missing": True,
    }
    before = _peak_kib()
    started = time.perf_counter()
    result = call_handler("sync_external_service", payload, RecordingContext(owner_id=owner.pk))
    seconds = time.perf_counter() - started
    counts = {name: result[name] for name in ("records", "new", "changed", "unchanged", "gone")}
    return {
        **counts,
        "seconds": round(seconds, 3),
        "cpu_seconds": round(time.process_time(), 3),
        "peak_mb": round(_peak_kib() / 1024, 1),
        "grown_mb": round((_peak_kib() - before) / 1024, 1),
    }


def _peak_kib() -> int:
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition("VmHWM:")[2].split()[0])


if __name__ == "__main__":
    print(json.dumps(sync(sys.argv[1])))
