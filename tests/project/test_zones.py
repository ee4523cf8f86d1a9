"""Time zone rules come from the locked package in every process, whatever the machine has."""

import os
import subprocess
import sys
import zoneinfo

import pytest

from scheduler_project.settings import BASE_DIR
from tasks_app.recurrence import zone_names

SHOW = "import zoneinfo; print(zoneinfo.TZPATH, len(zoneinfo.ZoneInfo('Europe/Berlin').key))"
STARTS = {
    "django": f"import django; django.setup(); {SHOW}",
    "celery": f"from scheduler_project import celery_app; celery_app.conf.timezone; {SHOW}",
    "web": f"import scheduler_project.asgi; {SHOW}",
}


def test_the_machines_zones_are_not_looked_at() -> None:
    assert zoneinfo.TZPATH == ()
    assert zoneinfo.available_timezones() - {"Factory"} == set(zone_names())


@pytest.mark.parametrize("start", STARTS)
def test_each_process_takes_them_from_the_package(start: str) -> None:
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings", "PYTHONTZPATH": "/usr/share/zoneinfo"}
    done = subprocess.run(
        [sys.executable, "-c", STARTS[start]], check=True, cwd=BASE_DIR, env=environment, capture_output=True, text=True
    )
    assert done.stdout.strip() == "() 13"
