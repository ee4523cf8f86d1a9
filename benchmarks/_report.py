"""One measured step of the export benchmark, in a process of its own: `python -m benchmarks._report STEP JSON`."""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import django

django.setup()

from django.conf import settings  # noqa: E402
from django.contrib.auth.models import User  # noqa: E402
from django.db import connection  # noqa: E402
from django.utils import timezone  # noqa: E402

import scheduler_project.celery  # noqa: E402, F401  # what a worker has loaded
import tasks_app.worker  # noqa: E402, F401
from benchmarks._memory import peak_mb  # noqa: E402
from tasks_app import jobs  # noqa: E402
from tasks_app.handlers.testing import RecordingContext, call_handler  # noqa: E402
from tasks_app.models import TaskRun  # noqa: E402

OWNER = "alice"
FIRST_MS = 1_790_000_000_000
"""The instant of the first row; each of the others is a millisecond later."""
_PAUSE_SECONDS = 0.2
_TABLE = TaskRun._meta.db_table


def fill(rows: int) -> dict[str, Any]:
    """Make the rows, all copies of one but for id and times, by the database itself."""
    owner = _owner()
    now = timezone.now()
    first = TaskRun.objects.create(
        owner=owner,
        type="http_request",
        trigger="slot",
        status="succeeded",
        queued_at=now,
        started_at=now,
        finished_at=now,
        worker="carillon@bench",
        error="",
    )
    columns = [field.column for field in TaskRun._meta.concrete_fields if field.column != "id"]
    names = ", ".join(f'"{column}"' for column in columns)
    with connection.cursor() as cursor:
        cursor.execute(f'INSERT INTO {_TABLE} ("id", {names}) {_numbers(rows, names)}', [str(first.id.hex)])
        TaskRun.objects.filter(pk=first.pk).delete()
        cursor.execute("ANALYZE")
    return {"rows": TaskRun.objects.count()}


def _numbers(rows: int, names: str) -> str:
    if connection.vendor == "postgresql":
        new_id = f"(lpad(to_hex({FIRST_MS} + n), 12, '0') || '70008000000000000000')::uuid"
        return f"SELECT {new_id}, {names} FROM {_TABLE}, generate_series(1, {rows}) AS n WHERE id = %s::uuid"
    new_id = f"printf('%%012x', {FIRST_MS} + n) || '70008000000000000000'"
    series = f"(WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < {rows}) SELECT n FROM s)"
    return f"SELECT {new_id}, {names} FROM {_TABLE}, {series} WHERE id = %s"


def export(payload: dict[str, Any]) -> dict[str, Any]:
    """Run the handler as a worker would, and say what it took."""
    ctx = RecordingContext(run_id=str(TaskRun.objects.values_list("id", flat=True)[:1][0]), owner_id=_owner().pk)
    before = peak_mb()
    started, worked = time.perf_counter(), time.process_time()
    result = call_handler("export_report", payload, ctx)
    seconds, worked = time.perf_counter() - started, time.process_time() - worked
    return {
        "rows": result["rows"],
        "seconds": round(seconds, 3),
        "cpu_seconds": round(worked, 3),
        "bytes": result["bytes"],
        "start_mb": before,
        "peak_mb": peak_mb(),
    }


def enqueue(payload: dict[str, Any]) -> str:
    """Make a run of the handler for a worker; gives its id."""
    return str(jobs.enqueue("export_report", payload, owner=_owner()).id)


def wait(run_id: str) -> dict[str, Any]:
    """Wait until the run has ended, and say how; its row goes, so that the next report has as many."""
    while not (run := TaskRun.objects.get(id=run_id)).is_final:
        time.sleep(_PAUSE_SECONDS)
    assert run.duration_ms is not None
    TaskRun.objects.filter(id=run_id).delete()
    return {
        "status": run.status,
        "error": run.error,
        "crashes": run.crashes,
        "seconds": round(run.duration_ms / 1000, 3),
    }


def copy(columns: list[str]) -> dict[str, Any]:
    """Let PostgreSQL write the same columns as CSV, to a file as well."""
    names = ", ".join(f'"{name}"' for name in columns)
    target = Path(settings.VAR_DIR) / "copy.csv"
    started = time.perf_counter()
    with connection.cursor() as cursor, target.open("wb") as file:
        query = f"COPY (SELECT {names} FROM {_TABLE} ORDER BY id) TO STDOUT WITH (FORMAT csv, HEADER)"
        with cursor.copy(query) as data:
            for block in data:
                file.write(block)
        rows = cursor.rowcount
    seconds = time.perf_counter() - started
    return {"rows": rows, "seconds": round(seconds, 3), "bytes": target.stat().st_size, "peak_mb": peak_mb()}


def _owner() -> User:
    return User.objects.get_or_create(username=OWNER)[0]


STEPS: dict[str, Callable[[Any], Any]] = {
    "fill": fill,
    "export": export,
    "enqueue": enqueue,
    "wait": wait,
    "copy": copy,
}

if __name__ == "__main__":
    print(json.dumps(STEPS[sys.argv[1]](json.loads(sys.argv[2]))))
