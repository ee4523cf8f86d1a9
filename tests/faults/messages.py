"""Messages as Celery writes them to Redis, made by hand."""

import base64
from typing import Any
from uuid import uuid4


def message(**changes: Any) -> dict[str, Any]:
    """Give a wake-up as Celery writes it, with other fields; None takes one away."""
    body = base64.b64encode(b'[["default"], {}, {"callbacks": null, "errbacks": null, "chain": null, "chord": null}]')
    found = {
        "body": body.decode(),
        "content-encoding": "utf-8",
        "content-type": "application/json",
        "headers": {"lang": "py", "task": "tasks_app.work", "id": str(uuid4()), "ignore_result": True},
        "properties": properties(),
    }
    return {name: value for name, value in (found | changes).items() if value is not None}


def properties(**changes: Any) -> dict[str, Any]:
    """Give the properties of a message, with others."""
    route = {"exchange": "", "routing_key": "default"}
    return {"delivery_tag": str(uuid4()), "delivery_info": route, "body_encoding": "base64", "priority": 0} | changes


def headers(**changes: Any) -> dict[str, Any]:
    """Give the headers of a message, with others."""
    return {"lang": "py", "task": "tasks_app.work", "id": str(uuid4())} | changes
