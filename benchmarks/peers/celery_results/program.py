"""Celery with django-celery-results; TUNED=1 keeps the database connection between tasks."""

import json
import os
import sys
import time

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "settings")

import django
from celery import Celery

app = Celery("program")
app.config_from_object("django.conf:settings", namespace="CELERY")
if os.environ.get("TUNED"):
    app.conf["CELERY_DB_REUSE_MAX"] = 1_000_000


@app.task
def noop() -> None:
    """Do nothing."""


def prepare() -> None:
    """Make the tables."""
    from django.core.management import call_command  # noqa: PLC0415  # after the set-up

    call_command("migrate", verbosity=0)


def enqueue(count: int) -> float:
    """Send so many over one connection; gives the seconds."""
    with app.producer_or_acquire() as producer:
        noop.apply_async(producer=producer, retry=False)
        started = time.perf_counter()
        for _ in range(count - 1):
            noop.apply_async(producer=producer, retry=False)
        return time.perf_counter() - started


if __name__ == "__main__":
    django.setup()
    if sys.argv[1] == "prepare":
        prepare()
    else:
        print(json.dumps({"seconds": enqueue(int(sys.argv[2]))}))
