"""What the processes of the platform load."""

import os
import subprocess
import sys
from pathlib import Path

from scheduler_project.settings import BASE_DIR

ONLY_FOR_PAGES = (
    "tasks_app.admin",
    "tasks_app.api.urls",
    "rest_framework.views",
    "unfold.admin",
    "celery.bin",
    "flower",
)
PROGRAM = """
import sys
from scheduler_project import start
start._do_without_pages()
start.app.loader.import_default_modules()
import tasks_app.scheduler
print(*sys.modules)
"""


def test_worker_and_beat_load_nothing_that_is_for_pages(tmp_path: Path) -> None:
    own = {
        "VAR_DIR": str(tmp_path),
        "DJANGO_SETTINGS_MODULE": "scheduler_project.settings",
        "ENVIRONMENT": "development",
    }
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=BASE_DIR, env=os.environ | own, capture_output=True, text=True, check=True
    )
    loaded = set(done.stdout.split())
    assert {"tasks_app.services.firing", "tasks_app.kinds.send_email"} <= loaded
    assert not loaded & {*ONLY_FOR_PAGES, "xlsxwriter"}
