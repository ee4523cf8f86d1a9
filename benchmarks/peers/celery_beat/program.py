"""django-celery-beat as it is: hourly schedules, of which a burst is due at one second."""

import json
import os
import sys
import time
from datetime import UTC, datetime, timedelta
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "settings")

import django
from celery import Celery
from django.core.management import call_command

app = Celery("program")
app.config_from_object("django.conf:settings", namespace="CELERY")
HOUR = timedelta(hours=1)
LOT = 2000


@app.task(name="noop")
def noop() -> None:
    """Do nothing."""


def _row(name: str, queue: str, every: Any, due: datetime, enabled: bool = True) -> Any:
    from django_celery_beat.models import PeriodicTask  # noqa: PLC0415

    last = due - HOUR
    return PeriodicTask(name=name, task="noop", interval=every, queue=queue, last_run_at=last, enabled=enabled)


def seed(count: int, burst: int, offset: int) -> None:
    """Make the rows; one more is due at once, and one waits to be switched on."""
    from django_celery_beat.models import IntervalSchedule, PeriodicTask  # noqa: PLC0415

    call_command("migrate", verbosity=0)
    every = IntervalSchedule.objects.create(every=1, period="hours")
    now = datetime.now(UTC).replace(microsecond=0)
    rows = [_row(f"burst:{n}", "burst", every, now + 24 * HOUR) for n in range(burst)]
    for n in range(count - burst):
        rows.append(_row(f"rest:{n}", "rest", every, now + timedelta(seconds=offset + n * 7919 % (3600 - offset))))
    rows += [_row("first", "first", every, now), _row("edited", "edited", every, now, enabled=False)]
    PeriodicTask.objects.bulk_create(rows, batch_size=LOT)


def aim(moment: float) -> None:
    """Let the burst be due at this second."""
    from django_celery_beat.models import PeriodicTask  # noqa: PLC0415

    last = datetime.fromtimestamp(moment, UTC) - HOUR
    PeriodicTask.objects.filter(name__startswith="burst:").update(last_run_at=last)


def edit() -> float:
    """Switch a row on that is due then; gives when."""
    from django_celery_beat.models import PeriodicTask  # noqa: PLC0415

    row = PeriodicTask.objects.get(name="edited")
    row.enabled = True
    row.last_run_at = datetime.now(UTC) - 2 * HOUR
    row.save()
    return time.time()


if __name__ == "__main__":
    django.setup()
    if sys.argv[1] == "seed":
        seed(**json.loads(sys.argv[2]))
    elif sys.argv[1] == "aim":
        aim(float(sys.argv[2]))
    else:
        print(json.dumps({"at": edit()}))
