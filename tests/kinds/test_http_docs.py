"""The examples on the page of http_request do what the page says."""

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.contrib.auth.models import User

from tasks_app.handlers import registry
from tasks_app.handlers.testing import RecordingContext, call_handler
from tests.kinds.service import Service
from tests.kinds.service_paths import Asked
from tests.services.credentials import SECRET, make_credential

pytestmark = pytest.mark.django_db

PAGE = (Path(__file__).parents[2] / "docs" / "types" / "http_request.md").read_text(encoding="utf-8")
EXAMPLES: dict[str, dict[str, Any]] = {
    example["name"]: example["payload"]
    for block in re.findall(r"^```json\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
    for example in [json.loads(block)]
}


def run(name: str, service: Service, owner: User) -> tuple[Any, Asked]:
    """Run an example as its owner would; the service stands where the example's host does."""
    payload = {**EXAMPLES[name], "url": service.url("/document" + urlsplit(EXAMPLES[name]["url"]).path)}
    for field, kind in (("credential", "bearer"), ("signing", "signing")):
        if field in payload:
            make_credential(owner, kind, name=payload[field], hosts=[f"127.0.0.1:{service.port}"])
    registry.validate_for(owner, "http_request", payload)
    return call_handler("http_request", payload, RecordingContext(owner_id=owner.pk)), service.last


def test_every_example_is_tried_here() -> None:
    assert list(EXAMPLES) == ["Close the day", "Is it up?", "Yesterday's turnover", "Tell the warehouse"]


def test_the_day_is_closed_with_a_credential(service: Service, alice: User) -> None:
    service.server.document = {"closed": True}
    result, asked = run("Close the day", service, alice)
    assert result["json"] == {"closed": True}
    assert (asked.method, json.loads(asked.body)) == ("POST", {"mode": "full"})
    assert asked.headers["authorization"] == f"Bearer {SECRET}"
    assert "idempotency-key" in asked.headers


def test_it_is_up(service: Service, alice: User) -> None:
    assert run("Is it up?", service, alice)[0]["status"] == 200


def test_yesterdays_turnover_is_taken_out_of_the_answer(service: Service, alice: User) -> None:
    service.server.document = {"data": {"total": 1234.5, "items": [{"name": "Tea"}]}}
    result, asked = run("Yesterday's turnover", service, alice)
    assert asked.query == {"day": "yesterday", "currency": "EUR"}
    assert result["extracted"] == {"sum": 1234.5, "best_seller": "Tea", "note": None}
    shown = re.search(r'"extracted": (\{.*?\})', PAGE)
    assert shown is not None
    assert json.loads(shown[1]) == result["extracted"]


def test_the_warehouse_can_check_who_told_it(service: Service, alice: User) -> None:
    asked = run("Tell the warehouse", service, alice)[1]
    receiver: dict[str, Any] = {}
    (code,) = re.findall(r"^```python\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
    exec(compile(code, "http_request.md", "exec"), receiver)
    headers = {name.title(): value for name, value in asked.headers.items()}
    assert receiver["is_genuine"](SECRET.encode(), headers, asked.body)
    assert not receiver["is_genuine"](b"another key", headers, asked.body)
    assert not receiver["is_genuine"](SECRET.encode(), headers, asked.body + b" ")
    assert not receiver["is_genuine"](SECRET.encode(), {**headers, "X-Carillon-Timestamp": "1700000000"}, asked.body)
