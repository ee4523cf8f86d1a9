"""Downloads: who gets a file, and how a browser is told to treat it."""

from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import User
from django.db import connections
from django.http.response import StreamingHttpResponse
from django.test import AsyncClient, Client
from django.urls import reverse
from django.utils import timezone

from tasks_app.models import StoredFile
from tasks_app.services.files import file_store, signed_url

CONTENT = b"id\r\n" + b"1\r\n" * 200_000


def store(owner: User, *, name: str = "runs-2026.csv", lifetime: timedelta = timedelta(days=1)) -> StoredFile:
    return file_store(
        path=f"reports/{uuid4()}/report.csv",
        name=name,
        content_type="text/csv; charset=utf-8",
        owner_id=owner.pk,
        run_id=None,
        expires_at=timezone.now() + lifetime,
        write=lambda stream: stream.write(CONTENT),
    )


@pytest.fixture
def file(alice: User) -> StoredFile:
    """A report of alice's."""
    return store(alice)


def page(file: StoredFile) -> str:
    return reverse("file-download", args=[file.id])


def link(file: StoredFile) -> str:
    return "/" + signed_url(file).split("/", 3)[3]


def body(response: object) -> bytes:
    assert isinstance(response, StreamingHttpResponse)
    stream = response.streaming_content
    assert isinstance(stream, Iterator)
    return b"".join(stream)


def test_a_link_works_without_signing_in(client: Client, file: StoredFile) -> None:
    response = client.get(link(file))
    assert response.status_code == 200
    assert body(response) == CONTENT


def test_a_download_is_saved_and_never_shown_or_kept(client: Client, file: StoredFile) -> None:
    with closing(client.get(link(file))) as response:
        headers = response.headers
    assert headers["Content-Disposition"] == 'attachment; filename="runs-2026.csv"'
    assert headers["Content-Type"] == "text/csv; charset=utf-8"
    assert headers["Content-Length"] == str(len(CONTENT))
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "private, no-store"
    assert headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert headers["Referrer-Policy"] == "no-referrer"


@pytest.mark.parametrize("name", ['a"b.csv', "a\r\nSet-Cookie: x.csv", "Übersicht €.csv"])
def test_a_strange_name_stays_inside_its_header(client: Client, alice: User, name: str) -> None:
    with closing(client.get(link(store(alice, name=name)))) as response:
        assert response.status_code == 200
        assert "Set-Cookie" not in response.headers
        assert response.headers["Content-Disposition"].startswith("attachment; filename")


def test_an_expired_link_says_so(client: Client, alice: User) -> None:
    response = client.get(link(store(alice, lifetime=timedelta(seconds=-1))))
    assert response.status_code == 410
    assert "This link has expired" in response.content.decode()


def test_a_wrong_link_is_not_found(client: Client, db: None) -> None:
    assert client.get("/files/link/nonsense/").status_code == 404


def test_the_owner_and_staff_get_the_file_by_its_page(
    client: Client, file: StoredFile, alice: User, staff: User
) -> None:
    for user in (alice, staff):
        client.force_login(user)
        assert body(client.get(page(file))) == CONTENT


def test_for_a_stranger_the_file_does_not_exist(client: Client, file: StoredFile, charlie: User) -> None:
    client.force_login(charlie)
    assert client.get(page(file)).status_code == 404
    assert client.get(reverse("file-download", args=[uuid4()])).status_code == 404


def test_a_visitor_is_asked_to_sign_in(client: Client, file: StoredFile) -> None:
    response = client.get(page(file))
    assert response.status_code == 302
    assert response.headers["Location"].startswith("/sign-in/")


def test_an_account_that_was_closed_gets_nothing(client: Client, file: StoredFile, alice: User) -> None:
    client.force_login(alice)
    alice.is_active = False
    alice.save()
    assert client.get(page(file)).status_code == 302


@pytest.mark.parametrize("method", ["post", "put", "delete"])
def test_a_file_is_only_read(client: Client, file: StoredFile, method: str) -> None:
    assert getattr(client, method)(link(file)).status_code == 405


@pytest.fixture
async def thread() -> AsyncIterator[None]:
    """Close what the views' thread has opened: a test database can't go while somebody is connected."""
    yield
    await sync_to_async(connections.close_all)()


@pytest.mark.django_db(transaction=True)
async def test_an_event_loop_gets_it_in_pieces(async_client: AsyncClient, thread: None) -> None:
    alice = await User.objects.acreate(username="alice")
    file = await sync_to_async(store)(alice)
    response: Any = await async_client.get(link(file))
    assert response.is_async
    pieces = [piece async for piece in response]
    assert b"".join(pieces) == CONTENT
    assert len(pieces) > 1
