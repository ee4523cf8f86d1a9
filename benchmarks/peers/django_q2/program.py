"""django-q2 with its database as the broker."""

import json
import os
import sys
import time

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "settings")

import django
from django.core.management import call_command

django.setup()


def enqueue(count: int) -> float:
    """Enqueue so many; gives the seconds."""
    from django_q.tasks import async_task  # noqa: PLC0415  # after the set-up

    started = time.perf_counter()
    for _ in range(count):
        async_task("jobs.noop")
    return time.perf_counter() - started


if __name__ == "__main__":
    if sys.argv[1] == "prepare":
        call_command("migrate", verbosity=0)
    else:
        print(json.dumps({"seconds": enqueue(int(sys.argv[2]))}))
