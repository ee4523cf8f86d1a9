"""The app of the probes: lets a test say where a process shall die."""

import os
from pathlib import Path

from django.apps import AppConfig


class ProbesConfig(AppConfig):
    """Sets the crash points where the environment names a directory for them."""

    name = "tests.probes"

    def ready(self) -> None:
        """Follow the directory."""
        from tests.probes import crashes  # noqa: PLC0415  # needs the apps

        if directory := os.environ.get(crashes.VARIABLE):
            crashes.follow(Path(directory))
