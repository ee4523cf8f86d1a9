"""Requests made from the OpenAPI document itself, valid and not: no answer is a 5xx, and each is as the document says.

ANY_REQUEST_EXAMPLES makes more of them. What the document allows may be refused where it cannot say what is meant, as
of a cron line or a time zone: but as a fault of the content, of what is there or of the pace, and in no other way.
"""

import contextlib
import os
from collections.abc import Iterator
from typing import Any

import pytest
import redis
import schemathesis
from django.contrib.auth.models import User
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.config import SchemathesisConfig
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi import checks as openapi

from tasks_app.models import ApiKey
from tasks_app.services.api_keys import api_key_create
from tests.api.client import Api
from tests.api.conftest import make
from tests.runs import make_run

EXAMPLES = int(os.environ.get("ANY_REQUEST_EXAMPLES", "4"))
REFUSALS = ("2xx", "400", "401", "403", "404", "409", "412", "422", "429")
CONFIG = SchemathesisConfig.from_dict({"checks": {"positive_data_acceptance": {"expected-statuses": list(REFUSALS)}}})
CHECKS = [
    schemathesis.checks.not_a_server_error,
    openapi.status_code_conformance,
    openapi.content_type_conformance,
    openapi.response_headers_conformance,
    openapi.response_schema_conformance,
    openapi.positive_data_acceptance,
    openapi.negative_data_rejection,
    openapi.missing_required_header,
    openapi.unsupported_method,
    openapi.use_after_free,
    openapi.ensure_resource_availability,
    openapi.ignored_auth,
]


@contextlib.contextmanager
def kept_connection() -> Iterator[None]:
    """Let requests leave the test's own connection to the database open."""
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    yield
    for signal in signals:
        signal.connect(close_old_connections)


@pytest.fixture
def document(charlie: User, empty_redis: redis.Redis) -> Any:
    """The document, asked of the application itself by somebody who has signed in."""
    _, key = api_key_create(user=charlie, name="reader", scope=ApiKey.Scope.READ)
    headers = {"Authorization": f"Bearer {key}"}
    with kept_connection():
        return schemathesis.openapi.from_wsgi("/api/schema/", get_wsgi_application(), config=CONFIG, headers=headers)


@pytest.fixture
def key(alice: User, api: Api) -> str:
    """An owner's key, with something of hers in the lists."""
    task = make(api, cron="0 * * * *")
    make_run(alice)
    api.post(f"tasks/{task['id']}/run-now")
    api.post("calendars", {"name": "Office", "country": "DE"})
    api.post("email-templates", {"name": "Reminder", "subject": "Hello", "text": "Hello {name}"})
    return api_key_create(user=alice, name="ci", scope=ApiKey.Scope.MANAGE)[1]


def faults(document: Any, headers: dict[str, str], *, checks: list[Any], examples: int) -> Iterator[str]:
    """Ask every operation, and give what was wrong with its answers."""
    for found in document.get_all_operations():
        operation = found.ok()
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):

            @settings(
                max_examples=examples,
                database=None,
                derandomize=True,
                phases=[Phase.generate],
                suppress_health_check=list(HealthCheck),
            )
            @given(case=operation.as_strategy(generation_mode=mode))
            def ask(case: Any) -> None:
                case.call_and_validate(checks=checks, headers=headers)

            try:
                with kept_connection():
                    ask()
            except BaseException as fault:
                yield f"{operation.label} ({mode.value}): {fault!r} {fault}"


def test_answers_to_an_owner_are_as_the_document_says(document: Any, key: str, api: Api) -> None:
    found = list(faults(document, {"Authorization": f"Bearer {key}"}, checks=CHECKS, examples=EXAMPLES))
    assert found == []
    for path in ("tasks?page_size=200", "runs?page_size=200", "upcoming?limit=200", "stats", "calendars", "files"):
        assert api.get(path).status == 200


def test_answers_to_a_stranger_are_as_the_document_says(document: Any) -> None:
    for_known = (openapi.negative_data_rejection, openapi.positive_data_acceptance, openapi.ignored_auth)
    checks = [check for check in CHECKS if check not in for_known]
    assert list(faults(document, {}, checks=checks, examples=1)) == []
