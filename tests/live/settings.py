"""The platform's own settings, the task types that misbehave on purpose, and a clock that a test may move."""

import os
from pathlib import Path

from scheduler_project.settings import *  # noqa: F403
from scheduler_project.settings import CELERY_BROKER_TRANSPORT_OPTIONS as _OPTIONS
from scheduler_project.settings import INSTALLED_APPS as _APPS
from tests.live import moving

INSTALLED_APPS = [*_APPS, "tests.probes"]
if _seconds := os.environ.get("REDELIVER_SECONDS"):
    # What a dead worker had taken and not acknowledged comes again after so long, and not after Celery's hour. Who
    # hands it out holds a lock, which outlives one that is killed or cut off with it: as long, and not five minutes.
    _soon = {"visibility_timeout": int(_seconds), "unacked_mutex_expire": int(_seconds), "unacked_restore_interval": 1}
    CELERY_BROKER_TRANSPORT_OPTIONS = {**_OPTIONS, **_soon}
if _file := os.environ.get(moving.VARIABLE):
    moving.follow(Path(_file))
