"""APScheduler on PostgreSQL: hourly jobs, of which a burst is due at one second; a job leaves a word in Redis."""

import json
import os
import signal
import sys
import time
from datetime import UTC, datetime, timedelta

import redis
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.jobstores.sqlalchemy import SQLAlchemyJobStore
from apscheduler.schedulers.background import BackgroundScheduler
from sqlalchemy.pool import QueuePool

HOUR = timedelta(hours=1)
_redis = redis.Redis.from_url(os.environ["REDIS"])


def publish(queue: str) -> None:
    """Send what is due."""
    _redis.lpush(queue, b"run")


def scheduler() -> BackgroundScheduler:
    """Give a scheduler over the job table; libpq's variables say where that is."""
    store = SQLAlchemyJobStore("postgresql+psycopg://", engine_options={"poolclass": QueuePool})
    defaults = {"misfire_grace_time": 3600, "coalesce": True, "max_instances": 10}
    return BackgroundScheduler(
        jobstores={"default": store}, executors={"default": ThreadPoolExecutor(4)}, job_defaults=defaults, timezone=UTC
    )


def _add(found: BackgroundScheduler, name: str, queue: str, due: datetime) -> None:
    found.add_job("program:publish", "interval", hours=1, args=[queue], id=name, next_run_time=due)


def seed(count: int, burst: int, offset: int) -> None:
    """Make the jobs but those of the burst."""
    found = scheduler()
    found.start(paused=True)
    now = datetime.now(UTC).replace(microsecond=0)
    for n in range(count - burst):
        _add(found, f"rest:{n}", "rest", now + timedelta(seconds=offset + n * 7919 % (3600 - offset)))
    found.shutdown()
    with open(os.environ["TALLY"], "w", encoding="ascii") as file:
        file.write(str(burst))


def aim(moment: float) -> None:
    """Make the burst, due at this second, and one more that is due in a second."""
    with open(os.environ["TALLY"], encoding="ascii") as file:
        burst = int(file.read())
    found = scheduler()
    found.start(paused=True)
    for n in range(burst):
        _add(found, f"burst:{n}", "burst", datetime.fromtimestamp(moment, UTC))
    # Not this very moment: a scheduler that is told to stop takes what is due off the table, and runs it no more.
    _add(found, "first", "first", datetime.now(UTC) + timedelta(seconds=1))
    found.shutdown()


def run() -> None:
    """Run until told to stop."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    found = scheduler()
    found.start()
    while True:
        time.sleep(1)


if __name__ == "__main__":
    import program

    if sys.argv[1] == "seed":
        program.seed(**json.loads(sys.argv[2]))
    elif sys.argv[1] == "aim":
        program.aim(float(sys.argv[2]))
    else:
        program.run()
