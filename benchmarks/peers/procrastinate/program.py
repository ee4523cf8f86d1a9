"""procrastinate; jobs deferred a thousand at a time. libpq's variables say where the database is."""

import json
import sys
import time

import procrastinate

app = procrastinate.App(connector=procrastinate.PsycopgConnector())
LOT = 1000


@app.task(name="noop")
async def noop() -> None:
    """Do nothing."""


def prepare() -> None:
    """Make the tables."""
    with app.replace_connector(procrastinate.SyncPsycopgConnector()) as sync, sync.open():
        sync.schema_manager.apply_schema()


def enqueue(count: int) -> float:
    """Defer so many in lots; gives the seconds."""
    with app.replace_connector(procrastinate.SyncPsycopgConnector()) as sync, sync.open():
        task = sync.configure_task("noop")
        started = time.perf_counter()
        for start in range(0, count, LOT):
            task.batch_defer(*({} for _ in range(min(LOT, count - start))))
        return time.perf_counter() - started


if __name__ == "__main__":
    if sys.argv[1] == "prepare":
        prepare()
    else:
        print(json.dumps({"seconds": enqueue(int(sys.argv[2]))}))
