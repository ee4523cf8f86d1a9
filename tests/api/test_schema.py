"""The OpenAPI document tells the truth, and its page loads nothing from elsewhere."""

import io
import re
from typing import Any

import pytest
from django.core.management import call_command
from pytest_django import Settings

from tests.api.client import Api
from tests.api.conftest import TASK, addresses, make


@pytest.fixture
def document(api: Api) -> dict[str, Any]:
    found: dict[str, Any] = api.get("schema/").body
    return found


def test_it_is_valid_and_complete_without_a_warning() -> None:
    output = io.StringIO()
    call_command("spectacular", "--validate", "--fail-on-warn", stdout=output)
    assert output.getvalue().startswith("openapi: 3.1")


def test_every_address_is_in_it(document: dict[str, Any]) -> None:
    written = {"/api/" + re.sub(r"<\w+:(\w+)>", r"{\1}", path) for path in addresses()}
    assert set(document["paths"]) == written - {"/api/schema", "/api/docs"}


def test_names_of_operations_are_unique(document: dict[str, Any]) -> None:
    names = [one["operationId"] for path in document["paths"].values() for one in path.values()]
    assert len(names) == len(set(names)) > 30


def test_answers_have_the_fields_that_it_names(document: dict[str, Any], api: Api) -> None:
    schemas = document["components"]["schemas"]
    task = make(api)
    run = api.post(f"tasks/{task['id']}/run-now").body
    hourly, past = f"tasks/{make(api, cron='0 * * * *')['id']}", {"from": "2025-11-01T00:00", "to": "2025-11-01T02:00"}
    batch = api.post(f"{hourly}/backfill", past).body
    answers = {
        "Task": task,
        "TaskDetail": api.get(f"tasks/{task['id']}").body,
        "TaskPage": api.get("tasks").body,
        "Run": run,
        "RunDetail": api.get(f"runs/{run['id']}").body,
        "LogPage": api.get(f"runs/{run['id']}/logs").body,
        "Preview": api.post("schedule/preview", {}).body,
        "TaskTypePage": api.get("task-types").body,
        "TaskType": api.get("task-types").body["results"][0],
        "Stats": api.get("stats").body,
        "UpcomingPage": api.get("upcoming").body,
        "LoadPage": api.get("upcoming/load").body,
        "SpreadPage": api.post("upcoming/spread", {"tasks": [task["id"]], "spread_seconds": 5}).body,
        "Batch": batch,
        "BatchPage": api.get("batches").body,
        "BackfillPlan": api.post(f"{hourly}/backfill", {**past, "dry_run": True}).body,
        "Person": api.get("me").body,
        "Error": api.get("tasks/x").body,
    }
    for name, answer in answers.items():
        assert set(answer) == set(schemas[name]["properties"]), name


def test_its_examples_are_accepted(document: dict[str, Any], api: Api) -> None:
    schemas = document["components"]["schemas"]
    task = api.post("tasks", schemas["TaskIn"]["examples"][0])
    assert task.status == 201
    assert api.patch(f"tasks/{task.body['id']}", schemas["TaskChanges"]["examples"][0]).status == 200
    assert api.post("runs", schemas["RunIn"]["examples"][0]).status == 202
    example = schemas["BackfillIn"]["examples"][0]
    assert api.post(f"tasks/{task.body['id']}/backfill", example).status == 200


def test_it_says_what_is_taken(document: dict[str, Any]) -> None:
    create = document["paths"]["/api/tasks"]["post"]
    assert create["requestBody"]["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/TaskIn"}
    taken = document["components"]["schemas"]["TaskIn"]
    assert set(TASK) <= set(taken["properties"])
    assert taken["required"] == ["name", "type"]
    assert taken["additionalProperties"] is False
    assert "Idempotency-Key" in [one["name"] for one in create["parameters"]]
    edit = document["paths"]["/api/tasks/{task_id}"]["patch"]
    assert "If-Match" in [one["name"] for one in edit["parameters"]]
    assert not document["components"]["schemas"]["TaskChanges"].get("required")
    listed = {one["name"] for one in document["paths"]["/api/runs"]["get"]["parameters"]}
    assert {"from", "to", "status", "cursor", "page_size"} <= listed
    assert set(document["components"]["securitySchemes"]) == {"accessToken", "apiKey", "session"}


@pytest.mark.parametrize("path", ["docs", "docs/"])
def test_its_page_is_served_from_here(api: Api, path: str) -> None:
    reply = api.get(path)
    assert reply.status == 200
    page = reply.body.decode()
    assert re.findall(r"(?:src|href)=\"(?!/static/)[^\"]*\"", page) == ['href="/"'], "but the way back"
    assert '<html lang="en">' in page
    assert not re.search(r"https?://", page)
    assert "/api/schema" in page


def test_strangers_read_neither_unless_it_is_made_public(nobody: Api, settings: Settings) -> None:
    page = nobody.get("docs")
    assert (page.status, page.headers["Location"]) == (302, "/sign-in/?next=/api/docs/")
    assert nobody.get("schema").status == 401
    settings.API_DOCS_PUBLIC = True
    assert (nobody.get("docs").status, nobody.get("schema").status) == (200, 200)
