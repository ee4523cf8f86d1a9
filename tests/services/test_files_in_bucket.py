"""Files in an S3 bucket, over HTTP: whole or not at all, replaced in one step, read as a stream."""

import threading
import tracemalloc
from collections.abc import Iterator
from typing import IO, Any

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import User
from django.core.exceptions import SuspiciousOperation
from django.core.files.storage import storages
from django.db import connections
from django.test import AsyncClient
from pytest_django import Settings

from scheduler_project import storage_url
from scheduler_project.object_storage import StorageAway
from tasks_app.errors import NotFound
from tasks_app.models import StoredFile
from tasks_app.services.files import file_delete, file_open, file_store, signed_url, storage_fault
from tests.services.bucket import objects_of, own_folder, s3_server

pytestmark = pytest.mark.django_db
MEGABYTE = 1024 * 1024


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """One server for the module; each test has a folder of its own in it."""
    with s3_server() as url:
        yield url


@pytest.fixture
def url(server: str, settings: Settings) -> str:
    """The bucket as the platform's storage."""
    own = own_folder(server)
    settings.STORAGES = {**settings.STORAGES, "default": storage_url.storage(own)}
    return own


def store(owner: User, content: bytes = b"a,b\r\n", path: str = "reports/1/report.csv.gz") -> StoredFile:
    return file_store(
        path=path,
        name="Report.csv",
        content_type="text/csv",
        owner_id=owner.pk,
        run_id=None,
        expires_at=None,
        write=lambda stream: stream.write(content),
    )


def read(file: StoredFile) -> bytes:
    with file_open(file) as opened:
        return b"".join(opened.chunks())


def test_a_file_is_stored_under_the_prefix_and_read_back(url: str, alice: User) -> None:
    file = store(alice, b"x" * 1000)
    assert objects_of(url) == {"reports/1/report.csv.gz": b"x" * 1000}
    assert (file.size, read(file)) == (1000, b"x" * 1000)
    with file_open(file) as opened:
        assert (opened.size, opened.read(3), opened.read()) == (1000, b"xxx", b"x" * 997)


def test_storing_again_replaces_the_object(url: str, alice: User) -> None:
    first, second = store(alice, b"old"), store(alice, b"newer")
    assert first.id == second.id
    assert objects_of(url) == {"reports/1/report.csv.gz": b"newer"}


def test_the_old_object_is_read_until_the_new_one_is_complete(url: str, alice: User) -> None:
    file = store(alice, b"old")
    seen: list[bytes] = []

    def write(stream: IO[bytes]) -> None:
        stream.write(b"new")
        seen.append(read(file))

    file_store(path=file.path, name="x", content_type="x", owner_id=alice.pk, run_id=None, expires_at=None, write=write)
    assert (seen, read(file)) == ([b"old"], b"new")


def test_readers_always_find_a_whole_object_while_it_is_replaced(url: str, alice: User) -> None:
    file = store(alice, b"0" * MEGABYTE)
    stop, seen, faults = threading.Event(), set[bytes](), list[BaseException]()

    def look() -> None:
        try:
            while not stop.is_set():
                with storages["default"].open(file.path) as opened:
                    content = opened.read()
                assert len(content) == MEGABYTE
                seen.update({content[:1], content[-1:]})
                assert len({content[:1], content[-1:]}) == 1
        except BaseException as fault:
            faults.append(fault)

    reader = threading.Thread(target=look)
    reader.start()
    for digit in range(1, 10):
        store(alice, str(digit).encode() * MEGABYTE)
    stop.set()
    reader.join()
    assert faults == []
    assert seen


def test_a_failure_leaves_what_was_there_before(url: str, alice: User) -> None:
    file = store(alice, b"old")

    def write(stream: IO[bytes]) -> None:
        stream.write(b"half")
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        file_store(
            path=file.path, name="x", content_type="x", owner_id=alice.pk, run_id=None, expires_at=None, write=write
        )
    assert objects_of(url) == {"reports/1/report.csv.gz": b"old"}


def test_a_file_of_several_parts_comes_back_whole_and_is_never_whole_in_memory(url: str, alice: User) -> None:
    piece = bytes(range(256)) * 4096

    def write(stream: IO[bytes]) -> None:
        for _ in range(20):
            stream.write(piece)

    file = file_store(
        path="big", name="big", content_type="x", owner_id=alice.pk, run_id=None, expires_at=None, write=write
    )
    assert file.size == 20 * MEGABYTE
    tracemalloc.start()
    with file_open(file) as opened:
        read_bytes = sum(len(chunk) for chunk in opened.chunks(64 * 1024))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert read_bytes == file.size
    assert read(file) == piece * 20
    # The server lives in this process and holds the object itself; beyond it there is room for pieces only.
    assert peak < 45 * MEGABYTE


def test_deleting_takes_object_and_row_and_may_be_said_twice(url: str, alice: User) -> None:
    file = store(alice)
    storages["default"].delete(file.path)
    storages["default"].delete(file.path)
    with pytest.raises(NotFound, match="no longer in storage"):
        file_open(file)
    file_delete(file)
    assert (objects_of(url), StoredFile.objects.count()) == ({}, 0)


def test_no_path_leads_out_of_the_prefix(url: str, alice: User) -> None:
    with pytest.raises(SuspiciousOperation):
        store(alice, path="../../outside.csv")


def test_a_server_that_is_away_is_said_without_the_secret(url: str, settings: Settings, alice: User) -> None:
    assert storage_fault() == ""
    gone = "s3://KEY:HIDDEN@127.0.0.1:9/reports?tls=0"
    settings.STORAGES = {**settings.STORAGES, "default": storage_url.storage(gone)}
    with pytest.raises(StorageAway) as raised:
        store(alice)
    assert "HIDDEN" not in str(raised.value)
    assert "does not answer" in storage_fault()


def test_a_bucket_that_is_not_there_is_said(url: str, settings: Settings) -> None:
    gone = url.replace("/reports/", "/elsewhere/")
    settings.STORAGES = {**settings.STORAGES, "default": storage_url.storage(gone)}
    assert "not in storage" in storage_fault() or "NoSuchBucket" in storage_fault()


@pytest.mark.django_db(transaction=True)
async def test_a_download_in_an_event_loop_comes_in_pieces(url: str, async_client: AsyncClient) -> None:
    alice = await User.objects.acreate(username="alice")
    content = bytes(range(256)) * 4096
    file = await sync_to_async(store)(alice, content)
    response: Any = await async_client.get("/" + signed_url(file).split("/", 3)[3])
    pieces = [piece async for piece in response]
    assert b"".join(pieces) == content
    assert len(pieces) > 1
    assert response["Content-Length"] == str(len(content))
    await sync_to_async(connections.close_all)()
