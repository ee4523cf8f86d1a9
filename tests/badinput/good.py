"""Bodies that are accepted: a bad value is put into one of them, so that nothing else is wrong."""

import copy
from typing import Any

PATHS = {
    **dict.fromkeys(("task", "http", "export", "cleanup", "mail", "sync"), "tasks"),
    "run": "runs",
    "key": "api-keys",
    "template": "email-templates",
    "calendar": "calendars",
    "credential": "credentials",
}
_ZONE = {"timezone": "Europe/Berlin"}
GOOD: dict[str, dict[str, Any]] = {
    "task": {"name": "Good", "type": "export_report", "payload": {"source": "runs"}, "cron": "0 7 * * *", **_ZONE},
    "http": {"name": "Good", "type": "http_request", "payload": {"url": "https://example.org/"}},
    "export": {"name": "Good", "type": "export_report", "payload": {"source": "runs"}},
    "cleanup": {
        "name": "Good",
        "type": "cleanup",
        "payload": {"rules": [{"what": "runs", "older_than_days": 30}]},
    },
    "mail": {
        "name": "Good",
        "type": "send_email",
        "payload": {"recipients": ["alice@example.org"], "subject": "Hello", "text": "Hello"},
    },
    "sync": {
        "name": "Good",
        "type": "sync_external_service",
        "payload": {"url": "https://example.org/items", "collection": "items", "key": "id"},
    },
    "run": {"type": "export_report", "payload": {"source": "runs"}, "delay_seconds": 86_400},
    "key": {"name": "Good", "scope": "read"},
    "template": {"name": "Good", "subject": "Hello", "text": "Hello {name}"},
    "calendar": {"name": "Good", "country": "DE"},
    "credential": {"name": "Good", "kind": "bearer", "hosts": ["api.example.org"], "secret": "s3cret"},
}
_TIMES = ("cron", "run_at", "schedule")


def body_of(thing: str, field: str, value: Any) -> dict[str, Any]:
    """Give the good body of a thing with one field set to a value; only one field says when a task runs."""
    body = copy.deepcopy(GOOD[thing])
    if field in _TIMES:
        body = {name: kept for name, kept in body.items() if name not in _TIMES}
    if field == "run_at":
        body.pop("delay_seconds", None)
    *way, last = field.split(".")
    place: Any = body
    for step in way:
        place = place[int(step)] if step.isdigit() else place[step]
    place[last] = value
    return body
