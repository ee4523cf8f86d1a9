"""How the platform logs: one line per event, for people or for machines."""

import json
import logging
from datetime import UTC, datetime
from typing import Any


class JsonFormatter(logging.Formatter):
    """One JSON object per line."""

    def format(self, record: logging.LogRecord) -> str:
        """Write what every log shipper asks for; a traceback stays inside its line."""
        entry = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            "request_id": getattr(record, "request_id", "") or None,
            "pid": record.process,
        }
        if record.exc_text or record.exc_info:
            # The text is there when the filter has taken secrets out of it.
            entry["traceback"] = record.exc_text or self.formatException(record.exc_info)  # type: ignore[arg-type]
        told = {name: value for name, value in entry.items() if value is not None}
        return json.dumps(told, ensure_ascii=False, default=str)


class StrangersFilter(logging.Filter):
    """Requests that Django refuses as suspicious, such as for a host that is not ours, are anybody's to send.

    They are warnings of one line, and not errors of a page each.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Take the traceback away: it tells of Django's own code, and of the request only what the message says."""
        if record.name.startswith("django.security."):
            record.levelno, record.levelname = logging.WARNING, "WARNING"
            record.exc_info = record.exc_text = None
        return True


def logging_config(style: str) -> dict[str, Any]:
    """Give the LOGGING setting for `console` or `json`.

    Ours speak from INFO on. The libraries tell at INFO, some at WARNING, of what is the daily round here: each wake-up
    received, each page not found, each worker that Flower asks before it is up.
    """
    levels = {
        **dict.fromkeys(("scheduler_project", "tasks_app", "notifications"), "INFO"),
        **dict.fromkeys(("django.request", "flower.inspector"), "ERROR"),
    }
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "console": {"format": "%(levelname)-7s %(name)s:%(request_mark)s %(message)s"},
            "json": {"()": "scheduler_project.logs.JsonFormatter"},
        },
        # By name: the settings know no app.
        "filters": {
            "strangers": {"()": StrangersFilter},
            "secrets": {"()": "tasks_app.handlers.secrecy.SecretFilter"},
            "caller": {"()": "tasks_app.caller.CallerFilter"},
        },
        "handlers": {
            "stderr": {
                "class": "logging.StreamHandler",
                "formatter": style,
                "filters": ["strangers", "secrets", "caller"],
            },
        },
        "root": {"handlers": ["stderr"], "level": "WARNING"},
        "loggers": {name: {"level": level} for name, level in levels.items()},
    }
