"""Ways to run `http_request` against the tests' service."""

from typing import Any

import pytest

from tasks_app.errors import Invalid
from tasks_app.handlers import registry
from tasks_app.handlers.testing import RecordingContext, call_handler
from tests.kinds.service import Service


def request(service: Service, path: str = "/", ctx: RecordingContext | None = None, **payload: Any) -> Any:
    """Call a path of the service."""
    return call_handler("http_request", {"url": service.url(path), **payload}, ctx or RecordingContext())


def faults(payload: dict[str, Any]) -> dict[str, str]:
    """Give the code of the first fault of each field of a payload that must be refused."""
    with pytest.raises(Invalid) as caught:
        registry.validate("http_request", payload)
    return {path: errors[0].code for path, errors in caught.value.fields.items()}
