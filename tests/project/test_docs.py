"""What README and documentation say must be so: code runs, links lead somewhere, names exist, diagrams are current."""

import ast
import json
import re
import shlex
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

import tasks_app.handlers
from tasks_app.handlers import registry
from tasks_app.handlers.registry import Registry
from tasks_app.handlers.testing import RecordingContext, call_handler
from tasks_app.models import ScheduledTask, TaskRun
from tasks_app.services.api_keys import api_key_create
from tasks_app.states import ARROWS, Status

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
README = ROOT / "README.md"
PAGES = [README, ROOT / "CHANGELOG.md", *sorted(DOCS.rglob("*.md"))]
SETTINGS = {
    line.lstrip("#").partition("=")[0]
    for line in (ROOT / ".env.example").read_text(encoding="utf-8").splitlines()
    if re.match(r"#[A-Z_]+=", line)
}
# Names in capitals that belong to others: Django's, Celery's, cron's.
FOREIGN = {
    "INSTALLED_APPS",
    "CELERY_BEAT_SCHEDULER",
    "NAME_FILE",
    "LANG",
    "CARILLON_RUN_ID",
    "CARILLON_TASK_ID",
    "CRON_TZ",
}
SCREENSHOTS = "docs/screenshots/"
README_LINES = 150


def text_of(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", text_of(page), re.DOTALL | re.MULTILINE)


def words(page: Path) -> list[str]:
    """What stands in backticks outside of code blocks."""
    prose = re.sub(r"^```.*?^```$", "", text_of(page), flags=re.DOTALL | re.MULTILINE)
    return re.findall(r"`([^`\n]+)`", prose)


def called(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


@cache
def functions_in(path: str) -> set[str]:
    tree = ast.parse(text_of(ROOT / path))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


@pytest.fixture
def readme(monkeypatch: pytest.MonkeyPatch, alice: User) -> dict[str, Any]:
    """Run README's Python, the handler in a registry of its own, and give the names that it makes."""
    types = Registry()
    monkeypatch.setattr(tasks_app.handlers, "handler", types.handler)
    monkeypatch.setattr(registry, "get", types.get)
    monkeypatch.setattr(registry, "validate", types.validate)
    monkeypatch.setattr(registry, "validate_for", types.validate_for)
    names: dict[str, Any] = {"user": alice}
    for block in blocks(README, "python"):
        exec(compile(block, str(README), "exec"), names)
    return names


@pytest.mark.usefixtures("readme")
def test_readmes_handler_works() -> None:
    ctx = RecordingContext()
    assert call_handler("shop.greet", {"names": ["Ada", "Alan"]}, ctx) == {"greeted": 2}
    assert ctx.messages == ["Hello Ada", "Hello Alan"]
    assert ctx.reports[-1][:2] == (2, 2)


def test_readmes_python_makes_runs_and_a_task(readme: dict[str, Any], alice: User) -> None:
    run, later, nightly = readme["run"], readme["later"], readme["nightly"]
    assert isinstance(run, TaskRun)
    assert (run.status, run.owner_id) == ("queued", alice.pk)
    assert later.status == "scheduled"
    assert isinstance(nightly, ScheduledTask)
    assert (nightly.cron_expression, nightly.timezone) == ("0 3 * * *", "Europe/Berlin")


def test_readmes_request_makes_a_task(alice: User) -> None:
    (call,) = [block for block in blocks(README, "sh") if block.startswith("curl")]
    found = re.search(r"http://localhost:8000(?P<path>\S+).*-d '(?P<body>.*)'", call, re.DOTALL)
    assert found
    _, key = api_key_create(user=alice, name="readme", scope="manage")
    headers = {"Authorization": f"Bearer {key}"}
    answer = Client().post(found["path"], found["body"], content_type="application/json", headers=headers)
    assert answer.status_code == 201, answer.content
    assert answer.json()["schedule_text"] == "Every weekday at 09:00, Berlin time"
    assert json.loads(found["body"])["name"] == answer.json()["name"]


UUID_WRITTEN = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}")


@pytest.mark.parametrize("example", [block for block in blocks(DOCS / "api.md", "sh") if block.startswith("api /")])
def test_an_example_of_the_api_can_be_copied(example: str, alice: User) -> None:
    """What names an id is refused for that id alone; one example shows what a refusal is like."""
    _, path, *options = shlex.split(example)
    body = options[options.index("-d") + 1] if "-d" in options else None
    _, key = api_key_create(user=alice, name="docs", scope="manage")
    method = "GET" if body is None and "POST" not in options else "POST"
    headers = {"Authorization": f"Bearer {key}"}
    answer = Client().generic(method, f"/api{path}", body or "", content_type="application/json", headers=headers)
    if UUID_WRITTEN.search(example):
        assert answer.status_code == 404, answer.content
        assert answer.json()["error"]["message"] != "There is nothing here."
    else:
        assert answer.status_code == 400 if '"name": ""' in example else answer.status_code < 300, answer.content


def test_readme_is_short_and_begins_with_two_commands() -> None:
    assert len(text_of(README).splitlines()) <= README_LINES
    assert re.findall(r"^make \w+", blocks(README, "sh")[0], re.MULTILINE) == ["make run", "make test"]


def test_readmes_picture_is_there() -> None:
    (picture,) = re.findall(r"!\[[^]]+\]\(([^)]+)\)", text_of(README))
    assert picture.startswith(SCREENSHOTS)
    if not (ROOT / picture).exists():
        pytest.skip(f"{picture} has not been made; the browser tests make it")


@pytest.mark.parametrize("page", PAGES, ids=called)
def test_every_make_target_exists(page: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", text_of(ROOT / "Makefile"), re.MULTILINE))
    named = {word.split()[1] for word in words(page) if re.match(r"make [a-z]", word)}
    named |= {line.split()[1] for block in blocks(page, "sh") for line in block.splitlines() if line[:5] == "make "}
    assert named <= targets


@pytest.mark.parametrize("page", PAGES, ids=called)
def test_every_link_inside_the_repository_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]+)[^)]*\)", text_of(page))
    inside = [link for link in links if "://" not in link and not link.startswith(SCREENSHOTS)]
    assert [link for link in inside if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=called)
def test_every_setting_that_is_named_exists(page: Path) -> None:
    candidates = {word for word in words(page) if re.fullmatch(r"[A-Z]+(_[A-Z]+)+", word)}
    candidates |= {word.partition("=")[0] for word in words(page) if re.match(r"[A-Z][A-Z_]+=", word)}
    candidates |= set(re.findall(r"^([A-Z_]+)=", "\n".join(blocks(page, "sh")), re.MULTILINE))
    assert candidates <= SETTINGS | FOREIGN


@pytest.mark.parametrize("page", PAGES, ids=called)
def test_every_file_and_test_that_is_named_exists(page: Path) -> None:
    top = r"(?:scheduler_project|notifications|tasks_app|tests|docs|deploy|templates)/"
    named = [word.partition("::") for word in words(page) if re.match(top, word) and "<" not in word]
    assert [path for path, _, _ in named if not (ROOT / path).exists()] == []
    assert [(path, name) for path, _, name in named if name and name not in functions_in(path)] == []


def test_the_diagram_of_states_is_the_table_of_arrows() -> None:
    """When this fails, put what it expects into the page."""
    lines = ["stateDiagram-v2"]
    for source in Status:
        targets = [target.value for target in Status if target in ARROWS[source]]
        lines += [f"    {source} --> {target}" for target in targets or ["[*]"]]
    assert blocks(DOCS / "architecture.md", "mermaid") == ["\n".join(lines) + "\n"]


def test_every_page_is_in_the_menu_once() -> None:
    listed = re.findall(r": ([\w/.-]+\.md)$", text_of(ROOT / "mkdocs.yml"), re.MULTILINE)
    assert sorted(listed) == sorted(page.relative_to(DOCS).as_posix() for page in DOCS.rglob("*.md"))


@pytest.mark.parametrize("unit", sorted((ROOT / "deploy" / "systemd").glob("*.service")), ids=lambda unit: unit.name)
def test_systemd_takes_the_unit(unit: Path, tmp_path: Path) -> None:
    tool = shutil.which("systemd-analyze")
    if tool is None:
        pytest.skip("no systemd-analyze on this machine")
    there = tmp_path / unit.name
    python = shutil.which("true")
    there.write_text(text_of(unit).replace("/opt/carillon/.venv/bin/python", str(python)), encoding="utf-8")
    checked = subprocess.run([tool, "verify", str(there)], capture_output=True, text=True, check=False)
    assert (checked.returncode, checked.stderr) == (0, "")
