"""The platform's own settings, and the task types that misbehave on purpose."""

from scheduler_project.settings import *  # noqa: F403
from scheduler_project.settings import INSTALLED_APPS as _APPS

INSTALLED_APPS = [*_APPS, "tests.probes"]
