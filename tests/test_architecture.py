"""The rules that import contracts cannot say, checked on the syntax of every module."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
PACKAGES = ("scheduler_project", "notifications", "tasks_app")
MODULES = {
    path.relative_to(ROOT).as_posix(): ast.parse(path.read_text(encoding="utf-8"))
    for package in PACKAGES
    for path in (ROOT / package).rglob("*.py")
    if "migrations" not in path.parts
}
FACES = ("tasks_app/api/", "tasks_app/web/", "notifications/consumers")
BANNED = {"utils", "helpers", "common", "misc", "manager"}
WRITES = {"save", "create", "bulk_create", "bulk_update", "delete", "update_or_create", "get_or_create"}
_WRITERS = ("lifecycle", "group_moves", "tasks", "switching", "endings", "firing", "outcomes")
STATUS_WRITERS = {f"tasks_app/services/{name}.py" for name in _WRITERS}
LINES = 300


def _calls(tree: ast.Module) -> Iterator[tuple[ast.Call, ast.Attribute]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            yield node, node.func


def _faces() -> dict[str, ast.Module]:
    return {name: tree for name, tree in MODULES.items() if name.startswith(FACES)}


def test_there_is_something_to_check() -> None:
    assert len(MODULES) > 100
    assert len(_faces()) > 20


def test_no_module_is_long_or_named_for_nothing() -> None:
    lengths = {name: len((ROOT / name).read_text(encoding="utf-8").splitlines()) for name in MODULES}
    assert {name: count for name, count in lengths.items() if count > LINES} == {}
    assert [name for name in MODULES if Path(name).stem in BANNED] == []


def test_faces_neither_query_nor_write() -> None:
    """API, pages and sockets parse, authorise, call and answer."""
    found = [
        (name, node.lineno)
        for name, tree in _faces().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr == "objects"
    ]
    found += [(name, call.lineno) for name, tree in _faces().items() for call, to in _calls(tree) if to.attr in WRITES]
    assert found == []


def test_status_is_written_in_its_own_places_only() -> None:
    """A run's status is lifecycle's; a task's is written by the services that are named above."""
    engine = {n: t for n, t in MODULES.items() if not n.startswith(FACES) and n not in STATUS_WRITERS}
    updates = [
        (name, call.lineno)
        for name, tree in engine.items()
        for call, to in _calls(tree)
        if to.attr == "update" and any(word.arg == "status" for word in call.keywords)
    ]
    assignments = [
        (name, node.lineno)
        for name, tree in engine.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign)
        and any(isinstance(target, ast.Attribute) and target.attr == "status" for target in node.targets)
    ]
    assert updates + assignments == []


def test_messages_and_frames_have_one_sender_each() -> None:
    senders = {"delay": "tasks_app/dispatch", "apply_async": "tasks_app/dispatch", "send_task": "tasks_app/dispatch"}
    senders["group_send"] = "notifications/"
    found = [
        (name, call.lineno)
        for name, tree in MODULES.items()
        for call, to in _calls(tree)
        if to.attr in senders and not name.startswith(senders[to.attr])
    ]
    assert found == []


def test_nobody_reads_a_naive_clock() -> None:
    found = [
        (name, call.lineno)
        for name, tree in MODULES.items()
        for call, to in _calls(tree)
        if to.attr in {"now", "utcnow", "today"} and ast.unparse(to.value).split(".")[-1] in {"datetime", "date"}
    ]
    assert found == []
