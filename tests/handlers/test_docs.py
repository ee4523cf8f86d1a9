"""What the pages about handlers and types say must be so: their fields, their examples, their code."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

import tasks_app.handlers
from tasks_app.handlers import celery as offering
from tasks_app.handlers import registry
from tasks_app.handlers.registry import Registry
from tasks_app.handlers.schema import defaults, payload_schema
from tasks_app.kinds import sources
from tasks_app.models import AllowedCommand
from tests.handlers.test_conformance import TYPES

DOCS = Path(__file__).parents[2] / "docs"
PAGES = sorted((DOCS / "types").glob("*.md"))


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", page.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)


def payload_table(page: Path) -> dict[str, str]:
    """The fields of the page's first table, each with its default."""
    table = page.read_text(encoding="utf-8").partition("## Payload")[2].partition("```")[0].partition("\n**`")[0]
    cells = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines() if line.startswith("| `")
    ]
    return {row[0].strip("`"): row[2].strip("`") for row in cells}


def test_every_type_has_a_page() -> None:
    assert {page.stem for page in PAGES} == set(TYPES)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_lists_the_fields_with_their_defaults(page: Path) -> None:
    spec = registry.get(page.stem)
    schema, known = payload_schema(spec), defaults(spec)
    assert payload_table(page) == {
        name: json.dumps(known[name]) if name in known else "required" for name in schema["properties"]
    }
    assert set(schema.get("required", ())) == set(schema["properties"]) - set(known)


@pytest.mark.django_db
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_pages_examples_are_accepted(page: Path) -> None:
    AllowedCommand.objects.create(name="rebuild-index", command=["true"], arguments="[a-z]+")
    examples: list[dict[str, Any]] = [json.loads(block) for block in blocks(page, "json")]
    assert examples
    for example in examples:
        # An ellipsis stands for somebody's secret.
        payload = json.loads(json.dumps(example["payload"], ensure_ascii=False).replace("…", "secret"))
        assert registry.validate(example["type"], payload)


@pytest.mark.parametrize("source", sources.source_all(), ids=lambda source: source.name)
def test_a_reports_columns_and_filters_are_described(source: sources.ReportSource) -> None:
    text = " ".join((DOCS / "types" / "export_report.md").read_text(encoding="utf-8").split())
    assert f"Columns `{', '.join(source.column_names)}`" in text
    described = text.partition(f"**`{source.name}`**")[2].partition("Columns")[0]
    for name, info in source.filters.model_fields.items():
        assert f"`{info.alias or name}`" in described


@pytest.fixture
def _own_registry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the examples declare what they like."""
    types = Registry()
    monkeypatch.setattr(tasks_app.handlers, "handler", types.handler)
    monkeypatch.setattr(registry, "get", types.get)
    monkeypatch.setattr(registry, "validate", types.validate)
    monkeypatch.setattr(sources, "_sources", dict(sources._sources))
    monkeypatch.setattr(offering, "_offers", {})


@pytest.mark.usefixtures("_own_registry")
@pytest.mark.filterwarnings("ignore::celery.exceptions.DuplicateTaskNameWarning")
@pytest.mark.parametrize("page", [DOCS / "handlers.md", *PAGES], ids=lambda page: page.stem)
def test_the_code_on_a_page_runs(page: Path) -> None:
    names: dict[str, Any] = {"__name__": page.stem}
    for block in blocks(page, "python"):
        exec(compile(block, str(page), "exec"), names)
    for name, function in names.items():
        if name.startswith("test_"):
            function()
