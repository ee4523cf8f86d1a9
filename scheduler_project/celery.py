"""The Celery app. Its settings are the CELERY_ ones of settings.py."""

import logging.config
import os
from typing import Any

from celery import Celery
from celery.signals import setup_logging

from scheduler_project import transport
from scheduler_project.redis_url import PUBLISH_OPTIONS

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "scheduler_project.settings")

transport.register()


class App(Celery):
    """Celery's, whose publishers do not wait long for a server that hangs."""

    def connection_for_write(
        self, url: str | None = None, *, transport_options: dict[str, Any] | None = None, **words: Any
    ) -> Any:
        """Give a connection to publish by."""
        options = PUBLISH_OPTIONS | (transport_options or {})
        return super().connection_for_write(url, transport_options=options, **words)


app = App("scheduler_project")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@setup_logging.connect
def configure_logging(**_: Any) -> None:
    """Log as the rest of the platform does; without a receiver Celery would install its own handlers."""
    from django.conf import settings  # noqa: PLC0415  # not yet configured when this module is imported

    logging.config.dictConfig(settings.LOGGING)
