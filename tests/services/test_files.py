"""Files in storage: whole or not at all, one per piece of work, and links that end."""

import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import IO
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import ImproperlyConfigured
from django.core.files.storage import storages
from django.db import IntegrityError
from django.utils import timezone
from pytest_django import Settings

from tasks_app.errors import NotFound
from tasks_app.models import StoredFile
from tasks_app.services.files import LinkExpired, file_delete, file_from_token, file_open, file_store, signed_url

pytestmark = pytest.mark.django_db


@pytest.fixture
def path(tmp_path: Path, settings: Settings) -> str:
    """A path in a storage of the test's own."""
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": str(tmp_path), "file_permissions_mode": 0o600},
        },
    }
    return f"reports/{uuid4()}/report.csv"


def store(
    path: str, owner: User, content: bytes = b"a,b\r\n", lifetime: timedelta | None = timedelta(days=1)
) -> StoredFile:
    return file_store(
        path=path,
        name="Report.csv",
        content_type="text/csv",
        owner_id=owner.pk,
        run_id=None,
        expires_at=timezone.now() + lifetime if lifetime else None,
        write=lambda stream: stream.write(content),
    )


def token_of(file: StoredFile) -> str:
    return signed_url(file).rstrip("/").rpartition("/")[2]


def test_a_file_is_stored_with_its_size_and_for_its_owner_only(path: str, alice: User, tmp_path: Path) -> None:
    file = store(path, alice, b"x" * 1000)
    assert (file.size, file.owner_id, file.path) == (1000, alice.pk, path)
    assert (tmp_path / path).stat().st_mode & 0o777 == 0o600
    with file_open(file) as opened:
        assert opened.read() == b"x" * 1000


def test_storing_again_replaces_the_file_and_keeps_its_row(path: str, alice: User) -> None:
    first = store(path, alice, b"old")
    StoredFile.objects.update(created_at=timezone.now() - timedelta(days=60))
    second = store(path, alice, b"newer")
    assert second.id == first.id
    assert second.created_at >= first.created_at, "a clean-up by age goes by what is in the file"
    assert StoredFile.objects.get().size == 5
    with file_open(second) as opened:
        assert opened.read() == b"newer"


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("was_there", [False, True])
def test_a_new_file_whose_row_is_refused_does_not_stay_in_storage(
    path: str, alice: User, tmp_path: Path, was_there: bool
) -> None:
    if was_there:
        store(path, alice, b"old")
    with pytest.raises(IntegrityError):
        file_store(
            path=path,
            name="Report.csv",
            content_type="text/csv",
            owner_id=alice.pk,
            run_id=str(uuid4()),
            expires_at=None,
            write=lambda stream: stream.write(b"new"),
        )
    assert (tmp_path / path).exists() is was_there, "a row that is there never loses its file"
    assert StoredFile.objects.count() == was_there


def failing(error: BaseException) -> Callable[[IO[bytes]], None]:
    def write(stream: IO[bytes]) -> None:
        stream.write(b"half")
        stream.flush()
        raise error

    return write


@pytest.mark.parametrize("error", [OSError("disk full"), KeyboardInterrupt()])
def test_a_failure_leaves_what_was_there_before(path: str, alice: User, tmp_path: Path, error: BaseException) -> None:
    file = store(path, alice, b"old")
    with pytest.raises(type(error)):
        file_store(
            path=path, name="x", content_type="x", owner_id=alice.pk, run_id=None, expires_at=None, write=failing(error)
        )
    assert [entry.name for entry in (tmp_path / path).parent.iterdir()] == ["report.csv"]
    with file_open(file) as opened:
        assert opened.read() == b"old"


def test_nothing_is_to_be_seen_while_it_is_written(path: str, alice: User, tmp_path: Path) -> None:
    seen: list[bool] = []

    def write(stream: IO[bytes]) -> None:
        stream.write(b"x")
        seen.append((tmp_path / path).exists())

    file_store(path=path, name="x", content_type="x", owner_id=alice.pk, run_id=None, expires_at=None, write=write)
    assert seen == [False]


def test_what_a_killed_attempt_left_goes_with_the_next(path: str, alice: User, tmp_path: Path) -> None:
    folder = (tmp_path / path).parent
    folder.mkdir(parents=True)
    (folder / ".part-report.csv-abc").write_bytes(b"half")
    store(path, alice)
    assert [entry.name for entry in folder.iterdir()] == ["report.csv"]


@pytest.mark.parametrize("path", ["../outside.csv", "/etc/outside.csv"])
def test_no_path_leads_out_of_storage(path: str, alice: User) -> None:
    with pytest.raises(Exception, match="outside"):
        store(path, alice)


def test_a_storage_that_does_not_replace_is_refused_and_keeps_the_old_file(alice: User, settings: Settings) -> None:
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    }
    file = store("reports/a.csv", alice, b"old")
    with pytest.raises(ImproperlyConfigured, match="must replace"):
        store("reports/a.csv", alice, b"newer")
    assert storages["default"].listdir("reports") == ([], ["a.csv"])
    with file_open(file) as opened:
        assert opened.read() == b"old"


def test_a_file_is_deleted_with_its_row_also_when_storage_has_lost_it(path: str, alice: User, tmp_path: Path) -> None:
    file_delete(store(path, alice))
    assert not (tmp_path / path).exists()
    file = store(path, alice)
    os.unlink(tmp_path / path)
    file_delete(file)
    assert not StoredFile.objects.exists()


def test_a_link_leads_to_its_file(path: str, alice: User, settings: Settings) -> None:
    settings.BASE_URL = "https://tasks.example.org/"
    file = store(path, alice)
    assert signed_url(file).startswith("https://tasks.example.org/files/link/")
    assert file_from_token(token_of(file)) == file


def test_a_link_ends_with_its_file(path: str, alice: User) -> None:
    with pytest.raises(LinkExpired):
        file_from_token(token_of(store(path, alice, lifetime=timedelta(seconds=-1))))


def test_a_link_to_a_lasting_file_ends_too(path: str, alice: User) -> None:
    file = store(path, alice, lifetime=None)
    assert file_from_token(token_of(file)) == file
    token = signed_url(file, lifetime=timedelta(seconds=-1)).rstrip("/").rpartition("/")[2]
    with pytest.raises(LinkExpired):
        file_from_token(token)


@pytest.mark.parametrize("token", ["", "x", "a:b:c", "\0", "é" * 500])
def test_a_link_that_was_never_made_leads_nowhere(token: str) -> None:
    with pytest.raises(NotFound):
        file_from_token(token)


def test_a_changed_link_leads_nowhere(path: str, alice: User) -> None:
    token = token_of(store(path, alice))
    other = token[:-1] + ("A" if token[-1] != "A" else "B")
    with pytest.raises(NotFound):
        file_from_token(other)


def test_a_link_to_a_removed_file_leads_nowhere(path: str, alice: User, tmp_path: Path) -> None:
    file = store(path, alice)
    os.unlink(tmp_path / path)
    with pytest.raises(NotFound, match="no longer in storage"):
        file_open(file_from_token(token_of(file)))
    token = token_of(file)
    file.delete()
    with pytest.raises(NotFound, match="removed"):
        file_from_token(token)
