"""The Celery app. Its settings are the CELERY_ ones of settings.py."""

import logging.config
import os
from typing import Any

from celery import Celery
from celery.signals import setup_logging

from scheduler_project import transport

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "scheduler_project.settings")

transport.register()
app = Celery("scheduler_project")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@setup_logging.connect
def configure_logging(**_: Any) -> None:
    """Log as the rest of the platform does; without a receiver Celery would install its own handlers."""
    from django.conf import settings  # noqa: PLC0415  # not yet configured when this module is imported

    logging.config.dictConfig(settings.LOGGING)
