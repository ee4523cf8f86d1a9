"""celery-redbeat: hourly schedules in Redis, of which a burst is due at one second."""

import json
import os
import sys
import time
from datetime import UTC, datetime, timedelta

from celery import Celery
from celery.schedules import schedule
from redbeat import RedBeatSchedulerEntry

app = Celery("program", broker=os.environ["REDIS"])
app.conf.update(
    task_ignore_result=True,
    redbeat_redis_url=os.environ["REDIS"],
    redbeat_lock_key=None,
    beat_scheduler="redbeat.RedBeatScheduler",
    beat_max_loop_interval=1,
)
HOUR = timedelta(hours=1)


@app.task(name="noop")
def noop() -> None:
    """Do nothing."""


def _entry(name: str, queue: str, due: datetime) -> None:
    every = schedule(HOUR, app=app)
    entry = RedBeatSchedulerEntry(name, "noop", every, app=app, options={"queue": queue}, last_run_at=due - HOUR)
    entry.save()


def seed(count: int, burst: int, offset: int) -> None:
    """Make the entries but those of the burst; one more is due at once."""
    now = datetime.now(UTC).replace(microsecond=0)
    for n in range(count - burst):
        _entry(f"rest:{n}", "rest", now + timedelta(seconds=offset + n * 7919 % (3600 - offset)))
    _entry("first", "first", now)
    with open(os.environ["TALLY"], "w", encoding="ascii") as file:
        file.write(str(burst))


def aim(moment: float) -> None:
    """Make the burst, due at this second."""
    with open(os.environ["TALLY"], encoding="ascii") as file:
        burst = int(file.read())
    for n in range(burst):
        _entry(f"burst:{n}", "burst", datetime.fromtimestamp(moment, UTC))


def edit() -> float:
    """Make an entry that is due at once; gives when."""
    _entry("edited", "edited", datetime.now(UTC) - HOUR)
    return time.time()


if __name__ == "__main__":
    if sys.argv[1] == "seed":
        seed(**json.loads(sys.argv[2]))
    elif sys.argv[1] == "aim":
        aim(float(sys.argv[2]))
    else:
        print(json.dumps({"at": edit()}))
