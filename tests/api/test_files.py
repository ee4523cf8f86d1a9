"""/api/files: one's own files, whole and unbelieved."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.core.files.storage import storages
from django.http.response import StreamingHttpResponse
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from scheduler_project import storage_url
from tasks_app.models import ApiKey, StoredFile
from tasks_app.services.files import file_store
from tasks_app.services.uploads import UploadTooLarge, file_upload
from tests.api.client import Api, Reply, with_key
from tests.runs import make_run, make_task

EVIL = b"<script>alert(document.cookie)</script>"


def store(owner: User | None, **fields: Any) -> StoredFile:
    """A stored file with a row of this kind."""
    values = {"name": "runs.csv", "content_type": "text/csv", "run_id": None, "expires_at": None, **fields}
    owner_id = owner.pk if owner else None
    return file_store(path=f"x/{uuid4()}", owner_id=owner_id, write=lambda stream: stream.write(b"a,b\r\n"), **values)


def upload(api: Api, content: bytes = b"x", *, name: str = "prices.csv", kind: str = "text/csv") -> Reply:
    return api.call("POST", f"files?name={name}", content, **{"Content-Type": kind})


def content(api: Api, file_id: object) -> tuple[bytes, dict[str, str]]:
    response = api.client.get(f"/api/files/{file_id}/content", headers=api.headers)
    return read(response), dict(response.headers)


def read(response: object) -> bytes:
    assert isinstance(response, StreamingHttpResponse)
    stream = response.streaming_content
    assert isinstance(stream, Iterator)
    return b"".join(stream)


def test_an_upload_is_stored_told_and_given_back(api: Api) -> None:
    reply = upload(api, b"a,b\r\n" * 100_000)
    assert reply.status == 201
    told = reply.body
    assert (told["name"], told["purpose"], told["content_type"]) == ("prices.csv", "upload", "text/csv")
    assert (told["size"], told["owner"], told["expires_at"]) == (500_000, "alice", None)
    assert reply.headers["Location"] == f"/api/files/{told['id']}"
    assert api.get(f"files/{told['id']}").body == told
    assert api.get("files").body["results"] == [told]
    assert content(api, told["id"])[0] == b"a,b\r\n" * 100_000
    assert "path" not in told


@pytest.mark.parametrize("kind", ["text/html", "image/svg+xml", "text/html; charset=x", "application/xhtml+xml"])
def test_what_was_uploaded_is_never_shown_in_a_browser(api: Api, kind: str) -> None:
    file_id = upload(api, EVIL, name="page.html", kind=kind).body["id"]
    body, headers = content(api, file_id)
    assert body == EVIL
    assert headers["Content-Type"] == "application/octet-stream"
    assert headers["Content-Disposition"] == 'attachment; filename="page.html"'
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert headers["Cache-Control"] == "private, no-store"


@pytest.mark.parametrize(
    ("kind", "stored"),
    [
        ("application/x-www-form-urlencoded", "text/csv"),
        ("text/csv\r\nX-Evil: 1", "text/csv"),
        ("nonsense", "text/csv"),
        ("a" * 300 + "/b", "text/csv"),
        ("TEXT/Plain; charset=utf-8", "text/plain"),
    ],
)
def test_a_type_is_taken_only_in_good_form(alice: User, kind: str, stored: str) -> None:
    reply = upload(with_key(alice), kind=kind) if "\r" not in kind else upload(with_key(alice), kind="\ttext/csv\x0b")
    assert (reply.status, reply.body["content_type"]) == (201, stored)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("..%5C..%5Cwindows%5Csystem.ini", "system.ini"),
        ("/etc/cron.d/x", "x"),
        ("a%E2%80%AEfdp.exe", "afdp.exe"),
        ("a%20%20%20b.txt", "a b.txt"),
        ("Cafe%CC%81.txt", "Café.txt"),
        (".htaccess", "htaccess"),
        ("x" * 400 + ".tar.gz", "x" * 147 + ".gz"),
        ("%F0%9F%94%94.txt", "🔔.txt"),
    ],
)
def test_a_name_is_cleaned_and_never_part_of_the_path(api: Api, given: str, kept: str) -> None:
    reply = upload(api, name=given)
    assert reply.status == 201, reply.body
    assert reply.body["name"] == kept
    path = StoredFile.objects.get().path
    assert path.startswith("uploads/")
    assert kept not in path


@pytest.mark.parametrize("name", ["", ".", "..", "///", "%20", "%E2%80%8B", "a/"])
def test_a_name_of_nothing_is_refused(api: Api, name: str) -> None:
    assert (upload(api, name=name).faults, StoredFile.objects.count()) == ({"name": ["blank"]}, 0)


@pytest.mark.parametrize("query", ["", "?name=a%00b", "?name=a%0Ab", "?name=a&name=b", "?name=a&path=b", "?nam=a"])
def test_a_bad_parameter_is_named(api: Api, query: str) -> None:
    reply = api.call("POST", f"files{query}", b"x", **{"Content-Type": "text/csv"})
    assert (reply.status, StoredFile.objects.count()) == (400, 0)


def test_an_empty_file_and_a_form_are_refused(api: Api) -> None:
    assert upload(api, b"").faults == {"file": ["empty"]}
    assert upload(api, b"--x", kind="multipart/form-data; boundary=x").status == 415
    assert not StoredFile.objects.exists()


def test_a_file_that_is_too_large_leaves_nothing(api: Api, settings: Settings) -> None:
    settings.UPLOAD_MAX_BYTES = 2048
    assert upload(api, b"x" * 2048).status == 201
    reply = upload(api, b"x" * 2049)
    assert (reply.status, reply.code, reply.faults) == (413, "too_large", {"file": ["too_large"]})
    assert "2 kB" in reply.body["error"]["message"]
    assert StoredFile.objects.count() == 1


def test_one_person_cannot_fill_the_storage(api: Api, stranger: Api, settings: Settings) -> None:
    settings.UPLOAD_TOTAL_MAX_BYTES = 2048
    assert upload(api, b"x" * 1500).status == 201
    reply = upload(api, b"x" * 1500)
    assert (reply.status, reply.code) == (413, "too_large")
    assert "delete some" in reply.body["error"]["message"]
    assert upload(stranger, b"x" * 1500).status == 201


def test_uploads_at_the_same_time_are_counted_together(alice: User, settings: Settings, tmp_path: Path) -> None:
    settings.STORAGES = {**settings.STORAGES, "default": storage_url.storage(f"file://{tmp_path}")}
    settings.UPLOAD_TOTAL_MAX_BYTES = 2048

    def chunks() -> Iterator[bytes]:
        yield b"x" * 1500
        file_upload(owner=alice, name="other.csv", content_type="", chunks=[b"y" * 1500])

    with pytest.raises(UploadTooLarge, match="delete some"):
        file_upload(owner=alice, name="one.csv", content_type="", chunks=chunks())
    left = StoredFile.objects.get()
    assert left.name == "other.csv"
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [tmp_path / left.path]


def test_files_of_others_do_not_exist(api: Api, stranger: Api, operator: Api, nobody: Api) -> None:
    file_id = upload(api).body["id"]
    for method, path in (("GET", ""), ("GET", "/content"), ("POST", "/link"), ("DELETE", "")):
        assert stranger.call(method, f"files/{file_id}{path}").status == 404
        assert nobody.call(method, f"files/{file_id}{path}").status == 401
    assert upload(nobody).status == 401
    assert stranger.get("files").body["results"] == []
    assert [one["id"] for one in operator.get("files").body["results"]] == [file_id]
    assert operator.get(f"files/{file_id}").status == 200
    assert StoredFile.objects.count() == 1


def test_a_backup_is_for_staff_alone_and_gets_no_link(api: Api, operator: Api, alice: User) -> None:
    backup = store(alice, purpose="backup")
    for path in (f"files/{backup.pk}", f"files/{backup.pk}/content"):
        assert api.get(path).status == 404
    assert api.post(f"files/{backup.pk}/link").status == 404
    assert api.delete(f"files/{backup.pk}").status == 404
    assert api.get("files").body["results"] == []
    assert content(operator, backup.pk)[0] == b"a,b\r\n"
    reply = operator.post(f"files/{backup.pk}/link")
    assert (reply.status, reply.code) == (409, "no_link")


def test_a_key_reads_or_manages(alice: User) -> None:
    file_id = upload(with_key(alice)).body["id"]
    reader = with_key(alice, ApiKey.Scope.READ)
    assert reader.get("files").status == 200
    assert content(reader, file_id)[0] == b"x"
    for key in (reader, with_key(alice, ApiKey.Scope.RUN)):
        assert upload(key).code == "insufficient_scope"
        assert key.delete(f"files/{file_id}").code == "insufficient_scope"
        assert key.post(f"files/{file_id}/link").code == "insufficient_scope"


def test_a_browser_needs_its_token(alice: User) -> None:
    assert upload(Api(alice, checks_csrf=True)).code == "csrf_failed"


def test_a_link_lasts_as_long_as_one_says_and_never_longer_than_the_file(api: Api, alice: User, client: Client) -> None:
    lasting, ending = store(alice), store(alice, expires_at=timezone.now() + timedelta(days=1))
    reply = api.post(f"files/{lasting.pk}/link", {"lifetime_seconds": 3600})
    assert reply.status == 201
    assert read(client.get("/" + reply.body["url"].split("/", 3)[3])) == b"a,b\r\n"
    assert reply.body["expires_at"] < (timezone.now() + timedelta(seconds=3601)).isoformat()
    bounded = api.post(f"files/{ending.pk}/link", {"lifetime_seconds": 90 * 86_400}).body
    assert bounded["expires_at"] <= (timezone.now() + timedelta(days=1)).isoformat()


@pytest.mark.parametrize("seconds", [0, -1, 90 * 86_400 + 1, 10**15])
def test_a_link_cannot_last_for_ever(api: Api, alice: User, seconds: int) -> None:
    reply = api.post(f"files/{store(alice).pk}/link", {"lifetime_seconds": seconds})
    assert (reply.status, reply.faults) == (400, {"lifetime_seconds": ["out_of_range"]})


def test_a_file_that_has_expired_gets_no_link(api: Api, alice: User) -> None:
    gone = store(alice, expires_at=timezone.now() - timedelta(seconds=1))
    assert api.post(f"files/{gone.pk}/link").code == "expired"


def test_deleting_takes_row_content_and_links(api: Api, client: Client) -> None:
    file_id = upload(api).body["id"]
    address = "/" + api.post(f"files/{file_id}/link").body["url"].split("/", 3)[3]
    assert api.delete(f"files/{file_id}").status == 204
    assert api.get(f"files/{file_id}").status == 404
    assert api.delete(f"files/{file_id}").status == 404
    assert client.get(address).status_code == 404


def test_the_list_is_narrowed_and_goes_on_by_cursor(api: Api, alice: User) -> None:
    task = make_task(alice)
    run = make_run(alice, task)
    mine = [store(alice, name=f"report {number}.csv") for number in range(5)]
    ran = store(alice, name="other.csv", run_id=str(run.pk), task_id=str(task.pk))
    assert len(api.get("files?search=REPORT").body["results"]) == 5
    assert [one["id"] for one in api.get(f"files?run={run.pk}").body["results"]] == [str(ran.pk)]
    assert [one["task"] for one in api.get(f"files?task={task.pk}").body["results"]] == [str(task.pk)]
    assert api.get("files?purpose=upload").body["results"] == []
    assert api.get("files?purpose=odd").faults == {"purpose": ["unknown"]}
    first = api.get("files?page_size=4").body
    rest = api.get(first["next"].split("/api/")[1]).body
    ids = [one["id"] for one in [*first["results"], *rest["results"]]]
    assert ids == [str(one.pk) for one in (ran, *reversed(mine))]
    assert (first["count"], rest["next"]) == (6, None)


def test_a_list_of_many_costs_as_many_queries_as_one_of_few(
    api: Api, alice: User, django_assert_num_queries: Any
) -> None:
    for _ in range(10):
        store(alice, run_id=str(make_run(alice).pk))
    with django_assert_num_queries(6):
        api.get("files")


def test_content_that_storage_has_lost_is_said(api: Api, alice: User) -> None:
    file = store(alice)
    storages["default"].delete(file.path)
    reply = api.get(f"files/{file.pk}/content")
    assert (reply.status, reply.code) == (404, "not_found")


def test_a_storage_that_is_away_is_said(api: Api, alice: User, settings: Settings) -> None:
    file = store(alice)
    gone = storage_url.storage("s3://KEY:HIDDEN@127.0.0.1:9/reports?tls=0")
    settings.STORAGES = {**settings.STORAGES, "default": gone}
    for reply in (api.get(f"files/{file.pk}/content"), upload(api), api.delete(f"files/{file.pk}")):
        assert (reply.status, reply.code) == (503, "unavailable")
        assert "HIDDEN" not in str(reply.body)
    assert StoredFile.objects.count() == 1
