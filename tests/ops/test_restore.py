"""A backup made under load becomes a platform again, in a fresh database of the same kind."""

import contextlib
import os
import shutil
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as configured
from django.contrib.auth.models import User
from django.db import connections, transaction
from pytest_django import Settings

from scheduler_project import storage_url
from tasks_app.handlers.testing import RecordingContext, call_handler
from tasks_app.models import Queue, StoredFile, TaskRun
from tasks_app.services.files import file_open
from tasks_app.services.restoring import Refused, restore
from tasks_app.services.stored_backups import backup_fetched, stored_backups
from tests.live.database import connect, own_database
from tests.ops.conftest import make_worker
from tests.runs import make_run
from tests.services.bucket import s3_server

pytestmark = pytest.mark.django_db(transaction=True)
ROWS = 3_000


@pytest.fixture(autouse=True)
def queue(transactional_db: None) -> Queue:
    """What every run needs; tests with real transactions begin without the migrations' rows."""
    return Queue.objects.get_or_create(name="default")[0]


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[str]:
    """The URL of a new, empty database of the kind in force."""
    if configured.IS_SQLITE:
        yield f"sqlite:///{tmp_path / 'fresh.sqlite3'}"
        return
    if shutil.which("pg_dump") is None:
        pytest.skip("no pg_dump on this machine")
    with own_database() as made:
        yield made["DATABASE_URL"]


def manage(url: str, *words: str, **more: str) -> "subprocess.CompletedProcess[str]":
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings", "DATABASE_URL": url, **more}
    command = [sys.executable, "manage.py", *words]
    return subprocess.run(
        command, cwd=configured.BASE_DIR, env=environment, capture_output=True, text=True, timeout=120, check=False
    )


def ask(url: str, question: str) -> Any:
    """Ask the other database for one value."""
    if url.startswith("sqlite"):
        with contextlib.closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as opened:
            return opened.execute(question).fetchone()[0]
    with contextlib.closing(connect(url)) as server:
        row = server.execute(question).fetchone()
        assert row is not None
        return row[0]


@contextlib.contextmanager
def load(owner: User) -> Iterator[None]:
    """Two rows in each transaction, one transaction after the other, until it is enough."""
    enough, begun = threading.Event(), threading.Event()

    def write() -> None:
        try:
            while not enough.is_set():
                with transaction.atomic():
                    for _ in range(2):
                        TaskRun.objects.create(owner=owner, type="load", trigger="api", status="queued")
                begun.set()
        finally:
            connections.close_all()

    thread = threading.Thread(target=write)
    thread.start()
    try:
        assert begun.wait(60)
        yield
    finally:
        enough.set()
        thread.join()


def stored_backup(owner: User, **payload: Any) -> StoredFile:
    run = make_run(owner, type="database_backup")
    result = call_handler("database_backup", payload, RecordingContext(run_id=str(run.pk), owner_id=owner.pk))
    return StoredFile.objects.get(pk=result["file"], size=result["bytes"])


def backed_up(owner: User, directory: Path, **payload: Any) -> Path:
    """Make a backup and fetch its file."""
    file = stored_backup(owner, **payload)
    path = directory / file.name
    with file_open(file) as stored:
        path.write_bytes(stored.read())
    assert path.stat().st_size == file.size
    return path


@pytest.mark.parametrize("compress", [True, pytest.param(False, marks=pytest.mark.slow)])
def test_a_platform_comes_back_from_a_backup_made_under_load(
    staff: User, fresh: str, tmp_path: Path, compress: bool
) -> None:
    rows = [TaskRun(owner=staff, type="kept", trigger="api", status="queued", error="x" * 500) for _ in range(ROWS)]
    TaskRun.objects.bulk_create(rows)
    make_worker(age_seconds=-3600)  # however long this takes
    with load(staff):
        path = backed_up(staff, tmp_path, compress=compress)
    restored = manage(fresh, "restore", str(path))
    assert restored.returncode == 0, restored
    assert restored.stdout.splitlines()[-1] == "migrations: all applied"
    assert ask(fresh, "SELECT count(*) FROM tasks_app_taskrun WHERE type = 'kept'") == ROWS
    loaded = ask(fresh, "SELECT count(*) FROM tasks_app_taskrun WHERE type = 'load'")
    assert loaded >= 2
    assert loaded % 2 == 0, "no transaction is torn apart"
    assert manage(fresh, "migrate", "--check").returncode == 0
    if compress:  # the rest does not depend on it
        replaced_when_told(fresh, path)


def replaced_when_told(fresh: str, path: Path) -> None:
    with pytest.raises(Refused, match="still run: carillon@here; stop them"):
        restore(path, is_forced=False, may_replace=True)
    with pytest.raises(Refused, match="say --yes to do so"):
        restore(path, is_forced=True, may_replace=False)
    again = manage(fresh, "restore", str(path), "--force", "--yes")
    assert again.returncode == 0, again
    assert ask(fresh, "SELECT count(*) FROM tasks_app_taskrun WHERE type = 'kept'") == ROWS


@pytest.mark.slow
def test_a_damaged_backup_changes_nothing(staff: User, fresh: str, tmp_path: Path) -> None:
    TaskRun.objects.bulk_create([TaskRun(owner=staff, type="kept", trigger="api", status="queued") for _ in range(500)])
    path = backed_up(staff, tmp_path, compress=False)
    assert manage(fresh, "restore", str(path)).returncode == 0
    content = path.read_bytes()
    wrong = tmp_path / "wrong"
    wrong.write_bytes(content[: len(content) * 2 // 3])
    refused = manage(fresh, "restore", str(wrong), "--yes")
    assert refused.returncode == 1, refused
    assert refused.stdout.startswith("nothing was restored: ")
    assert "Traceback" not in refused.stderr
    assert ask(fresh, "SELECT count(*) FROM tasks_app_taskrun WHERE type = 'kept'") == 500


@pytest.mark.parametrize("content", [None, b"", b"hello", b"\x1f\x8b", b"\x1f\x8bhello", b"SQLite format", b"PGDM"])
def test_what_is_no_backup_is_refused(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "wrong").write_bytes(content)
    with pytest.raises(Refused, match="cannot be read" if content is None else "wrong (is no backup|cannot be read)"):
        restore(tmp_path / "wrong", is_forced=True, may_replace=False)


@pytest.mark.parametrize("words", [[], ["x", "--list"], ["--stored"]])
def test_bad_arguments_get_one_line_and_code_2(words: list[str]) -> None:
    ended = manage("", "restore", *words)
    assert (ended.returncode, ended.stderr.count("\n")) == (2, 1)


def in_a_directory(tmp_path: Path) -> AbstractContextManager[str]:
    return nullcontext(f"file://{tmp_path / 'stored'}")


def in_a_bucket(tmp_path: Path) -> AbstractContextManager[str]:
    return s3_server()


@pytest.mark.parametrize("place", [in_a_directory, in_a_bucket])
def test_a_platform_comes_back_from_storage_when_it_has_nothing_else(
    staff: User, fresh: str, tmp_path: Path, settings: Settings, place: Callable[[Path], AbstractContextManager[str]]
) -> None:
    TaskRun.objects.bulk_create([TaskRun(owner=staff, type="kept", trigger="api", status="queued") for _ in range(50)])
    with place(tmp_path) as url:
        settings.STORAGES = {**settings.STORAGES, "default": storage_url.storage(url)}
        assert stored_backups() == []
        files = [stored_backup(staff) for _ in range(2)]
        listed = [(one.path, one.size) for one in stored_backups()]
        assert sorted(listed) == sorted((file.path, file.size) for file in files)
        own = {"STORAGE_URL": url, "VAR_DIR": str(tmp_path), "DJANGO_SETTINGS_MODULE": "scheduler_project.settings"}
        shown = manage(fresh, "restore", "--list", **own)
        assert [line.split()[-1] for line in shown.stdout.splitlines()] == [path for path, _ in listed]
        refused = manage(fresh, "restore", "--stored", "backups/runs/none.dump", **own)
        assert refused.returncode == 1
        assert refused.stdout.startswith("nothing was restored: backups/runs/none.dump cannot be fetched from storage")
        restored = manage(fresh, "restore", "--stored", files[0].path, **own)
    assert restored.returncode == 0, restored
    assert ask(fresh, "SELECT count(*) FROM tasks_app_taskrun WHERE type = 'kept'") == 50
    assert not list(tmp_path.glob(".backup-*")), "the fetched copy goes"


@pytest.mark.parametrize("name", ["../../etc/passwd", "/etc/passwd", "backups"])
def test_what_is_no_backup_of_storage_is_not_fetched(name: str) -> None:
    with pytest.raises(Refused, match="cannot be fetched"), backup_fetched(name):
        pass


@pytest.mark.slow
@pytest.mark.skipif(not configured.IS_SQLITE, reason="about SQLite")
def test_an_old_sqlite_database_is_kept_and_a_foreign_one_is_refused(tmp_path: Path, staff: User) -> None:
    target, foreign = tmp_path / "fresh.sqlite3", tmp_path / "foreign.sqlite3"
    for path in (target, foreign):
        with contextlib.closing(sqlite3.connect(path)) as other:
            other.execute("PRAGMA journal_mode=WAL")
            other.execute("CREATE TABLE mine (a)")
            other.execute("INSERT INTO mine VALUES (1)")
            other.commit()
    url = f"sqlite:///{target}"
    refused = manage(url, "restore", str(foreign), "--yes")
    assert "not the platform's" in refused.stdout, refused
    dump = tmp_path / "x.dump"
    dump.write_bytes(b"PGDMP" + b"\0" * 100)
    with pytest.raises(Refused, match="is a backup of postgresql, but DATABASE_URL names sqlite"):
        restore(dump, is_forced=True, may_replace=False)
    done = manage(url, "restore", str(backed_up(staff, tmp_path)), "--yes")
    assert done.returncode == 0, done
    assert ask(f"{url}.before-restore", "SELECT a FROM mine") == 1
    assert {path.name for path in tmp_path.glob("*fresh*")} >= {"fresh.sqlite3", "fresh.sqlite3.before-restore"}
    assert not list(tmp_path.glob(".fresh*"))
    again = manage(url, "restore", str(backed_up(staff, tmp_path)), "--yes")
    assert "before-restore-2" in again.stdout, again
    assert ask(f"{url}.before-restore", "SELECT a FROM mine") == 1, "what was there before a wrong backup"
