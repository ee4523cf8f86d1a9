"""`database_backup`: for staff, checked before anybody relies on it, and nothing is lost for a failed one."""

import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.core.files import File
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage
from django.db import connection
from django.test import Client
from pytest_django import Settings

from tasks_app.errors import Invalid, Permanent, RunStopped
from tasks_app.handlers import registry
from tasks_app.handlers.testing import RecordingContext, call_handler
from tasks_app.models import ScheduledTask, StoredFile, TaskRun
from tasks_app.services import backups
from tasks_app.services.backups import BackupFailed
from tasks_app.services.files import file_open
from tasks_app.services.specs import TaskSpec
from tasks_app.services.tasks import task_create
from tests import runs

pytestmark = pytest.mark.django_db
TYPE = "database_backup"
SQLITE = pytest.mark.skipif(connection.vendor != "sqlite", reason="about SQLite")
POSTGRES = pytest.mark.postgres


@pytest.fixture
def task(staff: User) -> ScheduledTask:
    """The nightly backup."""
    return task_create(owner=staff, spec=TaskSpec(name="Nightly", type=TYPE, payload={"keep": 2}), actor="tests")


def context(task: ScheduledTask, **fields: Any) -> tuple[TaskRun, RecordingContext]:
    run = runs.make_run(task.owner, task, type=TYPE)
    return run, RecordingContext(run_id=str(run.pk), owner_id=task.owner_id, task_id=str(task.pk), **fields)


def back_up(task: ScheduledTask, keep: int = 2, **payload: Any) -> StoredFile:
    """Make a backup as a run that succeeds."""
    run, ctx = context(task)
    result = call_handler(TYPE, {"keep": keep, **payload}, ctx)
    TaskRun.objects.filter(pk=run.pk).update(status="succeeded", reason="", finished_at=run.created_at)
    assert not any("http" in message or "sign" in message for message in ctx.messages), "no link is told"
    return StoredFile.objects.get(pk=result["file"])


def kept(task: ScheduledTask) -> set[Any]:
    return set(StoredFile.objects.filter(task=task).values_list("pk", flat=True))


def test_the_newest_are_kept_and_others_backups_are_left_alone(task: ScheduledTask, staff: User) -> None:
    other = task_create(owner=staff, spec=TaskSpec(name="Other", type=TYPE, payload={}), actor="tests")
    foreign = back_up(other)
    files = [back_up(task) for _ in range(3)]
    assert kept(task) == {file.pk for file in files[1:]}
    assert kept(other) == {foreign.pk}
    newest = back_up(task, keep=1)
    assert kept(task) == {newest.pk}
    assert newest.expires_at is None


def test_a_copy_of_a_run_that_failed_does_not_push_a_sound_one_out(task: ScheduledTask) -> None:
    sound = back_up(task)
    run, ctx = context(task)
    call_handler(TYPE, {"keep": 5}, ctx)
    TaskRun.objects.filter(pk=run.pk).update(status="failed", reason="worker_lost", finished_at=run.created_at)
    newest = back_up(task, keep=2)
    assert kept(task) == {sound.pk, newest.pk}


class Rotten(FileSystemStorage):
    """Gives back one bit less than it was given."""

    def open(self, name: str, mode: str = "rb") -> "File[Any]":
        """Open, wrongly."""
        with super().open(name, mode) as opened:
            content = bytearray(opened.read())
        content[len(content) // 2] ^= 1
        return ContentFile(bytes(content))


def test_a_copy_that_storage_spoils_is_removed_and_the_older_ones_stay(task: ScheduledTask, settings: Settings) -> None:
    files = [back_up(task) for _ in range(2)]
    rotten = {**settings.STORAGES["default"], "BACKEND": f"{__name__}.Rotten"}
    settings.STORAGES = {**settings.STORAGES, "default": rotten}
    with pytest.raises(BackupFailed, match="gives back something else"):
        call_handler(TYPE, {"keep": 1}, context(task)[1])
    assert kept(task) == {file.pk for file in files}


@pytest.mark.parametrize("question", range(3))
def test_stopped_it_leaves_nothing(task: ScheduledTask, settings: Settings, question: int) -> None:
    files = [back_up(task)]
    ctx = context(task, stop_after=question)[1]
    try:
        call_handler(TYPE, {"keep": 1}, ctx)
    except RunStopped:
        assert kept(task) == {file.pk for file in files}
    else:  # pg_dump may be over before it is asked about so often; SQLite is asked about at each step
        assert not settings.IS_SQLITE
        assert 0 < ctx.stop_questions <= question


def test_only_those_with_the_permission_make_backups_and_fetch_them(
    alice: User, task: ScheduledTask, client: Client
) -> None:
    spec = TaskSpec(name="mine", type=TYPE, payload={})
    with pytest.raises(Invalid) as error:
        task_create(owner=alice, spec=spec, actor="tests")
    assert "permission" in error.value.fields["type"][0].message
    permission = Permission.objects.get(codename="back_up_database")
    alice.user_permissions.add(permission)
    task_create(owner=User.objects.get(pk=alice.pk), spec=spec, actor="tests")
    file = back_up(task)
    client.force_login(alice)
    assert client.get(f"/files/{file.pk}/").status_code == 404, "it is somebody else's"
    StoredFile.objects.filter(pk=file.pk).update(owner=alice)
    alice.user_permissions.remove(permission)
    assert client.get(f"/files/{file.pk}/").status_code == 404, "its owner may no longer see what everybody has"
    alice.user_permissions.add(permission)
    reply = client.get(f"/files/{file.pk}/")
    assert reply.status_code == 200
    reply.close()


@SQLITE
@pytest.mark.parametrize("compress", [True, False])
def test_an_sqlite_copy_is_a_database(task: ScheduledTask, compress: bool, tmp_path: Path) -> None:
    file = back_up(task, compress=compress)
    path = tmp_path / "copy"
    with file_open(file) as opened:
        content = opened.read()
    assert content.startswith(b"\x1f\x8b" if compress else b"SQLite format 3\0")
    if not compress:
        path.write_bytes(content)
        with closing(sqlite3.connect(path)) as copy:
            assert copy.execute("SELECT count(*) FROM django_migrations").fetchone()[0] > 10
            assert copy.execute("PRAGMA journal_mode").fetchone() == ("delete",), "one file, whole"


@SQLITE
def test_a_broken_sqlite_copy_is_found(tmp_path: Path) -> None:
    path = tmp_path / "copy.sqlite3"
    backups.sqlite_copy(path, tell=lambda *_: None, check=lambda: None)
    content = bytearray(path.read_bytes())
    content[8192:40960] = b"\xff" * 32768
    path.write_bytes(bytes(content))
    with pytest.raises(BackupFailed, match="not sound"):
        backups.sqlite_verify(path, check=lambda: None)


def test_what_a_killed_process_left_is_removed(settings: Settings, tmp_path: Path) -> None:
    settings.VAR_DIR = tmp_path
    with backups.working_directory() as first:
        dead = tmp_path / first.name.replace(f"-{os.getpid()}-", "-999999999-")
        dead.mkdir()
        (dead / "copy.sqlite3").write_bytes(b"x")
        assert first.stat().st_mode & 0o777 == 0o700
        with backups.working_directory() as second:
            assert {path.name for path in tmp_path.iterdir()} == {first.name, second.name}


def fake_tools(directory: Path, settings: Settings, script: str) -> None:
    """Put a script in pg_dump's place, beside the real other programs."""
    for name in ("pg_restore", "psql"):
        (directory / name).symlink_to(str(shutil.which(name)))
    program = directory / "pg_dump"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    settings.PG_DUMP = str(program)


@POSTGRES
@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("echo 'pg_dump (PostgreSQL) 9.6.24'", "pg_dump 9 cannot back up PostgreSQL"),
        ("echo 'hello'", "does not tell its version"),
    ],
)
def test_a_pg_dump_that_is_too_old_is_refused(
    task: ScheduledTask, settings: Settings, tmp_path: Path, script: str, words: str
) -> None:
    fake_tools(tmp_path, settings, script)
    with pytest.raises(Permanent, match=words):
        back_up(task)
    settings.PG_DUMP = "/no/such/pg_dump"
    with pytest.raises(Permanent, match="was not found"):
        back_up(task)


@POSTGRES
@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("echo PGDMP; echo 'the disk is full' >&2; exit 1", "pg_dump ended with 1: the disk is full"),
        ("exit 0", "pg_restore ended with 1"),
        ('/usr/bin/pg_dump "$@" | head -c 100000', "pg_restore ended with 1"),
    ],
)
def test_a_dump_that_is_cut_short_is_no_backup(
    task: ScheduledTask, settings: Settings, tmp_path: Path, script: str, words: str
) -> None:
    sound = back_up(task)
    version = '[ "$1" = --version ] && exec /usr/bin/pg_dump --version'
    fake_tools(tmp_path, settings, f"{version}\n{script}")
    with pytest.raises(BackupFailed, match=words):
        back_up(task, keep=1, compress=False)
    assert kept(task) == {sound.pk}


@POSTGRES
def test_the_password_is_in_no_argument(task: ScheduledTask, settings: Settings, tmp_path: Path) -> None:
    script = f'echo "$@" >> {tmp_path}/argv; env >> {tmp_path}/env; exec /usr/bin/pg_dump "$@"'
    fake_tools(tmp_path, settings, script)
    before = connection.settings_dict["PASSWORD"]
    connection.settings_dict["PASSWORD"] = "very-secret"
    try:
        back_up(task)
    finally:
        connection.settings_dict["PASSWORD"] = before
    assert "very-secret" not in (tmp_path / "argv").read_text()
    environment = (tmp_path / "env").read_text()
    assert "PGPASSWORD=very-secret" in environment
    assert "SECRET_KEY" not in environment
    assert "DATABASE_URL" not in environment


def test_the_payload_has_bounds() -> None:
    for keep in (0, 1001, "7"):
        with pytest.raises(Invalid):
            registry.validate(TYPE, {"keep": keep})


def test_a_row_whose_file_is_gone_is_no_obstacle(task: ScheduledTask) -> None:
    first = back_up(task, keep=1)
    with file_open(first) as opened:
        os.unlink(str(opened.name))
    newest = back_up(task, keep=1)
    assert kept(task) == {newest.pk}
