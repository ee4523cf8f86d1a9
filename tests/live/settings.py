"""The platform's own settings, the task types that misbehave on purpose, and a clock that a test may move."""

import os
from pathlib import Path

from scheduler_project.settings import *  # noqa: F403
from scheduler_project.settings import INSTALLED_APPS as _APPS
from tests.live import moving

INSTALLED_APPS = [*_APPS, "tests.probes"]
if _file := os.environ.get(moving.VARIABLE):
    moving.follow(Path(_file))
